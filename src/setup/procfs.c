/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to procfs and to nothing that pretends to be it. */
#include "setup/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* /proc/self is a plain symlink to a number, so magic links alone are refused. */
static int open_below(int proc_fd, const char *path)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	for (int tries = 0; tries < 16; tries++) {
		fd = sys_openat2(proc_fd, path, &how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	/* Linux < 5.6, or a seccomp profile around us. What we get is verified below all the same.
	 */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(proc_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int procfs_write(int proc_fd, const char *path, const char *text)
{
	size_t length = strlen(text);
	autofd fd = -EBADF;
	ssize_t n;

	if (!is_procfs(proc_fd))
		return -EXDEV;
	fd = open_below(proc_fd, path);
	if (fd < 0)
		return fd;
	if (!is_procfs(fd))
		return -EXDEV;
	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

int procfs_open_host(void)
{
	autofd fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return is_procfs(fd) ? take_fd(&fd) : -EXDEV;
}
