/* SPDX-License-Identifier: Apache-2.0 */
/* Writing down how a container ended. Unknown is null, never 0. */
#include "monitor/exited.h"

#include <stdio.h>
#include <sys/wait.h>

#include "base/signal_names.h"

static void add_usage(struct event_members *m, const struct cgroup_usage *u)
{
	const struct {
		const char *key;
		const struct optional_u64 *value;
	} rows[] = {
		{"cpuUsec", &u->cpu_usec},
		{"cpuUserUsec", &u->cpu_user_usec},
		{"cpuSystemUsec", &u->cpu_system_usec},
		{"memoryPeakBytes", &u->memory_peak_bytes},
		{"pidsPeak", &u->pids_peak},
		{"ioReadBytes", &u->io_read_bytes},
		{"ioWriteBytes", &u->io_write_bytes},
		{"ioReads", &u->io_reads},
		{"ioWrites", &u->io_writes},
	};

	bool any = false;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].value->has)
			continue;
		if (!any)
			members_open(m, "usage");
		members_add_uint(m, rows[i].key, rows[i].value->value);
		any = true;
	}
	if (any)
		members_close(m);
}

static void add_signal(struct event_members *m, int signal)
{
	const char *name = signal_name(signal);

	members_add_int(m, "signal", signal);
	members_add_string(m, "signalName", name);
}

static void add_status(struct event_members *m, const struct exited *e)
{
	if (e->known && WIFSIGNALED(e->status)) {
		members_add_int(m, "exitCode", 128 + WTERMSIG(e->status));
		add_signal(m, WTERMSIG(e->status));
		return;
	}
	if (e->known)
		members_add_int(m, "exitCode", WEXITSTATUS(e->status));
	else
		members_add_null(m, "exitCode");
	members_add_null(m, "signal");
	members_add_null(m, "signalName");
}

static const char *reason_of(const struct exited *e)
{
	if (e->reason)
		return e->reason;
	return WIFSIGNALED(e->status) ? "signaled" : "exited";
}

void exited_members(struct event_members *m, const struct exited *e)
{
	members_init(m);
	members_add_int(m, "pid", e->pid);
	add_status(m, e);
	members_add_bool(m, "coreDumped", e->known && WCOREDUMP(e->status));
	members_add_bool(m, "oomKilled",
			 e->oom_killed || (e->usage && e->usage->oom_kills.has &&
					   e->usage->oom_kills.value > 0));
	members_add_string(m, "reason", reason_of(e));
	members_add_string(m, "startedAt", e->started_at);
	if (e->usage)
		add_usage(m, e->usage);
	members_add_string(m, "source", e->source);
	if (e->error)
		members_add_tail(m, "error", e->error, __builtin_strlen(e->error), 1024);
	members_add_string(m, "status", "stopped");
}

void exec_exited_members(struct event_members *m, const char *exec_id, const struct exited *e)
{
	members_init(m);
	members_add_string(m, "execId", exec_id);
	members_add_int(m, "pid", e->pid);
	add_status(m, e);
	members_add_bool(m, "coreDumped", e->known && WCOREDUMP(e->status));
	members_add_string(m, "reason", reason_of(e));
	members_add_string(m, "source", e->source);
}
