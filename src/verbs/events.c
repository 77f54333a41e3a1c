/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun events: replay and follow the logs of containers (doc/events.md). */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ocirun/exit-status.h"
#include "verbs/duration.h"
#include "verbs/printer.h"
#include "verbs/source.h"
#include "verbs/stats.h"
#include "verbs/verb.h"
#include "verbs/verify.h"

struct events_options {
	bool all, stats, verify, no_follow, only_new, first;
	const char *after, *since, *until, *instance, *timeout, *format, *interval, *cursor_file;
	struct option_list types;
};

#define AT(member) .offset = offsetof(struct events_options, member)

static const struct option_spec options_table[] = {
	{.name = "all",
	 .letter = 'a',
	 .kind = OPTION_FLAG,
	 AT(all),
	 .help = "the events of all containers, also of those to come; the default without an ID"},
	{.name = "no-follow",
	 .kind = OPTION_FLAG,
	 AT(no_follow),
	 .help = "print what there is and end"},
	{.name = "new", .kind = OPTION_FLAG, AT(only_new), .help = "only what happens from now on"},
	{.name = "after",
	 .kind = OPTION_STRING,
	 AT(after),
	 .value_name = "SEQ",
	 .help = "only events whose seq is greater"},
	{.name = "cursor-file",
	 .kind = OPTION_STRING,
	 AT(cursor_file),
	 .value_name = "FILE",
	 .help = "go on where the last one with this file stopped; it is kept up to date"},
	{.name = "since",
	 .kind = OPTION_STRING,
	 AT(since),
	 .value_name = "TIME",
	 .help = "only events recorded since then: RFC 3339, or 10m for ten minutes ago"},
	{.name = "until",
	 .kind = OPTION_STRING,
	 AT(until),
	 .value_name = "TIME",
	 .help = "only events recorded up to then; a time to come is waited for"},
	{.name = "type",
	 .kind = OPTION_LIST,
	 AT(types),
	 .value_name = "TYPES",
	 .help = "only events of these types; may be given again"},
	{.name = "first",
	 .kind = OPTION_FLAG,
	 AT(first),
	 .help = "end after the first event that matches; fail when there is none"},
	{.name = "instance",
	 .kind = OPTION_STRING,
	 AT(instance),
	 .value_name = "HEX32",
	 .help = "the container with this instance, also when its ID was used again"},
	{.name = "timeout",
	 .kind = OPTION_STRING,
	 AT(timeout),
	 .value_name = "DURATION",
	 .help = "give up after that time with exit status 124"},
	{.name = "format",
	 .letter = 'f',
	 .kind = OPTION_STRING,
	 AT(format),
	 .value_name = "FORMAT",
	 .help = "json, or pretty for people, which is the default on a terminal"},
	{.name = "stats",
	 .kind = OPTION_FLAG,
	 AT(stats),
	 .help = "instead, print the container's statistics, as runc does"},
	{.name = "interval",
	 .kind = OPTION_STRING,
	 AT(interval),
	 .value_name = "DURATION",
	 .help = "instead, print them every so often until it ends, and when it ran out of memory"},
	{.name = "verify",
	 .kind = OPTION_FLAG,
	 AT(verify),
	 .help = "instead, check the logs, or all there are, and print what is wrong with them"},
	{0},
};

static bool wants_all(const struct events_options *opt, char **args)
{
	return opt->all || (!args[0] && !opt->instance);
}

static int refuse_contradictions(const struct events_options *opt, char **args, struct error *err)
{
	if (opt->all && (args[0] || opt->instance))
		return error_set(err, ERROR_USAGE, EINVAL, "--all goes without a container");
	if (wants_all(opt, args) && opt->after)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--after goes with a container: seq is counted in each log");
	if (opt->cursor_file && opt->after)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--after and --cursor-file both say where to begin");
	if (opt->only_new && opt->no_follow)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--new and --no-follow leave nothing to print");
	return 0;
}

/* The types of one "a,b" must be known, or a typing error would wait for ever. */
static int check_types(const char *list, struct error *err)
{
	for (;;) {
		size_t length = strcspn(list, ",");
		const char *const *type = ocirun_event_types();

		while (*type && (strlen(*type) != length || memcmp(*type, list, length) != 0))
			type++;
		if (!*type)
			return error_set(err, ERROR_USAGE, EINVAL, "--type: unknown type \"%.*s\"",
					 (int)length, list);
		if (!list[length])
			return 0;
		list += length + 1;
	}
}

static int parse_after(const char *text, uint64_t *ret, struct error *err)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		return error_set(err, ERROR_USAGE, EINVAL, "--after: \"%s\" is no seq", text);
	return 0;
}

static int parse_format(const char *format, bool *ret_pretty, struct error *err)
{
	*ret_pretty = format ? strcmp(format, "pretty") == 0 : isatty(STDOUT_FILENO) == 1;
	if (format && !*ret_pretty && strcmp(format, "json") != 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--format: \"%s\" is neither json nor pretty", format);
	return 0;
}

static int printer_init(struct printer *p, const struct events_options *opt, char **ids,
			struct error *err)
{
	int r = 0;

	*p = (struct printer){.until_ns = INT64_MAX, .types = &opt->types, .first = opt->first};
	if (opt->after)
		r = parse_after(opt->after, &p->after, err);
	if (r == 0 && opt->since && (r = duration_parse_time(opt->since, &p->since_ns, err)) < 0)
		return error_in(err, "--since");
	if (r == 0 && opt->until && (r = duration_parse_time(opt->until, &p->until_ns, err)) < 0)
		return error_in(err, "--until");
	for (size_t i = 0; i < opt->types.count && r == 0; i++)
		r = check_types(opt->types.items[i], err);
	if (r == 0)
		r = parse_format(opt->format, &p->pretty, err);
	pretty_begin(&p->style, ids);
	return r;
}

static int64_t now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --until on the clock of poll; -1: never. */
static int64_t until_ms(const struct printer *p)
{
	int64_t left_ns;

	if (p->until_ns == INT64_MAX)
		return -1;
	left_ns = p->until_ns - now_ns();
	return follow_now_ms() + (left_ns > 0 ? left_ns / 1000000 + 1 : 0);
}

/* What there is, then what comes, until all are deleted or the time is up. */
static int follow(struct source *s, struct printer *p, bool only_new, struct error *err)
{
	int r;

	p->silent = only_new && !source_resumes(s);
	r = source_print(s, p, err);
	p->silent = false;
	while (r == 0 && !printer_is_done(p) && !source_is_over(s)) {
		/* Before the last look, so that it sees all that was recorded until then. */
		bool last = now_ns() > p->until_ns;

		r = last ? 1 : source_wait(s, until_ms(p), err);
		if (r == 0)
			return OCIRUN_EXIT_TIMEOUT;
		if (r > 0)
			r = source_print(s, p, err);
		if (last)
			break;
	}
	return r;
}

/* Statistics are never stored: what chooses among events means nothing to them. */
static int refuse_with_stats(const struct events_options *opt, char **args, struct error *err)
{
	const struct {
		bool given;
		const char *name;
	} others[] = {
		{opt->all, "--all"},
		{opt->verify, "--verify"},
		{opt->no_follow, "--no-follow"},
		{opt->only_new, "--new"},
		{opt->after, "--after"},
		{opt->since, "--since"},
		{opt->until, "--until"},
		{opt->types.count > 0, "--type"},
		{opt->first, "--first"},
		{opt->cursor_file, "--cursor-file"},
		{opt->instance, "--instance"},
		{opt->timeout && opt->stats, "--timeout"},
		{opt->format && strcmp(opt->format, "json") != 0, "--format"},
	};
	const char *form = opt->stats ? "--stats" : "--interval";

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].given)
			return error_set(err, ERROR_USAGE, EINVAL, "%s does not go with %s",
					 others[i].name, form);
	if (!args[0] || args[1])
		return error_set(err, ERROR_USAGE, EINVAL, "%s goes with one container", form);
	return 0;
}

static int run_stats(const struct globals *g, const struct events_options *opt, char **args,
		     struct error *err)
{
	const struct stats_options stats = {
		.once = opt->stats,
		.interval = opt->interval,
		.timeout = opt->timeout,
	};
	int r = refuse_with_stats(opt, args, err);

	return r < 0 ? r : stats_run(&g->store, args[0], &stats, err);
}

static int run_verify(const struct globals *g, const struct events_options *opt, char **args,
		      struct error *err)
{
	if (opt->all && args[0])
		return error_set(err, ERROR_USAGE, EINVAL, "--all goes without a container");
	if (opt->only_new || opt->after || opt->since || opt->until || opt->types.count > 0 ||
	    opt->first || opt->timeout || opt->format || opt->cursor_file)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--verify reads whole logs: it goes with --all, --no-follow and "
				 "--instance only");
	return verify_run(&g->store, args, opt->instance, err);
}

/* @status: of a run without an error. */
static int conclude(struct source *s, const struct printer *p, int status, struct error *err)
{
	int r = source_keep(s, err);

	if (r < 0 || status != 0)
		return r < 0 ? r : status;
	r = source_check(s, p, err);
	if (r < 0)
		return r;
	if (p->first && p->printed == 0)
		return error_set(err, ERROR_STATE, ENOENT, "no event matches");
	return 0;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct events_options *opt = options;
	const struct source_options from = {.ids = args,
					    .all = wants_all(opt, args),
					    .instance = opt->instance,
					    .timeout = opt->timeout,
					    .cursor_file = opt->cursor_file};
	autosource s = {.place_count = 0};
	struct printer p;
	int r;

	if (opt->stats || opt->interval)
		return run_stats(g, opt, args, err);
	if (opt->verify)
		return run_verify(g, opt, args, err);
	r = refuse_contradictions(opt, args, err);
	if (r == 0)
		r = printer_init(&p, opt, args, err);
	if (r == 0)
		r = source_open(&s, &g->store, &from, err);
	if (r < 0)
		return r;
	/* `ocirun events web | head -1` is to end without a message, as any filter does. */
	(void)signal(SIGPIPE, SIG_DFL);
	r = opt->no_follow ? source_print(&s, &p, err) : follow(&s, &p, opt->only_new, err);
	return r < 0 ? r : conclude(&s, &p, r, err);
}

const struct verb verb_events = {
	.name = "events",
	.arguments = "[<container-id>...]",
	.summary = "print the event log of a container and follow it",
	.description =
		"Prints a container's events from the first one on, follows them, and ends "
		"after `deleted`; without an ID those of all containers, without an end. One JSON "
		"object per line; ocirun-events(5) describes them.",
	.min_args = 0,
	.max_args = -1,
	.options_size = sizeof(struct events_options),
	.options = options_table,
	.run = run,
};
