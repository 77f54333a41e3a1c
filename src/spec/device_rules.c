/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.devices (config-linux.md#allowed-device-list). */
#include <string.h>

#include "spec/sections.h"

#define RULES	   "config-linux.md#allowed-device-list"
#define AT(member) offsetof(struct spec_device_rule, member)

static int read_rule_type(struct reader *r, const struct place *at, const struct field *f,
			  const cJSON *item, void *base)
{
	const char *text = "";
	int rc = field_string(r, at, item, &text);

	if (rc < 0 || text[0] == '\0')
		return rc;
	if (text[1] != '\0' || !strchr("abc", text[0]))
		return field_error(r, at, "must be a, b or c, not \"%.100s\"", text);
	*(char *)field_target(f, base) = text[0];
	return 0;
}

/* The numbers are kept one too high, so that what was never written is -1 ("any") in the end. */
static int read_rule_number(struct reader *r, const struct place *at, const struct field *f,
			    const cJSON *item, void *base)
{
	int64_t value = 0;
	int rc = field_int(r, at, item, -1, UINT32_MAX, &value);

	if (rc == 0)
		*(int64_t *)field_target(f, base) = value + 1;
	return rc;
}

static int read_access(struct reader *r, const struct place *at, const struct field *f,
		       const cJSON *item, void *base)
{
	struct spec_device_rule *rule = field_target(f, base);
	const char *text = "";
	int rc = field_string(r, at, item, &text);

	if (rc < 0)
		return rc;
	if (text[strspn(text, "rwm")] != '\0')
		return field_error(r, at, "must be made of r, w and m, not \"%.100s\"", text);
	rule->read = strchr(text, 'r');
	rule->write = strchr(text, 'w');
	rule->mknod = strchr(text, 'm');
	return 0;
}

const struct field device_rule_fields[] = {
	APPLY("allow", RULES, read_bool, AT(allow), .required = true),
	APPLY("type", RULES, read_rule_type, AT(type)),
	APPLY("major", RULES, read_rule_number, AT(major)),
	APPLY("minor", RULES, read_rule_number, AT(minor)),
	APPLY("access", RULES, read_access, 0),
	{.key = NULL},
};

int device_rule_check(struct reader *r, const struct place *at, void *object)
{
	struct spec_device_rule *rule = object;

	(void)r;
	(void)at;
	rule->major--;
	rule->minor--;
	if (!rule->type)
		rule->type = 'a';
	if (!rule->read && !rule->write && !rule->mknod)
		rule->read = rule->write = rule->mknod = true;
	return 0;
}
