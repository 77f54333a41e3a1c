/* SPDX-License-Identifier: Apache-2.0 */
/* --preserve-fds and LISTEN_FDS. */
#include "launch/preserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

int preserve_count(int preserve_fds, int *ret, struct error *err)
{
	const char *listen_fds = getenv("LISTEN_FDS");
	int count = preserve_fds;

	if (listen_fds)
		count += atoi(listen_fds) > 0 ? atoi(listen_fds) : 0;
	for (int fd = 3; fd < 3 + count; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return error_set(err, ERROR_USAGE, EBADF,
					 "--preserve-fds %d: descriptor %d is not open", count, fd);
	*ret = count;
	return 0;
}
