/* SPDX-License-Identifier: Apache-2.0 */
/* What of the process section is set before the user changes (config.md#process). */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/setup.h"

static int make_cwd(int rootfs_fd, const struct spec_process *process, struct error *err)
{
	autofd fd = path_make_dir_in(rootfs_fd, process->cwd, 0755, err);

	if (fd < 0)
		return fd;
	/* Made for this process, so it may write there. */
	if (fchownat(fd, "", process->user.uid, process->user.gid, AT_EMPTY_PATH) < 0)
		return error_sys(err, "chown %s", process->cwd);
	return 0;
}

int setup_cwd(struct setup *s, const struct spec *spec, struct error *err)
{
	const struct spec_process *process = &spec->process;
	struct error missing = ERROR_INIT;
	autofd fd = -EBADF;

	if (!spec->has_process || !process->cwd)
		return 0;
	fd = path_open_in(s->rootfs_fd, process->cwd, O_PATH | O_DIRECTORY, &missing);
	if (fd >= 0)
		return 0;
	if (fd == -ENOENT)
		return make_cwd(s->rootfs_fd, process, err);
	*err = missing;
	return error_in(err, "process.cwd");
}
