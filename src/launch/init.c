/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init until it becomes the stub. Where it stands: the container's new namespaces (those given by
 * path are joined by its first steps), the host's root file system until the pivot, the caller's
 * standard streams, and no descriptors of ocirun's but the channel to the monitor and the start
 * socket. When the monitor dies it meets end-of-file and dies too.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "launch/process.h"
#include "launch/errands.h"
#include "launch/roles.h"
#include "setup/home.h"
#include "setup/hooks.h"
#include "setup/setup.h"
#include "stub/plan.h"
#include "stub/stub.h"

static bool has_new_cgroup_namespace(const struct setup *s, const struct spec *spec)
{
	(void)s;
	return spec_is_new(spec, NAMESPACE_CGROUP);
}

static bool has_new_network(const struct setup *s, const struct spec *spec)
{
	(void)s;
	return spec_is_new(spec, NAMESPACE_NETWORK);
}

static bool has_hostname(const struct setup *s, const struct spec *spec)
{
	(void)s;
	return spec->hostname || spec->domainname;
}

static bool wants_keyring(const struct setup *s, const struct spec *spec)
{
	(void)spec;
	return !s->no_new_keyring;
}

static bool wants_notify(const struct setup *s, const struct spec *spec)
{
	(void)spec;
	return s->notify_path;
}

static bool has_terminal(const struct setup *s, const struct spec *spec)
{
	(void)s;
	return spec->process.terminal;
}

/* Up to where the hooks of create run: everything is mounted, the root is still the host's. */
static const struct step mount_steps[] = {
	/* name                wanted                    apply                     source */
	/* Before any mount of ours: what we verify here must be the host's. */
	{"host handles", NULL, setup_host_handles, "reliability D3, D4"},
	{"namespaces", NULL, setup_join_namespaces, "config-linux.md#namespaces"},
	/* After the cgroup was entered: its root is where we are. */
	{"cgroup namespace", has_new_cgroup_namespace, setup_cgroup_namespace,
	 "config-linux.md#namespaces"},
	{"loopback", has_new_network, setup_loopback, "config-linux.md#network-namespace"},
	{"hostname", has_hostname, setup_hostname, "config.md#hostname"},
	{"keyring", wants_keyring, setup_keyring, "runc's session keyring"},
	{"sysctl", NULL, setup_sysctl, "config-linux.md#sysctl"},
	{"root", NULL, setup_rootfs, "config.md#root"},
	{"mounts", NULL, setup_mounts, "config.md#mounts"},
	{"devices", NULL, setup_devices, "config-linux.md#devices"},
	/* After mounts: /run may be one of them. */
	{"notify", wants_notify, setup_notify, "sd_notify(3)"},
	/* After devices and mounts: it needs the container's devpts. */
	{"terminal", has_terminal, setup_console, "config.md#process"},
	{0},
};

static const struct step pivot_steps[] = {
	{"readonly paths", NULL, setup_readonly_paths, "config-linux.md#readonly-paths"},
	{"masked paths", NULL, setup_masked_paths, "config-linux.md#masked-paths"},
	{"cwd", NULL, setup_cwd, "config.md#process"},
	{"pivot", NULL, setup_pivot, "config.md#root"},
	/* After everything that writes into the root. */
	{"readonly root", NULL, setup_readonly_root, "config.md#root"},
	{"propagation", NULL, setup_rootfs_propagation, "config-linux.md#rootfs-mount-propagation"},
	{0},
};

static int become_root(const struct spec *spec, struct error *err)
{
	/* Fails where setgroups is denied (unprivileged maps): there are no groups to drop then. */
	if (!spec->annotated.keep_original_groups)
		(void)setgroups(0, NULL);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_sys(err, "become root of the user namespace");
	return 0;
}

static int ask(const struct launch *l, enum message_kind asks, enum message_kind answer,
	       struct message *reply, int *ret_fd, struct error *err)
{
	const struct message m = {.kind = asks};
	int r = handshake_send(l->init_end, &m, -EBADF, err);

	return r < 0 ? r
		     : handshake_receive(l->init_end, "the monitor", answer, reply, ret_fd, err);
}

/* What init inherited from the monitor and must not hold: ends of channels, locks, the state. */
static void drop_inheritance(struct launch *l)
{
	close_keeping_errno(take_fd(&l->init_fd));
	close_keeping_errno(take_fd(&l->parent_fd));
	close_keeping_errno(take_fd(&l->lock_fd));
	for (int i = 0; i < USAGE_FILES; i++)
		close_keeping_errno(take_fd(&l->usage_fds[i]));
	journal_close(&l->container.journal);
	close_keeping_errno(take_fd(&l->container.state_dirfd));
	close_keeping_errno(take_fd(&l->container.log_dirfd));
	close_keeping_errno(take_fd(&l->container.root_dirfd));
}

static int enter(struct launch *l, struct error *err)
{
	bool new_user = spec_is_new(&l->spec, NAMESPACE_USER);
	struct message reply;
	int r = 0;

	/* Unprivileged: the monitor may only write the maps of a dumpable process. */
	if (new_user && geteuid() != 0)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (!spec_is_joined(&l->spec, NAMESPACE_USER))
		r = cgroup_enter(&l->entry, err); /* the joiner did */
	cgroup_entry_close(&l->entry);
	if (r == 0 && new_user)
		r = ask(l, INIT_WANTS_ID_MAPS, MONITOR_WROTE_ID_MAPS, &reply, NULL, err);
	if (r == 0 && new_user)
		r = become_root(&l->spec, err);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setsid();
	(void)umask(0);
	return r;
}

/* The host's hooks by the monitor; then ours, which see the container's namespaces and host's
 * paths. */
static int run_create_hooks(struct launch *l, struct message *failure, struct error *err)
{
	const struct spec_hooks *hooks = &l->spec.hooks;
	autofree char *state = NULL;
	struct message reply;
	int r;

	if (!handshake_has_hooks(&l->spec))
		return 0;
	r = ask(l, INIT_WANTS_HOOKS, MONITOR_RAN_HOOKS, &reply, NULL, err);
	if (r < 0)
		return r;
	/* The host's pid of init, which init itself cannot see. */
	state = container_hook_state_json(&l->container, "creating", reply.value);
	r = hooks_run(hooks->list[HOOK_CREATE_CONTAINER], hooks->count[HOOK_CREATE_CONTAINER],
		      HOOK_CREATE_CONTAINER, state, &l->hook_output, &failure->hook, err);
	failure->hook_failed = r < 0;
	return r;
}

static void fill_setup(const struct launch *l, struct setup *s, struct cgroup_view *views)
{
	*s = (struct setup)SETUP_INIT;
	s->bundle = l->bundle;
	s->rootfs = l->rootfs;
	s->no_pivot = l->options->no_pivot;
	s->no_new_keyring = l->options->no_new_keyring;
	s->unprivileged = l->rootless || l->spec.namespaces[NAMESPACE_USER].wanted;
	s->id = l->options->id;
	s->console_socket = l->console_socket;
	s->notify_fd = l->notify_fd;
	s->notify_path = l->notify_path;
	s->cgroup_v2 = l->host.unified;
	s->cgroup_views = views;
	for (size_t i = 0; i < l->host.count; i++) {
		const struct cgroup_hierarchy *h = &l->host.hierarchies[i];
		struct cgroup_view *view = &views[s->cgroup_view_count++];
		char *path = NULL;

		if (asprintf(&path, "%s%s", h->mount_point, l->cgroup.path) < 0)
			path = NULL;
		view->name = h->name;
		view->data = h->v2 ? NULL : h->controllers;
		view->host_path = path;
	}
}

static int become_stub(const struct launch *l, const struct setup *s, struct error *err)
{
	autofree const char **env = NULL;
	char home[HOME_TEXT_MAX];
	autofd plan_fd = -EBADF;
	struct message reply;
	int r;

	r = ask(l, INIT_WANTS_PLAN, MONITOR_SENT_PLAN, &reply, &plan_fd, err);
	if (r == 0)
		r = fd_raise(&plan_fd, 3 + l->preserved_fds);
	if (r >= 0)
		r = process_keep_fds(l->preserved_fds, err);
	if (r < 0)
		return r;
	env = home_environment(s->rootfs_fd, &l->spec.process, home);
	if (!env)
		return error_sys_num(err, ENOMEM, "process.env");
	return stub_exec(plan_fd, l->spec.process.args.items, env, err);
}

static int set_up(struct launch *l, struct message *failure, struct error *err)
{
	struct cgroup_view views[CGROUP_HIERARCHIES_MAX];
	const struct setup_errands errands = errands_for_init(l);
	struct setup s;
	int r;

	r = enter(l, err);
	if (r < 0)
		return r;
	fill_setup(l, &s, views);
	s.errands = &errands;
	r = steps_run(mount_steps, &s, &l->spec, err);
	if (r < 0)
		return r;
	r = run_create_hooks(l, failure, err);
	if (r == 0)
		r = steps_run(pivot_steps, &s, &l->spec, err);
	return r < 0 ? r : become_stub(l, &s, err);
}

void init_main(struct launch *l)
{
	struct message failure = {.kind = INIT_FAILED};
	struct error ignored = ERROR_INIT;

	(void)prctl(PR_SET_NAME, PLAN_INIT_NAME);
	process_reset_signals();
	drop_inheritance(l);
	(void)set_up(l, &failure, &failure.error);
	(void)handshake_send(l->init_end, &failure, -EBADF, &ignored);
	_exit(1);
}
