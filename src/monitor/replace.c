/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a monitor for a process that runs already. */
#include "monitor/replace.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "monitor/adopt.h"
#include "monitor/exit_choice.h"
#include "monitor/handover.h"

/* Apart from our caller's cgroups, as launch/parent.c has it. */
static bool find_host(const struct container *c, struct cgroup_host *host)
{
	struct error ignored = ERROR_INIT;

	return c->record.cgroup_path && !c->record.rootless &&
	       cgroup_host_probe(host, "/sys/fs/cgroup", &ignored) == 0;
}

int monitor_replace(struct container *c, struct watch *w, int lock_fd, struct error *err)
{
	struct cgroup_host host;
	bool stays = !find_host(c, &host);
	autofd aside_fd = stays ? -EBADF : cgroup_aside_open(&host);
	pid_t middle = fork_into_cgroup(aside_fd);

	if (middle < 0)
		return error_sys(err, "fork");
	if (middle == 0) {
		struct error ignored = ERROR_INIT;

		if (fork() != 0)
			_exit(0);
		container_forked(c);
		memset(w->usage_fds, -1, sizeof(w->usage_fds));
		if (!w->exec_id)
			monitor_usage_open(c, w->usage_fds);
		monitor_detach();
		if (!stays)
			cgroup_aside_enter(&host);
		exit_choice_adopt(w->pid, w->pidfd, &w->exits);
		(void)monitor_exec(w, lock_fd, &ignored);
		_exit(1);
	}
	(void)waitpid(middle, NULL, 0);
	return 0;
}
