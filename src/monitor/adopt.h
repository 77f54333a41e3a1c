/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the monitor is gone: whoever looks at the container next finds out what can be known, writes
 * it down, and starts a new monitor where init lives on.
 */
#ifndef MONITOR_ADOPT_H
#define MONITOR_ADOPT_H

#include "cgroup/cgroup.h"
#include "container/container.h"

/*
 * monitor_adopt - settle a container just opened (container_open or container_lock)
 *
 * - from another boot: `exited` with host-restarted;
 * - init alive and the monitor's lock free: a new monitor is started (not with --monitor=none);
 * - init dead and the monitor alive: waits a moment for its line;
 * - init dead and no monitor: `exited` with what a zombie, or a follower or waiter who holds a
 *   pidfd, still tells, else monitor-lost, or unobserved with --monitor=none;
 * - nobody heard of a start that was killed: `started`.
 * - frozen or thawed, and the log does not know: `paused` or `resumed` (monitor/frozen.h).
 * @c's status and facts are up to date afterwards. What cannot be done is left for the next verb;
 * an end that the log does not take is kept in @c->unrecorded, and @c is stopped.
 */
int monitor_adopt(struct container *c, struct error *err);

/*
 * monitor_adopt_patiently - as monitor_adopt, for who cannot go on without the line of a living
 * monitor
 * @pidfd: init's, of a caller who has held it since before the end; or negative. Borrowed.
 *
 * Where init was reaped, so that nobody else knows its status, a monitor that is held up (a slow
 * disk, SIGSTOP) gets seconds instead of the moment.
 */
int monitor_adopt_patiently(struct container *c, int pidfd, struct error *err);

/* monitor_usage_open - of a container that is there already: cgroup_usage_open's fds. */
void monitor_usage_open(const struct container *c, int fds[USAGE_FILES]);

#endif
