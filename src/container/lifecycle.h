/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transition table, and the only caller of the journal's writer. A transition is refused when
 * the status does not allow it, and is nothing when somebody else has recorded it already: so the
 * monitor, `start` and a recovering verb may all report the same fact, and one line comes of it.
 */
#ifndef CONTAINER_LIFECYCLE_H
#define CONTAINER_LIFECYCLE_H

#include "container/container.h"

#define LIFECYCLE_EXEC_MAX (1024 * 1024)

enum cause {
	CAUSE_INIT_IS_READY,
	CAUSE_START_FAILED,
	CAUSE_CREATE_FAILED,
	CAUSE_INIT_STARTED,
	CAUSE_FREEZE,
	CAUSE_THAW,
	CAUSE_UPDATE,
	CAUSE_SIGNAL,
	CAUSE_EXEC_STARTED,
	CAUSE_EXEC_FAILED,
	CAUSE_EXEC_EXITED,
	CAUSE_OOM_KILL,
	CAUSE_INIT_EXITED,
	CAUSE_DELETE,
};

/* lifecycle_status - what the lines seen so far add up to. */
enum container_status lifecycle_status(const struct journal *j);

/*
 * lifecycle_record - append the line that @cause stands for
 * @members: what it says beyond the fixed members; may be NULL
 *
 * A log of more than LIFECYCLE_EXEC_MAX bytes takes no further `exec-started` and failed execs, and
 * so no `exec-exited` of them (0): a health check every few seconds must not grow it for ever.
 *
 * Takes and releases the journal's lock. Returns 1 when the line was written, 0 when it stood there
 * already, -EBUSY (ERROR_STATE) when the status does not allow it, or a negative errno.
 */
int lifecycle_record(struct journal *j, enum cause cause, const struct event_members *members,
		     struct error *err);

/* lifecycle_lock - journal_lock, and in words what is wrong. Undone by journal_unlock. */
int lifecycle_lock(struct journal *j, struct error *err);

/*
 * lifecycle_sync - journal_sync under the lock: for a line that was written and is not on stable
 * storage, which lifecycle_record says by its failure and j->unsynced_length
 */
int lifecycle_sync(struct journal *j, struct error *err);

/* lifecycle_confirm - for a line that stood there already: is it, and will it stay? */
int lifecycle_confirm(struct journal *j, struct error *err);

/*
 * lifecycle_record_oom - append `oom` if the log's last one tells of fewer kills than @total
 * @total: since the create
 * @level: of whose limit: a word of doc/events.md, or NULL where nobody can tell
 * Returns as lifecycle_record does.
 */
int lifecycle_record_oom(struct journal *j, uint64_t total, const char *level, struct error *err);

#endif
