/* SPDX-License-Identifier: Apache-2.0 */
/* process.rlimits (config.md#posix-process). */
#include <sys/resource.h>

#include "spec/sections.h"

#define ANCHOR	   "config.md#posix-process"
#define AT(member) offsetof(struct spec_rlimit, member)

/* getrlimit(2). */
const struct word rlimit_words[] = {
	{.text = "RLIMIT_AS", .value = RLIMIT_AS},
	{.text = "RLIMIT_CORE", .value = RLIMIT_CORE},
	{.text = "RLIMIT_CPU", .value = RLIMIT_CPU},
	{.text = "RLIMIT_DATA", .value = RLIMIT_DATA},
	{.text = "RLIMIT_FSIZE", .value = RLIMIT_FSIZE},
	{.text = "RLIMIT_LOCKS", .value = RLIMIT_LOCKS},
	{.text = "RLIMIT_MEMLOCK", .value = RLIMIT_MEMLOCK},
	{.text = "RLIMIT_MSGQUEUE", .value = RLIMIT_MSGQUEUE},
	{.text = "RLIMIT_NICE", .value = RLIMIT_NICE},
	{.text = "RLIMIT_NOFILE", .value = RLIMIT_NOFILE},
	{.text = "RLIMIT_NPROC", .value = RLIMIT_NPROC},
	{.text = "RLIMIT_RSS", .value = RLIMIT_RSS},
	{.text = "RLIMIT_RTPRIO", .value = RLIMIT_RTPRIO},
	{.text = "RLIMIT_RTTIME", .value = RLIMIT_RTTIME},
	{.text = "RLIMIT_SIGPENDING", .value = RLIMIT_SIGPENDING},
	{.text = "RLIMIT_STACK", .value = RLIMIT_STACK},
	{.text = NULL},
};

static int read_resource(struct reader *r, const struct place *at, const struct field *f,
			 const cJSON *item, void *base)
{
	uint64_t value = 0;
	int rc = field_word(r, at, item, rlimit_words, "limit", &value);

	if (rc == 0)
		*(int *)field_target(f, base) = (int)value;
	return rc;
}

const struct field rlimit_fields[] = {
	APPLY("type", ANCHOR, read_resource, AT(resource), .required = true),
	APPLY("soft", ANCHOR, read_u64, AT(soft), .required = true),
	APPLY("hard", ANCHOR, read_u64, AT(hard), .required = true),
	{.key = NULL},
};

int rlimit_check(struct reader *r, const struct place *at, void *object)
{
	const struct spec_rlimit *limit = object;

	if (limit->soft > limit->hard)
		return field_error(r, MEMBER(at, "soft"), "must not be above the hard limit");
	return 0;
}
