/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's part of a create. Where it stands: the host's namespaces, the caller's privileges,
 * cgroups of its own (cgroup/aside.c; v1's once init and hooks are made); the caller's standard
 * streams until init has inherited them, then none of the caller's descriptors. It answers init,
 * commits, and becomes ocirun-monitor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/message.h"
#include "container/facts.h"
#include "container/lifecycle.h"
#include "launch/errands.h"
#include "launch/preserve.h"
#include "launch/roles.h"
#include "launch/undo.h"
#include "monitor/exit_choice.h"
#include "monitor/handover.h"
#include "setup/hooks.h"
#include "setup/id_maps.h"
#include "setup/labels.h"
#include "setup/namespaces.h"
#include "setup/plan.h"
#include "setup/seccomp_cache.h"

/* ---- before init ---- */

/* Bound by a path through the state directory's descriptor: it is short, whatever --root is. */
static int make_start_socket(struct launch *l, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start.sock",
		       l->container.state_dirfd);
	l->start_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (l->start_fd < 0)
		return error_sys(err, "start.sock: socket");
	if (bind(l->start_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys(err, "start.sock: bind");
	if (listen(l->start_fd, 8) < 0)
		return error_sys(err, "start.sock: listen");
	return 0;
}

static int open_label_procfs(struct launch *l, struct error *err)
{
	l->label_proc_fd = labels_open_procfs(&l->spec.process, err);
	return l->label_proc_fd < 0 && l->label_proc_fd != -EBADF ? l->label_proc_fd : 0;
}

/* Above the descriptors that the caller wants preserved at their numbers. */
static int make_init_channel(struct launch *l, struct error *err)
{
	int pair[2], first_free = STDERR_FILENO + 1 + l->preserved_fds;
	int r = message_pair(pair);

	if (r < 0)
		return error_sys_num(err, r, "socketpair");
	l->init_fd = pair[0];
	l->init_end = pair[1];
	r = fd_raise(&l->init_end, first_free);
	if (r >= 0)
		r = fd_raise(&l->start_fd, first_free);
	if (r >= 0 && l->label_proc_fd >= 0)
		r = fd_raise(&l->label_proc_fd, first_free);
	return r < 0 ? error_sys_num(err, r, "init's descriptors") : 0;
}

static int open_joined_namespaces(struct launch *l, struct error *err)
{
	static const enum namespace_type types[] = {NAMESPACE_USER, NAMESPACE_PID, NAMESPACE_TIME};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		int fd;

		if (!spec_is_joined(&l->spec, types[i]))
			continue;
		fd = namespace_open(&l->spec, types[i], err);
		if (fd < 0)
			return fd;
		l->namespace_fds[types[i]] = fd;
	}
	return 0;
}

/* A cgroup that was there before us has a history that is none of the container's. */
static int note_earlier_kills(const struct launch *l, struct error *err)
{
	struct cgroup_usage usage = {0};
	int r = 0;

	if (cgroup_oom_read(l->usage_fds, &usage))
		r = oom_baseline_write(l->lock_fd, usage.oom_kills.value);
	return r < 0 ? error_sys_num(err, r, "write the monitor's lock") : 0;
}

static int make_cgroup(struct launch *l, struct error *err)
{
	int r;

	r = cgroup_create(&l->cgroup, &l->spec, err);
	if (r == 0) {
		l->cgroup_is_ours = true;
		/* Its file says from now on that whoever is in the cgroup may be killed with it. */
		l->lock_fd = r = monitor_lock(l->container.state_dirfd, err);
	}
	if (r >= 0)
		r = cgroup_apply(&l->cgroup, &l->spec.resources, err);
	if (r == 0)
		r = cgroup_entry_open(&l->cgroup, &l->entry, err);
	if (r < 0)
		return error_in(err, "cgroup");
	cgroup_usage_open(&l->cgroup, l->usage_fds);
	return note_earlier_kills(l, err);
}

/* Before it is in the child's hands: init may not be able to write its own (user namespace). */
static int set_oom_score(const struct launch *l, struct error *err)
{
	const struct optional_i64 *adj = &l->spec.process.oom_score_adj;
	char path[48], text[24];
	int r;

	if (!adj->has)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", l->pid);
	(void)snprintf(text, sizeof(text), "%lld", (long long)adj->value);
	r = file_write_at(AT_FDCWD, path, text);
	/* It has failed already, and its own words are still to come. */
	if (r == -ENOENT || r == -ESRCH)
		return 0;
	if ((r == -EACCES || r == -EPERM) && l->rootless) {
		log_debug("process.oomScoreAdj %s: not permitted to a rootless caller", text);
		return 0;
	}
	return r < 0 ? error_sys_num(err, r, "process.oomScoreAdj %s", text) : 0;
}

/* ---- answering init ---- */

static int run_host_hooks(struct launch *l, struct error *err)
{
	static const enum hook_stage stages[] = {HOOK_PRESTART, HOOK_CREATE_RUNTIME};
	autofree char *state = container_hook_state_json(&l->container, "creating", l->pid);
	struct hook_output output = l->hook_output;

	/* What they leave running is the caller's, not ours. */
	output.cgroup_fd = l->own_cgroup_fd;
	l->hooks_ran = true;
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		const struct spec_hooks *hooks = &l->spec.hooks;
		int r = hooks_run(hooks->list[stages[i]], hooks->count[stages[i]], stages[i], state,
				  &output, &l->hook_failure, err);

		if (r < 0) {
			l->hook_failed = true;
			return r;
		}
	}
	return 0;
}

static bool may_set_groups(const struct spec *spec)
{
	if (spec->annotated.keep_original_groups)
		return false;
	return !spec_is_new(spec, NAMESPACE_USER) || !id_maps_deny_setgroups(spec, geteuid() == 0);
}

static int build_plan(struct launch *l, struct error *err)
{
	autofree char *state = container_hook_state_json(&l->container, "created", l->pid);
	autoseccomp program = {0};
	struct labels labels;
	struct plan_input input = {
		.state_json = state,
		.monitor_fd = l->init_end,
		.start_fd = l->start_fd,
		.wait_for_start = true,
		.await_commit = true,
		.set_groups = may_set_groups(&l->spec),
		.set_listen_pid = preserve_activates(),
		.hook_output = &l->hook_output,
		.labels = &labels,
		.label_proc_fd = l->label_proc_fd,
	};
	int r;

	labels_of(&l->spec.process, l->label_proc_fd, false, &labels);

	if (l->spec.seccomp.has) {
		autofd cache_dirfd = seccomp_cache_open(l->container.root_dirfd);

		r = seccomp_obtain(cache_dirfd, &l->spec.seccomp, &program, err);
		if (r < 0)
			return r;
		input.seccomp = &program;
	}
	return plan_build(&l->spec, &input, err);
}

static int answer(struct launch *l, const struct exchange *e, int plan_fd, struct error *err)
{
	const struct message reply = {.kind = e->answer, .value = l->pid};
	int r = 0;

	if (e->asks == INIT_WANTS_ID_MAPS)
		r = id_maps_write(l->pid, &l->spec, geteuid() == 0, err);
	else if (e->asks == INIT_WANTS_HOOKS)
		r = run_host_hooks(l, err);
	if (r < 0)
		return r;
	return handshake_send(l->init_fd, &reply, e->asks == INIT_WANTS_PLAN ? plan_fd : -EBADF,
			      err);
}

/* Either init's next message is there, or the parent has gone: nobody will commit. */
static int wait_for_init(const struct launch *l, struct error *err)
{
	struct pollfd fds[] = {{.fd = l->init_fd, .events = POLLIN},
			       {.fd = l->parent_fd, .events = POLLIN}};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return error_sys(err, "poll");
	if (fds[1].revents)
		return error_set(err, ERROR_SYSTEM, ECONNRESET, "ocirun died during create");
	return 0;
}

union from_init {
	uint32_t kind;
	struct message message;
	struct plan_report report;
};

static int init_is_dead(const struct launch *l, struct error *err)
{
	struct cgroup_usage usage = {0};

	cgroup_usage_read(l->usage_fds, &usage);
	if (usage.oom_kills.has && usage.oom_kills.value > oom_baseline_read(l->lock_fd))
		return error_set(err, ERROR_SYSTEM, ENOMEM,
				 "init was killed for want of memory: linux.resources.memory.limit "
				 "is too low");
	return error_set(err, ERROR_SYSTEM, ECONNRESET, "init died before the container was ready");
}

static int init_failed(struct launch *l, const struct message *m, struct error *err)
{
	*err = m->error;
	err->text[sizeof(err->text) - 1] = '\0';
	l->hook_failed = m->hook_failed;
	l->hook_failure = m->hook;
	return err->errnum > 0 ? -err->errnum : -EIO;
}

static int receive_from_init(struct launch *l, union from_init *m, int *ret_fd, struct error *err)
{
	int fds[MESSAGE_MAX_FDS];
	size_t fd_count = 0;
	ssize_t n;
	int r = wait_for_init(l, err);

	if (r < 0)
		return r;
	memset(m, 0, sizeof(*m));
	n = message_receive(l->init_fd, m, sizeof(*m), fds, &fd_count);
	*ret_fd = fd_count > 0 ? fds[0] : -EBADF;
	for (size_t i = 1; i < fd_count; i++)
		(void)close(fds[i]);
	if (n < 0)
		return error_sys_num(err, (int)n, "receive from init");
	if (n == 0)
		return init_is_dead(l, err);
	if (m->kind == PLAN_FAILED)
		return plan_report_error(&m->report, &l->spec, err);
	if (m->kind > MESSAGE_NONE && n != (ssize_t)sizeof(m->message))
		return error_set(err, ERROR_SYSTEM, EPROTO, "init sent %zd bytes", n);
	if (m->kind == INIT_FAILED)
		return init_failed(l, &m->message, err);
	return 0;
}

/*
 * Until the stub is ready. The plan is made while init mounts: compiling a seccomp filter that is
 * not in the cache takes longer than all of init's work, and there is another CPU for it.
 */
static int serve_init(struct launch *l, struct error *err)
{
	autofd plan_fd = -EBADF;
	size_t position = 0;
	union from_init m;
	int r;

	for (;;) {
		const struct exchange *e;
		autofd fd = -EBADF;

		if (plan_fd < 0 && (position > 0 || !spec_is_new(&l->spec, NAMESPACE_USER))) {
			plan_fd = build_plan(l, err);
			if (plan_fd < 0)
				return plan_fd;
		}
		r = receive_from_init(l, &m, &fd, err);
		if (r < 0)
			return r;
		if (errands_is_asked(m.kind)) {
			r = errands_answer(l, &m.message, fd, err);
			if (r < 0)
				return r;
			continue;
		}
		if (m.kind == PLAN_READY) {
			l->ungranted = m.report.ungranted;
			return 0;
		}
		e = handshake_next(&position, &l->spec, m.kind);
		if (!e)
			return error_set(err, ERROR_SYSTEM, EPROTO, "init is %s out of order",
					 message_name(m.kind));
		r = answer(l, e, plan_fd, err);
		if (r < 0)
			return r;
	}
}

int monitor_build(struct launch *l, struct error *err)
{
	int r;

	r = open_joined_namespaces(l, err);
	if (r == 0)
		r = make_cgroup(l, err);
	if (r == 0)
		r = make_start_socket(l, err);
	if (r == 0)
		r = open_label_procfs(l, err);
	if (r == 0)
		r = make_init_channel(l, err);
	if (r == 0)
		r = monitor_clone_init(l, err);
	if (r < 0)
		return r;
	cgroup_entry_close(&l->entry);
	close_keeping_errno(take_fd(&l->console_socket));
	close_keeping_errno(take_fd(&l->notify_fd));
	r = set_oom_score(l, err);
	if (r < 0)
		return r;
	/* init has it now; its end of file must reach us when init dies. The numbers stay for the
	 * plan. */
	(void)close(l->init_end);
	(void)close(l->start_fd);
	close_keeping_errno(l->label_proc_fd);
	r = serve_init(l, err);
	return r < 0 ? r : exit_means_attach(&l->exits, l->pid, err);
}

int monitor_commit(struct launch *l, struct error *err)
{
	struct event_members m;
	uint64_t start_time;
	char boot[40];
	int r;

	r = process_start_time(l->pid, &start_time);
	if (r < 0)
		return error_sys_num(err, r, "start time of init");
	r = boot_id(boot, err);
	if (r < 0)
		return r;
	members_init(&m);
	members_add_int(&m, "pid", l->pid);
	members_add_uint(&m, "pidStartTime", start_time);
	members_add_string(&m, "bundle", l->bundle);
	members_add_string(&m, "bootId", boot);
	members_add_string(&m, "status", "created");
	r = lifecycle_record(&l->container.journal, CAUSE_INIT_IS_READY, &m, err);
	if (r < 0)
		return r;
	/* If this fails init has died meanwhile, which the watch will find. */
	(void)message_send(l->init_fd, PLAN_COMMIT_MESSAGE, strlen(PLAN_COMMIT_MESSAGE), NULL, 0);
	return 0;
}

/* ---- a process of its own ---- */

static int choose_mode(struct launch *l, struct error *err)
{
	const struct exit_wish wish = {l->options->monitor, l->options->exit_source};
	struct message m;
	int r;

	/* The answer comes when the process between us has been reaped: then getppid is the
	 * adopter. */
	r = handshake_receive(l->parent_fd, "ocirun", PARENT_SAW_KERNEL, &m, NULL, err);
	if (r < 0)
		return r;
	return exit_choice_make(&wish, m.value, getppid(), &l->exits, err);
}

static int offer_and_commit(struct launch *l, struct error *err)
{
	const struct message ready = {
		.kind = MONITOR_IS_READY, .value = l->pid, .ungranted = l->ungranted};
	const struct message created = {.kind = MONITOR_CREATED};
	struct message m;
	int r;

	r = handshake_send(l->parent_fd, &ready, l->pidfd, err);
	if (r == 0)
		r = handshake_receive(l->parent_fd, "ocirun", PARENT_COMMITS, &m, NULL, err);
	if (r == 0)
		r = monitor_commit(l, err);
	if (r < 0)
		return r;
	/* The parent may be gone by now; the container is created all the same. */
	(void)message_send(l->parent_fd, &created, sizeof(created), NULL, 0);
	return 0;
}

static void report_failure(struct launch *l, const struct error *err)
{
	struct message m = {.kind = MONITOR_FAILED, .error = *err};
	struct error ignored = ERROR_INIT;

	(void)handshake_send(l->parent_fd, &m, -EBADF, &ignored);
}

void monitor_main(struct launch *l)
{
	struct error err = ERROR_INIT;
	struct watch w;
	int r;

	(void)prctl(PR_SET_NAME, "ocirun:monitor");
	container_forked(&l->container);
	r = choose_mode(l, &err);
	if (r == 0)
		r = monitor_build(l, &err);
	/* The streams are init's now; whoever waits for their end must not wait for us. */
	monitor_detach();
	if (r == 0 && !l->stays)
		cgroup_aside_enter(&l->host);
	if (r == 0)
		r = offer_and_commit(l, &err);
	if (r < 0) {
		launch_undo(l, &err);
		report_failure(l, &err);
		_exit(1);
	}
	w = (struct watch){.journal = &l->container.journal,
			   .exits = l->exits,
			   .pid = l->pid,
			   .pidfd = l->pidfd,
			   .stub_fd = l->init_fd};
	memcpy(w.usage_fds, l->usage_fds, sizeof(w.usage_fds));
	(void)monitor_exec(&w, l->lock_fd, &err);
	_exit(1); /* the next verb finds the lock free and tries again */
}
