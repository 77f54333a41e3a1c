/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observer of a detached exec: to its process what the monitor is to init. It makes the process
 * as a sibling or as its own child (monitor/exit_status.h), lets it go when the executor has
 * published it, and becomes ocirun-monitor, which records `exec-exited`.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/message.h"
#include "launch/exec_roles.h"
#include "monitor/handover.h"

static int choose_mode(struct exec *e, struct error *err)
{
	struct message m;
	int r = handshake_receive(e->parent_fd, "ocirun", PARENT_SAW_KERNEL, &m, NULL, err);

	const struct exit_wish wish = exec_exit_wish(e);

	return r < 0 ? r : exit_choice_make(&wish, m.value, getppid(), &e->exits, err);
}

static int offer_and_go(struct exec *e, struct error *err)
{
	const struct message ready = {.kind = MONITOR_IS_READY, .value = e->pid};
	const struct message done = {.kind = MONITOR_CREATED};
	struct message m;
	int r;

	r = handshake_send(e->parent_fd, &ready, e->pidfd, err);
	if (r == 0)
		r = handshake_receive(e->parent_fd, "ocirun", PARENT_COMMITS, &m, NULL, err);
	if (r == 0)
		r = exec_go(e, err);
	if (r < 0)
		return r;
	/* The executor may be gone by now; the process runs all the same. */
	(void)message_send(e->parent_fd, &done, sizeof(done), NULL, 0);
	return 0;
}

static _Noreturn void give_up(struct exec *e, const struct error *why)
{
	struct message m = {.kind = MONITOR_FAILED, .error = *why};
	struct error ignored = ERROR_INIT;

	exec_undo(e);
	(void)exec_record_failed(e, why, &ignored);
	(void)handshake_send(e->parent_fd, &m, -EBADF, &ignored);
	_exit(1);
}

void exec_observer(void *exec)
{
	struct exec *e = exec;
	struct watch w = {.journal = &e->container.journal, .exec_id = e->id, .stub_fd = -EBADF};
	struct error err = ERROR_INIT;
	int r;

	(void)prctl(PR_SET_NAME, "ocirun:observer");
	close_keeping_errno(take_fd(&e->parent_fd));
	e->parent_fd = take_fd(&e->observer_end);
	container_forked(&e->container);
	r = choose_mode(e, &err);
	if (r == 0)
		r = exec_build(e, &err);
	/* The streams are the process's now; whoever waits for their end must not wait for us. */
	monitor_detach();
	if (r == 0 && !e->cgroup.disabled && !e->container.record.rootless)
		cgroup_aside_enter(&e->host);
	if (r == 0)
		r = offer_and_go(e, &err);
	if (r < 0)
		give_up(e, &err);
	if (!e->recorded)
		_exit(0);
	w.exits = e->exits;
	w.pid = e->pid;
	w.pidfd = e->pidfd;
	for (int i = 0; i < USAGE_FILES; i++)
		w.usage_fds[i] = -EBADF;
	(void)monitor_exec(&w, e->lock_fd, &err);
	_exit(1);
}
