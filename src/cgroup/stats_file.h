/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside src/cgroup: tables that say which file becomes which members of the statistics, and what
 * reads them. Every file is read once. Functions return 0 or a negative errno.
 */
#ifndef CGROUP_STATS_FILE_H
#define CGROUP_STATS_FILE_H

#include <errno.h>

#include "base/json.h"
#include "cgroup/dir.h"

/* A number in a file, and the member of the file's object that it becomes. */
struct stats_number {
	const char *key;    /* it stands behind this key; NULL: it is the whole text */
	const char *member; /* "usage.total": a member of a member */
	uint64_t multiply;  /* 0: as it is */
	bool also_zero;	    /* printed when it is 0, too */
};

struct stats_file {
	const char *controller; /* of v1; NULL: the v2 hierarchy, where no two names are alike */
	const char *name;
	const char *object; /* "cpu.usage": a member of a member */
	int (*parse)(char *text, const struct stats_file *file, cJSON *object);
	struct stats_number numbers[7]; /* up to the first without a member */
};

extern const struct stats_file stats_v1_files[], stats_v2_files[];
extern const size_t stats_v1_count, stats_v2_count;

/* Values of struct stats_file's parse; @text is theirs to change. */
int stats_parse_numbers(char *text, const struct stats_file *file, cJSON *object);
int stats_parse_limit(char *text, const struct stats_file *file, cJSON *object);
int stats_parse_memory_stat(char *text, const struct stats_file *file, cJSON *object);
int stats_parse_cpu_list(char *text, const struct stats_file *file, cJSON *object);
int stats_parse_pressure(char *text, const struct stats_file *file, cJSON *object);

/* The values that are not in the tables, since two files make up one or their names vary. */
int stats_v2_memory(int dirfd, cJSON *data);
int stats_hugetlb(int dirfd, bool v2, cJSON *data);

/* stats_object - the object at @path, made if it is not there; NULL: no memory. */
cJSON *stats_object(cJSON *data, const char *path);

/* stats_put - what is there already stays. @path: as of struct stats_number. */
int stats_put(cJSON *object, const char *path, uint64_t value, bool also_zero);

/* stats_add_io - one transfer count of a block device, to the list @member. */
int stats_add_io(cJSON *blkio, const char *member, const uint64_t device[2], const char *operation,
		 uint64_t value);

/* stats_number_read - a file's number; "max" is 2^64-1, as runc has it. */
int stats_number_read(int dirfd, const char *file, uint64_t *ret);
int stats_number_parse(const char *text, uint64_t *ret);

/* Can the file be left out? Not there, of a cgroup that was just removed, or switched off. */
static inline bool stats_is_missing(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP;
}

#endif
