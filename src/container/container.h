/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container over time. Its state directory <root>/ID holds
 *
 *   state.json   the record: written whole before init is cloned, never changed afterwards
 *   config.json  a copy of the configuration as it was at create
 *   start.sock   where the stub waits for `start`
 *   monitor      locked by the monitor for as long as it lives
 *   notify/      with the readiness socket (launch/notify.h), where the caller has a NOTIFY_SOCKET
 *
 * and the log <root>/.events/ID.ndjson says what happened since. Status is never stored: it is what
 * the lines of the log add up to (lifecycle.h), so the two cannot disagree.
 */
#ifndef CONTAINER_CONTAINER_H
#define CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "container/record.h"
#include "container/store.h"
#include "events/journal.h"

struct container_feed;

enum container_status {
	STATUS_CREATING, /* or a create that died half way */
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
	STATUS_DELETED,
	STATUS_UNKNOWN, /* the record or the log cannot be read */
};
const char *container_status_name(enum container_status status);

/* What the lines of the log say beyond the status. */
struct container_facts {
	pid_t pid; /* 0: no `created` line yet */
	uint64_t pid_start_time;
	char boot_id[40];
	char created_at[40]; /* timestamp of `created` */
	char *exited_line;   /* the whole `exited` line, or NULL */
};

struct container {
	char id[JOURNAL_ID_MAX + 1];
	int root_dirfd;		     /* --root */
	int log_dirfd;		     /* <root>/.events */
	int state_dirfd;	     /* <root>/ID; flock on it is the container's lock */
	struct container_feed *feed; /* owned; NULL: there is none */
	struct record record;
	struct journal journal;
	struct container_facts facts;
	enum container_status status;
	struct unrecorded *unrecorded; /* unrecorded.h; NULL: the log tells all */
	int unsynced; /* why the log's end is not on stable storage: an errno, or 0 */
};

#define CONTAINER_CLOSED                                                          \
	{                                                                         \
		.root_dirfd = -EBADF, .log_dirfd = -EBADF, .state_dirfd = -EBADF, \
		.journal = JOURNAL_CLOSED, .status = STATUS_UNKNOWN               \
	}

/* container_id_check - [A-Za-z0-9][A-Za-z0-9_.+-]{0,127}; else "invalid container ID format". */
int container_id_check(const char *id, struct error *err);

/*
 * container_root_open - open --root and its .events, making both (0700) when @make, and the feed
 * The directory must belong to the caller and be writable by nobody else. On -ENOENT without @make
 * the caller sees "no containers" rather than an error.
 */
int container_root_open(struct container *c, const struct store *store, bool make,
			struct error *err);

/*
 * container_reserve - take the ID: mkdir is the lock, then flock, record, and the log
 * @c: after container_root_open; @record: what state.json will say; taken over by @c
 *
 * "container with given ID already exists" (ERROR_STATE, EEXIST) when it is taken. On return the
 * caller holds the container's lock and everything that `delete --force` needs is on disk.
 */
int container_reserve(struct container *c, const char *id, struct record *record,
		      struct error *err);

/*
 * container_open - an existing container; loads record and log, and settles the status
 * "container does not exist" (ERROR_MISSING). A damaged record gives ERROR_STATE with the file's
 * name and leaves @c usable for deletion (id, dirfds, status unknown).
 */
int container_open(struct container *c, const struct store *store, const char *id,
		   struct error *err);

/* container_lock - flock(LOCK_EX) on the state directory, then load again; -ESTALE when it was
 * deleted meanwhile ("container does not exist"). container_unlock happens by container_close as
 * well. */
int container_lock(struct container *c, struct error *err);

/*
 * container_lock_cgroup - one at a time changes the settings of the container's cgroup: its freezer
 * and limits
 * @wait: for whoever holds it; else -EWOULDBLOCK, without an error text
 *
 * Apart from container_lock, so that a hook that `start` waits for may pause or update. Whoever
 * wants both takes container_lock first. Loads the log again. Returns a descriptor; closing it
 * releases the lock.
 */
int container_lock_cgroup(struct container *c, bool wait, struct error *err);

/* container_reload - read new lines of the log; settle status and facts. */
int container_reload(struct container *c, struct error *err);

/*
 * container_pidfd - a pidfd of init that is certainly init: start time and boot ID agree
 * Returns the fd, or -ESRCH when it is gone ("container not running"), or another negative errno.
 */
int container_pidfd(const struct container *c, struct error *err);

/* container_erase - remove the state directory; the last act of delete and of a failed create. */
int container_erase(struct container *c, struct error *err);

/* container_forked - in a process of its own that goes on with a copy of @c, and becomes a monitor:
 * locks that it takes on the feed's debts must not be its parent's. */
void container_forked(struct container *c);

/*
 * container_sweep - remove logs of deleted containers beyond @store's limits, if it is time, and
 * files of the feed beyond its limit: after container_root_open, before an ID is taken
 * container_retire - after container_erase: @c's own log is one of those from now on
 * Failures are ignored: the next verb tries again.
 */
void container_sweep(const struct container *c, const struct store *store);
void container_retire(const struct container *c, const struct store *store);

void container_close(struct container *c);

#define autocontainer __attribute__((cleanup(container_close))) struct container

/* container_list - IDs below --root, sorted; malloc'd (free each and the vector). */
int container_list(const struct store *store, char ***ret_ids, size_t *ret_count,
		   struct error *err);

/*
 * container_state_json - what `ocirun state` prints (runtime.md#state with runc's additions and
 * `exit`)
 * @indent: pretty-printed. malloc'd, no trailing newline; NULL only without memory.
 */
char *container_state_json(const struct container *c, bool indent);

/* container_owner_name - of that uid, or NULL; valid until the next call. */
const char *container_owner_name(uint32_t uid);

/* container_hook_state_json - the state for a hook's stdin: @status as the stage demands. malloc'd.
 */
char *container_hook_state_json(const struct container *c, const char *status, pid_t pid);

#endif
