/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc/PID/stat says of a process that has ended and was not reaped yet. */
#ifndef MONITOR_EXIT_ZOMBIE_H
#define MONITOR_EXIT_ZOMBIE_H

#include <stdbool.h>
#include <sys/types.h>

/* exit_zombie_open - /proc/@pid/stat, for exit_zombie_status; -ESRCH when it is gone. */
int exit_zombie_open(pid_t pid);

/*
 * exit_zombie_status - the wait(2) status from field 52, while the zombie stands
 * @stat_fd: exit_zombie_open's, from when @pid was certainly the process; -EBADF: nothing is known
 * @pid: whose end is certain (its pidfd is readable): a first thread may be a zombie before that
 *
 * The field reads 0 to a process without ptrace access, and before Linux 5.17 it is that of the
 * first thread: so a 0 is believed only where neither can be. Any other value is always true.
 * Returns 0; -EAGAIN, not a zombie, or a 0 that proves nothing; -ESRCH, it was reaped.
 */
int exit_zombie_status(int stat_fd, pid_t pid, int *ret_status);

/* exit_zombie_threads - how many threads live (a first one that has ended does not count), or
 * a negative errno. */
int exit_zombie_threads(int stat_fd);

/* For the unit test: the text of the file; @believe_zero: 0 is no lack of permission. */
int exit_zombie_parse(const char *text, bool believe_zero, int *ret_status);

#endif
