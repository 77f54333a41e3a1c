/* SPDX-License-Identifier: Apache-2.0 */
/* The one directory that the monitor may open files in. */
#ifndef MONITOR_CAGE_H
#define MONITOR_CAGE_H

/*
 * cage_enter - make @dirfd the process's root and current directory; where that takes a privilege
 * that we lack, landlock(7) lets it open nothing outside instead
 *
 * Before the capabilities go, and after PR_SET_NO_NEW_PRIVS. Files that are open stay so. Where the
 * kernel has neither for us, we stay outside: with the rights of an unprivileged user.
 */
void cage_enter(int dirfd);

#endif
