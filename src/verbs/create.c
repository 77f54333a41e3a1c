/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun create: runtime.md#create. */
#include "verbs/create_options.h"

#include <errno.h>

static const struct option_spec options_table[] = {
	CREATE_OPTION_ROWS,
	{.name = "detach",
	 .letter = 'd',
	 .kind = OPTION_NONE,
	 .help = "accepted for clients' sake, without effect: create never stays"},
	{0},
};

struct launch_options create_launch_options(const struct globals *g, const struct create_options *o,
					    const char *id)
{
	return (struct launch_options){
		.store = &g->store,
		.id = id,
		.bundle = o->bundle,
		.config = o->config ? o->config : "config.json",
		.console_socket = o->console_socket,
		.pidfd_socket = o->pidfd_socket,
		.pid_file = o->pid_file,
		.no_pivot = o->no_pivot,
		.no_new_keyring = o->no_new_keyring,
		.preserve_fds = o->preserve_fds,
		.cgroup_manager = g->cgroup_manager,
		.rootless = g->rootless,
		.monitor = g->monitor,
		.exit_source = g->exit_source,
		.foreground_console = -EBADF,
	};
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	struct launch_options launch = create_launch_options(g, options, args[0]);

	return launch_create(&launch, NULL, err);
}

const struct verb verb_create = {
	.name = "create",
	.arguments = "<container-id>",
	.summary = "create a container; its process waits for ocirun start",
	.min_args = 1,
	.max_args = 1,
	.options_size = sizeof(struct create_options),
	.options = options_table,
	.run = run,
};
