/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who else holds a pidfd of init: followers and waiters. Before a verb that finds the monitor dead
 * writes that nobody knows the exit code, it lets them speak.
 */
#ifndef MONITOR_WITNESSES_H
#define MONITOR_WITNESSES_H

#include <stdbool.h>

/*
 * witnesses_join - for as long as the descriptor that is returned is open, we are one
 * A lock on a byte of <root>/ID/monitor, apart from the monitor's own on the file. A negative
 * errno: nobody will wait for us.
 */
int witnesses_join(const char *root, const char *id);

/* witnesses_exist - does anybody but us hold one? */
bool witnesses_exist(int state_dirfd);

#endif
