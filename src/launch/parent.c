/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent of a new container: the verb's process, in the caller's namespaces and working
 * directory. It reads and checks everything before it touches anything, reserves the ID, starts the
 * monitor, and waits for one reply.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/message.h"
#include "base/path.h"
#include "container/facts.h"
#include "launch/hook_output.h"
#include "launch/notify.h"
#include "launch/preserve.h"
#include "launch/process.h"
#include "launch/rootless.h"
#include "launch/roles.h"
#include "launch/sealed.h"
#include "launch/undo.h"
#include "launch/watching.h"
#include "monitor/exit_choice.h"
#include "monitor/handover.h"
#include "setup/labels.h"
#include "setup/capabilities.h"
#include "setup/seccomp.h"

/* ---- what is checked before anything is touched ---- */

static int load_bundle(struct launch *l, struct error *err)
{
	const char *bundle = l->options->bundle ? l->options->bundle : ".";
	autofd dirfd = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dirfd < 0)
		return error_sys(err, "bundle %s", bundle);
	l->bundle = realpath(bundle, NULL);
	if (!l->bundle)
		return error_sys(err, "bundle %s", bundle);
	r = spec_load(dirfd, l->options->config, &l->spec, &l->config_text, &l->config_length, err);
	return r < 0 ? r : spec_check_host(&l->spec, dirfd, l->options->config, err);
}

static int check_process(const struct launch *l, struct error *err)
{
	static const struct label_names labels = {"process.apparmorProfile",
						  "process.selinuxLabel"};
	const struct launch_options *opt = l->options;
	bool terminal = l->spec.process.terminal;

	if (!l->spec.has_process || l->spec.process.args.count == 0)
		return error_config(err, "%s: process.args: must name a program", opt->config);
	if (terminal && !opt->console_socket && opt->foreground_console < 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "process.terminal is true: give --console-socket, or run in the "
				 "foreground");
	if (!terminal && opt->console_socket)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--console-socket %s: process.terminal is false",
				 opt->console_socket);
	if (labels_check(&l->spec.process, &labels, err) < 0)
		return error_in(err, "%s", opt->config);
	return 0;
}

static int check_rootfs(struct launch *l, struct error *err)
{
	autofree char *path = path_join(l->bundle, l->spec.root.path);
	struct stat st;

	if (!path)
		return error_sys_num(err, ENOMEM, "root.path");
	if (lstat(path, &st) < 0)
		return error_sys(err, "%s: root.path %s", l->options->config, path);
	if (!S_ISDIR(st.st_mode))
		return error_config(err, "%s: root.path %s: not a directory", l->options->config,
				    path);
	l->rootfs = realpath(path, NULL);
	if (!l->rootfs)
		return error_sys(err, "%s: root.path %s", l->options->config, path);
	if (strcmp(l->rootfs, "/") == 0)
		return error_config(err, "%s: root.path is the host's root", l->options->config);
	return 0;
}

/*
 * A user without rights in any hierarchy, who asks for no limits: there will be no cgroup, and the
 * record has to say so, or later verbs would take init for a process that has left it.
 */
static int do_without_cgroup(struct launch *l, struct error *err)
{
	int r = cgroup_apply(&l->cgroup, &l->spec.resources, err);

	if (r < 0)
		return r;
	log_debug("no cgroup: %s may not be made", l->cgroup.path);
	l->cgroup.disabled = true;
	return 0;
}

static int check_cgroup(struct launch *l, struct error *err)
{
	int r;

	if (strcmp(l->options->cgroup_manager, "disabled") == 0) {
		l->cgroup.disabled = true;
		return 0;
	}
	r = cgroup_host_probe(&l->host, "/sys/fs/cgroup", err);
	if (r == 0)
		r = cgroup_place(&l->cgroup, &l->host, l->spec.cgroups_path, l->options->id,
				 !l->rootless, err);
	if (r < 0)
		return r;
	l->cgroup.tolerant = l->rootless;
	r = cgroup_check(&l->cgroup, &l->spec.resources, err);
	return r == 0 && l->rootless && !cgroup_is_possible(&l->cgroup) ? do_without_cgroup(l, err)
									: r;
}

static int open_console(struct launch *l, struct error *err)
{
	const struct launch_options *opt = l->options;

	if (opt->console_socket)
		l->console_socket = connect_socket("--console-socket", opt->console_socket, err);
	else if (l->spec.process.terminal)
		l->console_socket = fcntl(opt->foreground_console, F_DUPFD_CLOEXEC, 3);
	else
		return 0;
	return l->console_socket < 0 ? -EBADF : 0;
}

/* What our own environment says about the process's. */
static int take_environment(struct launch *l, struct error *err)
{
	int r = preserve_announce(&l->spec, err);

	if (r == 0)
		r = notify_wanted(&l->spec, err);
	if (r > 0 &&
	    asprintf(&l->notify_path, "%s/%s/notify", l->options->store->root, l->options->id) < 0)
		return error_sys_num(err, ENOMEM, "notify");
	return r < 0 ? r : 0;
}

static int take_annotations(struct launch *l, struct error *err)
{
	l->publication.pidfd_receiver = l->spec.annotated.pidfd_receiver;
	return hook_output_open(&l->spec, &l->hook_output, err);
}

/* A foreground run watches by itself, and with --monitor=none nobody does. */
static bool needs_monitor(const struct launch *l)
{
	return !l->options->foreground && strcmp(l->options->monitor, "none") != 0;
}

static int prepare(struct launch *l, struct error *err)
{
	int r;

	/* Before we open anything that could take the place of a descriptor that is missing. */
	r = preserve_count(l->options->preserve_fds, &l->preserved_fds, err);
	if (r == 0)
		r = container_id_check(l->options->id, err);
	if (r == 0)
		r = load_bundle(l, err);
	if (r == 0 && spec_is_joined(&l->spec, NAMESPACE_PID))
		r = become_sealed(l->preserved_fds, err);
	if (r == 0)
		r = check_process(l, err);
	if (r == 0)
		r = take_environment(l, err);
	if (r == 0)
		r = take_annotations(l, err);
	if (r == 0)
		r = publish_check(&l->publication, err);
	if (r == 0)
		r = check_rootfs(l, err);
	if (r == 0 && needs_monitor(l))
		r = monitor_program_check(err);
	if (r == 0 && !l->options->foreground)
		r = exit_choice_check(
			&(struct exit_wish){l->options->monitor, l->options->exit_source}, err);
	if (r == 0)
		r = rootless_parse(l->options->rootless, &l->rootless, err);
	if (r == 0)
		r = check_cgroup(l, err);
	if (r == 0 && l->spec.seccomp.has)
		r = seccomp_check(&l->spec.seccomp, err);
	return r;
}

/* ---- reserving ---- */

static int new_instance(char instance[JOURNAL_INSTANCE_LEN + 1], struct error *err)
{
	unsigned char bytes[JOURNAL_INSTANCE_LEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_sys(err, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(instance + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static char *time_now(void)
{
	struct timespec now;
	struct tm tm;
	char text[32], *stamp = NULL;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return asprintf(&stamp, "%s.%09ldZ", text, now.tv_nsec) < 0 ? NULL : stamp;
}

static int copy_annotations(const struct spec *spec, struct record *r)
{
	r->annotations = calloc(spec->annotation_count + 1, sizeof(*r->annotations));
	if (!r->annotations)
		return -ENOMEM;
	for (size_t i = 0; i < spec->annotation_count; i++) {
		struct spec_pair *pair = &r->annotations[r->annotation_count++];

		pair->key = strdup(spec->annotations[i].key);
		pair->value = strdup(spec->annotations[i].value);
		if (!pair->key || !pair->value)
			return -ENOMEM;
	}
	return 0;
}

static int fill_record(const struct launch *l, struct record *r, struct error *err)
{
	char boot[40];
	int p;

	p = new_instance(r->instance, err);
	if (p == 0)
		p = boot_id(boot, err);
	if (p < 0)
		return p;
	r->oci_version = strdup(l->spec.oci_version);
	r->bundle = strdup(l->bundle);
	r->rootfs = strdup(l->rootfs);
	r->boot_id = strdup(boot);
	r->created = time_now();
	r->monitor = strdup(l->options->monitor);
	r->cgroup_path = l->cgroup.disabled ? NULL : strdup(l->cgroup.path);
	r->owner = geteuid();
	r->rootless = l->rootless;
	r->no_new_keyring = l->options->no_new_keyring;
	r->has_poststart = l->spec.hooks.count[HOOK_POSTSTART] > 0;
	r->has_poststop = l->spec.hooks.count[HOOK_POSTSTOP] > 0;
	if (!r->oci_version || !r->bundle || !r->rootfs || !r->boot_id || !r->created ||
	    !r->monitor || (!l->cgroup.disabled && !r->cgroup_path) ||
	    copy_annotations(&l->spec, r) < 0)
		return error_sys_num(err, ENOMEM, "state of %s", l->options->id);
	return 0;
}

/* runtime.md#create: later edits of config.json must not matter. */
static int keep_config(const struct launch *l, struct error *err)
{
	autofd fd = openat(l->container.state_dirfd, "config.json",
			   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, l->config_text, l->config_length);

	return r < 0 ? error_sys_num(err, r, "keep a copy of %s", l->options->config) : 0;
}

static int reserve(struct launch *l, struct error *err)
{
	struct record record = {0};
	int r;

	r = container_root_open(&l->container, l->options->store, true, err);
	if (r == 0)
		container_sweep(&l->container, l->options->store);
	if (r == 0)
		r = fill_record(l, &record, err);
	if (r == 0)
		r = container_reserve(&l->container, l->options->id, &record, err);
	record_done(&record);
	return r;
}

/* ---- the monitor in a process of its own ---- */

/* The parent's end is closed in it, so that it sees end-of-file when the parent dies. */
static void begin_monitor(void *arg)
{
	struct launch *l = arg;

	close_keeping_errno(take_fd(&l->parent_fd));
	l->parent_fd = take_fd(&l->monitor_end);
	monitor_main(l);
}

/* Its log tells why, not only that we went away. */
static void tell_monitor(const struct launch *l, const struct error *why)
{
	const struct message failed = {.kind = MONITOR_FAILED, .error = *why};
	struct error ignored = ERROR_INIT;

	(void)handshake_send(l->parent_fd, &failed, -EBADF, &ignored);
}

static int converse(struct launch *l, struct error *err)
{
	const struct message kernel = {.kind = PARENT_SAW_KERNEL, .value = l->kernel_tells};
	const struct message commit = {.kind = PARENT_COMMITS};
	struct message m;
	int r;

	r = handshake_send(l->parent_fd, &kernel, -EBADF, err);
	if (r == 0)
		r = handshake_receive(l->parent_fd, "the monitor", MONITOR_IS_READY, &m, &l->pidfd,
				      err);
	if (r < 0)
		return r;
	l->ungranted = m.ungranted;
	l->pid = m.value;
	r = publish(&l->publication, m.value, l->pidfd, err);
	if (r < 0)
		tell_monitor(l, err);
	if (r == 0)
		r = handshake_send(l->parent_fd, &commit, -EBADF, err);
	if (r == 0)
		r = handshake_receive(l->parent_fd, "the monitor", MONITOR_CREATED, &m, NULL, err);
	return r;
}

/* What the monitor left undone: all of it if it was killed, nothing if it reported. */
static void undo_after_monitor(struct launch *l, const struct error *cause)
{
	struct error ignored = ERROR_INIT;
	struct message m;

	/* Its end-of-file, or its report: either way it has done what it could. */
	(void)shutdown(l->parent_fd, SHUT_WR);
	while (message_receive(l->parent_fd, &m, sizeof(m), NULL, NULL) > 0)
		;
	if (container_reload(&l->container, &ignored) == 0 && l->container.status == STATUS_DELETED)
		return;
	/* A monitor that was killed has not told what it had made. */
	if (!l->cgroup.disabled)
		cgroup_open(&l->cgroup, &l->host, l->cgroup.path);
	launch_undo(l, cause);
}

/*
 * A container without a cgroup of its own lives in the caller's, and so does its monitor. A
 * rootless one may have some of its cgroups there.
 */
static void find_monitors_cgroup(struct launch *l)
{
	const struct spec_hooks *hooks = &l->spec.hooks;

	l->stays = l->cgroup.disabled || l->rootless;
	if (l->stays)
		return;
	l->aside_fd = cgroup_aside_open(&l->host);
	if (l->aside_fd >= 0 && hooks->count[HOOK_PRESTART] + hooks->count[HOOK_CREATE_RUNTIME] +
						hooks->count[HOOK_POSTSTOP] >
					0)
		l->own_cgroup_fd = cgroup_own_open(&l->host);
}

static int create_with_monitor(struct launch *l, struct error *err)
{
	int pair[2], r;

	find_monitors_cgroup(l);
	r = message_pair(pair);
	if (r < 0) {
		r = error_sys_num(err, r, "socketpair");
		launch_undo(l, err);
		return r;
	}
	l->parent_fd = pair[0];
	l->monitor_end = pair[1];
	r = process_detach(l->aside_fd, begin_monitor, l, &l->kernel_tells, err);
	close_keeping_errno(take_fd(&l->monitor_end));
	if (r == 0)
		r = converse(l, err);
	if (r < 0) {
		undo_after_monitor(l, err);
		publish_undo(&l->publication);
	}
	return r;
}

/* ---- the monitor's part in this process: a foreground run, or nobody's ---- */

static int create_alone(struct launch *l, struct error *err)
{
	int r;

	l->exits.mode = l->options->foreground ? WATCH_PARENT : WATCH_NONE;
	r = monitor_build(l, err);
	if (r == 0)
		r = publish(&l->publication, l->pid, l->pidfd, err);
	if (r == 0)
		r = monitor_commit(l, err);
	if (r < 0) {
		launch_undo(l, err);
		publish_undo(&l->publication);
	}
	return r;
}

static void launch_done(struct launch *l)
{
	spec_done(&l->spec);
	container_close(&l->container);
	free(l->config_text);
	free(l->bundle);
	free(l->rootfs);
	free(l->notify_path);
	hook_output_close(&l->hook_output);
	close_keeping_errno(l->notify_fd);
	close_keeping_errno(l->console_socket);
	close_keeping_errno(l->parent_fd);
	close_keeping_errno(l->init_fd);
	close_keeping_errno(l->lock_fd);
	close_keeping_errno(l->aside_fd);
	close_keeping_errno(l->own_cgroup_fd);
	close_keeping_errno(l->pidfd);
	exit_means_close(&l->exits);
	for (int i = 0; i < USAGE_FILES; i++)
		close_keeping_errno(l->usage_fds[i]);
	for (int i = 0; i < NAMESPACE_TYPES; i++)
		close_keeping_errno(l->namespace_fds[i]);
}

static void launch_init(struct launch *l, const struct launch_options *opt)
{
	*l = (struct launch){
		.options = opt,
		.publication = {.pid_file = opt->pid_file, .pidfd_socket = opt->pidfd_socket},
		.container = CONTAINER_CLOSED,
		.hook_output = HOOK_OUTPUT_CLOSED,
		.notify_fd = -EBADF,
		.console_socket = -EBADF,
		.parent_fd = -EBADF,
		.monitor_end = -EBADF,
		.aside_fd = -EBADF,
		.own_cgroup_fd = -EBADF,
		.init_fd = -EBADF,
		.init_end = -EBADF,
		.start_fd = -EBADF,
		.label_proc_fd = -EBADF,
		.lock_fd = -EBADF,
		.entry = {.v2_dirfd = -EBADF},
		.pidfd = -EBADF,
		.exits = EXIT_MEANS_NONE,
	};
	memset(l->usage_fds, -1, sizeof(l->usage_fds));
	memset(l->namespace_fds, -1, sizeof(l->namespace_fds));
}

static int create(struct launch *l, struct error *err)
{
	mode_t callers_umask;
	int r = prepare(l, err);

	if (r < 0)
		return r;
	callers_umask = umask(077); /* not for the pid file, which is the caller's */
	r = reserve(l, err);
	if (r < 0)
		return r;
	r = keep_config(l, err);
	(void)umask(callers_umask);
	if (r == 0 && l->notify_path)
		r = notify_prepare(l->container.state_dirfd, &l->spec, &l->notify_fd, err);
	if (r == 0)
		r = open_console(l, err);
	if (r < 0) {
		launch_undo(l, err);
		return r;
	}
	/* A caller that ignores SIGCHLD would have our children reaped before we can ask. */
	(void)signal(SIGCHLD, SIG_DFL);
	return needs_monitor(l) ? create_with_monitor(l, err) : create_alone(l, err);
}

static void warn_of_ungranted(uint64_t ungranted)
{
	char names[1024];

	if (!ungranted)
		return;
	capabilities_text(ungranted, names, sizeof(names));
	log_warning("process.capabilities: this process cannot have %s", names);
}

int launch_create(const struct launch_options *opt, struct watching **ret_watching,
		  struct error *err)
{
	struct launch l;
	int r;

	log_hold();
	launch_init(&l, opt);
	r = create(&l, err);
	if (r == 0) {
		warn_of_ungranted(l.ungranted);
		log_release();
	}
	if (r == 0 && opt->foreground)
		r = watching_new(&l, ret_watching, err);
	launch_done(&l);
	return r;
}
