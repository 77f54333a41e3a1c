/* SPDX-License-Identifier: Apache-2.0 */
/* From an ID or an instance to the file of its log. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/journal_file.h"
#include "events/log.h"

static int open_log_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	r = journal_file_check(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

/* Open @name if it is the log of @instance; -ENOENT when it is another's. */
static int open_if_instance(int dirfd, const char *name, const char *instance)
{
	char found[JOURNAL_INSTANCE_LEN + 1];
	int fd = open_log_file(dirfd, name), r;

	if (fd < 0)
		return fd;
	r = line_first_instance(fd, found);
	if (r == 0 && strcmp(found, instance) == 0)
		return fd;
	(void)close(fd);
	return r < 0 && r != -ENODATA ? r : -ENOENT;
}

/* The latest log first: while it is being replaced, the old one has both names. */
static int open_instance_of(int dirfd, const char *id, const char *instance)
{
	char name[JOURNAL_NAME_SIZE];
	int fd;

	journal_file_name(name, id, NULL);
	fd = open_if_instance(dirfd, name, instance);
	if (fd >= 0)
		return fd;
	journal_file_name(name, id, instance);
	return open_log_file(dirfd, name);
}

static int open_latest_of(int dirfd, const char *id)
{
	char name[JOURNAL_NAME_SIZE];

	journal_file_name(name, id, NULL);
	return open_log_file(dirfd, name);
}

/* Any container's log of that instance: look into all of them. */
static int open_instance(int dirfd, const char *instance)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = -ENOENT;
	const struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		found = -errno;
		(void)close(fd);
		return found;
	}
	while (found < 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			found = open_if_instance(dirfd, entry->d_name, instance);
	}
	(void)closedir(dir);
	return found < 0 ? -ENOENT : found;
}

static int find(int dirfd, const char *id, const char *instance)
{
	if (id && instance)
		return open_instance_of(dirfd, id, instance);
	return id ? open_latest_of(dirfd, id) : open_instance(dirfd, instance);
}

static int open_in(const char *directory, const char *id, const char *instance)
{
	int dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (dirfd < 0)
		return -errno;
	fd = find(dirfd, id, instance);
	(void)close(dirfd);
	return fd;
}

/* Takes @fd in any case. */
static int new_log(struct ocirun_log **ret, int fd)
{
	struct ocirun_log *log = calloc(1, sizeof(*log));

	if (!log) {
		(void)close(fd);
		return -ENOMEM;
	}
	log->fd = fd;
	log->pidfd = -1;
	log->watch_descriptor = -1;
	*ret = log;
	return 0;
}

int log_open_file(struct ocirun_log **ret, int dirfd, const char *name)
{
	int fd = open_log_file(dirfd, name);

	return fd < 0 ? fd : new_log(ret, fd);
}

int log_key(const struct ocirun_log *log, uint64_t ret[3])
{
	char instance[JOURNAL_INSTANCE_LEN + 1];
	int r = line_first_instance(log->fd, instance);

	if (r == 0)
		memcpy(ret, instance, 3 * sizeof(*ret));
	return r;
}

int ocirun_log_open(struct ocirun_log **ret, const char *directory, const char *id,
		    const char *instance)
{
	int fd, r;

	if ((!id && !instance) || (id && !line_id_ok(id, strlen(id))) ||
	    (instance && !line_instance_ok(instance, strlen(instance))))
		return -EINVAL;
	fd = open_in(directory, id, instance);
	if (fd < 0)
		return fd;
	r = new_log(ret, fd);
	if (r < 0)
		return r;
	if (id)
		(void)stpcpy((*ret)->id, id);
	if (instance)
		(void)stpcpy((*ret)->instance, instance);
	return 0;
}
