/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun wait: end when containers end, with their exit code (doc/events.md). */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "ocirun/exit-status.h"
#include "verbs/follow.h"
#include "verbs/verb.h"
#include "verbs/wait_exec.h"

struct wait_options {
	bool print, json, any;
	const char *condition, *timeout, *instance, *exec;
};

#define AT(member) .offset = offsetof(struct wait_options, member)

static const struct option_spec options_table[] = {
	{.name = "print",
	 .kind = OPTION_FLAG,
	 AT(print),
	 .help = "print each exit code on a line, in the order of the arguments, and end with 0"},
	{.name = "json",
	 .kind = OPTION_FLAG,
	 AT(json),
	 .help = "print the event that each container was waited for, and end with 0"},
	{.name = "any",
	 .kind = OPTION_FLAG,
	 AT(any),
	 .help = "end with the first of the containers"},
	{.name = "condition",
	 .kind = OPTION_STRING,
	 AT(condition),
	 .value_name = "CONDITION",
	 .help = "created, started, exited (the default) or deleted"},
	{.name = "timeout",
	 .kind = OPTION_STRING,
	 AT(timeout),
	 .value_name = "DURATION",
	 .help = "give up after that time with exit status 124"},
	{.name = "instance",
	 .kind = OPTION_STRING,
	 AT(instance),
	 .value_name = "HEX32",
	 .help = "the container with this instance, also when its ID was used again"},
	{.name = "exec",
	 .kind = OPTION_STRING,
	 AT(exec),
	 .value_name = "EXECID",
	 .help = "wait for that process of `ocirun exec`, not for the container"},
	{0},
};

/* In the order in which they come about: a later one satisfies an earlier one, except that a
 * container may end without having been started. */
enum condition {
	CONDITION_CREATED,
	CONDITION_STARTED,
	CONDITION_EXITED,
	CONDITION_DELETED,
	CONDITIONS,
};

static const char *const condition_names[CONDITIONS] = {"created", "started", "exited", "deleted"};

#define CODE_UNKNOWN (-1)

/* One container that is waited for. */
struct waiter {
	bool done;
	bool on_disk;	   /* what was waited for is not only read but will stay */
	bool failed;	   /* what is waited for cannot come any more: `problem` says why */
	int code;	   /* of the container */
	char problem[256]; /* why there is no code */
	char *line;	   /* --json: the event that ended the wait */
};

struct wait {
	const struct wait_options *opt;
	enum condition condition;
	struct follow_set set;
	struct waiter *waiters;
	size_t printed; /* how many results are out */
};

static int parse_condition(const char *name, enum condition *ret, struct error *err)
{
	*ret = CONDITION_EXITED;
	if (!name)
		return 0;
	for (int i = 0; i < CONDITIONS; i++) {
		if (strcmp(name, condition_names[i]) == 0) {
			*ret = (enum condition)i;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, EINVAL,
			 "--condition: \"%s\" is none of created, started, exited, deleted", name);
}

static int check_options(const struct wait_options *opt, enum condition condition, char **args,
			 struct error *err)
{
	if (opt->exec && (opt->any || opt->condition || args[1]))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--exec goes with one container, without --any and --condition");
	if (opt->print && opt->json)
		return error_set(err, ERROR_USAGE, EINVAL, "--print and --json exclude each other");
	if (opt->print && condition < CONDITION_EXITED)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--print: a container that is only %s has no exit code",
				 condition_names[condition]);
	if (args[1] && !opt->print && !opt->json && !opt->any)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "several containers have more than one exit code: add --print, "
				 "--json or --any");
	return 0;
}

static void done(struct waiter *w, const char *line)
{
	w->done = true;
	free(w->line);
	w->line = line ? strdup(line) : NULL;
}

static void fail(struct waiter *w, const char *problem)
{
	w->done = true;
	w->failed = true;
	if (!w->problem[0])
		(void)strncpy(w->problem, problem, sizeof(w->problem) - 1);
}

/* Died before it ran: there is a status, but not one of the user's program. */
static void take_exit(struct waiter *w, const struct ocirun_event *event)
{
	struct ocirun_exit e = {.code = CODE_UNKNOWN, .reason = "the record is damaged"};

	(void)ocirun_event_exit(event, &e); /* else it stays so */
	w->code = strcmp(e.reason, "never-started") == 0 ? CODE_UNKNOWN : e.code;
	if (w->code == CODE_UNKNOWN)
		(void)stpcpy(stpcpy(w->problem, "the exit code is unknown: "), e.reason);
}

static void take_failure(struct waiter *w, const struct ocirun_event *event)
{
	char error[200] = "";

	(void)ocirun_event_string(event, "error", error, sizeof(error));
	if (error[0])
		(void)stpcpy(stpcpy(w->problem, "it failed: "), error);
}

/* What @type brings about; CONDITIONS: nothing that is waited for. */
static enum condition condition_of(const char *type)
{
	for (int i = 0; i < CONDITIONS; i++)
		if (strcmp(type, condition_names[i]) == 0)
			return (enum condition)i;
	return CONDITIONS;
}

static void take_event(struct waiter *w, enum condition wanted, const struct ocirun_event *event)
{
	enum condition now = condition_of(event->type);

	if (now == CONDITION_EXITED)
		take_exit(w, event);
	if (strcmp(event->type, "failed") == 0)
		take_failure(w, event);
	if (now == wanted)
		done(w, event->line);
	else if (now == CONDITION_EXITED && wanted == CONDITION_STARTED)
		fail(w, "it ended without having been started");
	else if (now == CONDITION_DELETED)
		fail(w, "it was deleted before that");
}

/* An end that is known, and not on record: what it tells is what the line would have told. */
static void take_unrecorded(struct waiter *w, const char *line)
{
	const struct ocirun_event event = {.type = "exited", .line = line, .length = strlen(line)};

	take_event(w, CONDITION_EXITED, &event); /* the warning is out */
}

/* Our pidfd knows what the log does not. */
static void take_witness(struct waiter *w, enum condition wanted, const struct follow *f)
{
	if (f->unrecorded && wanted == CONDITION_EXITED) {
		take_unrecorded(w, f->unrecorded);
		return;
	}
	if (f->witnessed) {
		w->code = WIFSIGNALED(f->status) ? OCIRUN_EXIT_SIGNAL + WTERMSIG(f->status)
						 : WEXITSTATUS(f->status);
		if (wanted == CONDITION_EXITED && f->started_at[0]) {
			log_warning("the end of %s is not on record: its event log has none",
				    ocirun_log_id(f->log));
			done(w, NULL);
			return;
		}
	}
	if (f->lost)
		fail(w, "it is gone, and its event log has no end");
}

static int read_available(struct wait *wait, struct error *err)
{
	for (size_t i = 0; i < wait->set.count; i++) {
		struct waiter *w = &wait->waiters[i];
		struct follow *f = &wait->set.items[i];
		struct ocirun_event event;
		int r = 0;

		while (!w->done && (r = follow_next(f, &event, err)) > 0)
			take_event(w, wait->condition, &event);
		if (r < 0)
			return r;
		if (w->done && !w->on_disk)
			follow_await_disk(f);
		w->on_disk = w->done;
		if (!w->done)
			take_witness(w, wait->condition, f);
	}
	return 0;
}

static int print_result(const struct wait *wait, const struct waiter *w, struct error *err)
{
	if (wait->opt->json)
		return print_line(w->line ? w->line : "null", err);
	if (w->failed || w->code == CODE_UNKNOWN)
		return print_line("unknown", err);
	return print_format(err, "%d\n", w->code);
}

/* In the order of the arguments, each as soon as those before it are out; with --any, the first. */
static int print_done(struct wait *wait, struct error *err)
{
	bool prints = wait->opt->print || wait->opt->json;
	int r = 0;

	for (size_t i = wait->printed; i < wait->set.count && prints && r == 0; i++) {
		if (wait->waiters[i].done) {
			r = print_result(wait, &wait->waiters[i], err);
			wait->printed = i + 1;
			if (wait->opt->any)
				break;
		} else if (!wait->opt->any) {
			break;
		}
	}
	return r;
}

static bool is_over(const struct wait *wait)
{
	size_t count = 0;

	for (size_t i = 0; i < wait->set.count; i++)
		count += wait->waiters[i].done;
	return wait->opt->any ? count > 0 : count == wait->set.count;
}

static int problem(const struct wait *wait, size_t i, struct error *err)
{
	const struct waiter *w = &wait->waiters[i];

	return error_set(err, ERROR_STATE, ENODATA, "container %s: %s",
			 ocirun_log_id(wait->set.items[i].log), w->problem);
}

/* The exit status of this command. */
static int conclude(const struct wait *wait, struct error *err)
{
	bool prints = wait->opt->print || wait->opt->json;

	for (size_t i = 0; i < wait->set.count; i++) {
		const struct waiter *w = &wait->waiters[i];

		if (!w->done)
			continue;
		if (prints) {
			if (w->problem[0])
				log_warning("wait: container %s: %s",
					    ocirun_log_id(wait->set.items[i].log), w->problem);
			continue;
		}
		if (w->failed)
			return problem(wait, i, err);
		if (wait->condition != CONDITION_EXITED)
			return 0;
		return w->code == CODE_UNKNOWN ? problem(wait, i, err) : w->code;
	}
	return 0;
}

static int wait_for_all(struct wait *wait, struct error *err)
{
	for (;;) {
		bool prints = wait->opt->print || wait->opt->json;
		int r = read_available(wait, err);

		if (r == 0)
			r = print_done(wait, err);
		if (r < 0)
			return r;
		if (is_over(wait))
			return conclude(wait, err);
		r = follow_wait(&wait->set, wait->condition == CONDITION_EXITED, -1, prints, err);
		if (r < 0)
			return r;
		if (r == 0) {
			log_warning("wait: timed out after %s", wait->opt->timeout);
			return OCIRUN_EXIT_TIMEOUT;
		}
	}
}

static void wait_done(struct wait *wait)
{
	for (size_t i = 0; wait->waiters && i < wait->set.count; i++)
		free(wait->waiters[i].line);
	free(wait->waiters);
	follow_close(&wait->set);
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct wait_options *opt = options;
	__attribute__((cleanup(wait_done))) struct wait wait = {.opt = opt};
	const struct wait_exec exec = {.exec_id = opt->exec,
				       .timeout = opt->timeout,
				       .print = opt->print,
				       .json = opt->json};
	int r;

	r = parse_condition(opt->condition, &wait.condition, err);
	if (r == 0)
		r = check_options(opt, wait.condition, args, err);
	if (r == 0)
		r = follow_open(&wait.set, &g->store, args, opt->instance, opt->timeout, err);
	if (r < 0)
		return r;
	if (opt->exec)
		return wait_exec(&wait.set, &exec, err);
	wait.waiters = calloc(wait.set.count, sizeof(*wait.waiters));
	if (!wait.waiters)
		return error_sys_num(err, ENOMEM, "waiters");
	for (size_t i = 0; i < wait.set.count; i++)
		wait.waiters[i].code = CODE_UNKNOWN;
	return wait_for_all(&wait, err);
}

const struct verb verb_wait = {
	.name = "wait",
	.arguments = "<container-id> [<container-id>...]",
	.summary = "wait for a container's end and return its exit status",
	.description = "Exit status: the container's (128 + N when signal N killed it); 255 when "
		       "it is unknown or ocirun itself failed; 124 after --timeout.",
	.min_args = 1,
	.max_args = -1,
	.options_size = sizeof(struct wait_options),
	.options = options_table,
	.run = run,
	.failure_status = OCIRUN_EXIT_OWN_FAILURE,
};
