/* SPDX-License-Identifier: Apache-2.0 */
/* Following the feed; see feed_follow.h. */
#include "verbs/feed_follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/container.h"

char *feed_directory(const struct store *store)
{
	char *directory;

	if (store->feed)
		return strdup(store->feed);
	directory = malloc(strlen(store->root) + sizeof("/.feed"));
	if (directory)
		(void)stpcpy(stpcpy(directory, store->root), "/.feed");
	return directory;
}

int feed_follow_open(struct feed_follow *f, const struct store *store, const char *cursor,
		     const char *timeout, struct error *err)
{
	int r;

	*f = (struct feed_follow){.store = store, .look = true};
	r = follow_open_live(&f->live, store, timeout, err);
	if (r < 0)
		return r;
	f->directory = feed_directory(store);
	r = f->directory ? ocirun_feed_open(&f->feed, f->directory, cursor) : -ENOMEM;
	return r < 0 ? error_sys_num(err, r, "feed %s", f->directory ? f->directory : "of --root")
		     : 0;
}

void feed_follow_close(struct feed_follow *f)
{
	follow_close(&f->live);
	ocirun_log_close(f->owed);
	ocirun_feed_close(f->feed);
	ocirun_watch_free(f->watch);
	free(f->newcomers);
	free(f->directory);
	*f = (struct feed_follow){.store = NULL};
}

static int add_newcomer(struct feed_follow *f, const struct ocirun_event *event)
{
	struct feed_newcomer *new;

	if (f->newcomer_count == f->newcomer_room) {
		size_t room = f->newcomer_room ? 2 * f->newcomer_room : 16;

		new = realloc(f->newcomers, room * sizeof(*new));
		if (!new)
			return -ENOMEM;
		f->newcomers = new;
		f->newcomer_room = room;
	}
	new = &f->newcomers[f->newcomer_count++];
	(void)stpcpy(new->instance, event->instance);
	(void)stpcpy(new->id, event->id);
	return 0;
}

/* Most that are read about have ended by the time that all has been read. */
static bool drop_newcomer(struct feed_follow *f, const char *instance)
{
	for (size_t i = f->newcomer_count; i > 0; i--) {
		if (strcmp(f->newcomers[i - 1].instance, instance) != 0)
			continue;
		f->newcomers[i - 1] = f->newcomers[--f->newcomer_count];
		return true;
	}
	return false;
}

static int note(struct feed_follow *f, const struct ocirun_event *event)
{
	if (strcmp(event->type, "created") == 0)
		return add_newcomer(f, event);
	if (strcmp(event->type, "exited") != 0 && strcmp(event->type, "deleted") != 0)
		return 0;
	if (!drop_newcomer(f, event->instance))
		follow_drop_live(&f->live, event->instance);
	return 0;
}

static void warn(struct feed_follow *f, const struct ocirun_damage *damage)
{
	char text[128];

	if (damage->kind != OCIRUN_DAMAGE_LINE)
		f->gap = true;
	if (damage->kind == OCIRUN_DAMAGE_NEWER && damage->found == f->newer)
		return;
	if (damage->kind == OCIRUN_DAMAGE_NEWER)
		f->newer = damage->found;
	ocirun_damage_text(damage, text, sizeof(text));
	if (damage->instance[0])
		log_warning("feed %s is damaged: of instance %s, %s", f->directory,
			    damage->instance, text);
	else
		log_warning("feed %s is damaged: %s", f->directory, text);
	f->look = f->look || damage->kind == OCIRUN_DAMAGE_LOST;
}

/* A container whose end is in its log, and still not in the feed: its disk is full, perhaps. */
static struct ocirun_log *open_owed(struct feed_follow *f)
{
	autofree char *directory = NULL;
	struct ocirun_log *log;

	for (size_t i = 0; i < f->live.count; i++) {
		struct follow *live = &f->live.items[i];
		const char *id = ocirun_log_id(live->log);

		if (live->owed < 2)
			continue;
		live->owed = 0;
		directory = follow_directory(f->store);
		if (!directory ||
		    ocirun_log_open(&log, directory, id, ocirun_log_instance(live->log)) < 0)
			return NULL;
		log_warning("feed %s does not have the end of %s: it is taken from the log",
			    f->directory, id);
		return log;
	}
	return NULL;
}

/* 1 with a line that the feed did not bring, and will not bring from now on. */
static int next_owed(struct feed_follow *f, struct ocirun_event *ret)
{
	struct ocirun_damage damage;
	int r;

	if (!f->owed)
		f->owed = open_owed(f);
	if (!f->owed)
		return 0;
	while ((r = ocirun_log_next(f->owed, ret, &damage)) > 0) {
		r = r == OCIRUN_EVENT ? ocirun_feed_note(f->feed, ret) : 0;
		if (r == 0)
			continue;
		if (r > 0)
			r = note(f, ret);
		return r < 0 ? r : 1;
	}
	ocirun_log_close(f->owed);
	f->owed = NULL;
	return 0;
}

int feed_follow_next(struct feed_follow *f, struct ocirun_event *ret, struct error *err)
{
	for (;;) {
		struct ocirun_damage damage;
		int r = ocirun_feed_next(f->feed, ret, &damage);

		if (r == OCIRUN_DAMAGED) {
			warn(f, &damage);
			continue;
		}
		if (r == OCIRUN_NOTHING)
			r = next_owed(f, ret);
		else if (r == OCIRUN_EVENT)
			r = note(f, ret) < 0 ? -ENOMEM : 1;
		return r < 0 ? error_sys_num(err, r, "feed %s", f->directory) : r;
	}
}

/* Containers that are there, but whose first lines are not in the feed any more. */
static int add_existing(struct feed_follow *f, struct error *err)
{
	char **ids = NULL;
	size_t count = 0;
	int r = container_list(f->store, &ids, &count, err);

	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			r = follow_add_live(&f->live, ids[i], NULL, err);
		free(ids[i]);
	}
	free(ids);
	return r;
}

/* Whoever may read the feed but not the root sees its lines, and can see to nobody's end. */
static int hold_containers(struct feed_follow *f, struct error *err)
{
	bool look = f->look;
	int r = look ? add_existing(f, err) : 0;

	f->look = false;
	for (size_t i = 0; i < f->newcomer_count && r == 0; i++)
		r = follow_add_live(&f->live, f->newcomers[i].id, f->newcomers[i].instance, err);
	f->newcomer_count = 0;
	if (r == -EACCES || r == -EPERM) {
		*err = (struct error)ERROR_INIT;
		return 0;
	}
	return r;
}

static int begin_watch(struct feed_follow *f, struct error *err)
{
	int r = ocirun_watch_new(&f->watch, 0);

	if (r == 0)
		r = ocirun_watch_add_feed(f->watch, f->feed);
	if (r < 0)
		return error_sys_num(err, r, "watch feed %s", f->directory);
	f->live.wake_fd = ocirun_watch_fd(f->watch);
	return 1;
}

/* The timer of the feed's watch, where it has one. */
static int64_t earlier(const struct feed_follow *f, int64_t until_ms)
{
	int own = ocirun_watch_timeout_ms(f->watch);
	int64_t then = follow_now_ms() + own;

	if (own < 0)
		return until_ms;
	return until_ms < 0 || then < until_ms ? then : until_ms;
}

int feed_follow_wait(struct feed_follow *f, int64_t until_ms, struct error *err)
{
	int r;

	if (!f->watch) {
		r = begin_watch(f, err);
		if (r < 0)
			return r;
	}
	r = hold_containers(f, err);
	if (r < 0)
		return r;
	r = follow_wait(&f->live, true, earlier(f, until_ms), true, err);
	ocirun_watch_clear(f->watch);
	return r;
}
