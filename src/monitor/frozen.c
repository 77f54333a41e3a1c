/* SPDX-License-Identifier: Apache-2.0 */
/* Settling containers whose freezer and log differ: a `pause` or `resume` was killed half way. */
#include "monitor/frozen.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cgroup/cgroup.h"
#include "container/lifecycle.h"

static int record(struct container *c, enum cause cause, const char *status, struct error *err)
{
	struct event_members m;

	members_init(&m);
	members_add_string(&m, "status", status);
	return lifecycle_record(&c->journal, cause, &m, err);
}

int record_paused(struct container *c, struct error *err)
{
	return record(c, CAUSE_FREEZE, container_status_name(STATUS_PAUSED), err);
}

int record_resumed(struct container *c, struct error *err)
{
	return record(c, CAUSE_THAW, container_status_name(STATUS_RUNNING), err);
}

/* What the freezer says, where the log says STATUS_RUNNING or STATUS_PAUSED. */
static enum container_status true_status(const struct container *c, const struct cgroup *cg)
{
	struct error unknown = ERROR_INIT;

	switch (cgroup_freezer(cg, &unknown)) {
	case CGROUP_FROZEN:
		return STATUS_PAUSED;
	case CGROUP_THAWED:
		return STATUS_RUNNING;
	default: /* on its way, or not to be told: nothing new */
		return c->status;
	}
}

static bool is_settled(const struct container *c, const struct cgroup *cg)
{
	return (c->status != STATUS_RUNNING && c->status != STATUS_PAUSED) ||
	       true_status(c, cg) == c->status;
}

/* Under the log's lock, as `kill` is while it freezes what it kills. */
static void settle_locked(struct container *c, const struct cgroup *cg)
{
	struct error err = ERROR_INIT;
	enum container_status status;
	int r;

	(void)journal_lock(&c->journal);
	c->status = lifecycle_status(&c->journal);
	if (is_settled(c, cg)) {
		journal_unlock(&c->journal);
		return;
	}
	status = true_status(c, cg);
	r = status == STATUS_PAUSED ? record_paused(c, &err) : record_resumed(c, &err);
	/* A log that takes no line makes it no less true. */
	if (r < 0)
		log_debug("%s is %s: %s", c->id, container_status_name(status), err.text);
	else
		r = container_reload(c, &err);
	if (r < 0)
		c->status = status;
}

void frozen_settle(struct container *c)
{
	static struct cgroup_host host; /* the same for every container of a `list` */
	struct error ignored = ERROR_INIT;
	struct cgroup cg;
	autofd lock_fd = -EBADF;

	if (c->status != STATUS_RUNNING && c->status != STATUS_PAUSED)
		return;
	if (!c->record.cgroup_path)
		return;
	if (host.count == 0 && cgroup_host_probe_freezers(&host, "/sys/fs/cgroup", &ignored) < 0) {
		host.count = 0;
		return;
	}
	cgroup_open(&cg, &host, c->record.cgroup_path);
	if (is_settled(c, &cg))
		return;
	/* Who holds it is at it, and will say so. */
	lock_fd = container_lock_cgroup(c, false, &ignored);
	if (lock_fd >= 0)
		settle_locked(c, &cg);
}
