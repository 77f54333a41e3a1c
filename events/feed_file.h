/* SPDX-License-Identifier: Apache-2.0 */
/* The feed's file under its lock: what feed.c, feed_copy.c and feed_settle.c share. */
#ifndef EVENTS_FEED_FILE_H
#define EVENTS_FEED_FILE_H

#include "events/feed.h"
#include "events/line.h"

/* The beginning of FEED_LOCK. */
struct feed_identity {
	unsigned char key[PENDING_KEY_SIZE]; /* tells this feed from any other */
	unsigned char dropped;		     /* files were put aside and removed */
};

/* The feed, locked. */
struct feed_file {
	int lock_fd;
	int fd;	       /* FEED_NAME */
	uint64_t size; /* of it */
	bool torn;     /* it does not end in an LF */
	bool has_key;
	struct feed_identity identity;
};

/* feed_identity_read - without the lock; false where nobody has made one yet. */
bool feed_identity_read(const struct feed *f, struct feed_identity *ret);

/* feed_file_open - wait for the lock, open the current file. 0 or a negative errno. */
int feed_file_open(struct feed_file *file, const struct feed *f);
void feed_file_close(struct feed_file *file);

/*
 * feed_file_put - add a line; a file that would grow beyond its limit is put aside first
 * @line: with its LF. Returns 0 or a negative errno; -ENOSPC also for half a line.
 */
int feed_file_put(struct feed_file *file, const struct feed *f, const char *line, size_t length);

/* More of them than anybody wants; settings beyond it count as this. */
#define FEED_FILES_MAX 10000

/* feed_file_name - FEED_NAME, or that of the @number-th put aside, newest first, from 1. */
#define FEED_FILE_NAME_SIZE (sizeof(FEED_NAME) + 11)
void feed_file_name(char name[FEED_FILE_NAME_SIZE], unsigned int number);

/* Which lines of a log. */
struct feed_choice {
	const char *instance;				   /* the log's: 32 hex digits */
	uint64_t from;					   /* the first seq */
	bool (*wants)(void *arg, const struct line *line); /* NULL: all from there */
	void *arg;
};

/* feed_copy - add lines of the log @log_fd; 0 or a negative errno. */
int feed_copy(struct feed_file *file, const struct feed *f, int log_fd,
	      const struct feed_choice *choice);

#endif
