/* SPDX-License-Identifier: Apache-2.0 */
/* Appending to the feed's file and putting it aside, both under one lock. */
#include "events/feed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void feed_file_name(char name[FEED_FILE_NAME_SIZE], unsigned int number)
{
	char digits[10], *p = stpcpy(name, FEED_NAME);
	size_t count = 0;

	if (number == 0)
		return;
	for (; number > 0; number /= 10)
		digits[count++] = (char)('0' + number % 10);
	*p++ = '.';
	while (count > 0)
		*p++ = digits[--count];
	*p = '\0';
}

static int open_lock(const struct feed *f)
{
	int fd = openat(f->dirfd, FEED_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			0600);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0) {
		int r = -errno;

		if (r == -EINTR)
			continue;
		(void)close(fd);
		return r;
	}
	return fd;
}

static bool read_identity(int lock_fd, struct feed_identity *ret)
{
	struct feed_identity found;

	if (pread(lock_fd, &found, sizeof(found), 0) != (ssize_t)sizeof(found))
		return false;
	*ret = found;
	return true;
}

bool feed_identity_read(const struct feed *f, struct feed_identity *ret)
{
	int fd = openat(f->dirfd, FEED_LOCK, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool found = fd >= 0 && read_identity(fd, ret);

	if (fd >= 0)
		(void)close(fd);
	return found;
}

static bool write_identity(const struct feed_file *file)
{
	const struct feed_identity identity = file->identity;

	return pwrite(file->lock_fd, &identity, sizeof(identity), 0) == (ssize_t)sizeof(identity);
}

/*
 * Whoever makes the feed gives it a key. The caged monitor may not: then all logs are looked at by
 * the next process that can.
 */
static void take_identity(struct feed_file *file)
{
	unsigned char *key = file->identity.key;

	file->has_key = read_identity(file->lock_fd, &file->identity);
	if (file->has_key)
		return;
	file->identity.dropped = 0;
	file->has_key = getrandom(key, PENDING_KEY_SIZE, GRND_NONBLOCK) == PENDING_KEY_SIZE &&
			write_identity(file);
}

static bool ends_torn(int fd, off_t size)
{
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int open_current(struct feed_file *file, const struct feed *f)
{
	struct stat st;

	file->fd = openat(f->dirfd, FEED_NAME,
			  O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			  f->settings.mode);
	if (file->fd < 0)
		return -errno;
	if (fstat(file->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* The umask has had its say; what an administrator sets later stays. */
	if (st.st_size == 0 && (st.st_mode & 0777) != f->settings.mode)
		(void)fchmod(file->fd, f->settings.mode);
	file->size = (uint64_t)st.st_size;
	file->torn = ends_torn(file->fd, st.st_size);
	return 0;
}

int feed_file_open(struct feed_file *file, const struct feed *f)
{
	int r;

	memset(file, 0, sizeof(*file));
	file->fd = -EBADF;
	file->lock_fd = f->dirfd < 0 ? f->dirfd : open_lock(f);
	if (file->lock_fd < 0)
		return file->lock_fd;
	take_identity(file);
	r = open_current(file, f);
	if (r < 0)
		feed_file_close(file);
	return r;
}

void feed_file_close(struct feed_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	if (file->lock_fd >= 0)
		(void)close(file->lock_fd);
	file->fd = file->lock_fd = -EBADF;
}

/* What is not in the feed any more is not to be added again (feed_compare.c). */
static void note_dropped(struct feed_file *file)
{
	if (!file->has_key || file->identity.dropped)
		return;
	file->identity.dropped = 1;
	(void)!write_identity(file); /* lines will come twice */
}

/* From the @first-th on: what a higher limit once kept goes too. */
static void drop(struct feed_file *file, const struct feed *f, unsigned int first)
{
	char name[FEED_FILE_NAME_SIZE];

	for (unsigned int i = first; i < FEED_FILES_MAX; i++) {
		feed_file_name(name, i);
		if (unlinkat(f->dirfd, name, 0) < 0)
			return;
		note_dropped(file);
	}
}

/* The lowest number that no file has; drop() saw to it that there is one. */
static unsigned int first_free(const struct feed *f)
{
	char name[FEED_FILE_NAME_SIZE];
	unsigned int number = 0;
	struct stat st;

	do
		feed_file_name(name, ++number);
	while (number < f->settings.count &&
	       fstatat(f->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return number;
}

/* .N-1 becomes .N, and so on. */
static int shift(const struct feed *f)
{
	char from[FEED_FILE_NAME_SIZE], to[FEED_FILE_NAME_SIZE];

	if (f->settings.count == 0)
		return 0;
	for (unsigned int i = first_free(f); i > 0; i--) {
		feed_file_name(from, i - 1);
		feed_file_name(to, i);
		if (renameat(f->dirfd, from, f->dirfd, to) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

static int put_aside(struct feed_file *file, const struct feed *f)
{
	int r;

	drop(file, f, f->settings.count);
	r = shift(f);
	if (r < 0)
		return r;
	(void)close(file->fd);
	return open_current(file, f);
}

void feed_trim(const struct feed *f)
{
	unsigned int first = f->settings.count + 1;
	char name[FEED_FILE_NAME_SIZE];
	struct feed_file file;
	struct stat st;

	feed_file_name(name, first);
	if (f->dirfd < 0 || fstatat(f->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    feed_file_open(&file, f) < 0)
		return;
	drop(&file, f, first);
	feed_file_close(&file);
}

static int write_once(int fd, const char *text, size_t length)
{
	ssize_t n;

	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -ENOSPC;
}

static int add(struct feed_file *file, const char *text, size_t length)
{
	int r = write_once(file->fd, text, length);
	struct stat st;

	if (r == 0) {
		file->size += length;
		return 0;
	}
	/* What came of it, the next one has to know. */
	if (fstat(file->fd, &st) == 0) {
		file->size = (uint64_t)st.st_size;
		file->torn = ends_torn(file->fd, st.st_size);
	}
	return r;
}

int feed_file_put(struct feed_file *file, const struct feed *f, const char *line, size_t length)
{
	int r = 0;

	if (file->torn) {
		r = add(file, "\n", 1);
		if (r < 0)
			return r;
		file->torn = false;
	}
	if (file->size > 0 && file->size + length > f->settings.size)
		r = put_aside(file, f);
	return r < 0 ? r : add(file, line, length);
}
