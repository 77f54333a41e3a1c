/* SPDX-License-Identifier: Apache-2.0 */
/* What an exec leaves in the container's log (doc/events.md). */
#include <string.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "container/lifecycle.h"
#include "launch/exec_roles.h"
#include "monitor/observed.h"

#define ARGS0_MAX 512

int exec_record_started(struct exec *e, struct error *err)
{
	const char *args0 = e->spec.process.args.items[0];
	struct event_members m;
	uint64_t start_time = 0;

	/* From the line on: who finds it without this lock takes us for dead. */
	(void)observed_lock(e->lock_fd, e->pid);
	/* It may be gone already: then there is nothing that could be mistaken for it. */
	(void)process_start_time(e->pid, &start_time);
	members_init(&m);
	members_add_string(&m, "execId", e->id);
	members_add_int(&m, "pid", e->pid);
	members_add_uint(&m, "pidStartTime", start_time);
	members_add_tail(&m, "args0", args0, strlen(args0), ARGS0_MAX);
	return lifecycle_record(&e->container.journal, CAUSE_EXEC_STARTED, &m, err);
}

int exec_record_failed(struct exec *e, const struct error *why, struct error *err)
{
	struct event_members m;

	members_init(&m);
	members_add_string(&m, "phase", "exec");
	members_add_string(&m, "execId", e->id);
	members_add_tail(&m, "error", why->text, strlen(why->text), 1024);
	return lifecycle_record(&e->container.journal, CAUSE_EXEC_FAILED, &m, err);
}
