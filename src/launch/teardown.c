/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting a container. */
#include "launch/teardown.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/log.h"
#include "container/lifecycle.h"
#include "container/unrecorded.h"
#include "launch/undo.h"
#include "monitor/adopt.h"
#include "monitor/observed.h"

/*
 * Where the record is damaged, config.json's copy and the ID tell the place as create found it. A
 * damaged copy leaves the ID.
 */
static int derive_cgroup(struct cgroup *cg, const struct cgroup_host *host,
			 const struct container *c, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct cgroup place = {0};
	autospec spec = {0};
	int r;

	(void)spec_load(c->state_dirfd, "config.json", &spec, NULL, NULL, &ignored);
	r = cgroup_place(&place, host, spec.cgroups_path, c->id, geteuid() == 0, err);
	if (r == 0)
		cgroup_open(cg, host, place.path);
	return r;
}

/* The recorded place, or what the configuration and the ID stand for where the record is damaged.
 */
static int find_cgroup(struct cgroup *cg, struct cgroup_host *host, const struct container *c,
		       struct error *err)
{
	int r;

	memset(cg, 0, sizeof(*cg));
	if (c->record.instance[0] && !c->record.cgroup_path) {
		cg->disabled = true;
		return 0;
	}
	r = cgroup_host_probe(host, "/sys/fs/cgroup", err);
	if (r < 0)
		return r;
	if (!c->record.cgroup_path)
		return derive_cgroup(cg, host, c, err);
	cgroup_open(cg, host, c->record.cgroup_path);
	return 0;
}

/*
 * A pidfd of init as the log names it, which only its cgroup proves to be the container's: a log
 * can be restored, or written by others. -EXDEV: it lives elsewhere; another negative errno: it is
 * gone.
 */
static int open_init(const struct container *c, const struct cgroup *cg, struct error *err)
{
	autofd pidfd = container_pidfd(c, err);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	/* One that has ended is in no cgroup of v1, and needs no signal. */
	if (pidfd < 0 || poll(&ended, 1, 0) == 1 || cgroup_holds(cg, c->facts.pid, err) != 0)
		return take_fd(&pidfd);
	return error_set(err, ERROR_STATE, EXDEV,
			 "process %d is not in the container's cgroup %s and was not killed",
			 (int)c->facts.pid, cg->path);
}

/*
 * Before the container's lock is asked for: a `start` whose hook hangs holds it, and ends when init
 * does. Errors show again under the lock. Returns init's pidfd: with the monitor dead nobody else
 * may know how it ended.
 */
static int kill_early(const struct container *c)
{
	struct error ignored = ERROR_INIT;
	struct cgroup_host host;
	autofd pidfd = -EBADF;
	struct cgroup cg;

	if (find_cgroup(&cg, &host, c, &ignored) < 0)
		return -EBADF;
	pidfd = open_init(c, &cg, &ignored);
	if (pidfd >= 0)
		(void)sys_pidfd_send_signal(pidfd, 9);
	return take_fd(&pidfd);
}

static int check_status(const struct container *c, bool force, struct error *err)
{
	bool running = c->status == STATUS_RUNNING || c->status == STATUS_PAUSED;

	if (force || (c->status != STATUS_CREATED && !running))
		return 0;
	return error_set(
		err, ERROR_STATE, EBUSY,
		"%scannot delete container that is not stopped: it is %s (stop it first, or "
		"use --force)",
		running ? "container still running: " : "", container_status_name(c->status));
}

static void run_hooks_of(const struct container *c)
{
	struct error err = ERROR_INIT;
	autospec spec = {0};

	if (!c->record.has_poststop)
		return;
	if (spec_load(c->state_dirfd, "config.json", &spec, NULL, NULL, &err) < 0)
		log_warning("poststop hooks not run: %s", err.text); /* a create that died early */
	else
		run_poststop(c, &spec, -EBADF);
}

/* A damaged record: the log cannot be trusted to be this container's. */
static bool is_damaged(const struct container *c)
{
	return c->status == STATUS_UNKNOWN;
}

static int record_deleted(struct container *c, struct error *err)
{
	int r = lifecycle_record(&c->journal, CAUSE_DELETE, NULL, err);

	if (r == 0)
		r = lifecycle_confirm(&c->journal, err); /* of a delete that went no further */
	return r < 0 ? r : 0;
}

static void warn_unrecorded(const struct container *c)
{
	char code[40];

	unrecorded_code(c, code, sizeof(code));
	log_warning("delete %s: its end (%s) is not on record: %s", c->id, code,
		    c->unrecorded->why.text);
}

static int refuse_unrecorded(const struct container *c, struct error *err)
{
	char code[40];

	unrecorded_code(c, code, sizeof(code));
	return error_set(err, ERROR_STATE, c->unrecorded->why.errnum,
			 "its end (%s) is not on record yet: %s (make room, or use --force, which "
			 "leaves the record to the monitor)",
			 code, c->unrecorded->why.text);
}

/*
 * The container goes although its log cannot say so. What it had on the disk may be the room that
 * was missing; else a monitor that lives tries on, and finds by the missing directory that
 * `deleted` is to be told, too.
 */
static int erase_unrecorded(struct container *c, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r = container_erase(c, err);

	if (r < 0)
		return r;
	if (unrecorded_retry(c, &ignored) < 0)
		warn_unrecorded(c);
	else if (record_deleted(c, &ignored) < 0)
		log_warning("delete %s: %s", c->id, ignored.text);
	return 0;
}

static int record_and_erase(struct container *c, bool force, struct error *err)
{
	int r = c->unrecorded ? -c->unrecorded->why.errnum : record_deleted(c, err);

	if (r < 0 && force && err->kind != ERROR_STATE)
		return erase_unrecorded(c, err);
	return r < 0 ? r : container_erase(c, err);
}

static int delete_locked(struct container *c, bool force, int witness_pidfd, struct error *err)
{
	struct error gone = ERROR_INIT;
	struct cgroup_host host;
	autofd pidfd = -EBADF, cgroup_lock = -EBADF;
	struct cgroup cg;
	int r;

	/* A `pause` that is under way must not freeze again what is killed here. */
	cgroup_lock = container_lock_cgroup(c, true, &gone);
	r = check_status(c, force, err);
	if (r == 0)
		r = find_cgroup(&cg, &host, c, err);
	if (r < 0)
		return r;
	pidfd = open_init(c, &cg, &gone);
	r = destroy_cgroup(&cg, c, pidfd, c->facts.pid, err);
	if (r == 0 && pidfd == -EXDEV) {
		*err = gone;
		r = -EXDEV;
	}
	if (r < 0)
		return r;
	/* A hook may ask about the container, and is told that it has stopped. */
	close_keeping_errno(take_fd(&cgroup_lock));
	if (!is_damaged(c)) {
		/* The monitor's line first: the real code, not one of ours. */
		r = monitor_adopt_patiently(c, pidfd >= 0 ? pidfd : witness_pidfd, err);
		await_observers(c);
		observed_settle(c);
		if (r == 0 && c->unrecorded && !force)
			r = refuse_unrecorded(c, err);
		if (r == 0)
			run_hooks_of(c);
	}
	if (r < 0)
		return r;
	return is_damaged(c) ? container_erase(c, err) : record_and_erase(c, force, err);
}

int teardown_delete(const struct store *store, const char *id, bool force, struct error *err)
{
	autocontainer c = CONTAINER_CLOSED;
	autofd witness_pidfd = -EBADF;
	int r;

	r = container_open(&c, store, id, err);
	/* Empty: what a delete leaves that was killed between its last two steps. */
	if (r < 0 && is_damaged(&c) && c.state_dirfd >= 0 &&
	    unlinkat(c.root_dirfd, id, AT_REMOVEDIR) == 0)
		return 0;
	if (r < 0 && !(force && is_damaged(&c) && c.state_dirfd >= 0))
		return r;
	if (force && !is_damaged(&c))
		witness_pidfd = kill_early(&c);
	r = container_lock(&c, err);
	if (r < 0 && !(force && is_damaged(&c) && err->kind != ERROR_MISSING))
		return r;
	if (!is_damaged(&c))
		r = monitor_adopt_patiently(&c, witness_pidfd, err);
	else
		r = 0;
	if (r == 0)
		r = delete_locked(&c, force, witness_pidfd, err);
	if (r == 0)
		container_retire(&c, store);
	return r;
}
