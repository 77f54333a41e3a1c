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
#include "verbs/follow.h"
#include "verbs/pretty.h"
#include "verbs/stats.h"
#include "verbs/verb.h"
#include "verbs/verify.h"

struct events_options {
	bool all, stats, verify, no_follow, only_new, first;
	const char *after, *since, *until, *instance, *timeout, *format, *interval;
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

/* What to print, and how. */
struct printer {
	uint64_t after;
	int64_t since_ns, until_ns;
	const struct option_list *types;
	bool first, pretty, silent;
	struct pretty style;
	size_t printed;
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

static bool in_list(const char *list, const char *type)
{
	size_t length = strlen(type);

	for (;;) {
		if (strncmp(list, type, length) == 0 &&
		    (list[length] == ',' || list[length] == '\0'))
			return true;
		list = strchr(list, ',');
		if (!list)
			return false;
		list++;
	}
}

static bool matches(const struct printer *p, const struct ocirun_event *event)
{
	if (event->seq <= p->after || event->time_ns < p->since_ns || event->time_ns > p->until_ns)
		return false;
	for (size_t i = 0; i < p->types->count; i++)
		if (in_list(p->types->items[i], event->type))
			return true;
	return p->types->count == 0;
}

/* One write per line, so that lines of several writers to one pipe do not mix. */
static int print_event(struct printer *p, const struct ocirun_event *event, struct error *err)
{
	char out[PRETTY_MAX];
	size_t length = event->length + 1;

	if (p->silent || !matches(p, event))
		return 0;
	if (p->pretty) {
		length = pretty_line(&p->style, event, out);
	} else {
		memcpy(out, event->line, event->length);
		out[event->length] = '\n';
	}
	p->printed++;
	return print_out(out, length, err);
}

static bool is_done(const struct printer *p)
{
	return p->first && p->printed > 0;
}

static int print_each(struct follow_set *set, struct printer *p, struct error *err)
{
	for (size_t i = 0; i < set->count && !is_done(p); i++) {
		struct ocirun_event event;
		int r;

		while (!is_done(p) && (r = follow_next(&set->items[i], &event, err)) != 0) {
			if (r > 0)
				r = print_event(p, &event, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* All that is there now. What was read is dropped for more only after that. */
static int print_available(struct follow_set *set, struct printer *p, struct error *err)
{
	int more = set->directory ? 1 : 0;

	for (;;) {
		int r = print_each(set, p, err);

		if (r < 0 || more == 0 || is_done(p))
			return r;
		more = follow_more(set, err);
		if (more < 0)
			return more;
	}
}

static bool all_over(const struct follow_set *set)
{
	if (set->directory)
		return false;
	for (size_t i = 0; i < set->count; i++)
		if (!ocirun_log_is_over(set->items[i].log) && !set->items[i].lost)
			return false;
	return true;
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
static int follow(struct follow_set *set, struct printer *p, bool only_new, struct error *err)
{
	int r;

	p->silent = only_new;
	r = print_available(set, p, err);
	p->silent = false;
	while (r == 0 && !is_done(p) && !all_over(set)) {
		/* Before the last look, so that it sees all that was recorded until then. */
		bool last = now_ns() > p->until_ns;

		r = last ? 1 : follow_wait(set, false, until_ms(p), true, err);
		if (r == 0)
			return OCIRUN_EXIT_TIMEOUT;
		if (r > 0)
			r = print_available(set, p, err);
		if (last)
			break;
	}
	return r;
}

/* Is what was printed all there was to print? */
static int conclude(const struct follow_set *set, const struct printer *p, struct error *err)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct follow *f = &set->items[i];

		if (f->gap)
			return error_set(err, ERROR_SYSTEM, EBADMSG,
					 "the event log of %s is damaged: events are missing",
					 ocirun_log_id(f->log));
		if (f->lost && !f->one_of_all && !ocirun_log_is_over(f->log) && !is_done(p))
			return error_set(err, ERROR_SYSTEM, ESTALE,
					 "container %s is gone, and its event log has no end",
					 ocirun_log_id(f->log));
	}
	if (set->gap)
		return error_set(err, ERROR_SYSTEM, EBADMSG,
				 "event logs are damaged: events are missing");
	if (p->first && p->printed == 0)
		return error_set(err, ERROR_STATE, ENOENT, "no event matches");
	return 0;
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
	    opt->first || opt->timeout || opt->format)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--verify reads whole logs: it goes with --all, --no-follow and "
				 "--instance only");
	return verify_run(&g->store, args, opt->instance, err);
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct events_options *opt = options;
	autofollow set = {0};
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
		r = wants_all(opt, args)
			    ? follow_open_all(&set, &g->store, opt->timeout, err)
			    : follow_open(&set, &g->store, args, opt->instance, opt->timeout, err);
	if (r < 0)
		return r;
	/* `ocirun events web | head -1` is to end without a message, as any filter does. */
	(void)signal(SIGPIPE, SIG_DFL);
	r = opt->no_follow ? print_available(&set, &p, err) : follow(&set, &p, opt->only_new, err);
	return r != 0 ? r : conclude(&set, &p, err);
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
