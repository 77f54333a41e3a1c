/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun kill: runtime.md#kill. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/log.h"
#include "base/signal_names.h"
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/lifecycle.h"
#include "monitor/adopt.h"
#include "verbs/matching.h"
#include "verbs/verb.h"

struct kill_options {
	bool all;
	bool regex;
	int signal; /* from the second argument */
};

static const struct option_spec options_table[] = {
	{.name = "all",
	 .letter = 'a',
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct kill_options, all),
	 .help = "signal every process in the container's cgroup, also after init has ended"},
	{.name = "regex",
	 .letter = 'r',
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct kill_options, regex),
	 .help = "signal every container whose ID matches a POSIX extended regular expression"},
	{0},
};

static bool is_alive(const struct container *c)
{
	return c->status == STATUS_CREATED || c->status == STATUS_RUNNING ||
	       c->status == STATUS_PAUSED;
}

static int not_running(struct error *err)
{
	return error_set(err, ERROR_STATE, ESRCH, "container not running");
}

static int open_cgroup(const struct container *c, struct cgroup_host *host, struct cgroup *cg,
		       struct error *err)
{
	int r = cgroup_host_probe(host, "/sys/fs/cgroup", err);

	if (r == 0)
		cgroup_open(cg, host, c->record.cgroup_path);
	return r;
}

/*
 * The pidfd, the start time and the cgroup must agree on who init is. A process that has been moved
 * elsewhere is no longer what the record describes.
 */
static int signal_init(const struct container *c, int signal, struct error *err)
{
	struct cgroup_host host;
	struct cgroup cg;
	autofd pidfd = -EBADF;
	int r;

	pidfd = container_pidfd(c, err);
	if (pidfd < 0)
		return pidfd;
	if (c->record.cgroup_path) {
		r = open_cgroup(c, &host, &cg, err);
		if (r < 0)
			return r;
		r = cgroup_holds(&cg, c->facts.pid, err);
		if (r == -ESRCH)
			return not_running(err);
		if (r < 0)
			return r;
		if (r == 0)
			return error_set(err, ERROR_STATE, EXDEV,
					 "process %d has left the container's cgroup %s",
					 (int)c->facts.pid, c->record.cgroup_path);
	}
	if (sys_pidfd_send_signal(pidfd, signal) < 0)
		return errno == ESRCH ? not_running(err) : error_sys(err, "pidfd_send_signal");
	/* cgroup v1 keeps a frozen process from dying, whoever froze it. */
	if (signal == SIGKILL && c->record.cgroup_path && cgroup_is_frozen(&cg, err) == 1)
		return cgroup_freeze(&cg, false, err);
	return 0;
}

static int signal_all(const struct container *c, int signal, struct error *err)
{
	struct cgroup_host host;
	struct cgroup cg;
	int r;

	if (!c->record.cgroup_path)
		return error_set(
			err, ERROR_STATE, ENOTSUP,
			"--all needs a cgroup, and this container was created without one");
	r = open_cgroup(c, &host, &cg, err);
	if (r < 0)
		return r;
	r = cgroup_signal(&cg, signal, err);
	if (r == 0 && is_alive(c))
		return not_running(err);
	return r;
}

static void record_signal(struct container *c, const struct kill_options *opt)
{
	struct error err = ERROR_INIT;
	struct event_members m;

	members_init(&m);
	members_add_int(&m, "signal", opt->signal);
	members_add_string(&m, "signalName", signal_name(opt->signal));
	members_add_bool(&m, "all", opt->all);
	/* The signal is out and cannot be taken back: a log that takes no line is no failed kill.
	 */
	if (lifecycle_record(&c->journal, CAUSE_SIGNAL, &m, &err) < 0 && err.kind != ERROR_STATE)
		log_warning("kill %s: %s", c->id, err.text);
}

static int kill_one(const struct store *store, const char *id, const void *detail,
		    struct error *err)
{
	const struct kill_options *opt = detail;
	autocontainer c = CONTAINER_CLOSED;
	int r;

	r = container_open(&c, store, id, err);
	if (r == 0)
		r = monitor_adopt(&c, err);
	if (r < 0)
		return r;
	/* Its directory is just being removed, or the deleting process died then. */
	if (c.status == STATUS_DELETED)
		return error_set(err, ERROR_MISSING, ENOENT, "container does not exist: \"%s\"",
				 id);
	if (!is_alive(&c) && !(opt->all && c.status == STATUS_STOPPED))
		return not_running(err);
	/* So that `signaled` precedes the `exited` that it brings about. */
	(void)journal_lock(&c.journal);
	r = opt->all ? signal_all(&c, opt->signal, err) : signal_init(&c, opt->signal, err);
	if (r > 0 || (r == 0 && !opt->all))
		record_signal(&c, opt);
	return r < 0 ? r : 0;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	struct kill_options opt = *(const struct kill_options *)options;
	int r = signal_parse(args[1] ? args[1] : "TERM", &opt.signal, err);

	if (r < 0)
		return r;
	if (opt.regex)
		return matching_each(&g->store, args[0], kill_one, &opt, err);
	return kill_one(&g->store, args[0], &opt, err);
}

const struct verb verb_kill = {
	.name = "kill",
	.arguments = "<container-id> [signal]",
	.summary = "send a signal to a container's init process",
	.description = "The signal is a name, with or without SIG and in any case, or a number; "
		       "TERM without one.",
	.min_args = 1,
	.max_args = 2,
	.stop_at_first_positional = true,
	.options_size = sizeof(struct kill_options),
	.options = options_table,
	.run = run,
};
