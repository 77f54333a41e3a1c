/* SPDX-License-Identifier: Apache-2.0 */
/* `failed`: which phase, why, and of a hook what it printed at last. */
#include "monitor/failed.h"

#include <string.h>
#include <sys/wait.h>

#define ERROR_MAX 1024
#define PATH_MAX_ 512

static void add_hook(struct event_members *m, const struct failed_hook *hook)
{
	members_open(m, "hook");
	members_add_string(m, "name", hook->stage);
	members_add_int(m, "index", hook->index);
	members_add_tail(m, "path", hook->path, strlen(hook->path), PATH_MAX_);
	if (hook->ran && WIFEXITED(hook->status))
		members_add_int(m, "exitCode", WEXITSTATUS(hook->status));
	else
		members_add_null(m, "exitCode");
	members_add_bool(m, "timedOut", hook->timed_out);
	/* The last one: it takes what room is left. */
	members_add_tail(m, "output", hook->output, strlen(hook->output), MEMBERS_LENGTH_MAX);
	members_close(m);
}

void failed_members(struct event_members *m, const char *phase, const char *error,
		    const struct failed_hook *hook)
{
	members_init(m);
	members_add_string(m, "phase", phase);
	members_add_tail(m, "error", error, strlen(error), ERROR_MAX);
	if (hook)
		add_hook(m, hook);
}
