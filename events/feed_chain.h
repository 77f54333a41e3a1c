/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a feed as they are put aside: D/events.ndjson, .1, .2, ..., and in which order to
 * read them. A file is known by its inode while it is held open, whatever its name becomes. When
 * reading begins all that there are are opened, so that none is removed under the reader.
 */
#ifndef EVENTS_FEED_CHAIN_H
#define EVENTS_FEED_CHAIN_H

#include <stdint.h>

/* More are not held open at a time. */
#define FEED_CHAIN_MAX 64

struct feed_chain {
	char *path; /* of the current one */
	unsigned int count;
	int fds[FEED_CHAIN_MAX]; /* what is to be read, oldest first; no one is left out in between
				  */
};

int feed_chain_init(struct feed_chain *f, const char *directory);
void feed_chain_done(struct feed_chain *f);

/* feed_chain_begin - hold the oldest file and those after it: 1, 0: there is none, or an errno. */
int feed_chain_begin(struct feed_chain *f);

/*
 * feed_chain_extend - hold what comes after the last one held
 * Returns 1; 0: nothing yet, it may still grow; -ESTALE: it was removed, and what came after it is
 * not to be told; or what open(2) says.
 */
int feed_chain_extend(struct feed_chain *f);

/* feed_chain_drop - close the first one. */
void feed_chain_drop(struct feed_chain *f);

/*
 * feed_chain_find - the file for which @is_it is true: a descriptor, -ENOENT, or an errno
 * From the newest on: files only grow older while it looks.
 */
int feed_chain_find(const struct feed_chain *f, int (*is_it)(int fd, const void *context),
		    const void *context);

#endif
