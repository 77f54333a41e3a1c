/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun resume: let a paused container go on. */
#include <errno.h>

#include "monitor/frozen.h"
#include "verbs/settings.h"
#include "verbs/verb.h"

static int thaw(struct settings *s, struct error *err)
{
	int r = cgroup_freeze(&s->cgroup, false, err);

	/* -EBUSY: it has ended meanwhile, which is on record. */
	if (r == 0)
		r = record_resumed(&s->c, err);
	return r < 0 && r != -EBUSY ? r : 0;
}

/* What a killed pause left half frozen is on record as running. */
static bool is_freezing(const struct settings *s)
{
	struct error ignored = ERROR_INIT;

	return s->c.status == STATUS_RUNNING && cgroup_is_frozen(&s->cgroup, &ignored) == 1;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	autosettings s = SETTINGS_CLOSED;
	int r;

	(void)options;
	r = settings_open(&s, &g->store, args[0], err);
	if (r < 0)
		return r;
	if (s.c.status == STATUS_PAUSED || is_freezing(&s))
		return thaw(&s, err);
	/* By a resume that was killed before it could say so. */
	if (s.c.status == STATUS_RUNNING && s.recorded == STATUS_PAUSED)
		return 0;
	return error_set(err, ERROR_STATE, EBUSY, "container not paused: it is %s",
			 container_status_name(s.c.status));
}

const struct verb verb_resume = {
	.name = "resume",
	.arguments = "<container-id>",
	.summary = "let a paused container go on",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
