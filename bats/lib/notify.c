/* SPDX-License-Identifier: Apache-2.0 */
/* Static, for a container: notify TEXT... sends each to $NOTIFY_SOCKET, with stdin's descriptor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int send_with_stdin(int fd, const char *text)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(sizeof(int))}};
	struct iovec part = {(void *)text, strlen(text)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	memset(CMSG_DATA(&control.header), 0, sizeof(int));
	return sendmsg(fd, &message, 0) < 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", getenv("NOTIFY_SOCKET"));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(address.sun_path);
		return 1;
	}
	for (int i = 1; i < argc; i++)
		if (send_with_stdin(fd, argv[i])) {
			perror("send");
			return 1;
		}
	return 0;
}
