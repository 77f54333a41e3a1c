/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execs whose observer was killed. Each observer, and each foreground exec, locks a byte of
 * <state>/execs: the one at its process's pid. Who gets that lock writes `exec-exited`, and nobody
 * else.
 */
#ifndef MONITOR_OBSERVED_H
#define MONITOR_OBSERVED_H

#include "container/container.h"

/* observed_lock - @lock_fd: on EXECS_LOCK. 0, or -EAGAIN when one lives, or another negative errno.
 */
int observed_lock(int lock_fd, pid_t pid);

/*
 * observed_settle - for every exec of the log that has neither ended nor an observer: a new one
 * where the process lives (not with --monitor=none), else `exec-exited` with what is still known
 * What cannot be done is left for the next verb.
 */
void observed_settle(struct container *c);

/* observed_settle_with - the same for one of them, whose pidfd the caller has held since before its
 * end. */
void observed_settle_with(struct container *c, const char *exec_id, int pidfd);

#endif
