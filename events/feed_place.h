/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place in a feed, and the text of it that is called a cursor. Inode numbers survive neither a
 * copy nor a reboot: a file is known by its first line, and the place in it by the line before.
 */
#ifndef EVENTS_FEED_PLACE_H
#define EVENTS_FEED_PLACE_H

#include <stddef.h>
#include <stdint.h>

/* A line, named. */
struct line_name {
	char instance[33]; /* "": none */
	uint64_t seq;
};

/* All zero: before everything. */
struct feed_place {
	struct line_name first; /* of the file */
	struct line_name last;	/* ends at offset */
	uint64_t offset;
};

/* feed_place_print - returns the length, or -ENOBUFS. */
long feed_place_print(const struct feed_place *place, char *buffer, size_t size);

/* feed_place_parse - 0, or -EINVAL. */
int feed_place_parse(const char *text, struct feed_place *ret);

/* feed_place_is_in - 1: @place is in that file, 0, or a negative errno. For feed_chain_find. */
int feed_place_is_in(int fd, const void *place);

#endif
