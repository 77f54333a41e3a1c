/* SPDX-License-Identifier: Apache-2.0 */
/* From the texts of cgroup files to members of the statistics: what v1 and v2 share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu_list.h"
#include "base/fd.h"
#include "cgroup/stats_file.h"

#define MEMBER_MAX 64

/* ---- members ---- */

/* The object that holds the last name of @path, and that name. */
static cJSON *parent_of(cJSON *object, const char *path, const char **ret_name)
{
	char name[MEMBER_MAX];
	const char *dot;

	while (object && (dot = strchr(path, '.'))) {
		cJSON *next;

		(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		next = cJSON_GetObjectItemCaseSensitive(object, name);
		object = next ? next : cJSON_AddObjectToObject(object, name);
		path = dot + 1;
	}
	*ret_name = path;
	return object;
}

cJSON *stats_object(cJSON *data, const char *path)
{
	const char *name;
	cJSON *parent = parent_of(data, path, &name), *object;

	if (!parent)
		return NULL;
	object = cJSON_GetObjectItemCaseSensitive(parent, name);
	return object ? object : cJSON_AddObjectToObject(parent, name);
}

int stats_put(cJSON *object, const char *path, uint64_t value, bool also_zero)
{
	const char *name;

	if (value == 0 && !also_zero)
		return 0;
	object = parent_of(object, path, &name);
	if (!object)
		return -ENOMEM;
	if (json_member(object, name))
		return 0;
	return json_add_uint(object, name, value) ? 0 : -ENOMEM;
}

int stats_add_io(cJSON *blkio, const char *member, const uint64_t device[2], const char *operation,
		 uint64_t value)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(blkio, member), *entry;

	if (!list)
		list = cJSON_AddArrayToObject(blkio, member);
	entry = list ? cJSON_CreateObject() : NULL;
	if (!entry)
		return -ENOMEM;
	(void)cJSON_AddItemToArray(list, entry);
	if (stats_put(entry, "major", device[0], false) < 0 ||
	    stats_put(entry, "minor", device[1], false) < 0 ||
	    (*operation && !cJSON_AddStringToObject(entry, "op", operation)))
		return -ENOMEM;
	return stats_put(entry, "value", value, false);
}

/* ---- numbers ---- */

int stats_number_parse(const char *text, uint64_t *ret)
{
	char *end;

	if (strcmp(text, "max") == 0 || strcmp(text, "max\n") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || (*end && *end != '\n'))
		return -EBADMSG;
	return 0;
}

int stats_number_read(int dirfd, const char *file, uint64_t *ret)
{
	char text[32];
	ssize_t n = file_read_at(dirfd, file, text, sizeof(text));

	return n < 0 ? (int)n : stats_number_parse(text, ret);
}

int stats_parse_numbers(char *text, const struct stats_file *file, cJSON *object)
{
	for (const struct stats_number *n = file->numbers; n->member; n++) {
		uint64_t value;
		int r = n->key ? cgroup_key_parse(text, n->key, &value)
			       : stats_number_parse(text, &value);

		if (r == -ENODATA)
			continue;
		if (r == 0)
			r = stats_put(object, n->member, n->multiply ? value * n->multiply : value,
				      n->also_zero);
		if (r < 0)
			return r;
	}
	return 0;
}

/* No limit is none, here. */
int stats_parse_limit(char *text, const struct stats_file *file, cJSON *object)
{
	uint64_t value;
	int r = stats_number_parse(text, &value);

	if (r < 0 || value == UINT64_MAX)
		return r;
	return stats_put(object, file->numbers[0].member, value, false);
}

/* "key value" */
static int raw_line(char *line, cJSON *raw)
{
	char *value_text = strchr(line, ' ');
	uint64_t value;

	if (!value_text)
		return -EBADMSG;
	*value_text++ = '\0';
	if (stats_number_parse(value_text, &value) < 0)
		return -EBADMSG;
	return json_add_uint(raw, line, value) ? 0 : -ENOMEM;
}

/* All of it as it is, and the one number that the row names. */
int stats_parse_memory_stat(char *text, const struct stats_file *file, cJSON *object)
{
	cJSON *raw = stats_object(object, "raw");
	char *save = NULL;
	int r = raw ? stats_parse_numbers(text, file, object) : -ENOMEM;

	for (char *line = strtok_r(text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		r = raw_line(line, raw);
	return r;
}

int stats_parse_cpu_list(char *text, const struct stats_file *file, cJSON *object)
{
	const int bits = 8 * (int)sizeof(unsigned long);
	const char *member = file->numbers[0].member;
	struct cpu_list list;
	cJSON *array;

	text[strcspn(text, "\n")] = '\0';
	/* Of a v2 cgroup without the controller, or a v1 cgroup that nobody has entered yet. */
	if (!*text || json_member(object, member))
		return 0;
	if (cpu_list_parse(text, &list) < 0)
		return -EBADMSG;
	array = cJSON_AddArrayToObject(object, member);
	if (!array)
		return -ENOMEM;
	for (int i = 0; i < CPU_LIST_MAX; i++)
		if (list.bits[i / bits] >> (i % bits) & 1 &&
		    !cJSON_AddItemToArray(array, cJSON_CreateNumber(i)))
			return -ENOMEM;
	return 0;
}

/* ---- pressure ---- */

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static int pressure_line(char *line, cJSON *object)
{
	char *save = NULL, *word = strtok_r(line, " ", &save);
	cJSON *sample = word ? stats_object(object, word) : NULL;

	if (!sample)
		return word ? -ENOMEM : 0;
	while ((word = strtok_r(NULL, " ", &save))) {
		char *value = strchr(word, '=');
		uint64_t total;

		if (!value)
			return -EBADMSG;
		*value++ = '\0';
		if (strcmp(word, "total") != 0) {
			if (!cJSON_AddNumberToObject(sample, word, strtod(value, NULL)))
				return -ENOMEM;
			continue;
		}
		if (stats_number_parse(value, &total) < 0)
			return -EBADMSG;
		if (!json_add_uint(sample, word, total))
			return -ENOMEM;
	}
	return 0;
}

int stats_parse_pressure(char *text, const struct stats_file *file, cJSON *object)
{
	char *save = NULL;
	int r = 0;

	(void)file;
	for (char *line = strtok_r(text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		r = pressure_line(line, object);
	return r;
}
