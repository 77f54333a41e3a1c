/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the process of an exec. Where it happens: the host's namespaces, in the observer or in the
 * executor itself. The process is cloned straight into the container's cgroup and becomes the stub
 * before it enters the container (stub/plan.h), so that nobody in there can reach ocirun's image,
 * memory or descriptors (CVE-2016-9962, CVE-2019-5736).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/message.h"
#include "launch/exec_roles.h"
#include "launch/preserve.h"
#include "launch/process.h"
#include "setup/home.h"
#include "setup/keyring.h"
#include "setup/labels.h"
#include "setup/plan.h"
#include "setup/procfs.h"
#include "setup/seccomp_cache.h"
#include "setup/terminal.h"

/* ---- what init has ---- */

static int is_dead(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	return poll(&ended, 1, 0) == 1;
}

/* A process that is ending has no root any more, long before its pidfd tells. */
static bool init_is_ending(const struct exec *e)
{
	char path[40], target[1];

	if (is_dead(e->init_pidfd))
		return true;
	(void)snprintf(path, sizeof(path), "/proc/%d/root", e->container.facts.pid);
	return readlink(path, target, sizeof(target)) < 0 && (errno == ENOENT || errno == ESRCH);
}

static int container_is_gone(struct error *err)
{
	return error_set(err, ERROR_STATE, ESRCH, "container not running");
}

/* Those of init's that are not ours, too: setns(2) refuses a user namespace that is one's own. */
static int find_namespaces(const struct exec *e, uint32_t *ret, struct error *err)
{
	char path[64];

	*ret = 0;
	for (int type = 0; type < NAMESPACE_TYPES; type++) {
		struct stat theirs, ours;

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", namespace_file(type));
		if (stat(path, &ours) < 0)
			continue; /* this kernel has none of this type */
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", e->container.facts.pid,
			       namespace_file(type));
		if (stat(path, &theirs) < 0)
			return errno == ENOENT ? container_is_gone(err)
					       : error_sys(err, "%s", path);
		if (theirs.st_ino != ours.st_ino)
			*ret |= (uint32_t)namespace_flag(type);
	}
	return is_dead(e->init_pidfd) ? container_is_gone(err) : 0;
}

/* Our own UTS namespace, once more, is a question that changes nothing: EINVAL is Linux < 5.8. */
static bool kernel_joins_by_pidfd(void)
{
	autofd self = sys_pidfd_open(getpid(), 0);

	return self >= 0 && (setns(self, CLONE_NEWUTS) == 0 || errno != EINVAL);
}

/* The user namespace first, as the others belong to it; the mount namespace last, as ever. */
static int open_namespaces(const struct exec *e, struct plan_join *join, struct error *err)
{
	static const enum namespace_type order[] = {
		NAMESPACE_USER, NAMESPACE_PID,	  NAMESPACE_NETWORK, NAMESPACE_IPC,
		NAMESPACE_UTS,	NAMESPACE_CGROUP, NAMESPACE_TIME,    NAMESPACE_MOUNT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		uint32_t flag = (uint32_t)namespace_flag(order[i]);
		char path[64];
		int fd;

		if (!(join->namespaces & flag))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", e->container.facts.pid,
			       namespace_file(order[i]));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return errno == ENOENT ? container_is_gone(err)
					       : error_sys(err, "open %s", path);
		join->namespace_fds[join->namespace_fd_count] = fd;
		join->namespace_types[join->namespace_fd_count++] = flag;
	}
	join->pidfd = -1;
	return is_dead(e->init_pidfd) ? container_is_gone(err) : 0;
}

static void close_namespaces(struct plan_join *join)
{
	while (join->namespace_fd_count > 0)
		(void)close(join->namespace_fds[--join->namespace_fd_count]);
}

static int open_root(const struct exec *e, struct error *err)
{
	char path[40];
	autofd fd = -EBADF;

	(void)snprintf(path, sizeof(path), "/proc/%d/root", e->container.facts.pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ESRCH)
		return error_sys(err, "open %s", path);
	return fd < 0 || is_dead(e->init_pidfd) ? container_is_gone(err) : take_fd(&fd);
}

/* A user namespace whose maps its owner wrote unprivileged has no groups to set. */
static bool may_set_groups(const struct exec *e)
{
	char path[40], text[16];

	if (e->spec.annotated.keep_original_groups)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/setgroups", e->container.facts.pid);
	return file_read_at(AT_FDCWD, path, text, sizeof(text)) < 0 || strcmp(text, "deny") != 0;
}

/* ---- before the clone ---- */

static bool is_in_our_user_namespace(const struct exec *e)
{
	struct stat theirs = {0}, ours = {0};
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", e->container.facts.pid);
	return stat(path, &theirs) == 0 && stat("/proc/self/ns/user", &ours) == 0 &&
	       theirs.st_ino == ours.st_ino;
}

/* (uid_t)-1: the stub gives it away. Only in there has an unprivileged caller the right to. */
static uid_t owner_of_terminal(const struct exec *e)
{
	char path[40];
	autofd fd = -EBADF;

	if (is_in_our_user_namespace(e))
		return e->spec.process.user.uid;
	if (geteuid() != 0)
		return (uid_t)-1;
	(void)snprintf(path, sizeof(path), "/proc/%d/uid_map", e->container.facts.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return terminal_owner(fd, e->spec.process.user.uid);
}

static int open_terminal(struct exec *e, int root_fd, struct error *err)
{
	autofd master_fd = -EBADF, proc_fd = -EBADF;
	uid_t owner;
	int r;

	if (!e->spec.process.terminal)
		return 0;
	proc_fd = procfs_open_host();
	if (proc_fd < 0)
		return error_sys_num(err, proc_fd, "/proc");
	owner = owner_of_terminal(e);
	e->console_is_ours = owner == (uid_t)-1;
	r = terminal_open(root_fd, proc_fd, &e->spec.process, owner, &master_fd, &e->console_fd,
			  err);
	return r < 0 ? r : terminal_send(e->console_socket, master_fd, err);
}

static int fill_join(struct exec *e, struct error *err)
{
	int r;

	e->join.pidfd = e->init_pidfd;
	e->join.console_fd = e->console_fd;
	e->join.chown_console = e->console_is_ours;
	r = find_namespaces(e, &e->join.namespaces, err);
	if (r == 0 && !kernel_joins_by_pidfd())
		r = open_namespaces(e, &e->join, err);
	return r;
}

static int build_plan(struct exec *e, struct error *err)
{
	char keyring[KEYRING_NAME_SIZE];
	autoseccomp program = {0};
	struct labels labels;
	struct plan_input input = {
		.monitor_fd = e->stub_end,
		.start_fd = -EBADF,
		.wait_for_go = true,
		.set_groups = may_set_groups(e),
		.set_listen_pid = preserve_activates(),
		.join = &e->join,
		.labels = &labels,
	};
	int r;

	if (!e->container.record.no_new_keyring)
		input.keyring = keyring_name(keyring, e->container.id);
	r = e->label_proc_fd = labels_open_procfs(&e->spec.process, err);
	if (r < 0 && r != -EBADF)
		return r;
	input.label_proc_fd = e->label_proc_fd;
	labels_of(&e->spec.process, e->label_proc_fd, input.keyring != NULL, &labels);
	if (e->spec.seccomp.has) {
		autofd cache_dirfd = seccomp_cache_open(e->container.root_dirfd);

		r = seccomp_obtain(cache_dirfd, &e->spec.seccomp, &program, err);
		if (r < 0)
			return r;
		input.seccomp = &program;
	}
	r = fill_join(e, err);
	return r < 0 ? r : plan_build(&e->spec, &input, err);
}

static int make_channel(struct exec *e, struct error *err)
{
	int pair[2], r = message_pair(pair);

	if (r < 0)
		return error_sys_num(err, r, "socketpair");
	e->stub_fd = pair[0];
	e->stub_end = pair[1];
	return 0;
}

static int clone_process(struct exec *e, int root_fd, int plan_fd, struct error *err)
{
	uint64_t flags = watch_mode_is_sibling(e->exits.mode) ? CLONE_PARENT : 0;
	autofree const char **env = NULL;
	char home[HOME_TEXT_MAX];
	bool in_cgroup = false;
	int cgroup_fd;

	env = home_environment(root_fd, &e->spec.process, home);
	if (!env)
		return error_sys_num(err, ENOMEM, "process.env");
	/* The initial affinity is for the time before the cgroup. */
	cgroup_fd = e->spec.process.cpu_affinity_initial ? -EBADF : e->entry.v2_dirfd;
	e->pid = process_clone(flags, cgroup_fd, &e->pidfd, &in_cgroup);
	/* A v2 cgroup with controllers for its children takes no process: then where init went. */
	if (e->pid < 0 && errno == EBUSY && e->options->cgroup_count == 0 &&
	    cgroup_entry_follow(&e->cgroup, e->container.facts.pid, &e->entry) == 0)
		e->pid = process_clone(flags, e->entry.v2_dirfd, &e->pidfd, &in_cgroup);
	if (e->pid == 0)
		exec_child(e, plan_fd, env, in_cgroup);
	return e->pid < 0 ? error_sys(err, "clone") : 0;
}

/* ---- what it says ---- */

union from_process {
	uint32_t kind;
	struct message message;
	struct plan_report report;
};

static void reap(const struct exec *e, pid_t pid)
{
	if (!watch_mode_is_sibling(e->exits.mode) && pid > 0)
		(void)waitpid(pid, NULL, __WALL);
}

/*
 * The one that we cloned has cloned the one that counts, and ends. That may have failed and be
 * reaped already, when it has no pid any more; its report is still to come.
 */
static void take_joined(struct exec *e, int pidfd)
{
	reap(e, e->pid);
	(void)close(e->pidfd);
	e->pidfd = pidfd;
	e->pid = process_pid_of(pidfd);
}

static int take_failure(struct exec *e, const union from_process *m, struct error *err)
{
	if (m->kind == PLAN_FAILED)
		return plan_report_error(&m->report, &e->spec, err);
	*err = m->message.error;
	err->text[sizeof(err->text) - 1] = '\0';
	return err->errnum > 0 ? -err->errnum : -EIO;
}

static int it_died(const struct exec *e, struct error *err)
{
	if (init_is_ending(e))
		return container_is_gone(err);
	return error_set(err, ERROR_SYSTEM, ECONNRESET, "the process died before it was ready");
}

/* Its next message, or the end of the container or of the executor, whichever comes first. */
static int await_message(const struct exec *e, struct error *err)
{
	struct pollfd fds[] = {{.fd = e->stub_fd, .events = POLLIN},
			       {.fd = e->init_pidfd, .events = POLLIN},
			       {.fd = e->parent_fd, .events = POLLIN}};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return error_sys(err, "poll");
	if (fds[0].revents)
		return 0;
	return fds[1].revents ? container_is_gone(err)
			      : error_set(err, ERROR_SYSTEM, ECONNRESET, "ocirun died during exec");
}

static int receive(struct exec *e, union from_process *m, struct error *err)
{
	int fds[MESSAGE_MAX_FDS];
	size_t fd_count = 0;
	ssize_t n;
	int r = await_message(e, err);

	if (r < 0)
		return r;
	memset(m, 0, sizeof(*m));
	n = message_receive(e->stub_fd, m, sizeof(*m), fds, &fd_count);
	for (size_t i = 0; i < fd_count; i++)
		if (m->kind != PLAN_JOINED || fd_count != 1)
			(void)close(fds[i]);
	if (n == 0 || n == -ECONNRESET)
		return it_died(e, err);
	if (n < (ssize_t)offsetof(struct plan_report, text))
		return error_set(err, ERROR_SYSTEM, EPROTO, "the process sent %zd bytes", n);
	if (m->kind == PLAN_FAILED || m->kind == INIT_FAILED)
		return take_failure(e, m, err);
	if (m->kind == PLAN_JOINED && fd_count == 1)
		take_joined(e, fds[0]);
	return 0;
}

static int await_ready(struct exec *e, struct error *err)
{
	union from_process m;
	int r;

	do
		r = receive(e, &m, err);
	while (r == 0 && m.kind == PLAN_JOINED);
	if (r == 0 && m.kind != PLAN_READY)
		return error_set(err, ERROR_SYSTEM, EPROTO, "the process is out of order");
	return r == 0 && e->pid <= 0 ? it_died(e, err) : r;
}

int exec_build(struct exec *e, struct error *err)
{
	autofd root_fd = -EBADF, plan_fd = -EBADF;
	int r;

	root_fd = open_root(e, err);
	if (root_fd < 0)
		return root_fd;
	r = make_channel(e, err);
	if (r == 0)
		r = open_terminal(e, root_fd, err);
	if (r == 0)
		plan_fd = r = build_plan(e, err);
	if (r >= 0)
		r = cgroup_entry_open_below(&e->cgroup, e->options->cgroups,
					    e->options->cgroup_count, &e->entry, err);
	if (r == 0)
		r = clone_process(e, root_fd, plan_fd, err);
	cgroup_entry_close(&e->entry);
	close_keeping_errno(take_fd(&e->stub_end));
	close_keeping_errno(take_fd(&e->console_fd));
	close_keeping_errno(take_fd(&e->label_proc_fd));
	close_namespaces(&e->join);
	if (r >= 0)
		r = await_ready(e, err);
	if (r == 0)
		r = exit_means_attach(&e->exits, e->pid, err);
	/* Its cgroup, root and namespaces go one by one: what failed is only how we noticed. */
	return r < 0 && init_is_ending(e) ? container_is_gone(err) : r;
}

/* STARTING, then end-of-file by a successful execve; or PLAN_FAILED. */
static int await_exec(struct exec *e, struct error *err)
{
	struct plan_report report;
	bool starting = false;
	int r;

	while ((r = plan_receive(e->stub_fd, &report, err)) > 0) {
		if (report.kind == PLAN_STARTING)
			starting = true;
		if (report.kind == PLAN_FAILED)
			return plan_report_error(&report, &e->spec, err);
	}
	return r < 0 || !starting ? it_died(e, err) : 0;
}

int exec_go(struct exec *e, struct error *err)
{
	int r = message_send(e->stub_fd, PLAN_START_MESSAGE, strlen(PLAN_START_MESSAGE), NULL, 0);

	if (r < 0)
		return it_died(e, err);
	r = await_exec(e, err);
	if (r < 0)
		return r;
	close_keeping_errno(take_fd(&e->stub_fd));
	r = exec_record_started(e, err);
	e->recorded = r > 0;
	return r < 0 ? r : 0;
}

void exec_undo(struct exec *e)
{
	/* A second one that we have not heard of yet ends by this end-of-file. */
	close_keeping_errno(take_fd(&e->stub_fd));
	if (e->pidfd < 0)
		return;
	(void)sys_pidfd_send_signal(e->pidfd, SIGKILL);
	reap(e, e->pid);
	close_keeping_errno(take_fd(&e->pidfd));
}
