/* SPDX-License-Identifier: Apache-2.0 */
/* A new monitor or observer in the place of one that was killed. */
#ifndef MONITOR_REPLACE_H
#define MONITOR_REPLACE_H

#include "container/container.h"
#include "monitor/watch.h"

/*
 * monitor_replace - watch @w's process from now on, in a process that is nobody's child here
 * @w: journal, pid, pidfd, stub_fd and exec_id; all borrowed
 * @lock_fd: what says that it lives; it gets a copy
 */
int monitor_replace(struct container *c, struct watch *w, int lock_fd, struct error *err);

#endif
