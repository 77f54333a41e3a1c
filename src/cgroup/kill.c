/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals for everything in a cgroup. SIGKILL by cgroup.kill (Linux 5.14), which no fork can
 * outrun; else the cgroup is frozen first. Other signals go to each process by its pidfd, after a
 * second look at its cgroup, so that a number used anew meanwhile is not hit.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "cgroup/dir.h"

/* Without any freezer: a fork bomb is outrun by trying again, or not at all. */
#define KILL_ROUNDS_MAX 200

/* 1 when it was sent, 0 when the process is no longer there or no longer ours. */
static int signal_one(const struct cgroup *cg, pid_t pid, int signal)
{
	struct error unused;
	autofd pidfd = sys_pidfd_open(pid, 0);

	/* ENOSYS: Linux < 5.3. The number is all there is. */
	if (pidfd < 0 && errno != ENOSYS)
		return errno == ESRCH ? 0 : -errno;
	if (cgroup_holds(cg, pid, &unused) != 1)
		return 0;
	if ((pidfd < 0 ? kill(pid, signal) : sys_pidfd_send_signal(pidfd, signal)) < 0)
		return errno == ESRCH ? 0 : -errno;
	return 1;
}

/* Returns how many it was sent to; goes on after a failure and reports the first. */
static int signal_each(const struct cgroup *cg, int signal, struct error *err)
{
	autofree pid_t *pids = NULL;
	size_t count;
	int sent = 0, failure = 0;
	pid_t failed_pid = 0;
	int r = cgroup_pids(cg, &pids, &count, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		r = signal_one(cg, pids[i], signal);
		if (r < 0 && failure == 0) {
			failure = r;
			failed_pid = pids[i];
		}
		sent += r > 0;
	}
	if (failure < 0)
		return error_sys_num(err, failure, "signal process %d of cgroup %s",
				     (int)failed_pid, cg->path);
	return sent;
}

/* 0 when all are killed, -ENOENT where the kernel has no cgroup.kill. */
static int kill_at_once(const struct cgroup *cg)
{
	int index = cgroup_find_v2(cg->host);
	autofd dir = -EBADF;

	if (index < 0 || !cgroup_is_present(cg, (size_t)index))
		return -ENOENT;
	dir = cgroup_dir_open(cg, (size_t)index);
	return dir < 0 ? dir : file_write_at(dir, "cgroup.kill", "1");
}

static int kill_each(const struct cgroup *cg, struct error *err)
{
	struct error unused;
	bool frozen = cgroup_freeze(cg, true, &unused) == 0;
	int sent = signal_each(cg, SIGKILL, err), more = sent;

	if (frozen)
		return sent;
	for (int round = 0; more > 0 && round < KILL_ROUNDS_MAX; round++)
		more = signal_each(cg, SIGKILL, err);
	return more < 0 ? more : sent;
}

static int kill_all(const struct cgroup *cg, int present, struct error *err)
{
	int r = kill_at_once(cg), thawed, sent = present;

	if (r == -ENOENT)
		sent = kill_each(cg, err);
	else if (r < 0)
		return error_sys_num(err, r, "kill cgroup %s", cg->path);
	/* v1 delivers the signal when the process thaws; a frozen v2 cgroup would stay marked so.
	 */
	thawed = cgroup_thaw_all(cg);
	if (sent >= 0 && thawed < 0)
		return error_sys_num(err, thawed, "thaw cgroup %s", cg->path);
	return sent;
}

int cgroup_signal(const struct cgroup *cg, int signal, struct error *err)
{
	autofree pid_t *pids = NULL;
	size_t count;
	int r;

	if (cg->disabled)
		return 0;
	if (signal != SIGKILL)
		return signal_each(cg, signal, err);
	r = cgroup_pids(cg, &pids, &count, err);
	if (r < 0 || count == 0)
		return r;
	return kill_all(cg, (int)count, err);
}
