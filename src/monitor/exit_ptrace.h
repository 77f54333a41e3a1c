/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracing as a source of the exit status: exact on every kernel, but each signal and each new
 * thread of the process stops it until the monitor lets it go on, and no debugger can attach. Only
 * where --exit-source=ptrace asks for it.
 */
#ifndef MONITOR_EXIT_PTRACE_H
#define MONITOR_EXIT_PTRACE_H

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

/*
 * exit_ptrace_serve - let go on whoever stands still; to be called after SIGCHLD, and once before
 * The end of @pid itself is left for waitid(WNOWAIT).
 */
void exit_ptrace_serve(pid_t pid);

#endif
