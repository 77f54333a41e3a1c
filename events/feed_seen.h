/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lines of a feed were there already. Per container the highest seq and the ranges below it
 * that are missing: exact, however late a line comes, and no more than a few words for a container
 * whose lines come in order. Containers are forgotten some time after `deleted`.
 */
#ifndef EVENTS_FEED_SEEN_H
#define EVENTS_FEED_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/line.h"

/* Lines that are missing, and are not expected any more. */
struct seen_gap {
	char instance[33];
	uint64_t first, last;
};

struct feed_seen {
	struct seen_entry *entries;
	uint32_t count, room, free; /* entries that were ever used; a list of those free again */
	uint32_t *buckets, bucket_mask;
	struct seen_queue {
		uint32_t oldest, newest, count;
	} queues[2]; /* by when a line of it came last: of containers that live, and that are over
		      */
	uint32_t losses;
	struct seen_gap *gaps; /* to be told */
	size_t gap_count, gap_room;
};

void feed_seen_init(struct feed_seen *s);
void feed_seen_done(struct feed_seen *s);

/*
 * feed_seen_note - @line has come
 * Returns 1 when it is new, 0 when it was there, or -ENOMEM. May make gaps.
 */
int feed_seen_note(struct feed_seen *s, const struct line *line);

/* feed_seen_lost - files are missing here: what they had is no gap of its own. */
void feed_seen_lost(struct feed_seen *s);

/* feed_seen_take_gap - false when there is none. feed_seen_drop_gaps - they were told before. */
bool feed_seen_take_gap(struct feed_seen *s, struct seen_gap *ret);
void feed_seen_drop_gaps(struct feed_seen *s);

#endif
