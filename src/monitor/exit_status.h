/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who learns the exit status of init, and how. The choice is made here and nowhere else.
 * Source: doc/events.md, "Who learns the code"; pidfd ioctl PIDFD_GET_INFO (Linux 6.15).
 */
#ifndef MONITOR_EXIT_STATUS_H
#define MONITOR_EXIT_STATUS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum watch_mode {
	WATCH_SIBLING,	 /* init is the subreaper's child; the status comes by PIDFD_INFO_EXIT */
	WATCH_PARENT,	 /* the monitor is init's parent and reaps it */
	WATCH_HAND_OVER, /* parent, but the zombie is left to the subreaper, status and all */
	WATCH_NONE,	 /* nothing watches */
	WATCH_MODES,
};

/* watch_mode_name - "sibling", "parent", "hand-over", "none". */
const char *watch_mode_name(enum watch_mode mode);

/* The `source` member of `exited`. */
#define SOURCE_PIDFD  "pidfd"
#define SOURCE_ZOMBIE "zombie"
#define SOURCE_PARENT "parent"
#define SOURCE_NONE   "none"

/*
 * exit_status_probe - can this kernel tell a reaped process's status through its pidfd?
 * @pidfd: of a process that has been reaped (the intermediate one of the monitor's double fork)
 */
bool exit_status_probe(int pidfd);

/*
 * exit_status_choose - the mode for a monitor that has just been orphaned
 * @monitor: --monitor: "auto", "sibling", "parent", "none"
 * @exit_source: --exit-source: "auto", "pidfd", "parent"; NULL: auto
 * @kernel_tells: what exit_status_probe said
 * @adopter: getppid() of the orphan: a subreaper, or 1
 * Returns 0, or -ENOTSUP when what was asked for cannot work here.
 */
int exit_status_choose(const char *monitor, const char *exit_source, bool kernel_tells,
		       pid_t adopter, enum watch_mode *ret, struct error *err);

/*
 * exit_status_collect - the wait(2) status of init, after its pidfd became readable
 * @mode: WATCH_PARENT reaps; WATCH_HAND_OVER looks and leaves the zombie; WATCH_SIBLING asks the
 *        pidfd and waits for the reap where the zombie still stands
 * @ret_source: SOURCE_*; SOURCE_NONE when nothing could tell, and then *ret_status is not touched
 * Returns 0, or -ENODATA when nobody can know any more.
 */
int exit_status_collect(enum watch_mode mode, int pidfd, pid_t pid, int *ret_status,
			const char **ret_source);

/* exit_status_witness - the same for somebody who only holds a pidfd: never waits, never reaps. */
int exit_status_witness(int pidfd, pid_t pid, int *ret_status, const char **ret_source);

#endif
