/* SPDX-License-Identifier: Apache-2.0 */
/* Settling containers whose monitor may have died. */
#include "monitor/adopt.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "container/facts.h"
#include "container/lifecycle.h"
#include "monitor/exited.h"
#include "monitor/frozen.h"
#include "monitor/handover.h"

/*
 * How long a living monitor gets to write the line of an init that is dead already: where the verb
 * can do without, and where it would fail. Docker does not try a failed delete again.
 */
#define MONITOR_GRACE_MS      500
#define MONITOR_LONG_GRACE_MS 10000

static bool is_unfinished(const struct container *c)
{
	return c->status == STATUS_CREATED || c->status == STATUS_RUNNING ||
	       c->status == STATUS_PAUSED;
}

static bool is_of_another_boot(const struct exited *e)
{
	return e->reason && strcmp(e->reason, REASON_HOST_RESTARTED) == 0;
}

static int record_exited(struct container *c, struct exited *e, struct error *err)
{
	struct cgroup_usage usage;
	struct event_members m;
	int r;

	if (!is_of_another_boot(e) && oom_settle(c, &usage))
		e->usage = &usage;
	if (c->journal.started_at[0])
		e->started_at = c->journal.started_at;
	exited_members(&m, e);
	r = lifecycle_record(&c->journal, CAUSE_INIT_EXITED, &m, err);
	return r < 0 ? r : container_reload(c, err);
}

static int record_lost(struct container *c, const char *reason, struct error *err)
{
	struct exited e = {.pid = c->facts.pid, .reason = reason, .source = SOURCE_NONE};

	return record_exited(c, &e, err);
}

/* Returns -ENODATA when no zombie and no pidfd tells the status any more. */
static int record_witnessed(struct container *c, int pidfd, struct error *err)
{
	struct exited e = {.pid = c->facts.pid, .known = true};

	if (exit_status_witness(pidfd, c->facts.pid, &e.status, &e.source) < 0)
		return -ENODATA;
	if (!journal_has_seen(&c->journal, EVENT_STARTED))
		e.reason = REASON_NEVER_STARTED;
	return record_exited(c, &e, err);
}

static int record_end(struct container *c, int pidfd, struct error *err)
{
	bool watched = strcmp(c->record.monitor, "none") != 0;
	int r = record_witnessed(c, pidfd, err);

	if (r != -ENODATA)
		return r;
	return record_lost(c, watched ? REASON_MONITOR_LOST : REASON_UNOBSERVED, err);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int await_line(struct container *c, int grace_ms, long pause_ns, struct error *err)
{
	int64_t deadline = now_ms() + grace_ms;
	int r;

	do {
		const struct timespec pause = {.tv_nsec = pause_ns};

		(void)nanosleep(&pause, NULL);
		r = container_reload(c, err);
	} while (r == 0 && is_unfinished(c) && now_ms() < deadline);
	return r;
}

/*
 * The line is due at any moment; half a millisecond is shorter than any notification is worth. A
 * monitor that waits for a lazy reaper, or is stopped, is overtaken: the first witness wins. Once
 * init was reaped it is the only one.
 */
static int await_monitor(struct container *c, int pidfd, bool patient, struct error *err)
{
	int r = await_line(c, MONITOR_GRACE_MS, 500000, err);

	if (r == 0 && is_unfinished(c))
		r = record_witnessed(c, pidfd, err);
	if (r == -ENODATA)
		r = patient ? await_line(c, MONITOR_LONG_GRACE_MS, 10000000, err) : 0;
	return r;
}

/* Double fork, so that the new monitor is nobody's child here. */
static int start_monitor(struct container *c, int pidfd, int lock_fd, struct error *err)
{
	struct watch w = {.journal = &c->journal,
			  .mode = WATCH_SIBLING,
			  .pid = c->facts.pid,
			  .pidfd = pidfd,
			  .stub_fd = -EBADF};
	pid_t middle = fork();

	if (middle < 0)
		return error_sys(err, "fork");
	if (middle == 0) {
		struct error ignored = ERROR_INIT;

		if (fork() != 0)
			_exit(0);
		monitor_usage_open(c, w.usage_fds);
		monitor_detach();
		(void)monitor_exec(&w, lock_fd, &ignored);
		_exit(1);
	}
	(void)waitpid(middle, NULL, 0);
	return 0;
}

static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static int settle(struct container *c, int pidfd, bool patient, struct error *err)
{
	struct error busy = ERROR_INIT;
	autofd lock_fd = monitor_lock(c->state_dirfd, &busy);
	bool ended = pidfd < 0 || has_ended(pidfd);
	int r;

	/* One lives, or (a read-only state directory) nobody can tell: then it may still write. */
	if (lock_fd < 0)
		return ended ? await_monitor(c, pidfd, patient, err) : 0;
	if (!ended && strcmp(c->record.monitor, "none") == 0)
		return 0;
	/* It may have written its line between our reading and our locking. */
	r = container_reload(c, err);
	if (r < 0 || !is_unfinished(c))
		return r;
	return ended ? record_end(c, pidfd, err) : start_monitor(c, pidfd, lock_fd, err);
}

static int adopt(struct container *c, bool patient, struct error *err)
{
	struct error gone = ERROR_INIT;
	char current_boot[40];
	autofd pidfd = -EBADF;
	int r;

	if (!is_unfinished(c))
		return 0;
	r = boot_id(current_boot, err);
	if (r < 0)
		return r;
	if (strcmp(current_boot, c->facts.boot_id) != 0)
		return record_lost(c, REASON_HOST_RESTARTED, err);
	pidfd = container_pidfd(c, &gone);
	if (pidfd < 0 && gone.errnum != ESRCH)
		return 0; /* cannot tell (no descriptors left, say): another verb will */
	r = settle(c, pidfd, patient, err);
	if (r == 0)
		frozen_settle(c);
	return r;
}

int monitor_adopt(struct container *c, struct error *err)
{
	return adopt(c, false, err);
}

int monitor_adopt_patiently(struct container *c, struct error *err)
{
	return adopt(c, true, err);
}
