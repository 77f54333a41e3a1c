/* SPDX-License-Identifier: Apache-2.0 */
/* Opening where hooks write to. */
#include "launch/hook_output.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"

/* A FIFO that nobody reads must fail, and one that is read must not lose a hook's lines. */
static int open_output(const char *key, const char *path, struct error *err)
{
	autofd fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);

	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
		return error_sys(err, "annotations[\"%s\"]: %s", key, path);
	return take_fd(&fd);
}

static bool has_hooks(const struct spec *spec)
{
	for (int stage = 0; stage < HOOK_STAGES; stage++)
		if (spec->hooks.count[stage] > 0)
			return true;
	return false;
}

int hook_output_open(const struct spec *spec, struct hook_output *ret, struct error *err)
{
	const struct spec_annotated *a = &spec->annotated;

	*ret = (struct hook_output)HOOK_OUTPUT_CLOSED;
	if (!has_hooks(spec))
		return 0;
	if (a->hooks_stdout) {
		ret->stdout_fd = open_output("run.oci.hooks.stdout", a->hooks_stdout, err);
		if (ret->stdout_fd < 0)
			return ret->stdout_fd;
	}
	if (a->hooks_stderr) {
		ret->stderr_fd = open_output("run.oci.hooks.stderr", a->hooks_stderr, err);
		if (ret->stderr_fd < 0) {
			int r = ret->stderr_fd;

			hook_output_close(ret);
			return r;
		}
	}
	return 0;
}

void hook_output_close(struct hook_output *output)
{
	close_keeping_errno(take_fd(&output->stdout_fd));
	close_keeping_errno(take_fd(&output->stderr_fd));
}
