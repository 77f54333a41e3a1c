/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun pause: stop every process of a container where it stands. */
#include <errno.h>
#include <signal.h>

#include "base/cleanup.h"
#include "monitor/frozen.h"
#include "verbs/settings.h"
#include "verbs/verb.h"

static void give_up(int signal)
{
	(void)signal;
}

/* Nobody leaves here with half of the processes frozen: a signal ends the wait, not ocirun. */
static void catch_signals(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
	struct sigaction action = {.sa_handler = give_up};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &action, NULL);
}

static int freeze(struct settings *s, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r;

	catch_signals();
	r = cgroup_freeze(&s->cgroup, true, err);
	if (r < 0)
		return r;
	r = record_paused(&s->c, err);
	if (r >= 0)
		return 0;
	/* It has ended meanwhile, or the log takes no more: what is not on record is not paused. */
	(void)cgroup_freeze(&s->cgroup, false, &ignored);
	return r == -EBUSY ? error_in(err, "container not running") : r;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	autosettings s = SETTINGS_CLOSED;
	int r;

	(void)options;
	r = settings_open(&s, &g->store, args[0], err);
	if (r < 0)
		return r;
	/* By a pause that was killed before it could say so. */
	if (s.c.status == STATUS_PAUSED && s.recorded == STATUS_RUNNING)
		return 0;
	if (s.c.status != STATUS_RUNNING)
		return error_set(err, ERROR_STATE, EBUSY, "container not running: it is %s",
				 container_status_name(s.c.status));
	return freeze(&s, err);
}

const struct verb verb_pause = {
	.name = "pause",
	.arguments = "<container-id>",
	.summary = "stop all processes of a running container where they stand",
	.description = "Returns when they have stopped. If they cannot be stopped within ten "
		       "seconds, all of them\n"
		       "run on.",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
