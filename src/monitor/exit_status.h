/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the exit status of init in each of the ways that monitor/exit_choice.h chooses among.
 * Source: doc/events.md, "Who learns the code"; pidfd ioctl PIDFD_GET_INFO (Linux 6.15).
 */
#ifndef MONITOR_EXIT_STATUS_H
#define MONITOR_EXIT_STATUS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "monitor/exit_netlink.h"

enum watch_mode {
	WATCH_SIBLING,	 /* init is the subreaper's child; the status comes by PIDFD_INFO_EXIT */
	WATCH_NETLINK,	 /* the same child; it comes from the process connector */
	WATCH_PARENT,	 /* the monitor is init's parent and reaps it once its end is on record */
	WATCH_HAND_OVER, /* parent, but the zombie is left to the subreaper, status and all */
	WATCH_PTRACE,	 /* the subreaper's child, traced by the monitor */
	WATCH_ZOMBIE,	 /* nobody's: a new monitor on an old kernel, which may see the zombie */
	WATCH_NONE,	 /* nothing watches */
	WATCH_MODES,
};

/* watch_mode_name - "sibling", "netlink", "parent", "hand-over", "ptrace", "zombie", "none". */
const char *watch_mode_name(enum watch_mode mode);

/* watch_mode_is_sibling - is init made with CLONE_PARENT, as the child of who adopted us? */
bool watch_mode_is_sibling(enum watch_mode mode);

/* The `source` member of `exited`. */
#define SOURCE_PIDFD   "pidfd"
#define SOURCE_NETLINK "netlink"
#define SOURCE_ZOMBIE  "zombie"
#define SOURCE_PARENT  "parent"
#define SOURCE_PTRACE  "ptrace"
#define SOURCE_NONE    "none"

/* What the status is read with, beside the pidfd. */
struct exit_means {
	enum watch_mode mode;
	struct exit_netlink netlink; /* WATCH_NETLINK */
	struct exit_zombie zombie;   /* WATCH_NETLINK, WATCH_ZOMBIE */
	int status_fd;		     /* exit_ptrace_open's: WATCH_PTRACE */
};

#define EXIT_MEANS_NONE                                    \
	((struct exit_means){.mode = WATCH_NONE,           \
			     .netlink = {.fd = -EBADF},    \
			     .zombie = EXIT_ZOMBIE_CLOSED, \
			     .status_fd = -EBADF})

void exit_means_close(struct exit_means *means);

/*
 * exit_means_attach - be ready for the end of @pid, which has one thread and waits for us
 * It may end as soon as it hears of it; for what ended before, nothing is learnt.
 */
int exit_means_attach(struct exit_means *means, pid_t pid, struct error *err);

/*
 * exit_status_probe - can this kernel tell a reaped process's status through its pidfd?
 * @pidfd: of a process that has been reaped (the intermediate one of the monitor's double fork)
 */
bool exit_status_probe(int pidfd);

/*
 * exit_status_collect - the wait(2) status of init, after its pidfd became readable
 * @means: WATCH_PARENT, WATCH_HAND_OVER and WATCH_PTRACE look and leave the zombie;
 *         WATCH_SIBLING asks the pidfd and waits for the reap where the zombie still stands;
 *         WATCH_NETLINK waits for the kernel's messages, for some seconds at most
 * @ret_source: SOURCE_*; SOURCE_NONE when nothing could tell, and then *ret_status is not touched
 * Returns 0, or -ENODATA when nobody can know any more.
 */
int exit_status_collect(struct exit_means *means, int pidfd, pid_t pid, int *ret_status,
			const char **ret_source);

/*
 * exit_status_let_go - the end is on record, or in memory: the zombie need not be a witness any
 * more WATCH_PARENT reaps it; WATCH_PTRACE gives it to its parent, as WATCH_HAND_OVER does by
 * exiting.
 */
void exit_status_let_go(const struct exit_means *means, pid_t pid);

/* exit_status_witness - the same for somebody who only holds a pidfd: never waits, never reaps. */
int exit_status_witness(int pidfd, pid_t pid, int *ret_status, const char **ret_source);

#endif
