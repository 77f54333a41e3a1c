/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that live, beside the feed; see follow_live.h. */
#include "verbs/follow_live.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/container.h"
#include "verbs/follow_settle.h"

/* The feed does not have what the log has: somebody was killed, and its disk may be full. */
#define FEED_INTERVAL_MS 1000

int follow_open_live(struct follow_set *set, const struct store *store, const char *timeout,
		     struct error *err)
{
	*set = (struct follow_set){.store = store, .wake_fd = -1, .silent = true, .replan = true};
	return follow_set_deadline(set, timeout, err);
}

/* To its end, for what became of the container. Damage is for those who print its lines. */
static void read_silently(struct follow *f, struct ocirun_log *log)
{
	struct ocirun_event event;
	struct ocirun_damage damage;
	int r;

	while ((r = ocirun_log_next(log, &event, &damage)) > 0)
		if (r == OCIRUN_EVENT)
			follow_note(f, &event);
}

static struct follow *find_live(const struct follow_set *set, const char *instance)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(ocirun_log_instance(set->items[i].log), instance) == 0)
			return &set->items[i];
	return NULL;
}

static void drop_live(struct follow_set *set, struct follow *f)
{
	follow_done(f);
	*f = set->items[--set->count];
}

static int open_log(const struct follow_set *set, struct ocirun_log **ret, const char *id,
		    const char *instance)
{
	autofree char *directory = follow_directory(set->store);

	return directory ? ocirun_log_open(ret, directory, id, instance) : -ENOMEM;
}

int follow_add_live(struct follow_set *set, const char *id, const char *instance, struct error *err)
{
	struct follow *f;
	struct ocirun_log *log;
	int r = open_log(set, &log, id, instance);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_sys_num(err, r, "event log of %s", id);
	r = follow_add(set, log);
	if (r < 0) {
		ocirun_log_close(log);
		return error_sys_num(err, r, "event log of %s", id);
	}
	f = &set->items[set->count - 1];
	read_silently(f, log);
	/* What is being created comes again, with its `created`. */
	if (!f->created || f->exited || ocirun_log_is_over(log) ||
	    find_live(set, ocirun_log_instance(log)) != f)
		drop_live(set, f);
	else
		ocirun_log_close_file(log);
	return 0;
}

void follow_drop_live(struct follow_set *set, const char *instance)
{
	struct follow *f = find_live(set, instance);

	if (f)
		drop_live(set, f);
}

/* The ID may have been used again meanwhile: then this is the log of an earlier container. */
static void look_into_log(const struct follow_set *set, struct follow *f)
{
	struct ocirun_log *log;

	if (open_log(set, &log, ocirun_log_id(f->log), ocirun_log_instance(f->log)) < 0)
		return;
	read_silently(f, log);
	ocirun_log_close(log);
}

/* The log has it, the feed not: whoever opens the root makes up for what a killed writer owed. */
static void settle_feed(struct follow *f)
{
	autocontainer c = CONTAINER_CLOSED;
	struct error err = ERROR_INIT;

	if (container_root_open(&c, f->store, false, &err) < 0)
		log_debug("feed: %s", err.text);
	f->owed++;
	f->settle_ms = follow_now_ms() + FEED_INTERVAL_MS;
}

void follow_settle_live(struct follow_set *set, struct follow *f)
{
	look_into_log(set, f);
	if (!f->exited)
		follow_settle(f);
	if (f->lost)
		look_into_log(set, f);
	if (f->exited)
		settle_feed(f);
	if (f->exited || !f->lost)
		return;
	log_warning("container %s is gone, and its event log has no end", ocirun_log_id(f->log));
	drop_live(set, f);
}
