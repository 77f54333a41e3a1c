/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting to the stub. */
#include "monitor/start_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/message.h"
#include "stub/plan.h"

int start_socket_connect(int state_dirfd, int flags, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return error_sys(err, "start.sock: socket");
	/* Short, whatever --root is. */
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start.sock",
		       state_dirfd);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys(err, "start.sock: connect");
	return take_fd(&fd);
}

int start_socket_watch(int state_dirfd)
{
	struct error ignored = ERROR_INIT;
	autofd fd = start_socket_connect(state_dirfd, SOCK_NONBLOCK, &ignored);

	if (fd < 0 || message_send(fd, PLAN_WATCH_MESSAGE, strlen(PLAN_WATCH_MESSAGE), NULL, 0) < 0)
		return -EBADF;
	return take_fd(&fd);
}
