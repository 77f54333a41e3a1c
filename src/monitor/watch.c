/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over init's pidfd and the stub's reports. */
#include "monitor/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "container/lifecycle.h"
#include "monitor/exited.h"
#include "monitor/word.h"

/* The first attempt comes at once, and the second after a second. */
/* How often a zombie is looked at that nobody reaps. */
#define REAP_LOOK_MS	 1000
#define REAP_LOOK_MAX_MS 60000

#define RETRY_FIRST_MS 1000
#define RETRY_LAST_MS  30000
/* A subreaper learns of the end when a monitor that hands over goes: it cannot wait for ever. */
#define HAND_OVER_LAST_MS 8000

enum {
	UNTOLD_STARTED = 1U << 0,
	UNTOLD_FAILURE = 1U << 1,
	UNTOLD_END = 1U << 2,
	UNTOLD_DELETED = 1U << 3,
};

static void tell(struct loop *loop, void *arg);

static int record_started(struct watch *w, struct error *err)
{
	struct event_members m;

	members_init(&m);
	members_add_int(&m, "pid", w->pid);
	members_add_string(&m, "status", "running");
	return lifecycle_record(w->journal, CAUSE_INIT_STARTED, &m, err);
}

static int record_failure(struct watch *w, struct error *err)
{
	struct event_members m;
	char text[PLAN_TEXT_MAX], output[PLAN_TEXT_MAX + 1];
	struct failed_hook hook;

	plan_report_text(&w->failure, text, sizeof(text));
	plan_report_hook(&w->failure, output, &hook);
	failed_members(&m, "start", text, w->failure.stage == PLAN_STAGE_HOOK ? &hook : NULL);
	return lifecycle_record(w->journal, CAUSE_START_FAILED, &m, err);
}

/* Returns whether there may be more to read. */
static bool take_report(struct watch *w, struct loop *loop)
{
	struct plan_report report;
	ssize_t n = recv(w->stub_fd, &report, sizeof(report), MSG_DONTWAIT);

	/* ECONNRESET comes once and before what is queued: init was started before it had read our
	 * commit. */
	if (n < 0)
		return errno == EINTR || errno == ECONNRESET;
	if (n == 0) {
		close_keeping_errno(take_fd(&w->stub_fd));
		if (w->starting && !w->failed) {
			w->untold |= UNTOLD_STARTED;
			tell(loop, w);
		}
		return false;
	}
	if (report.kind == PLAN_STARTING)
		w->starting = true;
	if (report.kind == PLAN_FAILED) {
		w->failed = true;
		w->failure = report;
		/* A hook that failed is a start that failed; a failed execve shows in `exited`. */
		if (report.stage != PLAN_STAGE_EXEC) {
			w->untold |= UNTOLD_FAILURE;
			tell(loop, w);
		}
	}
	return true;
}

static void stub_reports(struct loop *loop, void *arg)
{
	struct watch *w = arg;
	int fd = w->stub_fd;

	while (w->stub_fd >= 0 && take_report(w, loop))
		;
	if (w->stub_fd < 0)
		loop_remove_fd(loop, fd);
}

static bool has_exec_failed(const struct watch *w)
{
	return w->failed && w->failure.stage == PLAN_STAGE_EXEC;
}

static const char *reason_of(const struct watch *w)
{
	if (!w->status_known)
		return w->exits.mode == WATCH_ZOMBIE ? REASON_MONITOR_LOST : REASON_UNOBSERVED;
	if (has_exec_failed(w))
		return REASON_EXEC_FAILED;
	return journal_has_seen(w->journal, EVENT_STARTED) ? NULL : REASON_NEVER_STARTED;
}

static int record_exited(struct watch *w, struct error *err)
{
	struct cgroup_usage usage = w->usage;
	struct event_members m;
	char text[PLAN_TEXT_MAX] = "";
	struct exited e = {.pid = w->pid,
			   .known = w->status_known,
			   .status = w->status,
			   .reason = reason_of(w),
			   .source = w->source,
			   .usage = &usage};

	/* `oom` and `oomKilled` from the same look: both know of a kill, or neither. A full disk
	 * may have room for one line only, and then it is not this. */
	(void)oom_record(&w->oom, w->journal, &usage, err);
	oom_count(&w->oom, &usage);
	e.oom_killed = w->journal->oom_total > 0;
	if (w->failed) {
		plan_report_text(&w->failure, text, sizeof(text));
		e.error = text;
	}
	if (w->journal->started_at[0])
		e.started_at = w->journal->started_at;
	exited_members(&m, &e);
	return lifecycle_record(w->journal, CAUSE_INIT_EXITED, &m, err);
}

static int record_exec_exited(struct watch *w, struct error *err)
{
	struct event_members m;
	struct exited e = {.pid = w->pid,
			   .known = w->status_known,
			   .status = w->status,
			   .reason = w->status_known ? NULL : REASON_UNOBSERVED,
			   .source = w->source};

	if (!*w->exec_id)
		return 0;
	exec_exited_members(&m, w->exec_id, &e);
	return lifecycle_record(w->journal, CAUSE_EXEC_EXITED, &m, err);
}

static int record_end(struct watch *w, struct error *err)
{
	return w->exec_id ? record_exec_exited(w, err) : record_exited(w, err);
}

/* A `delete --force` that could not write either has left that to us. */
static int record_deleted(struct watch *w, struct error *err)
{
	return lifecycle_record(w->journal, CAUSE_DELETE, NULL, err);
}

/* Whether to try again does not change what the status does not allow, or what has no room. */
static bool is_final(const struct watch *w, int r)
{
	return r >= 0 || w->journal->written || r == -EBUSY || r == -EMSGSIZE || r == -EINVAL;
}

/* Returns a negative errno as long as something is not on stable storage. */
static int tell_all(struct watch *w, struct error *err)
{
	static const struct {
		unsigned int what;
		int (*record)(struct watch *w, struct error *err);
	} rows[] = {
		{UNTOLD_STARTED, record_started},
		/* In the order of the log: none may overtake the one before. */
		{UNTOLD_FAILURE, record_failure},
		{UNTOLD_END, record_end},
		{UNTOLD_DELETED, record_deleted},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = w->untold & rows[i].what ? rows[i].record(w, err) : 0;

		if (!is_final(w, r))
			return r;
		w->untold &= ~rows[i].what;
	}
	return lifecycle_sync(w->journal, err);
}

static bool is_unlinked(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static bool may_try_again(const struct watch *w)
{
	if (!w->ended)
		return true;
	if (!w->persists || is_unlinked(w->journal->fd))
		return false;
	return w->exits.mode != WATCH_HAND_OVER || w->retry_ms <= HAND_OVER_LAST_MS;
}

static void say(const struct watch *w, const struct error *why)
{
	struct word word = {
		.ended = w->untold & UNTOLD_END,
		.known = w->status_known,
		.status = w->status,
		.source = w->source,
		.exec_failed = has_exec_failed(w),
		.unsynced = w->journal->unsynced_length > 0 ? why->errnum : 0,
	};

	if (w->persists && !w->exec_id)
		word_say(&word);
}

/* Returns whether there is more to be tried later. */
static bool try_later(struct watch *w, struct loop *loop)
{
	bool again = may_try_again(w);

	say(w, &w->log_error);
	/* The status is in our memory: whoever waits for the zombie may have it. */
	if (w->ended && w->exits.mode != WATCH_PARENT)
		exit_status_let_go(&w->exits, w->pid);
	if (w->retry_ms == 0)
		w->retry_ms = RETRY_FIRST_MS;
	if (again)
		loop_set_timer(loop, w->retry_ms, tell, w);
	w->retry_ms = w->retry_ms * 2 < RETRY_LAST_MS ? w->retry_ms * 2 : RETRY_LAST_MS;
	return again;
}

/* Tell what there is to tell; after the end that is the end of us, too. */
static void tell(struct loop *loop, void *arg)
{
	struct watch *w = arg;

	w->log_error = (struct error)ERROR_INIT;
	if (w->ended && !w->exec_id && is_unlinked(w->lock_fd))
		w->untold |= UNTOLD_DELETED;
	if (tell_all(w, &w->log_error) < 0) {
		if (try_later(w, loop))
			return;
	} else if (w->retry_ms > 0) {
		w->retry_ms = 0;
		if (w->persists && !w->exec_id)
			word_say(NULL);
	}
	if (!w->ended)
		return;
	/* Else whoever comes after us reads it. */
	if (w->persists || w->log_error.kind == ERROR_NONE)
		exit_status_let_go(&w->exits, w->pid);
	w->over = true;
	loop_stop(loop);
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
	(void)oom_record(&w->oom, w->journal, &usage, &err);
	oom_begin(&w->oom, &usage);
	if (w->usage_fds[USAGE_OOM_NOTICE] < 0)
		return 0;
	return loop_add_fd(loop, w->usage_fds[USAGE_OOM_NOTICE], notice, w);
}

/*
 * As init's sibling we learn nothing from a zombie, and nobody may ever reap it. Others can read
 * it, and once one of them has written `exited` there is nothing left for us. Returns whether it
 * was reaped.
 */
static bool await_reap(struct watch *w)
{
	struct pollfd hung_up = {.fd = w->pidfd}; /* POLLHUP needs no asking for */
	int pause_ms = REAP_LOOK_MS;

	while (poll(&hung_up, 1, pause_ms) <= 0) {
		if (journal_lock(w->journal) == 0)
			journal_unlock(w->journal);
		if (journal_has_seen(w->journal, EVENT_EXITED))
			return false;
		if (pause_ms < REAP_LOOK_MAX_MS)
			pause_ms *= 2;
	}
	return true;
}

static void process_ended(struct loop *loop, void *arg)
{
	struct watch *w = arg;

	/* The stub's last words first: `started` comes before `exited`. */
	stub_reports(loop, w);
	loop_remove_fd(loop, w->pidfd);
	loop_remove_fd(loop, w->exits.netlink.fd);
	loop_remove_fd(loop, w->usage_fds[USAGE_OOM_NOTICE]);
	w->source = SOURCE_NONE;
	if (w->exits.mode == WATCH_SIBLING && !w->exec_id && !await_reap(w)) {
		w->ended = true;
		tell(loop, w);
		return;
	}
	w->status_known =
		exit_status_collect(&w->exits, w->pidfd, w->pid, &w->status, &w->source) == 0;
	w->ended = true;
	cgroup_usage_read(w->usage_fds, &w->usage);
	/* Seen by others meanwhile: the journal's lock brings w->journal->seen up to date. */
	if (journal_lock(w->journal) == 0)
		journal_unlock(w->journal);
	w->untold |= UNTOLD_END;
	tell(loop, w);
}

static void threads_told(struct loop *loop, void *arg)
{
	struct watch *w = arg;

	(void)loop;
	exit_netlink_read(&w->exits.netlink, w->pidfd, &w->exits.zombie);
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
	while (!w->over)
		loop_run(loop);
	if (w->log_error.kind == ERROR_NONE)
		return 0;
	*err = w->log_error;
	return -err->errnum;
}
