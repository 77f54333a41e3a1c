/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's process connector (cn_proc) as a source of the exit status: for kernels that do not
 * tell it through a pidfd, where root of the initial namespaces may listen.
 *
 * Its messages are about threads, and come a moment after the process has ended; so the threads are
 * counted, and the status is known when the last one's end was told. doc/architecture.md, "Who
 * learns the exit code".
 */
#ifndef MONITOR_EXIT_NETLINK_H
#define MONITOR_EXIT_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "monitor/exit_zombie.h"

struct exit_netlink {
	int fd; /* listens; -EBADF: not used */
	pid_t pid;
	int threads; /* whose end was not told yet */
	bool exact;  /* counted from the first thread on, and no message lost */

	/* told since the process was last seen alive: what an earlier thread left does not matter
	 */
	bool told;
	int code;	/* wait(2) status; of a 0 and another value, the latter */
	bool differs;	/* not all threads had the same */
	bool ambiguous; /* even two that are not 0 */
};

#define EXIT_NETLINK_CLOSED ((struct exit_netlink){.fd = -EBADF})

/*
 * exit_netlink_open - listen, hearing nothing yet; to be called before the process is cloned
 * Returns its fd, after the kernel has acknowledged it; -ENOTSUP (a kernel without it, or another
 * than the initial user, pid and network namespace), -EPERM.
 */
int exit_netlink_open(struct error *err);

/*
 * exit_netlink_aim - hear of @pid alone from now on
 * @n->fd: exit_netlink_open's. The process has one thread, and waits for us: its end is still to
 * come, or makes its creation fail.
 */
int exit_netlink_aim(struct exit_netlink *n, pid_t pid, struct error *err);

/* exit_netlink_aim_late - the same for one that runs already; @z: its files. */
int exit_netlink_aim_late(struct exit_netlink *n, pid_t pid, const struct exit_zombie *z,
			  struct error *err);

/*
 * exit_netlink_read - take what was told, so that the socket does not overflow
 * @pidfd: readable when the process has ended; @z: to count again after a loss
 */
void exit_netlink_read(struct exit_netlink *n, int pidfd, const struct exit_zombie *z);

/*
 * exit_netlink_collect - the status, after the pidfd became readable; waits for messages that are
 * still under way
 * Returns 0; 1, when the threads' codes differ or some were lost, so that a better source comes
 * first; -ENODATA: nothing certain.
 */
int exit_netlink_collect(struct exit_netlink *n, int *ret_status);

/* ---- for the unit test ---- */

/* exit_netlink_take - account for one datagram of the kernel's. */
void exit_netlink_take(struct exit_netlink *n, const void *datagram, size_t length);
/* exit_netlink_alive - all that was told is taken, and the process lives. */
void exit_netlink_alive(struct exit_netlink *n);
/* exit_netlink_verdict - as exit_netlink_collect, from what is known. */
int exit_netlink_verdict(const struct exit_netlink *n, int *ret_status);

#endif
