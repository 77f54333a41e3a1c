/* SPDX-License-Identifier: Apache-2.0 */
/* One line for the feed: owed, written, paid. */
#include "config.h"

#include "events/feed.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/feed_file.h"

void feed_attach(struct feed *f, int dirfd, int pending_fd, const struct feed_settings *settings)
{
	*f = (struct feed)FEED_CLOSED;
	f->dirfd = dirfd;
	f->pending.fd = pending_fd;
	f->settings = *settings;
	if (f->settings.count > FEED_FILES_MAX)
		f->settings.count = FEED_FILES_MAX;
}

void feed_open(struct feed *f, int log_dirfd, int dirfd, const struct feed_settings *settings)
{
	feed_attach(f, dirfd, -EBADF, settings);
	(void)pending_open(&f->pending, log_dirfd);
}

void feed_reopen(struct feed *f, int log_dirfd)
{
	pending_close(&f->pending);
	(void)pending_open(&f->pending, log_dirfd);
}

void feed_close(struct feed *f)
{
	if (f->dirfd >= 0)
		(void)close(f->dirfd);
	f->dirfd = -EBADF;
	pending_close(&f->pending);
}

void feed_begin(struct feed *f, int log_fd, const char *instance, uint64_t seq)
{
	struct stat st;

	pending_claim(&f->pending, instance, fstat(log_fd, &st) == 0 ? st.st_ino : 0, seq);
}

void feed_cancel(struct feed *f)
{
	pending_release(&f->pending, f->pending.from == f->pending.seq);
}

/* Has the host another feed by now? Then the line is owed to that one, and stays so. */
static bool is_current(const struct feed *f, const struct feed_file *file)
{
	return file->has_key && pending_is_for(&f->pending, file->identity.key);
}

static int pay(struct feed *f, int log_fd, const char *instance, const char *line, size_t length,
	       bool *ret_paid)
{
	const struct feed_choice owed = {.instance = instance, .from = f->pending.from};
	struct feed_file file;
	bool current;
	int r = feed_file_open(&file, f);

	if (r < 0)
		return r;
	current = is_current(f, &file);
	if (current && owed.from < f->pending.seq)
		r = feed_copy(&file, f, log_fd, &owed);
	else
		r = feed_file_put(&file, f, line, length);
	feed_file_close(&file);
	*ret_paid = r == 0 && current;
	return r;
}

#ifdef WITH_FAILPOINTS
/* OCIRUN_FAIL_AT=feed:TYPE or feed:TYPE:kill: when a line of that type stands in its log. */
static int fail_point(const char *line)
{
	const char *wanted = getenv("OCIRUN_FAIL_AT");
	const char *type = line + strlen("{\"v\":1,\"type\":\"");
	size_t length = strcspn(type, "\"");

	if (!wanted || strncmp(wanted, "feed:", 5) != 0 || strncmp(wanted + 5, type, length) != 0)
		return 0;
	wanted += 5 + length;
	if (strcmp(wanted, ":kill") == 0) {
		(void)kill(getpid(), SIGKILL);
		_exit(128 + SIGKILL); /* the monitor has no kill(2) */
	}
	return *wanted ? 0 : -EIO;
}
#else
static int fail_point(const char *line)
{
	(void)line;
	return 0;
}
#endif

void feed_end(struct feed *f, int log_fd, const char *instance, const char *line, size_t length)
{
	bool paid = false;
	int r = fail_point(line);

	if (r == 0)
		r = pay(f, log_fd, instance, line, length, &paid);
	f->used = true;
	if (r < 0 && f->error == 0)
		f->error = r;
	pending_release(&f->pending, paid);
}
