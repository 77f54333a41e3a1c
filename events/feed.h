/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing side of the feed: one file with the lines of all logs, for programs that tail a file.
 * A line is in its log first; what a killed writer owes the feed is found by its intent and made up
 * for by the next process that looks (feed_repair).
 * Source: doc/events.md, "The feed".
 */
#ifndef EVENTS_FEED_H
#define EVENTS_FEED_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FEED_NAME "events.ndjson"

struct feed_limits {
	uint64_t size;	    /* bytes at which the file is put aside */
	unsigned int count; /* files put aside that are kept */
};

struct feed {
	int dirfd;	/* owned: the directory of FEED_NAME */
	int pending_fd; /* owned: .pending of the logs' directory, this process's own description */
	struct feed_limits limits;
	int slot;  /* claimed by feed_begin; -1: none */
	int error; /* the first failure since feed_open, a negative errno; 0: none. Told by whoever
		      can */
};

#define FEED_CLOSED                                               \
	{                                                         \
		.dirfd = -EBADF, .pending_fd = -EBADF, .slot = -1 \
	}

#endif
