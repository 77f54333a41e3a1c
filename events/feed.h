/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing side of the feed: one file with the lines of all logs, for programs that tail a file.
 * A line is in its log first; what a killed writer owes the feed is found by its intent and made up
 * for by the next process that looks (feed_settle). Nothing here keeps a line from its log:
 * failures stay in @error, for whoever can tell somebody. No allocation but in feed_settle. Source:
 * doc/events.md, "The feed".
 */
#ifndef EVENTS_FEED_H
#define EVENTS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "events/pending.h"

#define FEED_NAME "events.ndjson"
/* 0600, so that no reader can hold it; 16 random bytes in it tell this feed from any other. */
#define FEED_LOCK ".lock"

struct feed_settings {
	uint64_t size;	    /* bytes at which the file is put aside */
	unsigned int count; /* files put aside that are kept */
	mode_t mode;	    /* of its files */
};

struct feed {
	int dirfd; /* owned: the directory of FEED_NAME; negative: it cannot be had */
	struct pending pending;
	struct feed_settings settings;
	bool used; /* a line was meant for it */
	int error; /* the first such line that it did not get: a negative errno; 0: none */
};

#define FEED_CLOSED                                        \
	{                                                  \
		.dirfd = -EBADF, .pending = PENDING_CLOSED \
	}

/*
 * feed_open - @dirfd becomes @f's; a negative errno there: the feed is out of reach, and what
 * comes is owed to it
 * @log_dirfd: the directory of the logs, for the intents; borrowed
 */
void feed_open(struct feed *f, int log_dirfd, int dirfd, const struct feed_settings *settings);

/* feed_attach - the same from two descriptors that were handed over (the monitor). */
void feed_attach(struct feed *f, int dirfd, int pending_fd, const struct feed_settings *settings);

/* feed_reopen - in a process of its own after fork: intents with its parent's locks are nobody's.
 */
void feed_reopen(struct feed *f, int log_dirfd);

void feed_close(struct feed *f);

/*
 * feed_begin, feed_end - around the writing of one line to its log, whose lock is held
 * feed_begin notes that the line is owed; feed_end adds it to the feed, after all that was owed
 * of this log before, and strikes the note out. feed_cancel: the line did not come to its log.
 * @line: with its LF
 */
void feed_begin(struct feed *f, int log_fd, const char *instance, uint64_t seq);
void feed_end(struct feed *f, int log_fd, const char *instance, const char *line, size_t length);
void feed_cancel(struct feed *f);

/*
 * feed_settle - add what is owed: by writers that died or failed; by all logs, where this is
 * another boot than the last time, or another feed
 * @boot_id: of this boot; "": not known
 * Lines may come twice, or later than their successors. Returns 0 or a negative errno.
 */
int feed_settle(struct feed *f, int log_dirfd, const char *boot_id);

/* feed_trim - remove files put aside that are more than the limit, which was higher before. */
void feed_trim(const struct feed *f);

/* feed_forget - there is no feed any more: what is owed to it is not owed to the next. */
void feed_forget(int log_dirfd);

#endif
