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
#include "ocirun/exit-status.h"
#include "verbs/verb.h"

/* A line that is just being written is no damage. */
#define TAIL_LOOKS 50
#define TAIL_MS	   10

/* What was read of one log. */
struct reading {
	struct ocirun_log *log;
	struct error *err;
	uint64_t seq;
	bool created, started, exited, deleted;
	bool reported; /* a problem */
	int failure;   /* a negative errno: it could not be said */
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

static bool is(const struct ocirun_event *event, const char *type)
{
	return strcmp(event->type, type) == 0;
}

static bool is_known_type(const struct ocirun_event *event)
{
	const char *const *type = ocirun_event_types();

	while (*type && !is(event, *type))
		type++;
	return *type;
}

/* An exit: code, signal and reason agree, and unknown is null. */
static void check_end(struct reading *r, const struct ocirun_event *event)
{
	static const char *const unknown[] = {"monitor-lost", "unobserved", "host-restarted"};
	static const char *const known[] = {"exited", "signaled", "exec-failed", "never-started"};
	char reason[32] = "";
	int64_t code = -1, signal = 0;
	bool null = false, other = true;

	(void)ocirun_event_string(event, "reason", reason, sizeof(reason));
	(void)ocirun_event_int(event, "exitCode", &code);
	(void)ocirun_event_int(event, "signal", &signal);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		null = null || strcmp(reason, unknown[i]) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		other = other && strcmp(reason, known[i]) != 0;
	if (!null && other)
		report(r, "seq %ju: the reason \"%s\" is none", (uintmax_t)event->seq, reason);
	else if (null != (code < 0))
		report(r, "seq %ju: exitCode %jd with the reason \"%s\"", (uintmax_t)event->seq,
		       (intmax_t)code, reason);
	if (signal > 0 && code != OCIRUN_EXIT_SIGNAL + signal)
		report(r, "seq %ju: exitCode %jd with signal %jd", (uintmax_t)event->seq,
		       (intmax_t)code, (intmax_t)signal);
	if ((signal > 0) != (strcmp(reason, "signaled") == 0) && strcmp(reason, "never-started"))
		report(r, "seq %ju: signal %jd with the reason \"%s\"", (uintmax_t)event->seq,
		       (intmax_t)signal, reason);
}

/* What may not follow what came before. NULL: nothing to say against it. */
static const char *order_problem(const struct reading *r, const struct ocirun_event *event)
{
	bool first = r->seq == 0;

	if (r->deleted)
		return "it comes after deleted";
	if (is(event, "created"))
		return first ? NULL : "it is not the first";
	if (is(event, "failed") || is(event, "deleted"))
		return is(event, "deleted") && r->created && !r->exited ? "there is no exited"
									: NULL;
	if (!r->created)
		return "there is no created";
	if (is(event, "started") && r->started)
		return "it is there twice";
	if (is(event, "exited") && r->exited)
		return "it is there twice";
	if ((is(event, "started") || is(event, "oom")) && r->exited)
		return "it comes after exited";
	return NULL;
}

static void check_event(struct reading *r, const struct ocirun_event *event)
{
	const char *problem = order_problem(r, event);
	uintmax_t seq = event->seq;
	char text[VERIFY_TEXT_MAX];
	int64_t time_ns;

	if (problem)
		report(r, "seq %ju: %s: %s", seq, event->type, problem);
	if (!is_known_type(event))
		report(r, "seq %ju: the type \"%s\" is unknown", seq, event->type);
	if (!verify_members(event, text))
		report(r, "seq %ju: %s: %s", seq, event->type, text);
	if (ocirun_time_parse(event->timestamp, &time_ns) < 0)
		report(r, "seq %ju: there is no such time: %s", seq, event->timestamp);
	if (is(event, "exited") || is(event, "exec-exited"))
		check_end(r, event);
	r->seq = event->seq;
	r->created = r->created || is(event, "created");
	r->started = r->started || is(event, "started");
	r->exited = r->exited || is(event, "exited");
	r->deleted = r->deleted || is(event, "deleted");
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
