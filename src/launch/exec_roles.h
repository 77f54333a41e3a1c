/* SPDX-License-Identifier: Apache-2.0 */
/* What the executor (the verb) and the observer share while they make an exec's process. */
#ifndef LAUNCH_EXEC_ROLES_H
#define LAUNCH_EXEC_ROLES_H

#include "cgroup/cgroup.h"
#include "container/container.h"
#include "launch/exec.h"
#include "launch/handshake.h"
#include "launch/publish.h"
#include "monitor/exit_choice.h"

#define EXEC_ID_SIZE (JOURNAL_ID_MAX + 1)

struct exec {
	const struct exec_options *options;

	/* the executor's, before any fork */
	char id[EXEC_ID_SIZE];
	struct container container;
	struct spec spec; /* the container's, with the process of this exec */
	struct publication publication;
	struct cgroup_host host;
	struct cgroup cgroup;
	int init_pidfd;
	int console_socket; /* where the terminal's master goes; -EBADF: no terminal */
	int preserved_fds;
	bool kernel_tells; /* PIDFD_INFO_EXIT */
	int observer_end;  /* the observer's end of parent_fd's socket, until it has it */
	int lock_fd;	   /* shared, on <state>/execs: whoever deletes waits for our last line */

	/* the observer's, or the executor's where there is none */
	int parent_fd;	      /* to the executor; -EBADF: it is the executor */
	int stub_fd;	      /* to the process while it is ours, then to the stub */
	int stub_end;	      /* its end, closed after the clone */
	int console_fd;	      /* the terminal's slave, closed after the clone */
	bool console_is_ours; /* we could not give it to the user: the stub does */
	int label_proc_fd;    /* labels_open_procfs() for the stub, likewise */
	struct cgroup_entry entry;
	struct plan_join join; /* its namespace_fds are closed after the clone */
	struct exit_means exits;
	pid_t pid;
	int pidfd;
	bool recorded; /* `exec-started` is in the log, so `exec-exited` has to follow */
};

/* exec_build.c: the process, up to where it waits to be told to execute. */
int exec_build(struct exec *e, struct error *err);

/* exec_build.c: tell it, and see it done; `exec-started`. */
int exec_go(struct exec *e, struct error *err);

/* exec_build.c: it must not be; safe to repeat. */
void exec_undo(struct exec *e);

/* exec_child.c: the process until it is the stub; @in_cgroup: born in the v2 one. Never returns. */
_Noreturn void exec_child(struct exec *e, int plan_fd, const char *const *env, bool in_cgroup);

/* exec_observer.c: the whole life of an observer; never returns. */
void exec_observer(void *exec);

/* exec_log.c: the lines of an exec. Each returns as lifecycle_record. */
int exec_record_started(struct exec *e, struct error *err);
int exec_record_failed(struct exec *e, const struct error *why, struct error *err);

/* exec.c: how the end of its process is learnt, as far as anybody asked. */
struct exit_wish exec_exit_wish(const struct exec *e);

/* exec.c: release what @e holds. */
void exec_done(struct exec *e);

/* executing.c: what a foreground exec keeps of @e. */
int executing_new(struct exec *e, struct executing **ret, struct error *err);

#endif
