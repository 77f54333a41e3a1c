/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.md#start: let init go, see it exec, run the poststart hooks. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/message.h"
#include "container/container.h"
#include "container/lifecycle.h"
#include "launch/hook_output.h"
#include "launch/start.h"
#include "launch/teardown.h"
#include "launch/undo.h"
#include "monitor/adopt.h"
#include "monitor/start_socket.h"
#include "setup/hooks.h"
#include "setup/plan.h"
#include "stub/plan.h"

static int check_status(const struct container *c, struct error *err)
{
	switch (c->status) {
	case STATUS_CREATED:
		return 0;
	case STATUS_RUNNING:
	case STATUS_PAUSED:
		return error_set(err, ERROR_STATE, EBUSY,
				 "cannot start an already running container");
	case STATUS_STOPPED:
		return error_set(err, ERROR_STATE, EBUSY,
				 "cannot start a container that has stopped");
	default:
		return error_set(err, ERROR_STATE, EBUSY,
				 "container is %s; only a created container can be started",
				 container_status_name(c->status));
	}
}

static int start_failed(const struct container *c, const struct plan_report *report,
			struct error *err)
{
	autospec spec = {0};

	/* Only for the hook's path: without the copy the report still says enough. */
	(void)spec_load(c->state_dirfd, "config.json", &spec, NULL, NULL, err);
	return plan_report_error(report, &spec, err);
}

/* The stub exits by itself, with 126 or 127: nobody may kill it before that is its exit status. */
static void await_exit(int fd)
{
	char more;

	while (message_receive(fd, &more, sizeof(more), NULL, NULL) > 0)
		;
}

/*
 * The stub says STARTING just before execve, whose success closes its end. A failure comes as a
 * report. Only end-of-file without STARTING is a death.
 */
static int await_exec(const struct container *c, int fd, struct error *err)
{
	bool starting = false;
	struct plan_report report;
	int r;

	while ((r = plan_receive(fd, &report, err)) > 0) {
		if (report.kind == PLAN_STARTING)
			starting = true;
		if (report.kind == PLAN_FAILED) {
			await_exit(fd);
			return start_failed(c, &report, err);
		}
	}
	/* ECONNRESET: it died with our message unread. */
	if (r < 0 || !starting)
		return error_set(err, ERROR_STATE, ESRCH, "init died before it could be started");
	return 0;
}

static int record_started(struct container *c, struct error *err)
{
	struct event_members m;
	int r;

	members_init(&m);
	members_add_int(&m, "pid", c->facts.pid);
	members_add_string(&m, "status", "running");
	r = lifecycle_record(&c->journal, CAUSE_INIT_STARTED, &m, err);
	/* The monitor was first. */
	if (r == 0)
		r = lifecycle_confirm(&c->journal, err);
	return r < 0 ? r : 0;
}

static int run_poststart(struct container *c, struct error *err)
{
	autofree char *state = NULL;
	struct hook_output output = HOOK_OUTPUT_CLOSED;
	struct hook_failure failure;
	struct error ignored = ERROR_INIT;
	autospec spec = {0};
	int r;

	if (!c->record.has_poststart)
		return 0;
	r = spec_load(c->state_dirfd, "config.json", &spec, NULL, NULL, err);
	if (r < 0)
		return r;
	r = hook_output_open(&spec, &output, err);
	if (r < 0)
		return r;
	state = container_hook_state_json(c, "running", c->facts.pid);
	r = hooks_run(spec.hooks.list[HOOK_POSTSTART], spec.hooks.count[HOOK_POSTSTART],
		      HOOK_POSTSTART, state, &output, &failure, err);
	hook_output_close(&output);
	if (r < 0)
		(void)record_failed(&c->journal, CAUSE_START_FAILED, "start", err, &failure,
				    &ignored);
	return r;
}

static int let_go(struct container *c, struct error *err)
{
	autofd fd = start_socket_connect(c->state_dirfd, 0, err);
	int r;

	if (fd < 0)
		return fd;
	r = message_send(fd, PLAN_START_MESSAGE, strlen(PLAN_START_MESSAGE), NULL, 0);
	if (r < 0)
		return error_sys_num(err, r, "start.sock: send");
	return await_exec(c, fd, err);
}

/* runtime.md#lifecycle: a failed poststart hook is an error, and the container is destroyed. */
static int start_and_hook(struct container *c, struct start *s, bool *ret_destroy,
			  struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r;

	r = container_lock(c, err);
	if (r == 0)
		r = monitor_adopt(c, err);
	if (r == 0)
		r = check_status(c, err);
	if (r == 0)
		r = notify_open(&s->notify, c->state_dirfd, err);
	/* While it is certainly there: waiting for readiness ends when init does. */
	if (r == 0 && s->notify.fd >= 0)
		s->pidfd = container_pidfd(c, &ignored);
	if (r == 0)
		r = let_go(c, err);
	if (r == 0)
		r = record_started(c, err);
	if (r < 0)
		return r;
	r = run_poststart(c, err);
	*ret_destroy = r < 0;
	return r;
}

int start_container(const struct store *store, const char *id, struct start *s, struct error *err)
{
	struct container c = CONTAINER_CLOSED;
	struct error ignored = ERROR_INIT;
	bool destroy = false;
	int r;

	r = container_open(&c, store, id, err);
	if (r == 0)
		r = start_and_hook(&c, s, &destroy, err);
	s->pid = c.facts.pid;
	container_close(&c); /* and with it the lock, which the deletion takes */
	if (destroy)
		(void)teardown_delete(store, id, true, &ignored);
	return r;
}

void start_done(struct start *s)
{
	notify_close(&s->notify);
	close_keeping_errno(take_fd(&s->pidfd));
}

int launch_start(const struct store *store, const char *id, struct error *err)
{
	struct start s = START_INIT;
	int r = start_container(store, id, &s, err);

	/* Without the lock: a service may take its time, and must be killable meanwhile. */
	if (r == 0)
		r = notify_await(&s.notify, s.pid, s.pidfd, err);
	start_done(&s);
	return r;
}
