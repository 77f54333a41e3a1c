/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a line of the log a line: the fixed members in their fixed order, and one whole JSON
 * object. Writer and reader share this one judgement, so they cannot disagree about the next seq.
 */
#ifndef EVENTS_LINE_H
#define EVENTS_LINE_H

#include "events/scan.h"

#define LINE_VERSION  1
#define LINE_TYPE_MAX 64

struct line {
	struct span whole; /* without the LF */
	struct span type, id, instance, timestamp;
	uint64_t seq;
};

/*
 * line_parse - @text without its LF
 * False for anything that ocirun did not write whole: a torn or NUL tail, a foreign line, a line of
 * another schema version. @ret points into @text.
 */
bool line_parse(const char *text, size_t length, struct line *ret);

/*
 * line_version - the "v" of a line that a later version of this schema wrote, else 0
 * More than that is not known of it: what follows "v" may have any shape.
 */
uint64_t line_version(const char *text, size_t length);

/* line_id_ok - may @id stand in a log's name? [A-Za-z0-9][A-Za-z0-9_.+-]*, at most 128 bytes. */
bool line_id_ok(const char *id, size_t length);

/* line_instance_ok - 32 lower-case hex digits? */
bool line_instance_ok(const char *instance, size_t length);

/*
 * line_first_instance - the instance of the first line of the log @fd that is one
 * @ret: 33 bytes; Returns 0, -ENODATA when there is no such line in the first 64 KiB, or an errno.
 */
int line_first_instance(int fd, char *ret);

/* line_first - the same, with its seq. */
int line_first(int fd, char *ret_instance, uint64_t *ret_seq);

#endif
