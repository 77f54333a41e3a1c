/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a container and letting it go: what the verbs create, run and start call.
 *
 * Three processes take part, each with one file: parent (the verb), monitor (the host's side; it
 * outlives create), init (becomes the workload). A foreground run, and --monitor=none, do the
 * monitor's part in the parent itself.
 */
#ifndef LAUNCH_LAUNCH_H
#define LAUNCH_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "container/store.h"

struct launch_options {
	const struct store *store;
	const char *id;
	const char *bundle;	    /* NULL: the working directory */
	const char *config;	    /* "config.json" unless --config */
	const char *console_socket; /* or NULL */
	const char *pidfd_socket, *pid_file;
	bool no_pivot, no_new_keyring;
	int preserve_fds;
	const char *cgroup_manager, *rootless, *monitor, *exit_source;
	bool foreground;	/* run without --detach: the caller watches by launch_watch */
	int foreground_console; /* its end of a socketpair for the pty master; -EBADF: none */
};

/*
 * launch_create - runtime.md#lifecycle steps 1 to 5
 *
 * On return the container is `created` and its line is in the log; on failure everything is undone,
 * and only the log says that it was tried. With @opt->foreground the caller gets what it needs to
 * watch in *ret_watching, which launch_watch releases.
 */
struct watching;
int launch_create(const struct launch_options *opt, struct watching **ret_watching,
		  struct error *err);

/*
 * launch_start - let init exec the workload, and run the poststart hooks
 * Returns 0 after `started` is in the log; on a failed poststart hook the container is destroyed.
 * With NOTIFY_SOCKET at create and now: when the process has said that it is ready, or ended.
 */
int launch_start(const struct store *store, const char *id, struct error *err);

/* What a foreground run watches beside init: its signals, its terminal. */
struct loop;
int watching_pidfd(const struct watching *w);
struct loop *watching_loop(struct watching *w);

/*
 * watching_start - as launch_start, but readiness is relayed while watching_run waits
 * MAINPID says this process: it is the one that a service manager should watch.
 */
int watching_start(struct watching *w, const struct store *store, const char *id,
		   struct error *err);

/*
 * watching_run - wait for init's end and record it; *ret_status is the wait(2) status
 * Returns 0, -ENODATA when nobody knows the status, or another negative errno.
 */
int watching_run(struct watching *w, int *ret_status, struct error *err);
/* watching_end - SIGKILL to init, for a container that is given up; watching_run sees the end. */
void watching_end(struct watching *w);

void watching_free(struct watching *w);

#endif
