/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of an exec until it is the stub. Where it stands: the host's namespaces, the
 * container's cgroup, the caller's standard streams.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cpu_list.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "launch/exec_roles.h"
#include "launch/process.h"
#include "stub/stub.h"

/* config.md#linux-process, execCPUAffinity: one before the cgroup is entered, one after. */
static int set_affinity(const char *list, const char *name, struct error *err)
{
	struct cpu_list cpus;
	int r;

	if (!list)
		return 0;
	r = cpu_list_parse(list, &cpus);
	if (r == 0 &&
	    sched_setaffinity(0, sizeof(cpus.bits), (const cpu_set_t *)(const void *)cpus.bits) < 0)
		r = -errno;
	return r < 0 ? error_sys_num(err, r, "process.execCPUAffinity.%s %s", name, list) : 0;
}

static int set_oom_score(const struct exec *e, struct error *err)
{
	const struct optional_i64 *adj = &e->spec.process.oom_score_adj;
	char text[24];
	int r;

	if (!adj->has)
		return 0;
	(void)snprintf(text, sizeof(text), "%lld", (long long)adj->value);
	r = file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", text);
	if ((r == -EACCES || r == -EPERM) && e->container.record.rootless)
		return 0;
	return r < 0 ? error_sys_num(err, r, "process.oomScoreAdj %s", text) : 0;
}

static int enter_cgroup(const struct exec *e, bool in_cgroup, struct error *err)
{
	int r = 0;

	if (!in_cgroup && e->entry.v2_dirfd >= 0)
		r = file_write_at(e->entry.v2_dirfd, "cgroup.procs", "0");
	return r < 0 ? error_sys_num(err, r, "enter the container's cgroup")
		     : cgroup_enter(&e->entry, err);
}

static int become_stub(struct exec *e, int plan_fd, const char *const *env, bool in_cgroup,
		       struct error *err)
{
	const struct spec_process *process = &e->spec.process;
	int r;

	process_reset_signals();
	r = set_affinity(process->cpu_affinity_initial, "initial", err);
	if (r == 0)
		r = enter_cgroup(e, in_cgroup, err);
	if (r == 0)
		r = set_affinity(process->cpu_affinity_final, "final", err);
	if (r == 0)
		r = set_oom_score(e, err);
	if (r == 0)
		r = process_keep_fds(e->preserved_fds, err);
	return r < 0 ? r : stub_exec(plan_fd, process->args.items, env, err);
}

void exec_child(struct exec *e, int plan_fd, const char *const *env, bool in_cgroup)
{
	struct message failure = {.kind = INIT_FAILED};
	struct error ignored = ERROR_INIT;

	(void)prctl(PR_SET_NAME, "ocirun:exec");
	close_keeping_errno(take_fd(&e->stub_fd)); /* so that the end of the other side is seen */
	(void)become_stub(e, plan_fd, env, in_cgroup, &failure.error);
	(void)handshake_send(e->stub_end, &failure, -EBADF, &ignored);
	_exit(1);
}
