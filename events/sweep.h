/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention: what becomes of the logs of containers that were deleted. There is no daemon: each
 * create and delete asks whether it is time, and the one who finds that it is looks at all logs.
 * Source: doc/events.md, "How long it is kept".
 */
#ifndef EVENTS_SWEEP_H
#define EVENTS_SWEEP_H

#include <stdint.h>

/* Logs go, the oldest first, for as long as one of these is exceeded. */
struct retention {
	unsigned int age_s; /* since the last line was written */
	unsigned int count;
	uint64_t size; /* bytes on disk, of all of them together */
};

/*
 * journal_sweep - remove what is beyond @limits, if it is time
 * @dirfd: of the logs
 * @ids_dirfd: has an entry named ID for as long as that ID is in use: its log stays
 *
 * A log without `deleted` whose ID is not in use was lost: it goes like the others once nothing has
 * been added to it for a day. One that still owes a line to the feed has more time. Safe beside
 * creates and deletes of the same IDs, and at any kill. Failures are ignored: the next one tries
 * again. It allocates, as it reads a directory.
 */
void journal_sweep(int dirfd, int ids_dirfd, const struct retention *limits);

/*
 * journal_retire - @id was given up and its log has ended: it counts from now on, and goes at once
 * where @limits keep none. Ends with journal_sweep.
 */
void journal_retire(int dirfd, int ids_dirfd, const char *id, const struct retention *limits);

#endif
