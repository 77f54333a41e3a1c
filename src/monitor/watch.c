/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over init's pidfd and the stub's reports. */
#include "monitor/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "container/lifecycle.h"
#include "monitor/exited.h"

static void note_log_error(struct watch *w, const struct error *err)
{
	if (w->log_error.kind == ERROR_NONE)
		w->log_error = *err;
}

static void record_started(struct watch *w)
{
	struct error err = ERROR_INIT;
	struct event_members m;

	members_init(&m);
	members_add_int(&m, "pid", w->pid);
	members_add_string(&m, "status", "running");
	if (lifecycle_record(w->journal, CAUSE_INIT_STARTED, &m, &err) < 0)
		note_log_error(w, &err);
}

/* A hook that failed is a start that failed; a failed execve shows in `exited` itself. */
static void record_failure(struct watch *w)
{
	struct error err = ERROR_INIT;
	struct event_members m;
	char text[PLAN_TEXT_MAX], output[PLAN_TEXT_MAX + 1];
	struct failed_hook hook;

	if (w->failure.stage == PLAN_STAGE_EXEC)
		return;
	plan_report_text(&w->failure, text, sizeof(text));
	plan_report_hook(&w->failure, output, &hook);
	failed_members(&m, "start", text, w->failure.stage == PLAN_STAGE_HOOK ? &hook : NULL);
	if (lifecycle_record(w->journal, CAUSE_START_FAILED, &m, &err) < 0)
		note_log_error(w, &err);
}

/* Returns whether there may be more to read. */
static bool take_report(struct watch *w)
{
	struct plan_report report;
	ssize_t n = recv(w->stub_fd, &report, sizeof(report), MSG_DONTWAIT);

	/* ECONNRESET comes once and before what is queued: init was started before it had read our
	 * commit. */
	if (n < 0)
		return errno == EINTR || errno == ECONNRESET;
	if (n == 0) {
		close_keeping_errno(take_fd(&w->stub_fd));
		if (w->starting && !w->failed)
			record_started(w);
		return false;
	}
	if (report.kind == PLAN_STARTING)
		w->starting = true;
	if (report.kind == PLAN_FAILED) {
		w->failed = true;
		w->failure = report;
		record_failure(w);
	}
	return true;
}

static void stub_reports(struct loop *loop, void *arg)
{
	struct watch *w = arg;
	int fd = w->stub_fd;

	while (w->stub_fd >= 0 && take_report(w))
		;
	if (w->stub_fd < 0)
		loop_remove_fd(loop, fd);
}

static int record_exited(struct watch *w, const char *source, struct error *err)
{
	struct cgroup_usage usage = {0};
	struct event_members m;
	char text[PLAN_TEXT_MAX] = "";
	struct exited e = {.pid = w->pid, .source = source, .usage = &usage};

	/* `oom` and `oomKilled` from the same look: both know of a kill, or neither. */
	cgroup_usage_read(w->usage_fds, &usage);
	if (oom_record(&w->oom, w->journal, &usage, err) < 0)
		note_log_error(w, err);
	oom_count(&w->oom, &usage);
	e.oom_killed = w->journal->oom_total > 0;
	e.known = w->status_known;
	e.status = w->status;
	if (!w->status_known)
		e.reason = w->exits.mode == WATCH_ZOMBIE ? REASON_MONITOR_LOST : REASON_UNOBSERVED;
	else if (w->failed && w->failure.stage == PLAN_STAGE_EXEC)
		e.reason = REASON_EXEC_FAILED;
	else if (!journal_has_seen(w->journal, EVENT_STARTED))
		e.reason = REASON_NEVER_STARTED;
	if (w->failed) {
		plan_report_text(&w->failure, text, sizeof(text));
		e.error = text;
	}
	if (w->journal->started_at[0])
		e.started_at = w->journal->started_at;
	exited_members(&m, &e);
	return lifecycle_record(w->journal, CAUSE_INIT_EXITED, &m, err);
}

static int record_exec_exited(struct watch *w, const char *source, struct error *err)
{
	struct event_members m;
	struct exited e = {.pid = w->pid,
			   .known = w->status_known,
			   .status = w->status,
			   .reason = w->status_known ? NULL : REASON_UNOBSERVED,
			   .source = source};

	if (!*w->exec_id)
		return 0;
	exec_exited_members(&m, w->exec_id, &e);
	return lifecycle_record(w->journal, CAUSE_EXEC_EXITED, &m, err);
}

static void notice(struct loop *loop, void *arg);

/* v2 gives notice of every reclaim at a limit: not to be woken by each, we are deaf between two
 * looks. What happens meanwhile is in the counters. */
static void rest(struct watch *w, struct loop *loop, bool resting)
{
	int fd = w->usage_fds[USAGE_OOM_NOTICE];

	if (!w->oom.v2 || w->oom.resting == resting || fd < 0)
		return;
	w->oom.resting = resting;
	if (resting)
		loop_remove_fd(loop, fd);
	else
		(void)loop_add_fd(loop, fd, notice, w); /* into the place that it had */
}

static void look_for_kills(struct loop *loop, void *arg)
{
	struct watch *w = arg;
	struct error err = ERROR_INIT;
	struct cgroup_usage usage = {0};
	int ms;

	if (!cgroup_oom_read(w->usage_fds, &usage)) {
		/* The cgroup is gone, and its notice readable for ever. */
		loop_remove_fd(loop, w->usage_fds[USAGE_OOM_NOTICE]);
		return;
	}
	ms = oom_take(&w->oom, w->journal, &usage, &err);
	if (ms < 0)
		note_log_error(w, &err);
	rest(w, loop, ms > 0);
	if (ms > 0)
		loop_set_timer(loop, (unsigned int)ms, look_for_kills, w);
}

static void notice(struct loop *loop, void *arg)
{
	struct watch *w = arg;
	uint64_t count;

	/* Empties v1's eventfd; v2's is no file to read, and says so. */
	if (read(w->usage_fds[USAGE_OOM_NOTICE], &count, sizeof(count)) < 0)
		errno = 0;
	oom_noticed(&w->oom);
	look_for_kills(loop, w);
}

/* No notice (an old kernel, no right to ask for one): then only the look at the end. */
static int watch_for_kills(struct watch *w, struct loop *loop)
{
	struct error err = ERROR_INIT;
	struct cgroup_usage usage = {0};

	if (!cgroup_oom_read(w->usage_fds, &usage))
		return 0;
	/* Since the create, or since a monitor before us was killed. */
	if (oom_record(&w->oom, w->journal, &usage, &err) < 0)
		note_log_error(w, &err);
	oom_begin(&w->oom, &usage);
	if (w->usage_fds[USAGE_OOM_NOTICE] < 0)
		return 0;
	return loop_add_fd(loop, w->usage_fds[USAGE_OOM_NOTICE], notice, w);
}

static void process_ended(struct loop *loop, void *arg)
{
	struct watch *w = arg;
	struct error err = ERROR_INIT;
	const char *source = SOURCE_NONE;

	/* The stub's last words first: `started` comes before `exited`. */
	stub_reports(loop, w);
	loop_remove_fd(loop, w->pidfd);
	loop_remove_fd(loop, w->exits.netlink.fd);
	w->status_known =
		exit_status_collect(&w->exits, w->pidfd, w->pid, &w->status, &source) == 0;
	w->ended = true;
	/* Seen by others meanwhile: the journal's lock brings w->journal->seen up to date. */
	if (journal_lock(w->journal) == 0)
		journal_unlock(w->journal);
	if ((w->exec_id ? record_exec_exited(w, source, &err) : record_exited(w, source, &err)) < 0)
		note_log_error(w, &err);
	loop_stop(loop);
}

static void threads_told(struct loop *loop, void *arg)
{
	struct watch *w = arg;

	(void)loop;
	exit_netlink_read(&w->exits.netlink, w->pidfd, w->exits.stat_fd);
}

int watch_run(struct watch *w, struct loop *loop, struct error *err)
{
	int r;

	r = loop_add_fd(loop, w->pidfd, process_ended, w);
	if (r == 0 && w->stub_fd >= 0)
		r = loop_add_fd(loop, w->stub_fd, stub_reports, w);
	if (r == 0 && w->exits.netlink.fd >= 0)
		r = loop_add_fd(loop, w->exits.netlink.fd, threads_told, w);
	if (r == 0)
		r = watch_for_kills(w, loop);
	if (r < 0)
		return error_sys_num(err, r, "watch pid %d", w->pid);
	while (!w->ended)
		loop_run(loop);
	if (w->log_error.kind == ERROR_NONE)
		return 0;
	*err = w->log_error;
	return -err->errnum;
}
