/* SPDX-License-Identifier: Apache-2.0 */
/* Settling containers whose monitor may have died. */
#include "monitor/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "container/facts.h"
#include "container/lifecycle.h"
#include "container/unrecorded.h"
#include "monitor/exit_choice.h"
#include "monitor/exited.h"
#include "monitor/frozen.h"
#include "monitor/handover.h"
#include "monitor/observed.h"
#include "monitor/replace.h"
#include "monitor/start_socket.h"
#include "monitor/witnesses.h"
#include "monitor/word.h"
#include "stub/plan.h"

/*
 * How long a living monitor gets to write the line of an init that is dead already: where the verb
 * can do without, and where it would fail. Docker does not try a failed delete again.
 */
#define MONITOR_GRACE_MS      500
#define MONITOR_LONG_GRACE_MS 10000
/* For those who hold a pidfd: they give a monitor that lives the first word (verbs/follow.c). */
#define WITNESS_GRACE_MS 1000

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

	if (!is_of_another_boot(e) && oom_settle(c, &usage))
		e->usage = &usage;
	e->oom_killed = c->journal.oom_total > 0;
	if (c->journal.started_at[0])
		e->started_at = c->journal.started_at;
	exited_members(&m, e);
	return unrecorded_end(c, &m, err);
}

static int record_lost(struct container *c, const char *reason, struct error *err)
{
	struct exited e = {.pid = c->facts.pid, .reason = reason, .source = SOURCE_NONE};

	return record_exited(c, &e, err);
}

/* Also of a zombie: its name stays until it is reaped. */
static bool is_workload(const struct container *c, int pidfd)
{
	char path[32], name[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", c->facts.pid);
	if (pidfd < 0 || file_read_at(AT_FDCWD, path, name, sizeof(name)) <= 0)
		return false;
	/* Not reaped: so the number was its own. */
	return strcmp(name, PLAN_INIT_NAME) != 0 && sys_pidfd_send_signal(pidfd, 0) == 0;
}

/*
 * A `start` that was killed, with nobody to hear what the stub says: that it runs shows in its name
 * alone.
 */
static int settle_started(struct container *c, int pidfd, struct error *err)
{
	struct event_members m;
	int r;

	if (c->status != STATUS_CREATED || !is_workload(c, pidfd))
		return 0;
	members_init(&m);
	members_add_int(&m, "pid", c->facts.pid);
	members_add_string(&m, "status", "running");
	r = lifecycle_record(&c->journal, CAUSE_INIT_STARTED, &m, err);
	return r < 0 ? r : container_reload(c, err);
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

/* A monitor that cannot write tells us how it ended. 1: and that is settled; 0: it does not. */
static int record_heard(struct container *c, struct error *err)
{
	struct exited e = {.pid = c->facts.pid};
	struct word word;
	int r;

	if (!word_hear(c->state_dirfd, &word) || !word.ended)
		return 0;
	e.known = word.known;
	e.status = word.status;
	e.source = word.source;
	if (!word.known)
		e.reason = REASON_UNOBSERVED;
	else if (word.exec_failed)
		e.reason = REASON_EXEC_FAILED;
	else if (!journal_has_seen(&c->journal, EVENT_STARTED))
		e.reason = REASON_NEVER_STARTED;
	r = record_exited(c, &e, err);
	return r < 0 ? r : 1;
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
	int r = record_heard(c, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = await_line(c, MONITOR_GRACE_MS, 500000, err);
	if (r == 0 && is_unfinished(c))
		r = record_heard(c, err);
	if (r == 0 && is_unfinished(c))
		r = record_witnessed(c, pidfd, err);
	if (r == 1)
		r = 0;
	if (r == -ENODATA)
		r = patient ? await_line(c, MONITOR_LONG_GRACE_MS, 10000000, err) : 0;
	return r;
}

static int start_monitor(struct container *c, int pidfd, int lock_fd, struct error *err)
{
	struct watch w = {
		.journal = &c->journal, .pid = c->facts.pid, .pidfd = pidfd, .stub_fd = -EBADF};
	int r;

	if (c->status == STATUS_CREATED)
		w.stub_fd = start_socket_watch(c->state_dirfd);
	r = monitor_replace(c, &w, lock_fd, err);
	close_keeping_errno(w.stub_fd);
	return r;
}

static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static int record_unknown(struct container *c, struct error *err)
{
	bool watched = strcmp(c->record.monitor, "none") != 0;

	return record_lost(c, watched ? REASON_MONITOR_LOST : REASON_UNOBSERVED, err);
}

/* One lives, or (a read-only state directory) nobody can tell: then it may still write. */
static int settle_watched(struct container *c, int pidfd, bool patient, struct error *err)
{
	bool ended = pidfd < 0 || has_ended(pidfd);

	return ended ? await_monitor(c, pidfd, patient, err) : 0;
}

/* Returns -ENODATA, with nothing written, when the end is there and we do not know the status. */
static int settle_unwatched(struct container *c, int pidfd, int lock_fd, struct error *err)
{
	bool ended = pidfd < 0 || has_ended(pidfd);
	/* It may have written its line between our reading and our locking. */
	int r = container_reload(c, err);

	if (r == 0)
		r = settle_started(c, pidfd, err);
	if (r < 0 || !is_unfinished(c))
		return r;
	if (ended) {
		r = record_witnessed(c, pidfd, err);
		/* What we know goes with us: a monitor stays, and holds the pidfd. */
		return r == 0 && c->unrecorded && pidfd >= 0 ? start_monitor(c, pidfd, lock_fd, err)
							     : r;
	}
	return strcmp(c->record.monitor, "none") != 0 ? start_monitor(c, pidfd, lock_fd, err) : 0;
}

static int settle(struct container *c, int pidfd, bool patient, struct error *err)
{
	struct error busy = ERROR_INIT;
	autofd lock_fd = monitor_lock(c->state_dirfd, &busy);
	int r;

	if (lock_fd < 0)
		return settle_watched(c, pidfd, patient, err);
	r = settle_unwatched(c, pidfd, lock_fd, err);
	if (r != -ENODATA)
		return r;
	/* Not under the lock, which the others take as a sign that a monitor lives. */
	close_keeping_errno(take_fd(&lock_fd));
	r = witnesses_exist(c->state_dirfd) ? await_line(c, WITNESS_GRACE_MS, 5000000, err) : 0;
	return r == 0 && is_unfinished(c) ? record_unknown(c, err) : r;
}

/* Its lines are there, and a monitor says that they are not on stable storage. */
static void hear_of_unsynced(struct container *c)
{
	struct word word;

	if (c->unsynced == 0 && word_hear(c->state_dirfd, &word))
		c->unsynced = word.unsynced;
}

static int adopt(struct container *c, int witness, bool patient, struct error *err)
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
	pidfd = witness >= 0 ? fcntl(witness, F_DUPFD_CLOEXEC, 3) : container_pidfd(c, &gone);
	if (pidfd < 0 && gone.errnum != ESRCH)
		return 0; /* cannot tell (no descriptors left, say): another verb will */
	r = settle(c, pidfd, patient, err);
	if (r == 0)
		frozen_settle(c);
	return r;
}

int monitor_adopt(struct container *c, struct error *err)
{
	int r = adopt(c, -EBADF, false, err);

	if (r == 0)
		hear_of_unsynced(c);
	if (r == 0)
		observed_settle(c);
	return r;
}

int monitor_adopt_patiently(struct container *c, int pidfd, struct error *err)
{
	int r = adopt(c, pidfd, true, err);

	if (r == 0)
		observed_settle(c);
	return r;
}
