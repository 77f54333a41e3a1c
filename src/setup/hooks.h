/* SPDX-License-Identifier: Apache-2.0 */
/* Running hooks (config.md#posix-platform-hooks) from this process; startContainer is the stub's.
 */
#ifndef SETUP_HOOKS_H
#define SETUP_HOOKS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "spec/spec.h"

#define HOOK_OUTPUT_MAX 4096

/* What stands before the output in the error of a hook that failed. */
#define HOOK_PRINTED "; it printed: "

struct hook_failure {
	enum hook_stage stage;
	int index;	  /* in its stage's list, from 0 */
	const char *path; /* borrowed from the spec */
	int errnum;	  /* positive when it could not be started; then the rest is empty */
	int status;	  /* as waitpid(2) gives it */
	bool timed_out;
	size_t length;
	char output[HOOK_OUTPUT_MAX + 1]; /* the last bytes it printed, NUL-terminated */
};

/* Where hooks write to, the files of run.oci.hooks.stdout and .stderr; and where they run. */
struct hook_output {
	int stdout_fd, stderr_fd; /* -EBADF: to struct hook_failure */
	int cgroup_fd;		  /* borrowed: the v2 cgroup; -EBADF: that of who runs them */
};

#define HOOK_OUTPUT_CLOSED                                                     \
	{                                                                      \
		.stdout_fd = -EBADF, .stderr_fd = -EBADF, .cgroup_fd = -EBADF, \
	}

/*
 * hooks_run - run one stage's hooks in order, in the caller's namespaces
 * @state_json: on each hook's stdin
 * @output: NULL as with both closed
 * @ret: filled when a hook failed; may be NULL
 *
 * Exactly the hook's args and env (empty without one), cwd "/", own session, no descriptor but 0-2.
 * Returns 0, or a negative errno at the first failure with the error naming stage, index, path and
 * what became of it: -ECANCELED when it ran and failed, -ETIMEDOUT, or why it could not start.
 */
int hooks_run(const struct spec_hook *hooks, size_t count, enum hook_stage stage,
	      const char *state_json, const struct hook_output *output, struct hook_failure *ret,
	      struct error *err);

/* hook_failure_error - the error of a hook that ran and failed (the stub's report has one, too). */
int hook_failure_error(const struct hook_failure *failure, struct error *err);

#endif
