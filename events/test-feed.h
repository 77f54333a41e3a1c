/* SPDX-License-Identifier: Apache-2.0 */
/* What test-feed.c and test-feed-debts.c share: a feed beside logs, and what is in it. */
#ifndef EVENTS_TEST_FEED_H
#define EVENTS_TEST_FEED_H

#include "events/check.h"
#include "events/feed.h"
#include "events/feed_file.h"
#include "events/journal.h"
#include "events/journal_file.h"
#include "events/line.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define FEED_DIR "feed"
#define BOOT	 "11111111-1111-1111-1111-111111111111"
#define NEXT	 "22222222-2222-2222-2222-222222222222"
#define TEXT_MAX (4 << 20)
#define WRITERS	 8
#define SERIES	 2048

static const struct feed_settings plenty = {.size = 16 << 20, .count = 2, .mode = 0600};

static char text[TEXT_MAX];

/* ---- arranging ---- */

static inline int open_dir(const char *name)
{
	(void)mkdirat(dirfd_, name, 0700);
	return openat(dirfd_, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline void remove_dir(const char *name)
{
	int fd = openat(dirfd_, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (unlinkat(fd, entry->d_name, 0) < 0)
			(void)unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		(void)closedir(dir);
	(void)unlinkat(dirfd_, name, AT_REMOVEDIR);
}

static inline void open_unsettled(struct feed *f, const struct feed_settings *settings)
{
	feed_open(f, dirfd_, open_dir(FEED_DIR), settings);
}

/* As a verb does. */
static inline void open_feed(struct feed *f, const struct feed_settings *settings)
{
	open_unsettled(f, settings);
	check_int(feed_settle(f, dirfd_, BOOT), 0);
}

/* A log of its own for each @number. */
static inline void create(struct journal *j, struct feed *f, unsigned int number)
{
	char id[16], instance[JOURNAL_INSTANCE_LEN + 1];

	(void)snprintf(id, sizeof(id), "c%u", number);
	(void)snprintf(instance, sizeof(instance), "%032x", number);
	check_int(journal_create(j, dirfd_, id, instance), 0);
	j->feed = f;
}

static inline int append(struct journal *j, enum event_type type)
{
	int r = journal_lock(j);

	if (r < 0)
		return r;
	r = journal_append(j, type, NULL);
	journal_unlock(j);
	return r;
}

static inline void append_many(struct journal *j, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		check_int(append(j, EVENT_SIGNALED), 0);
}

/* ---- looking ---- */

/* All files of the feed, oldest first, into text[]; returns how many there are. */
static inline unsigned int read_feed(const char *dir)
{
	char name[64], file[FEED_FILE_NAME_SIZE];
	unsigned int count = 0;
	size_t length = 0;

	do {
		feed_file_name(file, count);
		(void)snprintf(name, sizeof(name), "%s/%s", dir, file);
	} while (faccessat(dirfd_, name, F_OK, 0) == 0 && ++count);
	for (unsigned int i = count; i-- > 0;) {
		feed_file_name(file, i);
		(void)snprintf(name, sizeof(name), "%s/%s", dir, file);
		length += read_file(name, text + length, sizeof(text) - length);
	}
	return count;
}

struct seen {
	unsigned int lines, bad;
	unsigned int times[WRITERS + 1][SERIES]; /* by log and seq */
	uint64_t last[WRITERS + 1];
	bool ordered;
};

static struct seen seen;

static inline void see_line(const struct line *line)
{
	unsigned int number = (unsigned int)strtoul(line->id.at + 1, NULL, 10);

	if (number > WRITERS || line->seq >= SERIES) {
		seen.bad++;
		return;
	}
	seen.times[number][line->seq]++;
	if (line->seq <= seen.last[number])
		seen.ordered = false;
	seen.last[number] = line->seq;
}

static inline void look_at(const char *dir)
{
	const char *p = text, *end;

	memset(&seen, 0, sizeof(seen));
	seen.ordered = true;
	(void)read_feed(dir);
	for (; *p; p = end + 1) {
		struct line line;

		end = strchr(p, '\n');
		if (!end) {
			seen.bad++;
			return;
		}
		seen.lines++;
		if (line_parse(p, (size_t)(end - p), &line))
			see_line(&line);
		else
			seen.bad++;
	}
}

static inline void look(void)
{
	look_at(FEED_DIR);
}

/* What every good feed is: seq 1 to @count of log @number, each once. */
static inline void has_each_once(unsigned int number, unsigned int count)
{
	for (unsigned int seq = 1; seq <= count; seq++)
		check_int(seen.times[number][seq], 1);
	check_int(seen.last[number], count);
}

static inline bool owes(void)
{
	static const struct pending_slot zero;
	struct pending_file now;
	int fd = openat(dirfd_, PENDING_NAME, O_RDONLY | O_CLOEXEC);
	bool found = false;

	check(pending_read(fd, &now));
	(void)close(fd);
	for (unsigned int i = 0; i < PENDING_SLOTS; i++)
		found |= memcmp(&now.slots[i], &zero, sizeof(zero)) != 0;
	return found;
}

static inline void begin(struct feed *f, struct journal *j, const struct feed_settings *s,
			 unsigned int count)
{
	open_feed(f, s);
	create(j, f, 1);
	append_many(j, count);
}

static inline void end(struct feed *f, struct journal *j)
{
	journal_close(j);
	feed_close(f);
	remove_dir(FEED_DIR);
}

#endif
