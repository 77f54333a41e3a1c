/* SPDX-License-Identifier: Apache-2.0 */
/* Retention: which logs of deleted containers go, and when. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "events/journal.h"
#include "events/journal_file.h"
#include "events/line.h"

#define STAMP_NAME     ".swept"
#define SWEEP_INTERVAL 60

struct candidate {
	time_t ended; /* time of the last line */
	char name[JOURNAL_NAME_SIZE];
};

struct candidates {
	size_t count, size;
	struct candidate *items;
};

/* Locked for as long as it is open: two sweeps at once would be one too many. */
static int open_stamp(int dirfd, time_t now)
{
	int fd = openat(dirfd, STAMP_NAME, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    (st.st_size == 0 || st.st_mtim.tv_sec > now ||
	     now - st.st_mtim.tv_sec >= SWEEP_INTERVAL) &&
	    pwrite(fd, "\n", 1, 0) == 1)
		return fd;
	(void)close(fd);
	return -EAGAIN;
}

static bool has_suffix(const char *name)
{
	size_t length = strlen(name), suffix = strlen(JOURNAL_SUFFIX);

	return length > suffix && length < JOURNAL_NAME_SIZE &&
	       strcmp(name + length - suffix, JOURNAL_SUFFIX) == 0;
}

/* Is the last line of the log `deleted`? */
static bool is_over(int fd, off_t size)
{
	char buffer[JOURNAL_LINE_MAX + 1];
	off_t from = size > (off_t)sizeof(buffer) ? size - (off_t)sizeof(buffer) : 0;
	ssize_t n = pread(fd, buffer, sizeof(buffer), from);
	const char *start;
	struct line line;

	if (n <= 0 || buffer[n - 1] != '\n')
		return false;
	n--;
	start = memrchr(buffer, '\n', (size_t)n);
	start = start ? start + 1 : buffer;
	return line_parse(start, (size_t)(buffer + n - start), &line) &&
	       event_type_parse(line.type.at, line.type.length) == EVENT_DELETED;
}

static void add(struct candidates *c, const char *name, time_t ended)
{
	if (c->count == c->size) {
		size_t size = c->size ? 2 * c->size : 64;
		struct candidate *items = reallocarray(c->items, size, sizeof(*items));

		if (!items)
			return; /* the next sweep has another try */
		c->items = items;
		c->size = size;
	}
	c->items[c->count].ended = ended;
	(void)stpcpy(c->items[c->count].name, name);
	c->count++;
}

static void consider(struct candidates *c, int dirfd, const char *name, time_t now)
{
	struct stat st;
	int fd;

	if (strncmp(name, ".new@", 5) == 0) {
		/* What a create that was killed left; one under way is not that old. */
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    now - st.st_mtim.tv_sec >= SWEEP_INTERVAL)
			(void)unlinkat(dirfd, name, 0);
		return;
	}
	if (name[0] == '.' || !has_suffix(name))
		return;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_over(fd, st.st_size))
		add(c, name, st.st_mtim.tv_sec);
	(void)close(fd);
}

static void collect(struct candidates *c, int dirfd, time_t now)
{
	/* A description of our own: readdir's position is nobody else's. */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		consider(c, dirfd, entry->d_name, now);
	(void)closedir(dir);
}

static int newest_first(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->ended != right->ended)
		return left->ended > right->ended ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* The name may have passed to a new instance meanwhile: look again, with create held off. */
static void remove_log(int dirfd, const struct candidate *c)
{
	struct stat st;

	(void)flock(dirfd, LOCK_EX);
	if (fstatat(dirfd, c->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0 &&
	    st.st_mtim.tv_sec == c->ended) {
		int fd = openat(dirfd, c->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 && is_over(fd, st.st_size))
			(void)unlinkat(dirfd, c->name, 0);
		if (fd >= 0)
			(void)close(fd);
	}
	(void)flock(dirfd, LOCK_UN);
}

void journal_sweep(int dirfd, unsigned int max_age_s, unsigned int max_count)
{
	struct candidates c = {0};
	time_t now = time(NULL);
	int stamp = open_stamp(dirfd, now);

	if (stamp < 0)
		return;
	collect(&c, dirfd, now);
	if (c.count > 0)
		qsort(c.items, c.count, sizeof(*c.items), newest_first);
	for (size_t i = 0; i < c.count; i++) {
		if (i >= max_count || now - c.items[i].ended > (time_t)max_age_s)
			remove_log(dirfd, &c.items[i]);
	}
	free(c.items);
	(void)close(stamp);
}
