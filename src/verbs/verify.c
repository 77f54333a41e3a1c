/* SPDX-License-Identifier: Apache-2.0 */
/* Logs against the promises of doc/events.md, by what the public reader makes of them. */
#include "verbs/verify.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "verbs/verb.h"
#include "verbs/verify_history.h"

/* A line that is just being written is no damage. */
#define TAIL_LOOKS 50
#define TAIL_MS	   10

/* What was read of one log. */
struct reading {
	struct ocirun_log *log;
	struct error *err;
	struct verify_history history;
	bool reported; /* a problem */
	int failure;   /* a negative errno: it could not be said */
};

/* A line of it. */
struct line {
	struct reading *reading;
	const struct ocirun_event *event;
};

__attribute__((format(printf, 2, 3))) static void report(struct reading *r, const char *format, ...)
{
	char text[2 * VERIFY_TEXT_MAX];
	va_list args;
	int status;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r->reported = true;
	status = print_format(r->err, "%s %s: %s\n", ocirun_log_id(r->log),
			      ocirun_log_instance(r->log), text);
	if (status < 0)
		r->failure = status;
}

static bool is_known_type(const struct ocirun_event *event)
{
	const char *const *type = ocirun_event_types();

	while (*type && strcmp(event->type, *type) != 0)
		type++;
	return *type;
}

static void report_line(void *arg, const char *phrase)
{
	struct line *line = arg;

	report(line->reading, "seq %ju: %s: %s", (uintmax_t)line->event->seq, line->event->type,
	       phrase);
}

static void check_event(struct reading *r, const struct ocirun_event *event)
{
	struct line line = {r, event};
	uintmax_t seq = event->seq;
	char text[VERIFY_TEXT_MAX];
	int64_t time_ns;
	int status;

	if (!is_known_type(event))
		report(r, "seq %ju: the type \"%s\" is unknown", seq, event->type);
	if (!verify_members(event, text))
		report_line(&line, text);
	if (ocirun_time_parse(event->timestamp, &time_ns) < 0)
		report(r, "seq %ju: there is no such time: %s", seq, event->timestamp);
	status = verify_history(&r->history, event, report_line, &line);
	if (status < 0)
		r->failure = error_sys_num(r->err, status, "verify");
}

/* To the end of what there is; the return value is ocirun_log_next's last. */
static int read_all(struct reading *r)
{
	struct ocirun_event event;
	struct ocirun_damage damage;
	char text[VERIFY_TEXT_MAX];
	int found;

	while ((found = ocirun_log_next(r->log, &event, &damage)) > 0 && r->failure == 0) {
		if (found == OCIRUN_EVENT) {
			check_event(r, &event);
			continue;
		}
		ocirun_damage_text(&damage, text, sizeof(text));
		report(r, "%s", text);
		r->history.gap |= damage.kind == OCIRUN_DAMAGE_GAP;
	}
	return found;
}

/* Returns 1 after a problem, 0, or a negative errno. */
static int verify_log(struct ocirun_log *log, struct error *err)
{
	struct reading r = {.log = log, .err = err};
	uint64_t tail = 0;
	int found, looks = 0;

	do {
		if (looks > 0)
			(void)poll(NULL, 0, TAIL_MS);
		found = read_all(&r);
		if (found == 0)
			found = ocirun_log_unfinished(log, &tail);
	} while (found == 0 && tail > 0 && ++looks < TAIL_LOOKS);
	/* Removed while we read it: its time was over. */
	if (found < 0 && found != -ESTALE)
		report(&r, "it cannot be read: %s", strerror(-found));
	if (tail > 0)
		report(&r, "the last line, %ju bytes, has no end", (uintmax_t)tail);
	verify_history_done(&r.history);
	return r.failure < 0 ? r.failure : r.reported;
}

static int verify_each(const char *directory, struct error *err)
{
	struct ocirun_directory *logs;
	struct ocirun_log *log;
	int r, bad = 0, found;

	r = ocirun_directory_open(&logs, directory);
	if (r < 0)
		return error_sys_num(err, r, "%s", directory);
	while ((found = ocirun_directory_next(logs, &log)) > 0 && r >= 0) {
		r = verify_log(log, err);
		bad |= r > 0;
		ocirun_log_close(log);
	}
	ocirun_directory_close(logs);
	if (r >= 0 && found < 0)
		r = error_sys_num(err, found, "%s", directory);
	return r < 0 ? r : bad;
}

static int verify_one(const char *directory, const char *id, const char *instance,
		      struct error *err)
{
	struct ocirun_log *log;
	int r = ocirun_log_open(&log, directory, id, instance);

	if (r == -ENOENT || r == -EINVAL)
		return error_set(err, ERROR_MISSING, -r, "%s does not exist: \"%s\"",
				 id ? "container" : "instance", id ? id : instance);
	if (r < 0)
		return error_sys_num(err, r, "event log of %s", id ? id : instance);
	r = verify_log(log, err);
	ocirun_log_close(log);
	return r;
}

int verify_run(const struct store *store, char **ids, const char *instance, struct error *err)
{
	autofree char *directory = malloc(strlen(store->root) + sizeof("/.events"));
	int r, bad = 0;

	if (!directory)
		return error_sys_num(err, ENOMEM, "%s", store->root);
	(void)stpcpy(stpcpy(directory, store->root), "/.events");
	if (!ids[0])
		return instance ? verify_one(directory, NULL, instance, err)
				: verify_each(directory, err);
	if (instance && ids[1])
		return error_set(err, ERROR_USAGE, EINVAL, "--instance goes with one container");
	for (r = 0; *ids && r >= 0; ids++) {
		r = verify_one(directory, *ids, instance, err);
		bad |= r > 0;
	}
	return r < 0 ? r : bad;
}
