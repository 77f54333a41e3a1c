/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracing as a source of the exit status: exact on every kernel, but each signal and each new
 * thread of the process stops it until the monitor lets it go on, and no debugger can attach. Only
 * where --exit-source=ptrace asks for it.
 */
#ifndef MONITOR_EXIT_PTRACE_H
#define MONITOR_EXIT_PTRACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* exit_ptrace_check - may this process trace another's children? -ENOTSUP, -EPERM. */
int exit_ptrace_check(struct error *err);

/*
 * exit_ptrace_seize - trace @pid, which has one thread and waits for us
 * It outlives an execve of this process, and the loss of its privileges. When this process ends,
 * however it does, @pid goes on untraced; a zombie is left to its parent, status and all.
 */
int exit_ptrace_seize(pid_t pid, struct error *err);

/* exit_ptrace_open - /proc/@pid/status, for exit_ptrace_serve; a negative errno. */
int exit_ptrace_open(pid_t pid);

/*
 * exit_ptrace_serve - let go on whoever stands still; to be called after SIGCHLD, and once before
 * @status_fd: exit_ptrace_open's, or negative
 *
 * The end of @pid itself is left for waitid(WNOWAIT). A thread of a pid namespace's first process
 * that is about to die of a fault of its own is let go for good: while it is traced, the kernel
 * spares it. If it was @pid, that is no tracee any more when it ends.
 */
void exit_ptrace_serve(pid_t pid, int status_fd);

/* For the unit test: the text of /proc/PID/status. Is it a namespace's first, without a handler? */
bool exit_ptrace_is_spared(const char *status_text, int signal);

#endif
