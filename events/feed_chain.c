/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a feed; see feed_chain.h. */
#include "events/feed_chain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/feed.h"
#include "events/journal_file.h"

/* While files are being renamed, what was seen is looked at again. */
#define TRIES 100

#define NUMBER_MAX 100000

int feed_chain_init(struct feed_chain *f, const char *directory)
{
	size_t size = strlen(directory) + sizeof("/" FEED_NAME);

	*f = (struct feed_chain){.path = malloc(size)};
	if (!f->path)
		return -ENOMEM;
	(void)snprintf(f->path, size, "%s/" FEED_NAME, directory);
	return 0;
}

void feed_chain_done(struct feed_chain *f)
{
	while (f->count > 0)
		feed_chain_drop(f);
	free(f->path);
	f->path = NULL;
}

void feed_chain_drop(struct feed_chain *f)
{
	(void)close(f->fds[0]);
	f->count--;
	memmove(f->fds, f->fds + 1, f->count * sizeof(*f->fds));
}

/* @number: 0 is the current file. */
static int name_of(const struct feed_chain *f, unsigned int number, char name[PATH_MAX])
{
	int n = number == 0 ? snprintf(name, PATH_MAX, "%s", f->path)
			    : snprintf(name, PATH_MAX, "%s.%u", f->path, number);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int open_number(const struct feed_chain *f, unsigned int number)
{
	char name[PATH_MAX];
	int fd, r = name_of(f, number, name);

	if (r < 0)
		return r;
	fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	r = journal_file_check(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

static bool is_number(const struct feed_chain *f, unsigned int number, const struct stat *file)
{
	char name[PATH_MAX];
	struct stat st;

	return name_of(f, number, name) == 0 && lstat(name, &st) == 0 &&
	       st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

static bool is_there(const struct feed_chain *f, unsigned int number)
{
	char name[PATH_MAX];
	struct stat st;

	return name_of(f, number, name) == 0 && lstat(name, &st) == 0;
}

/* The number in "events.ndjson.12"; 0: another name. */
static unsigned int number_in(const char *name)
{
	static const char before[] = FEED_NAME ".";
	char *end;
	unsigned long number;

	if (strncmp(name, before, sizeof(before) - 1) != 0)
		return 0;
	name += sizeof(before) - 1;
	if (*name < '1' || *name > '9')
		return 0;
	number = strtoul(name, &end, 10);
	return *end || number > NUMBER_MAX ? 0 : (unsigned int)number;
}

/* The highest number, one more while files are being renamed; 0 without a directory. */
static int highest_number(const struct feed_chain *f, unsigned int *ret)
{
	char name[PATH_MAX];
	const struct dirent *entry;
	DIR *dir;
	int r = name_of(f, 0, name);

	*ret = 0;
	if (r < 0)
		return r;
	*strrchr(name, '/') = '\0';
	dir = opendir(name);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		unsigned int number = number_in(entry->d_name);

		if (number >= *ret)
			*ret = number + 1;
	}
	(void)closedir(dir);
	return 0;
}

/* Files move from lower to higher numbers: looking upwards, none is missed. -1: it has none. */
static int number_of(const struct feed_chain *f, const struct stat *file, int *ret)
{
	unsigned int highest;
	int r = highest_number(f, &highest);

	*ret = -1;
	for (unsigned int n = 0; n <= highest && r == 0; n++) {
		if (is_number(f, n, file)) {
			*ret = (int)n;
			break;
		}
	}
	return r;
}

/*
 * What has the next lower number that there is. A rotation meanwhile, or one that was cut short,
 * leaves holes: so it counts only when, looked at again, nothing has moved. -EAGAIN when it has.
 */
static int open_below(const struct feed_chain *f, const struct stat *file, unsigned int number)
{
	int fd = -ENOENT;
	unsigned int n = number;

	while (fd == -ENOENT && n > 0)
		fd = open_number(f, --n);
	if (fd < 0)
		return fd;
	for (unsigned int between = n + 1; between < number; between++) {
		if (is_there(f, between)) {
			(void)close(fd);
			return -EAGAIN;
		}
	}
	if (is_number(f, number, file))
		return fd;
	(void)close(fd);
	return -EAGAIN;
}

static int add(struct feed_chain *f, int fd)
{
	f->fds[f->count++] = fd;
	return 1;
}

int feed_chain_extend(struct feed_chain *f)
{
	struct stat st;

	if (f->count == FEED_CHAIN_MAX)
		return 0;
	if (fstat(f->fds[f->count - 1], &st) < 0)
		return -errno;
	for (int try = 0; try < TRIES; try++) {
		int number, fd, r;

		/* The name that leads nowhere comes back with the next line. */
		if (is_number(f, 0, &st) || !is_there(f, 0))
			return 0;
		r = number_of(f, &st, &number);
		if (r < 0)
			return r;
		if (number == 0)
			return 0;
		if (number > 0) {
			fd = open_below(f, &st, (unsigned int)number);
			if (fd >= 0)
				return add(f, fd);
			if (fd != -EAGAIN && fd != -ENOENT)
				return fd;
		} else if (fstat(f->fds[f->count - 1], &st) < 0 || st.st_nlink == 0) {
			break;
		}
	}
	return -ESTALE;
}

/* The oldest may go while it is opened; then there is another. */
static int open_oldest(const struct feed_chain *f)
{
	unsigned int highest;
	int r = highest_number(f, &highest), fd = -ENOENT;

	if (r < 0)
		return r;
	for (unsigned int n = highest + 1; n > 0 && fd == -ENOENT; n--)
		fd = open_number(f, n - 1);
	return fd;
}

static int hold_all(struct feed_chain *f)
{
	int fd = open_oldest(f), r;

	if (fd < 0)
		return fd;
	(void)add(f, fd);
	do
		r = feed_chain_extend(f);
	while (r > 0);
	return r;
}

int feed_chain_begin(struct feed_chain *f)
{
	int r = -ESTALE;

	for (int try = 0; try < TRIES && r == -ESTALE; try++) {
		r = hold_all(f);
		while (r < 0 && f->count > 0)
			feed_chain_drop(f);
	}
	if (r == 0)
		return 1;
	return r == -ENOENT ? 0 : r;
}

int feed_chain_find(const struct feed_chain *f, int (*is_it)(int fd, const void *context),
		    const void *context)
{
	unsigned int highest;
	int r = highest_number(f, &highest);

	for (unsigned int n = 0; n <= highest && r == 0; n++) {
		int fd = open_number(f, n);

		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		r = is_it(fd, context);
		if (r > 0)
			return fd;
		(void)close(fd);
	}
	return r < 0 ? r : -ENOENT;
}
