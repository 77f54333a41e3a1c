/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where containers are kept, and what becomes of their events: --root and the global settings of
 * the feed and of retention (doc/events.md, "The feed", "Where it is"). Filled once, before the
 * verb; borrowed by all that opens a container.
 */
#ifndef CONTAINER_STORE_H
#define CONTAINER_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STORE_NO_GROUP ((gid_t)-1)

struct store {
	const char *root; /* absolute; never NULL */

	/* The feed: one file with the lines of all logs. */
	bool feed_off;		 /* there is none */
	const char *feed;	 /* its directory, absolute; NULL: <root>/.feed */
	uint64_t feed_size;	 /* bytes at which its file is put aside */
	unsigned int feed_count; /* files put aside that are kept; 0: none */
	gid_t feed_group;	 /* may read it; STORE_NO_GROUP: the owner alone */

	/* Logs of deleted containers go when one of these is exceeded. */
	unsigned int log_age_s;
	unsigned int log_count;
	uint64_t log_size; /* bytes of all of them together */
};

#define STORE_DEFAULTS                                                                  \
	.feed_size = UINT64_C(16) << 20, .feed_count = 2, .feed_group = STORE_NO_GROUP, \
	.log_age_s = 3600, .log_count = 1000, .log_size = UINT64_C(256) << 20

#endif
