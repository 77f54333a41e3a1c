/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which way the exit status of a process is learnt. The choice is made here and nowhere else, by
 * what was asked for, what the kernel can do, and who would reap the process.
 */
#ifndef MONITOR_EXIT_CHOICE_H
#define MONITOR_EXIT_CHOICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "monitor/exit_status.h"

struct exit_wish {
	const char *monitor; /* --monitor: "auto", "sibling", "parent", "none" */
	const char *source;  /* --exit-source: "auto", "pidfd", "netlink", "parent", "ptrace" */
};

/*
 * exit_choice_check - before anything is changed: are the wishes one, and can they be had here?
 * Returns 0, -EINVAL when they contradict each other, or -ENOTSUP or -EPERM, by name.
 */
int exit_choice_check(const struct exit_wish *wish, struct error *err);

/*
 * exit_choice_make - the mode for a monitor that has just been orphaned
 * @kernel_tells: what exit_status_probe said of the middle process of the double fork
 * @adopter: getppid() of the orphan: a subreaper, or 1
 * @ret: mode, and the socket where the mode has one; exit_means_close closes it
 */
int exit_choice_make(const struct exit_wish *wish, bool kernel_tells, pid_t adopter,
		     struct exit_means *ret, struct error *err);

/*
 * exit_choice_adopt - the means for a new monitor of a process that runs already, as nobody's
 * parent; of all that is left the best
 */
void exit_choice_adopt(pid_t pid, int pidfd, struct exit_means *ret);

/* exit_choice_mode - the table behind exit_choice_make. @connector: it can be listened to. */
enum watch_mode exit_choice_mode(const struct exit_wish *wish, bool kernel_tells, bool connector,
				 pid_t adopter);

#endif
