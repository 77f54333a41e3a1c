/* SPDX-License-Identifier: Apache-2.0 */
/* Making processes: what create and exec have in common. Private to launch/. */
#ifndef LAUNCH_PROCESS_H
#define LAUNCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * process_clone - a child straight into the v2 cgroup @cgroup_fd (or -EBADF); returns as fork does
 * @flags: CLONE_NEW*, CLONE_PARENT
 * *ret_in_cgroup: it was born there, else it has to be moved; set in the child, too. -EBUSY: the
 * cgroup takes no processes.
 */
pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd, bool *ret_in_cgroup);

/*
 * process_detach - run @begin in a process of its own: double-forked, nobody's child here
 * @cgroup_fd: the v2 cgroup for it, or negative: the caller's; also where that one takes none
 * @begin: never returns
 * *ret_kernel_tells: the reaped process between us showed whether the kernel keeps exit statuses.
 */
int process_detach(int cgroup_fd, void (*begin)(void *arg), void *arg, bool *ret_kernel_tells,
		   struct error *err);

/* process_pid_of - the pid behind a pidfd, as this process's pid namespace has it; -1: gone. */
pid_t process_pid_of(int pidfd);

/* process_reset_signals - dispositions and mask are the caller's accidents; ours start clean. */
void process_reset_signals(void);

/* process_keep_fds - --preserve-fds: 3 to 3+@count-1 stay open across execve. */
int process_keep_fds(int count, struct error *err);

#endif
