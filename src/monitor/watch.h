/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching one container from `created` to `exited`: the loop of the program ocirun-monitor and of
 * a foreground `run`. No parsing, no paths: everything is an open descriptor or a number.
 */
#ifndef MONITOR_WATCH_H
#define MONITOR_WATCH_H

#include "cgroup/cgroup.h"
#include "events/journal.h"
#include "loop/loop.h"
#include "monitor/exit_status.h"
#include "monitor/failed.h"
#include "monitor/oom.h"
#include "stub/plan.h"

struct watch {
	struct journal *journal; /* borrowed */
	struct exit_means exits; /* borrowed descriptors */
	pid_t pid;
	int pidfd;   /* borrowed */
	int stub_fd; /* owned: where the stub reports; -EBADF when it was attached too late for that
		      */
	int usage_fds[USAGE_FILES]; /* borrowed; -EBADF where missing */
	struct oom oom;		    /* .baseline is the caller's, the rest watch_run's */
	/* NULL: it is init. Else it is an exec's process of this name; "": its end is not recorded.
	 */
	const char *exec_id;

	/* what the stub reported, and what came of it */
	bool starting; /* `start` was asked for */
	bool failed;   /* and did not come to execve */
	struct plan_report failure;

	/* the end */
	bool ended, over; /* over: and it is told, or will not be by us */
	bool status_known;
	int status;	    /* wait(2) status */
	const char *source; /* SOURCE_*: how it was learnt */
	struct cgroup_usage usage;

	/* what the log does not say yet */
	bool persists; /* try for as long as it takes; else not beyond the end */
	int lock_fd; /* borrowed: a file of the state directory, which goes with it; -EBADF: none */
	unsigned int untold;	/* bit per row of watch.c's table */
	unsigned int retry_ms;	/* until the next attempt; 0: none has failed */
	struct error log_error; /* of the last one */
};

/*
 * watch_run - stay until init has ended and `exited` is on stable storage
 * @loop: may hold other watches (signals of a foreground run); is stopped at the end
 *
 * While a line cannot be written the attempts become rarer, and monitor/word.h tells others; init
 * stays a zombie where that is ours to say, as another witness. Returns 0, or a negative errno when
 * the log does not have it all; w->status and w->status_known are set in both cases.
 */
int watch_run(struct watch *w, struct loop *loop, struct error *err);

/* plan_report_text - the failure in words: "exec \"foo\": executable file not found in $PATH" */
void plan_report_text(const struct plan_report *report, char *text, size_t size);

/* plan_report_hook - the startContainer hook that failed; @ret borrows from the other two. */
void plan_report_hook(const struct plan_report *report, char output[PLAN_TEXT_MAX + 1],
		      struct failed_hook *ret);

#endif
