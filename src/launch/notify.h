/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness (sd_notify(3)): a socket of ours in the container, and from there to the NOTIFY_SOCKET
 * of whoever called us. What comes from the container is not trusted: READY=1 and a STATUS beside
 * it go on, nothing else, and no descriptor is taken.
 */
#ifndef LAUNCH_NOTIFY_H
#define LAUNCH_NOTIFY_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "spec/spec.h"

/*
 * notify_wanted - has our caller a NOTIFY_SOCKET, and has the configuration none of its own?
 * Where it has one (podman's) the engine does the relaying. Returns 1, 0, or -EINVAL: it is no
 * address of a socket.
 */
int notify_wanted(const struct spec *spec, struct error *err);

/*
 * notify_prepare - at create: the directory <state>/notify, and the process's own NOTIFY_SOCKET
 * *ret_tree: the directory as a detached mount, or -EBADF where only its path will do
 */
int notify_prepare(int state_dirfd, struct spec *spec, int *ret_tree, struct error *err);

/* Between the container and our caller, while one of them is not ready. */
struct notify {
	int fd;	     /* bound in the directory; -EBADF: nobody wants to know */
	int host_fd; /* connected to NOTIFY_SOCKET */
};

#define NOTIFY_CLOSED                           \
	{                                       \
		.fd = -EBADF, .host_fd = -EBADF \
	}

/*
 * notify_open - before the process is let go: bind our socket, connect to the caller's
 * Stays closed without NOTIFY_SOCKET, or when create had none.
 */
int notify_open(struct notify *n, int state_dirfd, struct error *err);

/*
 * notify_relay - take one datagram from the container
 * @main_pid: what MAINPID says
 * Returns 1 when READY has gone on, 0 when more is awaited, or a negative errno: the caller's
 * socket does not take it.
 */
int notify_relay(struct notify *n, pid_t main_pid, struct error *err);

/*
 * notify_await - relay until READY has come, or the process of @pidfd has ended
 * Then a BARRIER: returns when the manager has seen all of it, at the latest after 30 s.
 */
int notify_await(struct notify *n, pid_t main_pid, int pidfd, struct error *err);

void notify_close(struct notify *n);

#endif
