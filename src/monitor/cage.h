/* SPDX-License-Identifier: Apache-2.0 */
/* The one directory that the monitor may open files in. */
#ifndef MONITOR_CAGE_H
#define MONITOR_CAGE_H

#include <stdbool.h>

/*
 * cage_enter - make @dirfd the process's root and current directory; or, where that takes a
 * privilege that we lack and @by_landlock, let landlock(7) keep it from opening what is outside
 *
 * Before the capabilities go, and after PR_SET_NO_NEW_PRIVS. Files that are open stay so. Landlock
 * also takes away ptrace access to others, without which /proc/PID/stat does not tell all.
 * Returns whether we are in.
 */
bool cage_enter(int dirfd, bool by_landlock);

#endif
