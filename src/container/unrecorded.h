/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An end that is known and cannot be written down: a full, broken or read-only disk. The container
 * counts as stopped all the same, and whoever tells of it says that it is not on record.
 * Source: doc/events.md, "When the log cannot be written".
 */
#ifndef CONTAINER_UNRECORDED_H
#define CONTAINER_UNRECORDED_H

#include "container/container.h"

struct unrecorded {
	struct error why;	      /* what came of the last attempt */
	struct event_members members; /* of the `exited` line that is not there */
	char line[2 *
		  JOURNAL_LINE_MAX]; /* the same as an object of its own: no seq, no timestamp */
};

/*
 * unrecorded_end - record the end of @c, or keep it in @c->unrecorded
 * @members: of `exited`
 *
 * Returns 0 when the line is there, or when the log could not be written: @c is stopped in both
 * cases. Negative only where the status does not allow an end, or without memory.
 */
int unrecorded_end(struct container *c, const struct event_members *members, struct error *err);

/* unrecorded_retry - try again; 0 when it is on record now, or there was nothing to record. */
int unrecorded_retry(struct container *c, struct error *err);

/* unrecorded_holds - is there an end that the log does not tell? Forgets one that it tells by now.
 */
bool unrecorded_holds(struct container *c);

/* unrecorded_code - "exit code 37", "exit code unknown": for people. */
void unrecorded_code(const struct container *c, char *text, size_t size);

#endif
