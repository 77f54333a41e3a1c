/* SPDX-License-Identifier: Apache-2.0 */
/* The pid in a file, the pidfd over a socket. */
#include "launch/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/message.h"

int connect_socket(const char *option, const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autofd fd = -EBADF;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_USAGE, ENAMETOOLONG,
				 "%s %s: longer than %zu bytes, the limit of a socket's path",
				 option, path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_sys(err, "%s: socket", option);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys(err, "%s %s: connect", option, path);
	return take_fd(&fd);
}

/* A pid file replaces only a regular file, and is whole from the moment it has its name. */
static int check_target(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return error_set(err, ERROR_USAGE, EEXIST, "--pid-file %s: not a regular file",
				 path);
	return 0;
}

static int write_pid_file(const char *path, pid_t pid, struct error *err)
{
	char temporary[4096], text[16];
	autofd fd = -EBADF;
	int r;

	r = check_target(path, err);
	if (r < 0)
		return r;
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.%d.new", path, getpid()) >=
	    sizeof(temporary))
		return error_set(err, ERROR_USAGE, ENAMETOOLONG, "--pid-file %s", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_sys(err, "--pid-file %s", path);
	(void)snprintf(text, sizeof(text), "%d", pid); /* no newline: Go's Atoi reads it */
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temporary);
		return error_sys_num(err, r, "--pid-file %s", path);
	}
	return 0;
}

static int send_pidfd(const char *option, const char *path, int pidfd, struct error *err)
{
	autofd fd = -EBADF;
	int r;

	if (!path)
		return 0;
	fd = connect_socket(option, path, err);

	if (fd < 0)
		return fd;
	r = message_send(fd, "pidfd", 5, &pidfd, 1);
	return r < 0 ? error_sys_num(err, r, "%s %s: send", option, path) : 0;
}

int publish_check(const struct publication *p, struct error *err)
{
	return p->pid_file ? check_target(p->pid_file, err) : 0;
}

int publish(struct publication *p, pid_t pid, int pidfd, struct error *err)
{
	int r = send_pidfd("--pidfd-socket", p->pidfd_socket, pidfd, err);

	if (r == 0)
		r = send_pidfd("run.oci.pidfd_receiver", p->pidfd_receiver, pidfd, err);
	if (r == 0 && p->pid_file) {
		r = write_pid_file(p->pid_file, pid, err);
		p->pid_file_is_ours = r == 0;
	}
	return r;
}

void publish_undo(const struct publication *p)
{
	if (p->pid_file_is_ours)
		(void)unlink(p->pid_file); /* gone already is as good */
}
