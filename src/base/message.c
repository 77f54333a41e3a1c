/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams with descriptors. */
#include "base/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(MESSAGE_MAX_FDS * sizeof(int))];
};

int message_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ? -errno : 0;
}

int message_send(int fd, const void *data, size_t length, const int *fds, size_t fd_count)
{
	struct iovec part = {.iov_base = (void *)data, .iov_len = length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union control control;
	ssize_t n;

	if (fd_count > MESSAGE_MAX_FDS)
		return -EINVAL;
	if (fd_count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	}
	do
		n = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *message, int *ret_fds, size_t *ret_fd_count)
{
	struct cmsghdr *header;

	for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t count, i;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
			if (ret_fds && *ret_fd_count < MESSAGE_MAX_FDS)
				ret_fds[(*ret_fd_count)++] = fd;
			else
				(void)close(fd);
		}
	}
}

ssize_t message_receive(int fd, void *data, size_t size, int *ret_fds, size_t *ret_fd_count)
{
	struct iovec part = {.iov_base = data, .iov_len = size};
	union control control;
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	size_t dropped = 0;
	ssize_t n;

	do
		n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (ret_fd_count)
		*ret_fd_count = 0;
	take_fds(&message, ret_fds, ret_fd_count ? ret_fd_count : &dropped);
	return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
}
