/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun start: runtime.md#start. */
#include "launch/launch.h"
#include "verbs/verb.h"

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	(void)options;
	return launch_start(&g->store, args[0], err);
}

const struct verb verb_start = {
	.name = "start",
	.arguments = "<container-id>",
	.summary = "run the process of a created container",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
