/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole lines of a file that may grow, in order, and where they stand. What a line has to look
 * like is not known here (line.h).
 */
#ifndef EVENTS_LINES_H
#define EVENTS_LINES_H

#include <stddef.h>
#include <stdint.h>

struct lines {
	uint64_t offset;  /* where the next line begins */
	uint64_t garbage; /* bytes before offset of a line that is longer than any */

	/* Held only while there is something to read: a follower of thousands stays small. */
	char *buffer;
	size_t begin, end;
};

/* A line, or what was to be one. */
struct piece {
	char *text; /* in the buffer, without the LF; may be changed. NULL: too long to be a line */
	size_t length;
	uint64_t offset, size; /* in the file, with the LF */
};

/*
 * lines_look - the next whole line of @fd; it stays the next one until lines_take
 * Returns 1; 0 when there is none yet, and the buffer is free then; or a negative errno.
 */
int lines_look(struct lines *l, int fd, struct piece *ret);

/* lines_take - go on behind @piece, whose text stays good until the next lines_look. */
void lines_take(struct lines *l, const struct piece *piece);

/* lines_seek - the next line begins at @offset; also frees the buffer. */
void lines_seek(struct lines *l, uint64_t offset);

#endif
