/* SPDX-License-Identifier: Apache-2.0 */
/* What may follow what, and the line that says so. The only caller of journal_append. */
#include "container/lifecycle.h"

#include <errno.h>

#include "base/cleanup.h"

#define CREATING (1U << STATUS_CREATING)
#define CREATED	 (1U << STATUS_CREATED)
#define RUNNING	 (1U << STATUS_RUNNING)
#define PAUSED	 (1U << STATUS_PAUSED)
#define STOPPED	 (1U << STATUS_STOPPED)
#define DELETED	 (1U << STATUS_DELETED)
#define ALIVE	 (CREATED | RUNNING | PAUSED)

struct transition {
	unsigned int from;
	enum cause cause;
	enum event_type event;
	/* STATUS bits in which somebody else has already recorded what this cause reports. */
	unsigned int done;
	const char *source; /* runtime.md#lifecycle */
};

static const struct transition transitions[] = {
	/* from             cause                event          already so        source       */
	{CREATING, CAUSE_INIT_IS_READY, EVENT_CREATED, 0, "step 5"},
	{CREATING, CAUSE_CREATE_FAILED, EVENT_FAILED, DELETED, "steps 3-5: go to 12"},
	{CREATED, CAUSE_START_FAILED, EVENT_FAILED, 0, "steps 6-9"},
	/* poststart hooks run, and fail, once the workload runs. */
	{RUNNING | STOPPED, CAUSE_START_FAILED, EVENT_FAILED, 0, "steps 6-9"},
	/* `start` and the monitor both report it. */
	{CREATED, CAUSE_INIT_STARTED, EVENT_STARTED, RUNNING | PAUSED | STOPPED | DELETED,
	 "step 8"},
	{RUNNING, CAUSE_FREEZE, EVENT_PAUSED, PAUSED, "extension"},
	{PAUSED, CAUSE_THAW, EVENT_RESUMED, RUNNING, "extension"},
	{ALIVE, CAUSE_UPDATE, EVENT_UPDATED, 0, "extension"},
	{ALIVE | STOPPED, CAUSE_SIGNAL, EVENT_SIGNALED, 0, "extension"},
	/* Init may have ended meanwhile, which takes the others with it. */
	{ALIVE | STOPPED, CAUSE_EXEC_STARTED, EVENT_EXEC_STARTED, DELETED, "extension"},
	{ALIVE | STOPPED, CAUSE_EXEC_FAILED, EVENT_FAILED, DELETED, "extension"},
	{ALIVE | STOPPED, CAUSE_EXEC_EXITED, EVENT_EXEC_EXITED, DELETED, "extension"},
	/* Whoever comes after `exited` is too late: `oom` is always before it. */
	{ALIVE, CAUSE_OOM_KILL, EVENT_OOM, STOPPED | DELETED, "extension"},
	/* The first witness wins. */
	{ALIVE, CAUSE_INIT_EXITED, EVENT_EXITED, STOPPED | DELETED, "step 10"},
	/* A create that failed or died half way is deleted without having been stopped. */
	{STOPPED | CREATING, CAUSE_DELETE, EVENT_DELETED, DELETED, "step 12"},
};

static bool has_seen(const struct journal *j, enum event_type type)
{
	return j->seen & (1U << type);
}

enum container_status lifecycle_status(const struct journal *j)
{
	if (has_seen(j, EVENT_DELETED))
		return STATUS_DELETED;
	if (has_seen(j, EVENT_EXITED))
		return STATUS_STOPPED;
	if (has_seen(j, EVENT_STARTED))
		return j->paused ? STATUS_PAUSED : STATUS_RUNNING;
	return has_seen(j, EVENT_CREATED) ? STATUS_CREATED : STATUS_CREATING;
}

static const struct transition *find(enum cause cause, enum container_status status, bool *ret_done)
{
	unsigned int bit = 1U << status;

	*ret_done = false;
	for (size_t i = 0; i < ARRAY_SIZE(transitions); i++) {
		const struct transition *t = &transitions[i];

		if (t->cause != cause)
			continue;
		if (t->from & bit)
			return t;
		if (t->done & bit)
			*ret_done = true;
	}
	return NULL;
}

static bool is_too_much(const struct journal *j, enum cause cause)
{
	return (cause == CAUSE_EXEC_STARTED || cause == CAUSE_EXEC_FAILED) &&
	       j->offset > LIFECYCLE_EXEC_MAX;
}

static int record_locked(struct journal *j, enum cause cause, const struct event_members *members,
			 struct error *err)
{
	enum container_status status = lifecycle_status(j);
	const struct transition *t;
	bool done;
	int r;

	t = find(cause, status, &done);
	if (!t && done)
		return 0;
	if (is_too_much(j, cause))
		return 0;
	if (!t)
		return error_set(err, ERROR_STATE, EBUSY, "container is %s",
				 container_status_name(status));
	r = journal_append(j, t->event, members);
	if (r < 0)
		return error_sys_num(err, r, "event log of %s: %s %s", j->id,
				     j->written ? "fdatasync of" : "append",
				     event_type_name(t->event));
	return 1;
}

int lifecycle_lock(struct journal *j, struct error *err)
{
	int r = journal_lock(j);

	if (r < 0 && j->newer)
		return error_set(err, ERROR_STATE, -r,
				 "event log of %s: its last line is of a newer version than this "
				 "ocirun's",
				 j->id);
	return r < 0 ? error_sys_num(err, r, "event log of %s: lock", j->id) : 0;
}

int lifecycle_record(struct journal *j, enum cause cause, const struct event_members *members,
		     struct error *err)
{
	int r = lifecycle_lock(j, err);

	if (r < 0)
		return r;
	r = record_locked(j, cause, members, err);
	journal_unlock(j);
	return r;
}

static int record_oom_locked(struct journal *j, uint64_t total, const char *level,
			     struct error *err)
{
	struct event_members m;

	if (total <= j->oom_total)
		return 0;
	members_init(&m);
	members_add_uint(&m, "oomKill", total - j->oom_total);
	members_add_uint(&m, "oomKillTotal", total);
	if (level)
		members_add_string(&m, "level", level);
	return record_locked(j, CAUSE_OOM_KILL, &m, err);
}

int lifecycle_record_oom(struct journal *j, uint64_t total, const char *level, struct error *err)
{
	int r = lifecycle_lock(j, err);

	if (r < 0)
		return r;
	r = record_oom_locked(j, total, level, err);
	journal_unlock(j);
	return r;
}

int lifecycle_sync(struct journal *j, struct error *err)
{
	int r;

	if (j->unsynced_length == 0)
		return 0;
	r = lifecycle_lock(j, err);
	if (r < 0)
		return r;
	r = journal_sync(j);
	journal_unlock(j);
	return r < 0 ? error_sys_num(err, r, "event log of %s: fdatasync", j->id) : 0;
}

int lifecycle_confirm(struct journal *j, struct error *err)
{
	int r = lifecycle_lock(j, err);

	if (r < 0)
		return r;
	r = journal_confirm(j);
	journal_unlock(j);
	return r < 0 ? error_sys_num(err, r, "event log of %s: fdatasync", j->id) : 0;
}

const char *container_status_name(enum container_status status)
{
	static const char *const names[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created",
		[STATUS_RUNNING] = "running",	[STATUS_PAUSED] = "paused",
		[STATUS_STOPPED] = "stopped",	[STATUS_DELETED] = "deleted",
		[STATUS_UNKNOWN] = "unknown",
	};

	return names[status];
}
