/* SPDX-License-Identifier: Apache-2.0 */
/* Huge pages in the statistics: the files are named after the sizes that the machine has. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/stats_file.h"

#define PREFIX		"hugetlb."
#define SIZE_MAX_LENGTH 16
#define NAME_ROOM	64

/* "hugetlb.2MB.current": the size, if it is the file that every size has one of. */
static bool size_of(const char *name, const char *suffix, char *ret_size)
{
	size_t length;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return false;
	name += strlen(PREFIX);
	length = strcspn(name, ".");
	if (length >= SIZE_MAX_LENGTH || strcmp(name + length, suffix) != 0)
		return false;
	(void)snprintf(ret_size, SIZE_MAX_LENGTH, "%.*s", (int)length, name);
	return true;
}

/* One number of a size. What is reserved counts, as in runc, where the kernel knows of it. */
static int put_number(int dirfd, const char *size, const char *file, const char *member,
		      cJSON *object)
{
	static const char *const kinds[] = {".rsvd", ""};
	char name[NAME_ROOM];
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == -ENOENT; i++) {
		uint64_t value;

		(void)snprintf(name, sizeof(name), PREFIX "%s%s.%s", size, kinds[i], file);
		r = stats_number_read(dirfd, name, &value);
		if (r == 0)
			r = stats_put(object, member, value, strcmp(member, "failcnt") == 0);
	}
	return stats_is_missing(r) ? 0 : r;
}

static int put_size_v1(int dirfd, const char *size, cJSON *object)
{
	int r = put_number(dirfd, size, "usage_in_bytes", "usage", object);

	if (r == 0)
		r = put_number(dirfd, size, "max_usage_in_bytes", "max", object);
	return r < 0 ? r : put_number(dirfd, size, "failcnt", "failcnt", object);
}

static int put_size_v2(int dirfd, const char *size, cJSON *object)
{
	char name[NAME_ROOM];
	uint64_t count;
	int r = put_number(dirfd, size, "current", "usage", object);

	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), PREFIX "%s.events", size);
	r = cgroup_key_read(dirfd, name, "max", &count);
	if (r == 0)
		return stats_put(object, "failcnt", count, true);
	return stats_is_missing(r) || r == -ENODATA ? 0 : r;
}

int stats_hugetlb(int dirfd, bool v2, cJSON *data)
{
	const char *suffix = v2 ? ".current" : ".usage_in_bytes";
	cJSON *hugetlb = stats_object(data, "hugetlb"), *object;
	char size[SIZE_MAX_LENGTH];
	const struct dirent *entry;
	autodir *dir = NULL;
	int fd, r = 0;

	/* Not a dup: its position would be shared. */
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = -errno;
		close_keeping_errno(fd);
		return stats_is_missing(r) ? 0 : r;
	}
	if (!hugetlb)
		return -ENOMEM;
	while (r == 0 && (entry = readdir(dir))) {
		if (!size_of(entry->d_name, suffix, size))
			continue;
		object = stats_object(hugetlb, size);
		r = !object ? -ENOMEM
		    : v2    ? put_size_v2(dirfd, size, object)
			    : put_size_v1(dirfd, size, object);
		if (r == 0)
			r = stats_put(object, "failcnt", 0, true);
	}
	return r;
}
