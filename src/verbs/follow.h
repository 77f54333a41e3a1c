/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `events` and `wait` share: following the logs of some containers by the public reader, and
 * settling the end of one whose monitor was killed (doc/events.md, "Guarantees", 7 and 9).
 */
#ifndef VERBS_FOLLOW_H
#define VERBS_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ocirun/events.h"

/* One container that is followed. */
struct follow {
	const struct store *store; /* borrowed */
	const char *id;		   /* borrowed is NULL when only the instance was given */
	struct ocirun_log *log;
	uint64_t after; /* lines up to that seq, of that instance, were read by an earlier run */
	char after_instance[33];
	bool created, exited;
	bool one_of_all;     /* not asked for by name: no failure when it goes */
	bool gap;	     /* events are missing: it was said, and success would be a lie */
	uint64_t newer;	     /* the version of the last line, when we do not know it */
	char started_at[31]; /* timestamp of `started`, or "" */
	int64_t settle_ms;   /* when to look at the container itself; 0: at once, -1: not planned */
	int witness_fd;	     /* says that we hold a pidfd (monitor/witnesses.h); -1: not (yet) */
	unsigned int owed;   /* follow_live.h: looks since its log has `exited`, and the feed not */
	bool lost;	     /* the container is gone, and no line of its log says how it ended */
	bool witnessed;	     /* lost, and our pidfd knows how it ended: */
	int status;	     /* as of wait(2) */
	char *unrecorded;    /* the `exited` line that the log did not take: without seq and time */
};

/* All that one command follows. */
struct follow_set {
	struct follow *items;
	size_t count, room;
	const struct store *store;	    /* borrowed */
	struct ocirun_directory *directory; /* of follow_open_all; NULL: the items are all */
	bool gap;			    /* of one that was dropped */
	struct ocirun_watch *watch;	    /* made by the first follow_wait */
	int64_t deadline_ms;		    /* monotonic; -1: none */
	int wake_fd; /* borrowed: when it is readable, follow_wait comes back; -1: none */
	bool silent; /* the lines come from elsewhere (follow_live.h) */
	bool replan; /* something may have become of a container that was not seen before */
};

/*
 * follow_open - @ids (NULL-terminated; may be empty when @instance says which)
 * @timeout: --timeout's text, or NULL
 *
 * All logs are opened before anything is waited for: an ID without one is an error at once.
 * follow_close is to be called in any case.
 */
int follow_open(struct follow_set *set, const struct store *store, char **ids, const char *instance,
		const char *timeout, struct error *err);
void follow_close(struct follow_set *set);

/* follow_open_all - the same for all containers, also those to come; none is there at first. */
int follow_open_all(struct follow_set *set, const struct store *store, const char *timeout,
		    struct error *err);

/*
 * follow_resume - after follow_open: go on behind line @seq of @instance, an earlier one perhaps
 * @over: that was its last line: the latest container of the ID is to come, if it is another one
 * Returns 0; -ENOENT without an error text when that log is gone: it stays with the latest one; or
 * another negative errno.
 */
int follow_resume(struct follow *f, const char *instance, uint64_t seq, bool over,
		  struct error *err);

/*
 * follow_more - drop what is over, and take in some logs that have come; only after follow_open_all
 * @set: all of it read by follow_next
 *
 * Returns 1 when there may be more: to be called again after reading these; 0; or a negative errno.
 * To be called until it returns 0 after each follow_wait.
 */
int follow_more(struct follow_set *set, struct error *err);

/*
 * follow_next - the next event of one of them: 1, 0 when there is none now, or a negative errno
 * Damage is said by log_warning.
 */
int follow_next(struct follow *f, struct ocirun_event *ret, struct error *err);

/*
 * follow_await_disk - a line that was read may not be on stable storage yet: until it is
 * Where that cannot be had, the monitor says so, and we by log_warning.
 */
void follow_await_disk(struct follow *f);

/*
 * follow_wait - sleep until there may be something to read; settles what has to be settled
 * @set: all of it read by follow_next
 * @only_exit: `exited` is all that is waited for; the same in each call
 * @until_ms: monotonic time to come back at, or -1
 * @stdout_too: die of SIGPIPE once nobody reads our standard output any more
 *
 * Returns 1, or 0 when set->deadline_ms has passed, or a negative errno.
 */
int follow_wait(struct follow_set *set, bool only_exit, int64_t until_ms, bool stdout_too,
		struct error *err);

/* For follow_live.c: follow_add takes the log into @set; on failure it may be there or not. */
int follow_add(struct follow_set *set, struct ocirun_log *log);
void follow_done(struct follow *f);
void follow_note(struct follow *f, const struct ocirun_event *event);
int follow_set_deadline(struct follow_set *set, const char *timeout, struct error *err);
char *follow_directory(const struct store *store); /* of the logs; malloc'd, or NULL */

/* follow_now_ms - the clock of the deadlines. */
int64_t follow_now_ms(void);

#define autofollow __attribute__((cleanup(follow_close))) struct follow_set

#endif
