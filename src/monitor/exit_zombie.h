/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc/PID/stat says of a process that has ended and was not reaped yet. */
#ifndef MONITOR_EXIT_ZOMBIE_H
#define MONITOR_EXIT_ZOMBIE_H

#include <stdbool.h>
#include <sys/types.h>

/* Opened while the process was certainly the one: its number does not matter afterwards. */
struct exit_zombie {
	int stat_fd; /* /proc/PID/stat; -EBADF: not used */
	int link_fd; /* /proc/PID/ns/user itself, O_PATH */
};

#define EXIT_ZOMBIE_CLOSED                           \
	{                                            \
		.stat_fd = -EBADF, .link_fd = -EBADF \
	}

/* exit_zombie_open - the files of @pid; what cannot be opened stays -EBADF. */
void exit_zombie_open(struct exit_zombie *z, pid_t pid);
void exit_zombie_close(struct exit_zombie *z);

/*
 * exit_zombie_status - the wait(2) status from field 52, while the zombie stands
 * @z: of a process whose end is certain, by its pidfd: a first thread may be a zombie before that
 *
 * The field reads 0 to a process without ptrace access, and before Linux 5.17 it is that of the
 * first thread: so a 0 is believed only where neither can be. Any other value is always true.
 * Returns 0; -EAGAIN, not a zombie, or a 0 that proves nothing; -ESRCH, it was reaped.
 */
int exit_zombie_status(const struct exit_zombie *z, int *ret_status);

/* exit_zombie_threads - how many threads live (a first one that has ended does not count), or
 * a negative errno. */
int exit_zombie_threads(const struct exit_zombie *z);

/* For the unit test: the text of the file; @believe_zero: 0 is no lack of permission. */
int exit_zombie_parse(const char *text, bool believe_zero, int *ret_status);

#endif
