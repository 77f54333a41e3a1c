/* SPDX-License-Identifier: Apache-2.0 */
/* Taking back a create that failed, and the parts of that which delete needs as well. */
#include "launch/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/log.h"
#include "container/lifecycle.h"
#include "launch/hook_output.h"
#include "launch/roles.h"
#include "monitor/adopt.h"
#include "monitor/failed.h"
#include "monitor/handover.h"
#include "setup/hooks.h"

int destroy_processes(const struct cgroup *cg, int pidfd, pid_t pid, int timeout_ms,
		      struct error *err)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int r;

	if (pidfd >= 0 && sys_pidfd_send_signal(pidfd, SIGKILL) < 0 && errno != ESRCH)
		return error_sys(err, "kill pid %d", pid);
	/* Also what outlived init (no pid namespace), also where it is frozen. */
	r = cgroup_signal(cg, SIGKILL, err);
	if (r < 0)
		return r;
	if (pidfd < 0)
		return 0;
	do
		r = poll(&ended, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return error_set(err, ERROR_SYSTEM, EBUSY, "still alive: pid %d", pid);
	return r < 0 ? error_sys(err, "poll pid %d", pid) : 0;
}

/* A create that died before its cgroup was made, or because it was another's: nothing in it is
 * ours. */
static bool cgroup_is_ours(const struct container *c)
{
	return c->status != STATUS_CREATING ||
	       faccessat(c->state_dirfd, "monitor", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int destroy_cgroup(const struct cgroup *cg, const struct container *c, int pidfd, pid_t pid,
		   struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r;

	if (!cgroup_is_ours(c)) {
		/* Left empty by a create that was killed just then; whatever else is there stays.
		 */
		(void)cgroup_remove(cg, 0, &ignored);
		return 0;
	}
	r = destroy_processes(cg, pidfd, pid, DESTROY_TIMEOUT_MS, err);
	return r < 0 ? r : cgroup_remove(cg, DESTROY_TIMEOUT_MS, err);
}

void await_observers(const struct container *c)
{
	const struct timespec pause = {.tv_nsec = 500000};
	autofd fd = openat(c->state_dirfd, EXECS_LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	for (int i = 0; fd >= 0 && i < 1000; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return;
		(void)nanosleep(&pause, NULL);
	}
}

int record_failed(struct journal *j, int cause, const char *phase, const struct error *why,
		  const struct hook_failure *hook, struct error *err)
{
	struct event_members m;
	struct failed_hook of = {0};
	char text[sizeof(why->text)], *printed;

	(void)snprintf(text, sizeof(text), "%s", why->text);
	if (hook) {
		of = (struct failed_hook){
			.stage = hook_stage_name(hook->stage),
			.index = hook->index,
			.path = hook->path,
			.ran = hook->errnum == 0,
			.status = hook->status,
			.timed_out = hook->timed_out,
			.output = hook->output,
		};
		/* It has a member of its own. */
		printed = strstr(text, HOOK_PRINTED);
		if (printed)
			*printed = '\0';
	}
	failed_members(&m, phase, text, hook ? &of : NULL);
	return lifecycle_record(j, (enum cause)cause, &m, err);
}

void run_poststop(const struct container *c, const struct spec *spec, int cgroup_fd)
{
	const struct spec_hooks *hooks = &spec->hooks;
	struct hook_output output = HOOK_OUTPUT_CLOSED;
	struct error unopened = ERROR_INIT;
	autofree char *state = NULL;

	if (hooks->count[HOOK_POSTSTOP] == 0)
		return;
	if (hook_output_open(spec, &output, &unopened) < 0)
		log_warning("%s", unopened.text);
	output.cgroup_fd = cgroup_fd;
	state = container_hook_state_json(c, "stopped", 0);
	/* One by one: a failed one does not keep the others from running. */
	for (size_t i = 0; i < hooks->count[HOOK_POSTSTOP]; i++) {
		struct error err = ERROR_INIT;

		if (hooks_run(&hooks->list[HOOK_POSTSTOP][i], 1, HOOK_POSTSTOP, state, &output,
			      NULL, &err) < 0)
			log_warning("%s", err.text);
	}
	hook_output_close(&output);
}

static void log_if(int r, const struct error *err)
{
	if (r < 0)
		log_warning("undo: %s", err->text);
}

/*
 * Usually `failed`. A monitor that was killed just behind its `created` has left a container that
 * others may have seen: it ends like any other.
 */
static int record_undone(struct launch *l, const struct error *cause, struct error *err)
{
	struct container *c = &l->container;
	int r = container_reload(c, err);

	if (r < 0)
		return r;
	if (c->status != STATUS_CREATING)
		return monitor_adopt_patiently(c, l->pidfd, err);
	return record_failed(&c->journal, CAUSE_CREATE_FAILED, "create", cause,
			     l->hook_failed ? &l->hook_failure : NULL, err);
}

/* Each part is tried whatever became of the one before; what stays is found by `delete --force`. */
void launch_undo(struct launch *l, const struct error *cause)
{
	struct container *c = &l->container;
	struct error err = ERROR_INIT;
	int removed;

	close_keeping_errno(take_fd(&l->init_fd));
	removed = destroy_cgroup(&l->cgroup, c, l->pidfd, l->pid, &err);
	log_if(removed, &err);
	if (l->pid > 0 && removed == 0 && !watch_mode_is_sibling(l->exits.mode))
		(void)waitpid(l->pid, NULL, __WALL); /* ours, and dead */
	if (l->hooks_ran)
		run_poststop(c, &l->spec, l->own_cgroup_fd);
	log_if(record_undone(l, cause, &err), &err);
	if (removed < 0)
		return; /* the record is what `delete --force` will work from */
	log_if(lifecycle_record(&c->journal, CAUSE_DELETE, NULL, &err), &err);
	/* A create that failed for want of descriptors has none left to empty the directory by. */
	journal_close(&c->journal);
	log_if(container_erase(c, &err), &err);
	container_retire(c, l->options->store);
}
