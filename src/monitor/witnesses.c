/* SPDX-License-Identifier: Apache-2.0 */
/* Locks of open file descriptions (fcntl(2), F_OFD_SETLK): they end with their holder. */
#include "monitor/witnesses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"

int witnesses_join(const char *root, const char *id)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
	char path[4096];
	autofd fd = -EBADF;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s/monitor", root, id) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return -errno;
	return take_fd(&fd);
}

bool witnesses_exist(int state_dirfd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	autofd fd = openat(state_dirfd, "monitor", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
