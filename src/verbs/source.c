/* SPDX-License-Identifier: Apache-2.0 */
/* Where events come from; see source.h. */
#include "verbs/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/container.h"

/* Places. */

static int keep(struct source *s, struct source_place *place, struct error *err)
{
	char text[CURSOR_PLACE_MAX + 1];

	place->moved = false;
	if (s->feed.feed) {
		long n = ocirun_feed_cursor(s->feed.feed, text, sizeof(text));

		if (n < 0)
			return error_sys_num(err, (int)n, "cursor of feed %s", s->feed.directory);
	} else {
		(void)snprintf(text, sizeof(text), "%s:%" PRIu64 "%s", place->instance, place->seq,
			       place->over ? ":over" : "");
	}
	return cursor_file_keep(s->file, place->in_file, text, err);
}

/* After each line: at once when it was printed, else before the next sleep. */
static int advance(struct source *s, size_t i, const struct ocirun_event *event, bool printed,
		   struct error *err)
{
	struct source_place *place;

	if (!s->file)
		return 0;
	place = &s->places[i];
	(void)stpcpy(place->instance, event->instance);
	place->seq = event->seq;
	place->over = strcmp(event->type, "deleted") == 0;
	place->moved = true;
	return printed ? keep(s, place, err) : 0;
}

int source_keep(struct source *s, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < s->place_count && r == 0; i++)
		if (s->places[i].moved)
			r = keep(s, &s->places[i], err);
	return r;
}

static bool parse_place(const char *text, struct source_place *ret)
{
	struct source_place place = *ret;
	int end = 0;

	if (sscanf(text, "%32[0-9a-f]:%" SCNu64 "%n", place.instance, &place.seq, &end) != 2)
		return false;
	place.over = strcmp(text + end, ":over") == 0;
	if (strlen(place.instance) != 32 || (text[end] && !place.over))
		return false;
	*ret = place;
	return true;
}

/* What the file says of one log. One that was read to its end makes way for the next of its ID. */
static int resume(struct source *s, size_t i, struct error *err)
{
	struct source_place *place = &s->places[i];
	struct follow *f = &s->set.items[i];
	const char *text = cursor_file_place(s->file, place->in_file);
	int r;

	if (!*text)
		return 0;
	if (!parse_place(text, place))
		return error_set(err, ERROR_CONFIG, EBADMSG,
				 "--cursor-file: \"%s\" is no place in an event log", text);
	r = follow_resume(f, place->instance, place->seq, place->over, err);
	if (r != -ENOENT)
		return r;
	place->lost = !place->over;
	if (place->lost)
		log_warning("event log of %s: instance %s was removed before it was read to its "
			    "end: events may be missing",
			    f->id ? f->id : place->instance, place->instance);
	return 0;
}

/* Opening. */

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *name_of(const struct follow *f, const struct source_options *opt)
{
	return f->id ? f->id : opt->instance;
}

static int place_names(struct source *s, const struct source_options *opt, const char **names,
		       struct error *err)
{
	for (size_t i = 0; i < s->place_count; i++)
		names[i] = opt->all ? "all" : name_of(&s->set.items[i], opt);
	qsort(names, s->place_count, sizeof(*names), compare);
	for (size_t i = 1; i < s->place_count; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			return error_set(err, ERROR_USAGE, EINVAL,
					 "--cursor-file: container %s is named twice", names[i]);
	for (size_t i = 0; i < s->place_count && !opt->all; i++) {
		const char *name = name_of(&s->set.items[i], opt);
		const char *const *found =
			bsearch(&name, names, s->place_count, sizeof(*names), compare);

		s->places[i].in_file = (size_t)(found - names);
	}
	return 0;
}

/* @directory: of the feed, or of the logs. */
static int open_file(struct source *s, const struct source_options *opt, const char *kind,
		     const char *directory, struct error *err)
{
	autofree const char **names = NULL;
	autofree char *what = NULL;
	int r;

	s->place_count = opt->all ? 1 : s->set.count;
	s->places = calloc(s->place_count, sizeof(*s->places));
	names = calloc(s->place_count, sizeof(*names));
	if (!s->places || !names || asprintf(&what, "%s %s", kind, directory) < 0)
		return error_sys_num(err, ENOMEM, "--cursor-file");
	r = place_names(s, opt, names, err);
	return r < 0 ? r
		     : cursor_file_open(&s->file, opt->cursor_file, what, names, s->place_count,
					err);
}

static int open_logs(struct source *s, const struct store *store, const struct source_options *opt,
		     struct error *err)
{
	autofree char *directory = NULL;
	int r = follow_open(&s->set, store, opt->ids, opt->instance, opt->timeout, err);

	if (r < 0 || !opt->cursor_file)
		return r;
	if (asprintf(&directory, "%s/.events", store->root) < 0)
		return error_sys_num(err, ENOMEM, "--cursor-file");
	r = open_file(s, opt, "logs", directory, err);
	for (size_t i = 0; i < s->place_count && r == 0; i++)
		r = resume(s, i, err);
	return r;
}

static int open_feed(struct source *s, const struct store *store, const struct source_options *opt,
		     struct error *err)
{
	autofree char *directory = feed_directory(store);
	const char *cursor = NULL;
	int r = 0;

	if (!directory)
		return error_sys_num(err, ENOMEM, "feed");
	if (opt->cursor_file)
		r = open_file(s, opt, "feed", directory, err);
	if (r == 0 && s->file)
		cursor = cursor_file_place(s->file, 0);
	if (r == 0)
		r = feed_follow_open(&s->feed, store, cursor && *cursor ? cursor : NULL,
				     opt->timeout, err);
	return r == -EINVAL && cursor ? error_in(err, "--cursor-file %s", opt->cursor_file) : r;
}

static bool has_logs(const struct store *store)
{
	autofree char *directory = NULL;
	autodir *dir = NULL;
	const struct dirent *entry;

	if (asprintf(&directory, "%s/.events", store->root) >= 0)
		dir = opendir(directory);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			return true;
	return false;
}

static bool has_feed(const struct store *store)
{
	autofree char *directory = feed_directory(store), *file = NULL;
	struct stat st;

	return directory && asprintf(&file, "%s/events.ndjson", directory) >= 0 &&
	       stat(file, &st) == 0;
}

/*
 * Opening the root makes the feed where there are logs without, unless it cannot be had; then the
 * logs are read themselves. Where there is neither, the first container brings both.
 */
static bool chooses_feed(const struct store *store)
{
	autocontainer c = CONTAINER_CLOSED;
	struct error ignored = ERROR_INIT; /* whoever reads the feed need not be its owner */

	if (store->feed_off)
		return false;
	(void)container_root_open(&c, store, false, &ignored);
	return has_feed(store) || !has_logs(store);
}

int source_open(struct source *s, const struct store *store, const struct source_options *opt,
		struct error *err)
{
	*s = (struct source){.place_count = 0};
	if (!opt->all)
		return open_logs(s, store, opt, err);
	if (chooses_feed(store))
		return open_feed(s, store, opt, err);
	if (opt->cursor_file)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--cursor-file: all containers together have a place in the feed "
				 "only, which %s",
				 store->feed_off ? "is off (--feed none)" : "cannot be had");
	return follow_open_all(&s->set, store, opt->timeout, err);
}

void source_close(struct source *s)
{
	feed_follow_close(&s->feed);
	follow_close(&s->set);
	cursor_file_close(s->file);
	free(s->places);
	*s = (struct source){.place_count = 0};
}

bool source_resumes(const struct source *s)
{
	for (size_t i = 0; i < s->place_count; i++)
		if (*cursor_file_place(s->file, i))
			return true;
	return false;
}

/* Reading. */

static int print_feed(struct source *s, struct printer *p, struct error *err)
{
	struct ocirun_event event;
	int r = 0;

	while (!printer_is_done(p) && (r = feed_follow_next(&s->feed, &event, err)) > 0) {
		r = printer_take(p, &event, err);
		if (r >= 0)
			r = advance(s, 0, &event, r > 0, err);
		if (r < 0)
			break;
	}
	return r;
}

static int print_log(struct source *s, size_t i, struct printer *p, struct error *err)
{
	struct ocirun_event event;
	int r = 0;

	while (!printer_is_done(p) && (r = follow_next(&s->set.items[i], &event, err)) > 0) {
		r = printer_take(p, &event, err);
		if (r >= 0)
			r = advance(s, i, &event, r > 0, err);
		if (r < 0)
			break;
	}
	return r;
}

/* All that is there now. What was read is dropped for more only after that. */
static int print_logs(struct source *s, struct printer *p, struct error *err)
{
	int more = s->set.directory ? 1 : 0;

	for (;;) {
		int r = 0;

		for (size_t i = 0; i < s->set.count && r == 0; i++)
			r = print_log(s, i, p, err);
		if (r < 0 || more == 0 || printer_is_done(p))
			return r;
		more = follow_more(&s->set, err);
		if (more < 0)
			return more;
	}
}

int source_print(struct source *s, struct printer *p, struct error *err)
{
	return s->feed.feed ? print_feed(s, p, err) : print_logs(s, p, err);
}

int source_wait(struct source *s, int64_t until_ms, struct error *err)
{
	int r = source_keep(s, err);

	if (r < 0)
		return r;
	return s->feed.feed ? feed_follow_wait(&s->feed, until_ms, err)
			    : follow_wait(&s->set, false, until_ms, true, err);
}

bool source_is_over(const struct source *s)
{
	if (s->feed.feed || s->set.directory)
		return false;
	for (size_t i = 0; i < s->set.count; i++)
		if (!ocirun_log_is_over(s->set.items[i].log) && !s->set.items[i].lost)
			return false;
	return true;
}

/* Is what was printed all there was to print? */
static int check_log(const struct source *s, size_t i, const struct printer *p, struct error *err)
{
	const struct follow *f = &s->set.items[i];

	if (f->gap || (s->places && s->places[i].lost))
		return error_set(err, ERROR_SYSTEM, EBADMSG,
				 "the event log of %s is damaged: events are missing",
				 ocirun_log_id(f->log));
	if (f->lost && !f->one_of_all && !ocirun_log_is_over(f->log) && !printer_is_done(p))
		return error_set(err, ERROR_SYSTEM, ESTALE,
				 "container %s is gone, and its event log has no end",
				 ocirun_log_id(f->log));
	return 0;
}

int source_check(const struct source *s, const struct printer *p, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < s->set.count && r == 0; i++)
		r = check_log(s, i, p, err);
	if (r == 0 && s->set.gap)
		r = error_set(err, ERROR_SYSTEM, EBADMSG,
			      "event logs are damaged: events are missing");
	if (r == 0 && s->feed.gap)
		r = error_set(err, ERROR_SYSTEM, EBADMSG, "feed %s: events are missing",
			      s->feed.directory);
	return r;
}
