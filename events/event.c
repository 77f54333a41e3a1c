/* SPDX-License-Identifier: Apache-2.0 */
/* The members of one line, read out of its text. */
#include <string.h>

#include "events/log.h"

/* Follow a path of names with dots. */
static bool find(const struct ocirun_event *event, const char *member, struct span *ret)
{
	struct span value = {event->line, event->length};

	while (*member) {
		char name[LINE_TYPE_MAX + 1];
		size_t length = strcspn(member, ".");

		if (length > LINE_TYPE_MAX || value.at[0] != '{')
			return false;
		memcpy(name, member, length);
		name[length] = '\0';
		if (!scan_member(value, name, &value))
			return false;
		member += length + (member[length] == '.' ? 1 : 0);
	}
	*ret = value;
	return true;
}

static bool is_word(struct span value, const char *word)
{
	return value.length == strlen(word) && memcmp(value.at, word, value.length) == 0;
}

/* 0, -ENOENT or -ENODATA. */
static int find_known(const struct ocirun_event *event, const char *member, struct span *ret)
{
	if (!find(event, member, ret))
		return -ENOENT;
	return is_word(*ret, "null") ? -ENODATA : 0;
}

int ocirun_event_int(const struct ocirun_event *event, const char *member, int64_t *ret)
{
	struct span value;
	int r = find_known(event, member, &value);

	return r < 0 ? r : scan_int(value, ret);
}

int ocirun_event_uint(const struct ocirun_event *event, const char *member, uint64_t *ret)
{
	struct span value;
	int r = find_known(event, member, &value);

	return r < 0 ? r : scan_uint(value, ret);
}

int ocirun_event_bool(const struct ocirun_event *event, const char *member, bool *ret)
{
	struct span value;
	int r = find_known(event, member, &value);

	if (r < 0)
		return r;
	if (!is_word(value, "true") && !is_word(value, "false"))
		return -EINVAL;
	*ret = is_word(value, "true");
	return 0;
}

long ocirun_event_string(const struct ocirun_event *event, const char *member, char *buffer,
			 size_t size)
{
	struct span value;
	int r = find_known(event, member, &value);

	return r < 0 ? r : scan_string(value, buffer, size);
}

int ocirun_event_json(const struct ocirun_event *event, const char *member, const char **ret_text,
		      size_t *ret_length)
{
	struct span value;

	if (!find(event, member, &value))
		return -ENOENT;
	*ret_text = value.at;
	*ret_length = value.length;
	return 0;
}

bool ocirun_event_member(const struct ocirun_event *event, size_t *position, const char **ret_key,
			 size_t *ret_key_length, const char **ret_value, size_t *ret_value_length)
{
	struct span key, value;

	if (!scan_next((struct span){event->line, event->length}, position, &key, &value))
		return false;
	*ret_key = key.at;
	*ret_key_length = key.length;
	*ret_value = value.at;
	*ret_value_length = value.length;
	return true;
}

/* Null and absent are both "not known". */
static int small_int(const struct ocirun_event *event, const char *member, int unknown, int max,
		     int *ret)
{
	int64_t value;
	int r = ocirun_event_int(event, member, &value);

	*ret = unknown;
	if (r == -ENOENT || r == -ENODATA)
		return 0;
	if (r < 0 || value < 0 || value > max)
		return -EINVAL;
	*ret = (int)value;
	return 0;
}

int ocirun_event_exit(const struct ocirun_event *event, struct ocirun_exit *ret)
{
	struct ocirun_exit e = {0};

	if (strcmp(event->type, "exited") != 0 ||
	    small_int(event, "exitCode", -1, 255, &e.code) < 0 ||
	    small_int(event, "signal", 0, 127, &e.signal) < 0)
		return -EINVAL;
	(void)ocirun_event_bool(event, "coreDumped", &e.core_dumped);
	(void)ocirun_event_bool(event, "oomKilled", &e.oom_killed);
	(void)ocirun_event_string(event, "reason", e.reason, sizeof(e.reason));
	*ret = e;
	return 0;
}
