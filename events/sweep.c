/* SPDX-License-Identifier: Apache-2.0 */
/* Retention: which logs of deleted containers go, and when. */
#include "events/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "events/debts.h"
#include "events/journal_file.h"
#include "events/over.h"
#include "events/sweep_stamp.h"

#define ROUNDS_MAX 16 /* of one sweeper */
#define NS_PER_S   UINT64_C(1000000000)
/* Without `deleted` nobody can be sure that nothing more comes; but a day is long. */
#define LOST_AGE 86400

/* One that owes lines to the feed has these limits, where they are larger. */
#define DEBTOR_AGE    86400
#define DEBTOR_FACTOR 4
#define DEBTOR_COUNT  1000
#define DEBTOR_SIZE   (UINT64_C(64) << 20)

/* A log whose ID is not in use. */
struct candidate {
	int64_t ended_ns; /* time of the last line */
	uint64_t inode, size;
	char *name;
};

struct sweep {
	int dirfd, ids_dirfd;
	const struct retention *limits;
	int64_t now_ns;
	size_t seen; /* logs of any kind */
	size_t count, room;
	struct candidate *items;
};

static int64_t as_ns(const struct timespec *t)
{
	return t->tv_sec * (int64_t)NS_PER_S + t->tv_nsec;
}

static int64_t now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return as_ns(&now);
}

/* The same clock: time(2) may be a tick behind, and a stamp of the future is due. */
static time_t now_s(void)
{
	return (time_t)(now_ns() / (int64_t)NS_PER_S);
}

static bool is_older(const struct sweep *s, int64_t ended_ns, unsigned int seconds)
{
	return s->now_ns - ended_ns > (int64_t)seconds * (int64_t)NS_PER_S;
}

/* ID.ndjson of an ID in use; no ID looks like ID@INSTANCE. If it cannot be told, the log stays. */
static bool is_in_use(const struct sweep *s, const char *name)
{
	char id[JOURNAL_NAME_SIZE];
	size_t length = strlen(name) - strlen(JOURNAL_SUFFIX);

	*(char *)mempcpy(id, name, length) = '\0';
	return faccessat(s->ids_dirfd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/*
 * Under the lock of the directory, which those hold who give a name to another log. An ID that has
 * come into use meanwhile has, or gets, another one.
 */
static bool may_go(const struct sweep *s, const struct candidate *c)
{
	struct stat st;
	bool over;
	int fd;

	fd = openat(s->dirfd, c->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	over = fstat(fd, &st) == 0 && st.st_ino == c->inode && as_ns(&st.st_mtim) == c->ended_ns &&
	       (is_older(s, c->ended_ns, LOST_AGE) || log_is_over(fd, st.st_size));
	(void)close(fd);
	return over;
}

static void remove_log(const struct sweep *s, const struct candidate *c)
{
	(void)flock(s->dirfd, LOCK_EX);
	if (may_go(s, c))
		(void)unlinkat(s->dirfd, c->name, 0);
	(void)flock(s->dirfd, LOCK_UN);
}

/* What a create that was killed left: one that is alive holds the lock. */
static void remove_unfinished(const struct sweep *s, const char *name)
{
	(void)flock(s->dirfd, LOCK_EX);
	(void)unlinkat(s->dirfd, name, 0);
	(void)flock(s->dirfd, LOCK_UN);
}

static bool is_log_name(const char *name)
{
	size_t length = strlen(name), suffix = strlen(JOURNAL_SUFFIX);

	return name[0] != '.' && length > suffix && length < JOURNAL_NAME_SIZE &&
	       strcmp(name + length - suffix, JOURNAL_SUFFIX) == 0;
}

/* Without memory the next sweep has another try. */
static void add(struct sweep *s, const char *name, const struct stat *st)
{
	struct candidate *c;

	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		struct candidate *items = reallocarray(s->items, room, sizeof(*items));

		if (!items)
			return;
		s->items = items;
		s->room = room;
	}
	c = &s->items[s->count];
	*c = (struct candidate){.ended_ns = as_ns(&st->st_mtim),
				.inode = st->st_ino,
				.size = (uint64_t)st->st_blocks * 512,
				.name = strdup(name)};
	s->count += c->name != NULL;
}

static void consider(struct sweep *s, const char *name)
{
	struct stat st;

	if (strncmp(name, JOURNAL_UNFINISHED, strlen(JOURNAL_UNFINISHED)) == 0)
		remove_unfinished(s, name);
	if (!is_log_name(name) || fstatat(s->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return;
	s->seen++;
	if (!is_in_use(s, name))
		add(s, name, &st);
}

static void collect(struct sweep *s)
{
	/* A description of our own: readdir's position is nobody else's. */
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		consider(s, entry->d_name);
	(void)closedir(dir);
}

static int newest_first(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->ended_ns != right->ended_ns)
		return left->ended_ns > right->ended_ns ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* @number, @size: of those that are newer, and this one */
static bool is_beyond(const struct sweep *s, const struct retention *limits,
		      const struct candidate *c, size_t number, uint64_t size)
{
	return number > limits->count || size > limits->size ||
	       is_older(s, c->ended_ns, limits->age_s);
}

static uint64_t more(uint64_t limit, uint64_t least)
{
	uint64_t product;

	if (__builtin_mul_overflow(limit, DEBTOR_FACTOR, &product))
		return UINT64_MAX;
	return product > least ? product : least;
}

/* A feed that gets nothing for a long time must not fill the logs' disk as well. */
static struct retention limits_of_debtors(const struct retention *limits)
{
	return (struct retention){
		.age_s = limits->age_s > DEBTOR_AGE ? limits->age_s : DEBTOR_AGE,
		.count = (unsigned int)more(limits->count, DEBTOR_COUNT),
		.size = more(limits->size, DEBTOR_SIZE),
	};
}

/*
 * What is owed is read after it was seen that the IDs are not in use: by then the last writer has
 * said what it leaves.
 */
static void remove_excess(struct sweep *s)
{
	const struct retention of_debtors = limits_of_debtors(s->limits);
	struct pending_file *debts = NULL;
	bool debts_are_read = false;
	uint64_t size = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct candidate *c = &s->items[i];

		size += c->size;
		if (!is_beyond(s, s->limits, c, i + 1, size))
			continue;
		if (!debts_are_read)
			debts = debts_read(s->dirfd);
		debts_are_read = true;
		if (!debts_include(debts, c->inode) || is_beyond(s, &of_debtors, c, i + 1, size))
			remove_log(s, c);
	}
	free(debts);
}

static void look_at_all(struct sweep *s)
{
	collect(s);
	if (s->count > 0)
		qsort(s->items, s->count, sizeof(*s->items), newest_first);
	remove_excess(s);
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].name);
	free(s->items);
}

/* False: the stamp cannot be written, so that it stays due. */
static bool sweep_locked(int stamp, int dirfd, int ids_dirfd, const struct retention *limits)
{
	struct sweep s = {
		.dirfd = dirfd, .ids_dirfd = ids_dirfd, .limits = limits, .now_ns = now_ns()};
	time_t now = now_s();

	if (!stamp_is_due(stamp, now, limits->age_s))
		return true; /* somebody else was first */
	stamp_begin(dirfd, stamp, now);
	look_at_all(&s);
	return stamp_end(dirfd, now, s.seen);
}

/* Who deletes while somebody sweeps does not wait: the sweeper looks again after letting go. */
static void sweep_while_due(int stamp, int dirfd, int ids_dirfd, const struct retention *limits)
{
	/* With an end: a clock that stands still, or others who never stop, keep it due. */
	for (int round = 0; round < ROUNDS_MAX; round++) {
		bool written;

		if (!stamp_is_due(stamp, now_s(), limits->age_s) ||
		    flock(stamp, LOCK_EX | LOCK_NB) < 0)
			return;
		written = sweep_locked(stamp, dirfd, ids_dirfd, limits);
		(void)flock(stamp, LOCK_UN);
		if (!written)
			return;
	}
}

void journal_sweep(int dirfd, int ids_dirfd, const struct retention *limits)
{
	int stamp = stamp_open(dirfd);

	if (stamp < 0)
		return;
	sweep_while_due(stamp, dirfd, ids_dirfd, limits);
	(void)close(stamp);
}

/* The one log that is in question. */
static void remove_now(int dirfd, int ids_dirfd, const char *id, const struct retention *limits)
{
	char name[JOURNAL_NAME_SIZE];
	struct candidate c = {.name = name};
	struct sweep s = {.dirfd = dirfd,
			  .ids_dirfd = ids_dirfd,
			  .limits = limits,
			  .now_ns = now_ns(),
			  .count = 1,
			  .items = &c};
	struct stat st;

	journal_file_name(name, id, NULL);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || is_in_use(&s, name))
		return;
	c.ended_ns = as_ns(&st.st_mtim);
	c.inode = st.st_ino;
	c.size = (uint64_t)st.st_blocks * 512;
	remove_excess(&s);
}

void journal_retire(int dirfd, int ids_dirfd, const char *id, const struct retention *limits)
{
	int stamp = stamp_open(dirfd);

	if (limits->age_s == 0 || limits->count == 0 || limits->size == 0)
		remove_now(dirfd, ids_dirfd, id, limits);
	if (stamp < 0)
		return;
	stamp_count(stamp);
	sweep_while_due(stamp, dirfd, ids_dirfd, limits);
	(void)close(stamp);
}
