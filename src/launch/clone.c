/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making init: one clone3 with its new namespaces, straight into its cgroup. What a clone cannot do
 * (a pid or time namespace joined, time offsets) is done to "the namespaces for children" just
 * before and taken back just after. A user namespace joined by path needs a process between: the
 * joiner.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "base/message.h"
#include "launch/process.h"
#include "launch/roles.h"
#include "setup/id_maps.h"

/* Joined ones are entered elsewhere; the cgroup namespace must come after the cgroup. */
static uint64_t new_namespace_flags(const struct spec *spec)
{
	uint64_t flags = 0;

	for (int type = 0; type < NAMESPACE_TYPES; type++)
		if (spec_is_new(spec, type) && type != NAMESPACE_CGROUP && type != NAMESPACE_TIME)
			flags |= (uint64_t)namespace_flag(type);
	return flags;
}

/* The monitor's own namespaces for children, to come back to. */
struct own_namespaces {
	int pid_fd, time_fd;
};

static int enter_namespaces_for_children(struct launch *l, struct own_namespaces *own,
					 struct error *err)
{
	const struct spec *spec = &l->spec;

	own->pid_fd = own->time_fd = -EBADF;
	if (spec_is_joined(spec, NAMESPACE_PID)) {
		own->pid_fd = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
		if (own->pid_fd < 0 || setns(l->namespace_fds[NAMESPACE_PID], CLONE_NEWPID) < 0)
			return error_sys(err, "join pid namespace %s",
					 spec->namespaces[NAMESPACE_PID].path);
	}
	if (!spec->namespaces[NAMESPACE_TIME].wanted)
		return 0;
	own->time_fd = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	if (own->time_fd < 0)
		return error_sys(err, "time namespace");
	if (spec_is_joined(spec, NAMESPACE_TIME)) {
		if (setns(l->namespace_fds[NAMESPACE_TIME], CLONE_NEWTIME) < 0)
			return error_sys(err, "join time namespace %s",
					 spec->namespaces[NAMESPACE_TIME].path);
		return 0;
	}
	if (unshare(CLONE_NEWTIME) < 0)
		return error_sys(err, "unshare time namespace");
	return time_offsets_write(spec, err);
}

static void leave_namespaces_for_children(struct own_namespaces *own)
{
	if (own->pid_fd >= 0)
		(void)setns(own->pid_fd, CLONE_NEWPID); /* our own: cannot be refused */
	if (own->time_fd >= 0)
		(void)setns(own->time_fd, CLONE_NEWTIME);
	close_keeping_errno(take_fd(&own->pid_fd));
	close_keeping_errno(take_fd(&own->time_fd));
}

static uint64_t parenthood(const struct launch *l)
{
	return watch_mode_is_sibling(l->exits.mode) ? CLONE_PARENT : 0;
}

static int clone_directly(struct launch *l, struct error *err)
{
	uint64_t flags = new_namespace_flags(&l->spec) | parenthood(l);
	struct own_namespaces own;
	bool in_cgroup = false;
	int r;

	r = enter_namespaces_for_children(l, &own, err);
	if (r < 0)
		return r;
	l->pid = process_clone(flags, l->entry.v2_dirfd, &l->pidfd, &in_cgroup);
	if (l->pid == 0)
		init_main(l);
	if (l->pid < 0)
		r = error_sys(err, "clone init");
	leave_namespaces_for_children(&own);
	if (r == 0 && !in_cgroup && l->entry.v2_dirfd >= 0)
		r = cgroup_attach(&l->cgroup, l->pid, err);
	return r;
}

/* What the joiner says, with init's pidfd where it made one. */
struct joined {
	struct error err;
	pid_t pid; /* setns(2) moved only its children to another pid namespace: a number of ours */
};

/*
 * The joiner enters the user namespace, and makes init as its own sibling: so init has the parent
 * that it should have. It must be in the cgroup first, which the new user namespace may not write
 * to.
 */
static _Noreturn void joiner_main(struct launch *l, int report_fd)
{
	const char *path = l->spec.namespaces[NAMESPACE_USER].path;
	uint64_t flags = new_namespace_flags(&l->spec) | CLONE_PARENT;
	struct joined said = {.err = ERROR_INIT, .pid = -1};
	struct own_namespaces own;
	bool in_cgroup;
	int pidfd = -EBADF;

	if (cgroup_enter(&l->entry, &said.err) < 0)
		goto out;
	if (setns(l->namespace_fds[NAMESPACE_USER], CLONE_NEWUSER) < 0) {
		(void)error_sys(&said.err, "join user namespace %s", path);
		goto out;
	}
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) {
		(void)error_sys(&said.err, "become root in user namespace %s", path);
		goto out;
	}
	if (enter_namespaces_for_children(l, &own, &said.err) < 0)
		goto out;
	said.pid = process_clone(flags, -EBADF, &pidfd, &in_cgroup);
	if (said.pid == 0) {
		(void)close(report_fd);
		init_main(l);
	}
	if (said.pid < 0)
		(void)error_sys(&said.err, "clone init");
out:
	(void)message_send(report_fd, &said, sizeof(said), &pidfd, pidfd >= 0);
	_exit(said.pid < 0);
}

static int await_joiner(struct launch *l, int report_fd, struct error *err)
{
	int fds[MESSAGE_MAX_FDS];
	size_t fd_count = 0;
	struct joined said;
	ssize_t n = message_receive(report_fd, &said, sizeof(said), fds, &fd_count);

	if (n != (ssize_t)sizeof(said))
		return error_set(err, ERROR_SYSTEM, ECONNRESET,
				 "the process that joins the user namespace died");
	if (fd_count != 1) {
		*err = said.err;
		return err->errnum > 0 ? -err->errnum : -EIO;
	}
	l->pidfd = fds[0];
	/* It may have failed and be reaped already; then its own words are still to come. */
	l->pid = said.pid;
	return 0;
}

static int clone_through_joiner(struct launch *l, struct error *err)
{
	int pair[2], joiner_pidfd = -EBADF, r;
	bool in_cgroup = false;
	pid_t joiner;

	r = message_pair(pair);
	if (r < 0)
		return error_sys_num(err, r, "socketpair");
	joiner = process_clone(parenthood(l), l->entry.v2_dirfd, &joiner_pidfd, &in_cgroup);
	if (joiner == 0) {
		(void)close(pair[0]);
		joiner_main(l, pair[1]);
	}
	(void)close(pair[1]);
	r = joiner < 0 ? error_sys(err, "fork") : await_joiner(l, pair[0], err);
	if (joiner > 0 && !watch_mode_is_sibling(l->exits.mode))
		(void)waitpid(joiner, NULL, 0);
	close_keeping_errno(joiner_pidfd);
	(void)close(pair[0]);
	if (r == 0 && !in_cgroup && l->entry.v2_dirfd >= 0)
		r = cgroup_attach(&l->cgroup, l->pid, err);
	return r;
}

int monitor_clone_init(struct launch *l, struct error *err)
{
	if (spec_is_joined(&l->spec, NAMESPACE_USER))
		return clone_through_joiner(l, err);
	return clone_directly(l, err);
}
