/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning the log of a new instance, and putting its predecessor's aside. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/journal.h"
#include "events/journal_file.h"
#include "events/line.h"

/* A hidden name that no glob for logs matches; sweep removes what a crash left. */
static void temporary_name(char name[JOURNAL_NAME_SIZE], const char *instance)
{
	(void)stpcpy(stpcpy(name, JOURNAL_UNFINISHED), instance);
}

static int make_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_CREAT | O_EXCL | O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
			0600);
	int r;

	if (fd < 0)
		return -errno;
	r = journal_file_reserve(fd, 0);
	if (r < 0) {
		(void)unlinkat(dirfd, name, 0);
		(void)close(fd);
		return r;
	}
	return fd;
}

/*
 * Whose log is it? One without a readable line gets a name by its inode: kept for whoever looks at
 * the damage. -ENOENT when there is nothing to keep: a create died before it wrote a line.
 */
static int predecessor_instance(int dirfd, const char *name, char *ret_instance)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	r = journal_file_check(fd);
	if (r == 0)
		r = line_first_instance(fd, ret_instance);
	if (r == -ENODATA) {
		r = fstat(fd, &st) < 0 ? -errno : 0;
		if (r == 0 && st.st_size == 0)
			r = -ENOENT;
		if (r == 0)
			(void)snprintf(ret_instance, JOURNAL_INSTANCE_LEN + 1, "%016llx%016llx",
				       (unsigned long long)st.st_ino,
				       (unsigned long long)st.st_mtim.tv_sec);
	}
	(void)close(fd);
	return r;
}

/* A second name for the old log; a crash after this point may have left it already. */
static int keep_predecessor(int dirfd, const char *name, const char *id)
{
	char instance[JOURNAL_INSTANCE_LEN + 1], kept[JOURNAL_NAME_SIZE];
	int r = predecessor_instance(dirfd, name, instance);

	if (r < 0)
		return r;
	journal_file_name(kept, id, instance);
	if (linkat(dirfd, name, dirfd, kept, 0) == 0 || errno == EEXIST)
		return 0;
	/* A file system without hard links: for a moment the ID has no log. */
	return renameat(dirfd, name, dirfd, kept) < 0 ? -errno : 0;
}

/* Returns the new log's descriptor, or a negative errno. */
static int replace_log_locked(int dirfd, const char *name, const char *id, const char *instance)
{
	char temporary[JOURNAL_NAME_SIZE];
	int fd, r;

	temporary_name(temporary, instance);
	fd = make_file(dirfd, temporary);
	if (fd < 0)
		return fd;
	r = keep_predecessor(dirfd, name, id);
	if (r == 0 || r == -ENOENT)
		r = renameat(dirfd, temporary, dirfd, name) < 0 ? -errno : 0;
	if (r < 0) {
		(void)unlinkat(dirfd, temporary, 0);
		(void)close(fd);
		return r;
	}
	return fd;
}

/*
 * The ID has a log: keep that one under its instance's name, then put ours in its place in one
 * step. The directory's lock keeps sweep from taking ours for the old one, and for one that a crash
 * left unfinished.
 */
static int replace_log(int dirfd, const char *name, const char *id, const char *instance)
{
	int fd;

	(void)flock(dirfd, LOCK_EX); /* a file system without locks has no second ocirun on it */
	fd = replace_log_locked(dirfd, name, id, instance);
	(void)flock(dirfd, LOCK_UN);
	return fd;
}

int journal_create(struct journal *j, int dirfd, const char *id, const char *instance)
{
	char name[JOURNAL_NAME_SIZE];
	int fd, r;

	if (!line_id_ok(id, strlen(id)) || !line_instance_ok(instance, strlen(instance)))
		return -EINVAL;
	journal_file_name(name, id, NULL);
	fd = make_file(dirfd, name);
	if (fd == -EEXIST)
		fd = replace_log(dirfd, name, id, instance);
	if (fd < 0)
		return fd;
	r = fsync(dirfd) < 0 && errno != EINVAL ? -errno : 0;
	if (r == 0)
		r = journal_attach(j, fd, id, instance);
	if (r < 0) {
		(void)unlinkat(dirfd, name, 0);
		(void)close(fd);
	}
	return r;
}
