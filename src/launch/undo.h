/* SPDX-License-Identifier: Apache-2.0 */
/* Ending all processes of a container and removing its cgroup: for undo and for delete. */
#ifndef LAUNCH_UNDO_H
#define LAUNCH_UNDO_H

#include "cgroup/cgroup.h"
#include "container/container.h"
#include "launch/handshake.h"

/*
 * destroy_processes - SIGKILL to init and to everything in the cgroup, and wait until init is gone
 * @pidfd: init's, or -EBADF
 * -EBUSY "still alive: pid N" after @timeout_ms (a process in uninterruptible sleep).
 */
int destroy_processes(const struct cgroup *cg, int pidfd, pid_t pid, int timeout_ms,
		      struct error *err);

/*
 * destroy_cgroup - destroy_processes, then remove the cgroup; of a create that never made its
 * cgroup, only what is empty. -EBUSY when something is still alive, and then nothing may be
 * forgotten.
 */
int destroy_cgroup(const struct cgroup *cg, const struct container *c, int pidfd, pid_t pid,
		   struct error *err);

/*
 * await_observers - until the observers of execs, whose processes are dead, have written their
 * last lines; half a second at most: one whose process nobody reaps would wait for ever.
 */
void await_observers(const struct container *c);

/* record_failed - the `failed` line of a phase ("create", "start"), with the hook's part if it was
 * one. */
int record_failed(struct journal *j, int cause, const char *phase, const struct error *why,
		  const struct hook_failure *hook, struct error *err);

/* run_poststop - the poststop hooks, in the v2 cgroup @cgroup_fd (or -EBADF: ours); what fails is
 * logged, as config.md#poststop asks. */
void run_poststop(const struct container *c, const struct spec *spec, int cgroup_fd);

#define DESTROY_TIMEOUT_MS 10000

#endif
