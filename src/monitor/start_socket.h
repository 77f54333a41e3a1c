/* SPDX-License-Identifier: Apache-2.0 */
/* <state>/start.sock, where the stub waits: for `start`, and for a new monitor (stub/plan.h). */
#ifndef MONITOR_START_SOCKET_H
#define MONITOR_START_SOCKET_H

#include "base/error.h"

/* start_socket_connect - @flags: SOCK_NONBLOCK, or 0. A descriptor, or a negative errno. */
int start_socket_connect(int state_dirfd, int flags, struct error *err);

/*
 * start_socket_watch - the reports of a stub whose monitor was killed
 * It hears of us when it has time to: until then, and where it goes on before that, nothing comes
 * but end-of-file. A descriptor, or -EBADF: there is no stub any more.
 */
int start_socket_watch(int state_dirfd);

#endif
