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
	struct error
		log_error; /* the first line that could not be written; kind ERROR_NONE: none */

	/* the end */
	bool ended;
	bool status_known;
	int status; /* wait(2) status */
};

/*
 * watch_run - stay until init has ended and `exited` is written
 * @loop: may hold other watches (signals of a foreground run); is stopped at the end
 *
 * Returns 0, or a negative errno when `exited` could not be written; w->status and w->status_known
 * are set in both cases.
 */
int watch_run(struct watch *w, struct loop *loop, struct error *err);

/* plan_report_text - the failure in words: "exec \"foo\": executable file not found in $PATH" */
void plan_report_text(const struct plan_report *report, char *text, size_t size);

/* plan_report_hook - the startContainer hook that failed; @ret borrows from the other two. */
void plan_report_hook(const struct plan_report *report, char output[PLAN_TEXT_MAX + 1],
		      struct failed_hook *ret);

#endif
