/* SPDX-License-Identifier: Apache-2.0 */
/* The members of `exited`, in the order of the schema. */
#ifndef MONITOR_EXITED_H
#define MONITOR_EXITED_H

#include <stdbool.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"
#include "events/journal.h"

/* What is known about an end. */
struct exited {
	pid_t pid;
	bool known;			  /* false: code and signal are null, and reason says why */
	int status;			  /* wait(2) status */
	const char *reason;		  /* NULL: "exited" or "signaled", from the status */
	const char *source;		  /* SOURCE_* */
	const char *error;		  /* exec failed: why; or NULL */
	const char *started_at;		  /* RFC 3339, or NULL: never started */
	const struct cgroup_usage *usage; /* or NULL */
	bool oom_killed;		  /* the log tells of it, whatever usage does */
};

#define REASON_EXEC_FAILED    "exec-failed"
#define REASON_NEVER_STARTED  "never-started"
#define REASON_MONITOR_LOST   "monitor-lost"
#define REASON_UNOBSERVED     "unobserved"
#define REASON_HOST_RESTARTED "host-restarted"

void exited_members(struct event_members *m, const struct exited *e);

/* exec_exited_members - of an exec's process: usage, started_at and error are not looked at. */
void exec_exited_members(struct event_members *m, const char *exec_id, const struct exited *e);

#endif
