/* SPDX-License-Identifier: Apache-2.0 */
/* What parent, monitor and init share while a container is made. Private to launch/. */
#ifndef LAUNCH_ROLES_H
#define LAUNCH_ROLES_H

#include "cgroup/cgroup.h"
#include "container/container.h"
#include "launch/handshake.h"
#include "launch/launch.h"
#include "launch/publish.h"
#include "monitor/watch.h"

struct launch {
	const struct launch_options *options;

	/* the parent's, before any fork */
	struct spec spec;
	char *config_text;
	size_t config_length;
	char *bundle, *rootfs; /* absolute, resolved in the caller's view */
	bool rootless;
	struct cgroup_host host;
	struct cgroup cgroup;
	struct container container;
	int console_socket;
	int preserved_fds; /* --preserve-fds and LISTEN_FDS together */
	struct publication publication;
	struct hook_output hook_output;
	char *notify_path; /* <state>/notify; NULL: nobody asks for readiness */
	int notify_fd;	   /* the same as a detached mount, or -EBADF */
	bool kernel_tells; /* PIDFD_INFO_EXIT */
	bool stays;	   /* the monitor, in the caller's cgroups */
	int aside_fd;	   /* the v2 cgroup for the monitor; negative: the caller's */
	int own_cgroup_fd; /* the caller's, for the hooks on its side */
	int monitor_end;   /* the monitor's end of parent_fd's socket, until it has it */

	/* the monitor's */
	int parent_fd; /* to the parent; -EBADF when the parent does the monitor's part itself */
	int init_fd;   /* to init, later to the stub */
	int init_end;  /* init's end of it, closed after the clone */
	int start_fd;  /* the listening socket that the stub waits on, closed after the clone */
	int label_proc_fd;   /* labels_open_procfs() for the stub, closed after the clone */
	int lock_fd;	     /* the monitor's lock */
	bool cgroup_is_ours; /* cgroup_create succeeded: nobody else's process is in it */
	struct cgroup_entry entry;
	int namespace_fds[NAMESPACE_TYPES]; /* user, pid and time, when joined by path */
	struct exit_means exits;
	pid_t pid;
	int pidfd;
	int usage_fds[USAGE_FILES];
	uint64_t ungranted; /* capabilities that init cannot have */
	bool hooks_ran;	    /* so poststop hooks run when the create fails */
	bool hook_failed;
	struct hook_failure hook_failure;
};

/* monitor.c: make the cgroup and init, answer init until the stub is ready. */
int monitor_build(struct launch *l, struct error *err);

/* monitor.c: the `created` line; then the stub may outlive us. */
int monitor_commit(struct launch *l, struct error *err);

/* monitor.c: the whole life of a monitor in a process of its own; never returns. */
_Noreturn void monitor_main(struct launch *l);

/* clone.c: init, in its namespaces and its cgroup; l->pid and l->pidfd. init_main runs in it. */
int monitor_clone_init(struct launch *l, struct error *err);

/* init.c */
_Noreturn void init_main(struct launch *l);

/*
 * undo.c: everything that a create which failed has made; the log keeps `failed` and `deleted`
 * @cause: why; unchanged. Safe to repeat.
 */
void launch_undo(struct launch *l, const struct error *cause);

#endif
