/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing side of a container's log: append-only, one line per event, one write(2) per line,
 * under flock, with a gapless seq. No cJSON, no allocation: the monitor lives on this file alone.
 * Source: doc/events.md, "The record", "Guarantees".
 */
#ifndef EVENTS_JOURNAL_H
#define EVENTS_JOURNAL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define JOURNAL_LINE_MAX     4096 /* with its LF */
#define JOURNAL_INSTANCE_LEN 32	  /* hex digits */
#define JOURNAL_ID_MAX	     128

enum event_type {
	EVENT_CREATED,
	EVENT_STARTED,
	EVENT_PAUSED,
	EVENT_RESUMED,
	EVENT_UPDATED,
	EVENT_SIGNALED,
	EVENT_CHECKPOINTED,
	EVENT_RESTORED,
	EVENT_OOM,
	EVENT_EXEC_STARTED,
	EVENT_EXEC_EXITED,
	EVENT_EXITED,
	EVENT_DELETED,
	EVENT_FAILED,
	EVENT_TYPES, /* also: a type that this version does not know */
};

/* event_type_name - "created", "exec-started", ...; event_type_parse - EVENT_TYPES when unknown. */
const char *event_type_name(enum event_type type);
enum event_type event_type_parse(const char *name, size_t length);

/* What the fixed members can take at most (longest ID and type) is not available to the others. */
#define MEMBERS_LENGTH_MAX (JOURNAL_LINE_MAX - 288)

/*
 * Members after the fixed ones, built in order into one buffer. Keys are literals of ours and are
 * not escaped. A member that does not fit is left out whole and sets `overflow`, after which
 * nothing more is taken; objects left open are the caller's mistake.
 */
struct event_members {
	size_t length;
	unsigned int depth; /* objects open */
	bool overflow;
	char text[JOURNAL_LINE_MAX];
};
void members_init(struct event_members *m);
void members_add_int(struct event_members *m, const char *key, int64_t value);
void members_add_uint(struct event_members *m, const char *key, uint64_t value);
void members_add_bool(struct event_members *m, const char *key, bool value);
void members_add_null(struct event_members *m, const char *key);
/* Escapes as JSON asks; bytes that are no UTF-8 become U+FFFD; NULL adds null. */
void members_add_string(struct event_members *m, const char *key, const char *value);
/*
 * As add_string, but of @value keeps only the end (whole characters): what takes @max bytes when it
 * is escaped, and less where that would not fit. So it does not overflow. NUL becomes U+FFFD.
 */
void members_add_tail(struct event_members *m, const char *key, const char *value, size_t length,
		      size_t max);
void members_open(struct event_members *m, const char *key); /* "key":{ */
void members_close(struct event_members *m);		     /* } */

struct feed;

struct journal {
	int fd; /* owned */
	char id[JOURNAL_ID_MAX + 1];
	char instance[JOURNAL_INSTANCE_LEN + 1];
	/* what the lines up to `offset` said; brought up to date by journal_lock */
	off_t offset;
	uint64_t seq;
	uint32_t seen;	     /* bit per enum event_type */
	char started_at[32]; /* timestamp of `started`; empty before */
	uint64_t oom_total;  /* oomKillTotal of the last `oom` that had one */
	bool paused;	     /* the last of paused/resumed was paused */
	bool torn;	     /* a write of ours was cut short: to be closed before the next one */
	bool written;	     /* the line of the last append is there, whatever was returned */
	struct feed *feed;   /* borrowed: takes each line too; NULL: none. Set after opening */
	bool newer;	     /* the last line is of a later version of the schema */
	/* The line of ours that fdatasync failed for, and where it stands; length 0: none. */
	off_t unsynced_offset;
	size_t unsynced_length;
	char unsynced[JOURNAL_LINE_MAX];
};

#define JOURNAL_CLOSED       \
	{                    \
		.fd = -EBADF \
	}

/* journal_has_seen - did a line of @type stand in what has been read? */
static inline bool journal_has_seen(const struct journal *j, enum event_type type)
{
	return j->seen & (1U << type);
}

/*
 * journal_create - begin the log of a new instance: <dir>/ID.ndjson, mode 0600
 *
 * The log of an earlier instance of the same ID is kept as ID@INSTANCE.ndjson; a reader finds one
 * or the other under ID.ndjson at any time, never nothing. 16 KiB are reserved (fallocate
 * KEEP_SIZE) so that `exited` fits on a full disk. The name is durable on return. The caller holds
 * the ID.
 * @instance: 32 lower-case hex digits
 * Returns 0, or a negative errno: -EINVAL for a bad ID or instance, -ELOOP or -EINVAL when
 * something that is no regular file has the name. Nothing is left behind then.
 */
int journal_create(struct journal *j, int dirfd, const char *id, const char *instance);

/*
 * journal_open - an existing log for appending
 * @instance: may be NULL: whose log it is, is taken from the log
 * -ENOENT; -ESTALE if it is of another instance; -EINVAL when it is no regular file.
 */
int journal_open(struct journal *j, int dirfd, const char *id, const char *instance);

/* journal_attach - the same from a descriptor that was handed over (the monitor); @fd becomes @j's.
 */
int journal_attach(struct journal *j, int fd, const char *id, const char *instance);

void journal_close(struct journal *j);

/*
 * journal_lock - flock(LOCK_EX) and read what others appended since: seq, seen, paused
 *
 * A torn or NUL tail (power cut, ENOSPC) is closed here by an LF, so that the next line starts
 * cleanly; nothing is ever cut off. Locks exclude processes, not descriptors shared by fork.
 * Returns 0 or a negative errno; the lock is not held then. -ENOTSUP: the last line is of a later
 * version of the schema (j->newer), so that we neither know what it means nor may add to it.
 */
int journal_lock(struct journal *j);
void journal_unlock(struct journal *j);

/*
 * journal_append - add one line; the lock must be held
 * @members: borrowed, may be NULL
 *
 * On return the line is on disk (fdatasync). On failure readers see the log as before, or a torn
 * last line that the next lock or append closes, or (fdatasync alone failed, and failed again after
 * the line was written anew in its place) the line without the promise that it survives a power
 * cut: @j->written tells, and @j->unsynced_length is not 0. After `deleted` what is left of the
 * reserve goes back to the file system. Returns 0, -ENOSPC, -EIO, or -EMSGSIZE.
 */
int journal_append(struct journal *j, enum event_type type, const struct event_members *members);

/*
 * journal_sync - once more for the line that fdatasync failed for; the lock must be held
 *
 * After a failure the kernel takes the pages for written, so that another fdatasync would succeed
 * without having written anything: the same bytes are written into their place first.
 * Returns 0, also when there is no such line, or a negative errno.
 */
int journal_sync(struct journal *j);

/*
 * journal_confirm - have the last line on stable storage, whoever wrote it; the lock must be held
 * Its writer may have been told that it is not, by an fdatasync that will not say so again.
 */
int journal_confirm(struct journal *j);

#endif
