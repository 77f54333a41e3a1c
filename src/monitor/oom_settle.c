/* SPDX-License-Identifier: Apache-2.0 */
/* The last look at a cgroup whose monitor was killed. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "monitor/adopt.h"
#include "monitor/oom.h"

void monitor_usage_open(const struct container *c, int fds[USAGE_FILES])
{
	struct error ignored = ERROR_INIT;
	struct cgroup_host host;
	struct cgroup cg;

	for (size_t i = 0; i < USAGE_FILES; i++)
		fds[i] = -EBADF;
	if (!c->record.cgroup_path || cgroup_host_probe(&host, "/sys/fs/cgroup", &ignored) < 0)
		return;
	cgroup_open(&cg, &host, c->record.cgroup_path);
	cgroup_usage_open(&cg, fds);
}

bool oom_settle(struct container *c, struct cgroup_usage *usage)
{
	autofd baseline_fd = openat(c->state_dirfd, "monitor", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct oom oom = {.baseline = oom_baseline_read(baseline_fd)};
	struct error err = ERROR_INIT;
	int fds[USAGE_FILES];

	if (strcmp(c->record.monitor, "none") == 0)
		return false;
	monitor_usage_open(c, fds);
	cgroup_usage_read(fds, usage);
	for (size_t i = 0; i < USAGE_FILES; i++)
		close_keeping_errno(fds[i]);
	/* `exited` says oomKilled all the same. */
	if (oom_record(&oom, &c->journal, usage, &err) < 0)
		log_debug("%s: %s", c->id, err.text);
	oom_count(&oom, usage);
	return usage->cpu_usec.has || usage->oom_kills.has;
}
