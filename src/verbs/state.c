/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun state: what runtime.md#query-state asks for. */
#include <errno.h>

#include "base/cleanup.h"
#include "container/container.h"
#include "monitor/adopt.h"
#include "verbs/verb.h"

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	autocontainer c = CONTAINER_CLOSED;
	autofree char *json = NULL;
	int r;

	(void)options;
	r = container_open(&c, &g->store, args[0], err);
	if (r == 0)
		r = monitor_adopt(&c, err);
	if (r < 0)
		return r;
	/* Its directory is just being removed, or the deleting process died then. */
	if (c.status == STATUS_DELETED)
		return error_set(err, ERROR_MISSING, ENOENT, "container does not exist: \"%s\"",
				 args[0]);
	json = container_state_json(&c, true);
	if (!json)
		return error_sys_num(err, ENOMEM, "state");
	return print_line(json, err);
}

const struct verb verb_state = {
	.name = "state",
	.arguments = "<container-id>",
	.summary = "show the state of a container as JSON",
	.description = "The status is creating, created, running, paused or stopped. Once the "
		       "container has\n"
		       "stopped, the member \"exit\" tells how it ended.",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
