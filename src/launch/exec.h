/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A further process in a running container: what the verb exec calls.
 *
 * The process is made on the host's side and becomes the stub there (stub/plan.h, "join"), which
 * enters the container's namespaces: no process of the container ever sees ocirun. It waits, ready
 * to execute, until executing_go. Detached, an observer in a process of its own does what the
 * monitor does for init; in the foreground the caller does it.
 */
#ifndef LAUNCH_EXEC_H
#define LAUNCH_EXEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "spec/exec_process.h"

struct exec_options {
	const struct store *store;
	const char *id;
	const char *exec_id; /* --exec-id; NULL: one is made */
	struct exec_process process;
	const char *console_socket, *pidfd_socket, *pid_file;
	size_t cgroup_count;
	const char *const *cgroups; /* --cgroup: "PATH", or on v1 "CONTROLLERS:PATH" */
	int preserve_fds;
	bool ignore_paused;
	const char *exit_source; /* --exit-source; without detach the caller reaps in any case */
	bool detach;
	int foreground_console; /* its end of a socketpair for the pty master; -EBADF: none */
};

/*
 * launch_exec - make the process and, with @opt->detach, let it run
 *
 * Detached: on return `exec-started` is in the log and the pid file stands. Otherwise
 * *ret_executing is what follows; executing_free releases it and, before executing_run, ends the
 * process. On failure nothing is left: no process, no pid file.
 */
struct executing;
int launch_exec(const struct exec_options *opt, struct executing **ret_executing,
		struct error *err);

struct loop;
int executing_pidfd(const struct executing *e);
struct loop *executing_loop(struct executing *e);

/* executing_go - let it execute its program; `exec-started` is recorded. */
int executing_go(struct executing *e, struct error *err);

/*
 * executing_run - wait for its end and record it; *ret_status is the wait(2) status
 * Returns 0, -ENODATA when nobody knows the status, or another negative errno.
 */
int executing_run(struct executing *e, int *ret_status, struct error *err);

void executing_free(struct executing *e);

#endif
