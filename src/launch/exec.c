/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executor of an exec: the verb's process, in the caller's namespaces and working directory. It
 * checks everything before it makes anything, and publishes the process once that is ready.
 */
#include "launch/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/log.h"
#include "base/message.h"
#include "container/facts.h"
#include "launch/exec_roles.h"
#include "launch/preserve.h"
#include "launch/process.h"
#include "monitor/adopt.h"
#include "monitor/handover.h"
#include "setup/labels.h"

#define EXEC_ID_BYTES 8

/* ---- what is checked before anything is made ---- */

static int check_status(const struct container *c, bool ignore_paused, struct error *err)
{
	switch (c->status) {
	case STATUS_CREATED:
	case STATUS_RUNNING:
		return 0;
	case STATUS_PAUSED:
		if (ignore_paused)
			return 0;
		return error_set(err, ERROR_STATE, EBUSY,
				 "cannot exec in a paused container (use --ignore-paused to "
				 "override)");
	case STATUS_STOPPED:
		return error_set(err, ERROR_STATE, EBUSY,
				 "cannot exec in a stopped container: container not running");
	default:
		return error_set(err, ERROR_STATE, EBUSY, "cannot exec in a container that is %s",
				 container_status_name(c->status));
	}
}

static int open_container(struct exec *e, struct error *err)
{
	int r;

	r = container_open(&e->container, e->options->store, e->options->id, err);
	if (r == 0)
		r = monitor_adopt(&e->container, err);
	if (r == 0)
		r = check_status(&e->container, e->options->ignore_paused, err);
	if (r < 0)
		return r;
	e->init_pidfd = container_pidfd(&e->container, err);
	return e->init_pidfd < 0 ? e->init_pidfd : 0;
}

static int load_process(struct exec *e, struct error *err)
{
	const struct exec_process *process = &e->options->process;
	const struct label_names labels = {
		process->apparmor ? "--apparmor" : "process.apparmorProfile",
		process->process_label ? "--process-label" : "process.selinuxLabel",
	};
	int r = spec_load(e->container.state_dirfd, "config.json", &e->spec, NULL, NULL, err);

	if (r == 0)
		r = spec_exec_process(&e->spec, process, err);
	return r < 0 ? r : labels_check(&e->spec.process, &labels, err);
}

static int check_terminal(const struct exec *e, struct error *err)
{
	const struct exec_options *opt = e->options;
	bool terminal = e->spec.process.terminal;

	if (terminal && !opt->console_socket && opt->foreground_console < 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "a process with a terminal needs --console-socket, or to run in "
				 "the foreground");
	if (!terminal && opt->console_socket)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--console-socket %s: the process has no terminal (--tty, or "
				 "\"terminal\" of --process)",
				 opt->console_socket);
	return 0;
}

static int find_cgroup(struct exec *e, struct error *err)
{
	const char *path = e->container.record.cgroup_path;
	int r;

	if (!path) {
		e->cgroup.disabled = true;
		return e->options->cgroup_count == 0
			       ? 0
			       : error_set(err, ERROR_USAGE, EOPNOTSUPP,
					   "--cgroup %s: the container has no cgroup",
					   e->options->cgroups[0]);
	}
	r = cgroup_host_probe(&e->host, "/sys/fs/cgroup", err);
	if (r < 0)
		return r;
	cgroup_open(&e->cgroup, &e->host, path);
	return 0;
}

static int choose_id(struct exec *e, struct error *err)
{
	unsigned char bytes[EXEC_ID_BYTES];

	if (e->options->exec_id) {
		(void)snprintf(e->id, sizeof(e->id), "%s", e->options->exec_id);
		return facts_have_exec(&e->container.journal, e->id)
			       ? error_set(err, ERROR_USAGE, EEXIST,
					   "--exec-id %s: this container had one already", e->id)
			       : 0;
	}
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_sys(err, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(e->id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* With --monitor=none at create nobody watches, nor does anybody here. */
static bool needs_observer(const struct exec *e)
{
	return e->options->detach && strcmp(e->container.record.monitor, "none") != 0;
}

/* What is said now is about this process; else as for the container. */
struct exit_wish exec_exit_wish(const struct exec *e)
{
	const char *source = e->options->exit_source, *monitor = e->container.record.monitor;
	bool said = strcmp(source, "auto") != 0 && strcmp(monitor, "none") != 0;

	return (struct exit_wish){.monitor = said ? "auto" : monitor, .source = source};
}

static int prepare(struct exec *e, struct error *err)
{
	int r;

	/* Before we open anything that could take the place of a descriptor that is missing. */
	r = preserve_count(e->options->preserve_fds, &e->preserved_fds, err);
	if (r == 0)
		r = open_container(e, err);
	if (r == 0)
		r = load_process(e, err);
	if (r == 0)
		r = preserve_announce(&e->spec, err);
	if (r == 0)
		r = check_terminal(e, err);
	if (r == 0)
		r = find_cgroup(e, err);
	if (r == 0)
		r = publish_check(&e->publication, err);
	if (r == 0)
		r = choose_id(e, err);
	if (r == 0 && needs_observer(e))
		r = monitor_program_check(err);
	if (r == 0 && e->options->detach) {
		const struct exit_wish wish = exec_exit_wish(e);

		r = exit_choice_check(&wish, err);
	}
	return r;
}

/* ---- doing it ---- */

static int open_console(struct exec *e, struct error *err)
{
	const struct exec_options *opt = e->options;

	if (!e->spec.process.terminal)
		return 0;
	if (opt->console_socket)
		e->console_socket = connect_socket("--console-socket", opt->console_socket, err);
	else
		e->console_socket = fcntl(opt->foreground_console, F_DUPFD_CLOEXEC, 3);
	return e->console_socket < 0 ? -EBADF : 0;
}

/* Whoever deletes the container waits a moment for those who hold it (monitor/handover.h). */
static int share_lock(struct exec *e, struct error *err)
{
	e->lock_fd = openat(e->container.state_dirfd, EXECS_LOCK,
			    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (e->lock_fd < 0 || flock(e->lock_fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == ENOENT
			       ? error_set(err, ERROR_STATE, ESRCH,
					   "container not running: it is being deleted")
			       : error_sys(err, EXECS_LOCK " of %s", e->container.id);
	return 0;
}

/* Its log tells why, not only that we went away. */
static void tell_observer(const struct exec *e, const struct error *why)
{
	const struct message failed = {.kind = MONITOR_FAILED, .error = *why};
	struct error ignored = ERROR_INIT;

	(void)handshake_send(e->parent_fd, &failed, -EBADF, &ignored);
}

static int converse(struct exec *e, struct error *err)
{
	const struct message kernel = {.kind = PARENT_SAW_KERNEL, .value = e->kernel_tells};
	const struct message commit = {.kind = PARENT_COMMITS};
	struct message m;
	autofd pidfd = -EBADF;
	int r;

	r = handshake_send(e->parent_fd, &kernel, -EBADF, err);
	if (r == 0)
		r = handshake_receive(e->parent_fd, "the observer", MONITOR_IS_READY, &m, &pidfd,
				      err);
	if (r < 0)
		return r;
	r = publish(&e->publication, m.value, pidfd, err);
	if (r < 0)
		tell_observer(e, err);
	if (r == 0)
		r = handshake_send(e->parent_fd, &commit, -EBADF, err);
	if (r == 0)
		r = handshake_receive(e->parent_fd, "the observer", MONITOR_CREATED, &m, NULL, err);
	if (r < 0)
		publish_undo(&e->publication);
	/* An observer that was killed leaves what it had let go, and nobody knows of. */
	if (r < 0)
		(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	return r;
}

/* Its report, or its end-of-file: nothing of the process is left when we return. */
static void await_observer(const struct exec *e)
{
	struct message m;

	(void)shutdown(e->parent_fd, SHUT_WR);
	while (message_receive(e->parent_fd, &m, sizeof(m), NULL, NULL) > 0)
		;
}

static int exec_observed(struct exec *e, struct error *err)
{
	bool stays = e->cgroup.disabled || e->container.record.rootless;
	autofd aside_fd = stays ? -EBADF : cgroup_aside_open(&e->host);
	int pair[2], r = message_pair(pair);

	if (r < 0)
		return error_sys_num(err, r, "socketpair");
	e->parent_fd = pair[0];
	e->observer_end = pair[1];
	r = process_detach(aside_fd, exec_observer, e, &e->kernel_tells, err);
	close_keeping_errno(take_fd(&e->observer_end));
	if (r < 0)
		return r;
	r = converse(e, err);
	if (r < 0)
		await_observer(e);
	return r;
}

static int exec_alone(struct exec *e, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r;

	e->exits.mode = e->options->detach ? WATCH_NONE : WATCH_PARENT;
	r = exec_build(e, err);
	if (r == 0)
		r = publish(&e->publication, e->pid, e->pidfd, err);
	if (r == 0 && e->options->detach)
		r = exec_go(e, err);
	if (r < 0) {
		exec_undo(e);
		publish_undo(&e->publication);
		(void)exec_record_failed(e, err, &ignored);
	}
	return r;
}

static void exec_init(struct exec *e, const struct exec_options *opt)
{
	*e = (struct exec){
		.options = opt,
		.container = CONTAINER_CLOSED,
		.publication = {.pid_file = opt->pid_file, .pidfd_socket = opt->pidfd_socket},
		.init_pidfd = -EBADF,
		.console_socket = -EBADF,
		.observer_end = -EBADF,
		.lock_fd = -EBADF,
		.parent_fd = -EBADF,
		.stub_fd = -EBADF,
		.stub_end = -EBADF,
		.console_fd = -EBADF,
		.label_proc_fd = -EBADF,
		.entry = {.v2_dirfd = -EBADF},
		.pidfd = -EBADF,
		.exits = EXIT_MEANS_NONE,
	};
}

void exec_done(struct exec *e)
{
	const int fds[] = {e->init_pidfd,    e->console_socket, e->observer_end, e->lock_fd,
			   e->parent_fd,     e->stub_fd,	e->stub_end,	 e->console_fd,
			   e->label_proc_fd, e->pidfd};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close_keeping_errno(fds[i]);
	exit_means_close(&e->exits);
	spec_done(&e->spec);
	container_close(&e->container);
}

static int execute(struct exec *e, struct error *err)
{
	int r = prepare(e, err);

	if (r == 0)
		r = share_lock(e, err);
	if (r == 0)
		r = open_console(e, err);
	if (r < 0)
		return r;
	/* A caller that ignores SIGCHLD would have our children reaped before we can ask. */
	(void)signal(SIGCHLD, SIG_DFL);
	return needs_observer(e) ? exec_observed(e, err) : exec_alone(e, err);
}

int launch_exec(const struct exec_options *opt, struct executing **ret_executing, struct error *err)
{
	struct exec e;
	int r;

	log_hold();
	exec_init(&e, opt);
	r = execute(&e, err);
	if (r == 0)
		log_release();
	if (r == 0 && !opt->detach) {
		r = executing_new(&e, ret_executing, err);
		if (r == 0)
			return 0;
		exec_undo(&e);
		publish_undo(&e.publication);
	}
	exec_done(&e);
	return r;
}
