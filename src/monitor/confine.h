/* SPDX-License-Identifier: Apache-2.0 */
/* Taking from the monitor what it does not need while the container runs. */
#ifndef MONITOR_CONFINE_H
#define MONITOR_CONFINE_H

#include "monitor/exit_status.h"

/*
 * confine_monitor - no capabilities, no_new_privs, non-dumpable, no core, no children, and a
 * seccomp filter of the calls that the loop makes
 * @feed_dirfd: where it may open files, and nowhere else (cage.h); negative: nowhere
 *
 * WATCH_PTRACE may let tracees go on, but attach to nobody. WATCH_NETLINK and WATCH_ZOMBIE keep
 * CAP_SYS_PTRACE where they have it, for the status in the open /proc/PID/stat; without ptrace(2)
 * and with no /proc to be opened it gives them nothing else. What the kernel refuses is left
 * undone: the exit code matters more than the last defence.
 */
void confine_monitor(enum watch_mode mode, int feed_dirfd);

#endif
