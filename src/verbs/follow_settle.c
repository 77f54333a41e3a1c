/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a followed container itself; see follow_settle.h. */
#include "verbs/follow_settle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/container.h"
#include "container/lifecycle.h"
#include "container/unrecorded.h"
#include "monitor/adopt.h"
#include "monitor/exit_status.h"
#include "monitor/exited.h"
#include "monitor/handover.h"
#include "monitor/oom.h"
#include "monitor/witnesses.h"
#include "monitor/word.h"

/* A living monitor writes its line within a millisecond of the end. */
#define MONITOR_GRACE_MS 100
/* Init has ended but does not tell how before it is reaped: nobody may ever reap it. */
#define REAP_GRACE_MS 2000
/* Without a pidfd (none left to be had, another PID namespace) it is looked at now and then. */
#define LOOK_INTERVAL_MS 1000
/* What the log does not take now it may take later. */
#define UNRECORDED_INTERVAL_MS 10000

static int record(struct container *c, const struct follow *f, int status, struct error *err)
{
	struct cgroup_usage usage;
	struct event_members m;
	struct exited e = {
		.pid = c->facts.pid,
		.known = true,
		.status = status,
		.source = ocirun_log_witness_source(f->log),
		.reason = f->started_at[0] ? NULL : REASON_NEVER_STARTED,
		.started_at = f->started_at[0] ? f->started_at : NULL,
		.usage = oom_settle(c, &usage) ? &usage : NULL,
	};

	e.oom_killed = c->journal.oom_total > 0;
	exited_members(&m, &e);
	return unrecorded_end(c, &m, err);
}

/*
 * The monitor is gone and our pidfd knows how init ended: that is the record, if we are the first
 * to write it. 1 when a living monitor is to be waited for: it may have said that it cannot write.
 */
static int record_witnessed(struct container *c, struct follow *f, int status, struct error *err)
{
	autofd lock_fd = monitor_lock(c->state_dirfd, err);
	struct word word;

	if (lock_fd < 0 && err->errnum == EWOULDBLOCK)
		return word_hear(c->state_dirfd, &word) && word.ended ? monitor_adopt(c, err) : 1;
	return record(c, f, status, err);
}

/* Is the container of that ID still the one whose log we read? */
static int open_container(struct container *c, const struct follow *f, struct error *err)
{
	int r = container_open(c, f->store, ocirun_log_id(f->log), err);

	if (r < 0)
		return r;
	return strcmp(c->record.instance, ocirun_log_instance(f->log)) == 0 ? 0 : -ESTALE;
}

void follow_await_disk(struct follow *f)
{
	autocontainer c = CONTAINER_CLOSED;
	struct error err = ERROR_INIT;
	struct word word;

	/* Opening takes the log's lock, which the writer has until then. One that was deleted went
	 * after its lines. */
	if (open_container(&c, f, &err) == 0 && word_hear(c.state_dirfd, &word) && word.unsynced)
		log_warning("the event log of %s is not on stable storage: %s", c.id,
			    strerror(word.unsynced));
}

/*
 * A full or read-only file system must not lose the code, nor hide that it is not on record.
 * Whoever waits for the line looks again: we may be the one who can write it.
 */
static void take_unrecorded(struct follow *f, const struct unrecorded *u)
{
	if (!f->unrecorded)
		log_warning("the end of %s is not on record: %s", ocirun_log_id(f->log),
			    u->why.text);
	free(f->unrecorded);
	f->unrecorded = strdup(u->line);
	f->settle_ms = follow_now_ms() + UNRECORDED_INTERVAL_MS;
}

/*
 * Look at the container itself. With it gone, whoever deleted it has written all there is to know;
 * with init alive and no monitor, it gets a new one.
 */
void follow_settle(struct follow *f)
{
	autocontainer c = CONTAINER_CLOSED;
	struct error err = ERROR_INIT;
	int status;
	enum ocirun_witness witness = ocirun_log_witness(f->log, &status);
	int r = open_container(&c, f, &err);

	f->settle_ms = -1;
	if (r == -ENOENT || r == -ESTALE) {
		/* Its last lines were written before it went; they are read before this is looked
		 * at. */
		f->lost = true;
		f->witnessed = witness == OCIRUN_WITNESS_STATUS;
		f->status = f->witnessed ? status : 0;
		return;
	}
	if (r < 0)
		return;
	r = witness == OCIRUN_WITNESS_STATUS ? record_witnessed(&c, f, status, &err)
					     : monitor_adopt(&c, &err);
	if (r < 0)
		log_warning("event log of %s: %s", c.id, err.text);
	if (r > 0)
		f->settle_ms = follow_now_ms() + MONITOR_GRACE_MS;
	if (c.unrecorded)
		take_unrecorded(f, c.unrecorded);
}

/* When is the container to be looked at? A while after the end, so that a living monitor is first.
 */
void follow_plan(struct follow *f)
{
	int status, grace;

	if (!f->created || f->exited || f->witnessed || f->lost || f->settle_ms >= 0)
		return;
	switch (ocirun_log_witness(f->log, &status)) {
	case OCIRUN_WITNESS_NONE:
		grace = LOOK_INTERVAL_MS;
		break;
	case OCIRUN_WITNESS_STATUS:
		grace = MONITOR_GRACE_MS;
		break;
	case OCIRUN_WITNESS_ENDED:
		grace = REAP_GRACE_MS;
		break;
	default:
		/* It lives: from now on nobody may say that its code is lost without asking us. */
		if (f->witness_fd == -1)
			f->witness_fd = witnesses_join(f->store->root, ocirun_log_id(f->log));
		return;
	}
	f->settle_ms = follow_now_ms() + grace;
}
