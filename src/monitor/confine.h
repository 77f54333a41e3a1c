/* SPDX-License-Identifier: Apache-2.0 */
/* Taking from the monitor what it does not need while the container runs. */
#ifndef MONITOR_CONFINE_H
#define MONITOR_CONFINE_H

/*
 * confine_monitor - no capabilities, no_new_privs, non-dumpable, no core, no children, and a
 * seccomp filter of the calls that the loop makes. What the kernel refuses is left undone: the exit
 * code matters more than the last defence.
 */
void confine_monitor(void);

#endif
