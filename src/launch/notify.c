/* SPDX-License-Identifier: Apache-2.0 */
/* Relaying readiness from a container to a service manager. */
#include "launch/notify.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/message.h"
#include "setup/notify.h"

#define DATAGRAM_MAX   4096 /* what systemd takes, too */
#define STATUS_MAX     512
#define SEND_TIMEOUT_S 5
#define BARRIER_MS     30000
#define LAST_WORDS_MAX 16 /* datagrams that are read when init has ended; others may go on */
#define DIRECTORY      "notify"

/* ---- the caller's socket ---- */

static const char *host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && path[0] ? path : NULL;
}

/* "@name" is abstract: the name has no terminating NUL, and its length counts. */
static int host_address(const char *path, struct sockaddr_un *ret, socklen_t *ret_length,
			struct error *err)
{
	size_t length = strlen(path);

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((path[0] != '/' && path[0] != '@') || length < 2)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "NOTIFY_SOCKET=%.200s: neither an absolute path nor @name", path);
	if (length >= sizeof(ret->sun_path))
		return error_set(err, ERROR_USAGE, ENAMETOOLONG,
				 "NOTIFY_SOCKET=%.200s: longer than %zu bytes", path,
				 sizeof(ret->sun_path) - 1);
	memcpy(ret->sun_path, path, length);
	if (path[0] == '@')
		ret->sun_path[0] = '\0';
	*ret_length =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '/'));
	return 0;
}

static int connect_host(const char *path, struct error *err)
{
	const struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
	struct sockaddr_un address;
	socklen_t length;
	autofd fd = -EBADF;
	int r = host_address(path, &address, &length, err);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_sys(err, "NOTIFY_SOCKET: socket");
	if (connect(fd, (struct sockaddr *)&address, length) < 0)
		return error_sys(err, "NOTIFY_SOCKET=%s: connect", path);
	/* A manager that hangs must not hang us. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return take_fd(&fd);
}

/* ---- at create ---- */

int notify_wanted(const struct spec *spec, struct error *err)
{
	const char *path = host_socket();
	struct sockaddr_un address;
	socklen_t length;
	int r;

	if (!path || spec_env(spec, "NOTIFY_SOCKET"))
		return 0;
	r = host_address(path, &address, &length, err);
	return r < 0 ? r : 1;
}

/* Readable by the workload's user, whoever that is; the way there is shut on the host. */
static int make_directory(int state_dirfd, struct error *err)
{
	autofd fd = -EBADF;

	if (mkdirat(state_dirfd, DIRECTORY, 0700) < 0)
		return error_sys(err, "mkdir " DIRECTORY);
	fd = openat(state_dirfd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return error_sys(err, "open " DIRECTORY);
	return take_fd(&fd);
}

int notify_prepare(int state_dirfd, struct spec *spec, int *ret_tree, struct error *err)
{
	autofd fd = make_directory(state_dirfd, err);

	if (fd < 0)
		return fd;
	*ret_tree = notify_tree(fd);
	if (*ret_tree < 0)
		log_debug("notify: no detached mount: %s", strerror(-*ret_tree));
	return spec_set_env(spec, "NOTIFY_SOCKET", NOTIFY_DIRECTORY "/" NOTIFY_SOCKET_NAME, err);
}

/* ---- at start ---- */

/* Any user of the container may write to it. */
static int bind_socket(int state_dirfd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static const char name[] = DIRECTORY "/" NOTIFY_SOCKET_NAME;
	autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_sys(err, "notify: socket");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s",
		       state_dirfd, name);
	(void)unlinkat(state_dirfd, name, 0); /* of a start that failed */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys(err, "notify: bind");
	if (fchmodat(state_dirfd, name, 0777, 0) < 0)
		return error_sys(err, "notify: chmod");
	return take_fd(&fd);
}

int notify_open(struct notify *n, int state_dirfd, struct error *err)
{
	const char *path = host_socket();
	struct stat st;

	if (!path || fstatat(state_dirfd, DIRECTORY, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	n->host_fd = connect_host(path, err);
	if (n->host_fd < 0)
		return n->host_fd;
	n->fd = bind_socket(state_dirfd, err);
	return n->fd < 0 ? n->fd : 0;
}

void notify_close(struct notify *n)
{
	close_keeping_errno(take_fd(&n->fd));
	close_keeping_errno(take_fd(&n->host_fd));
}

/* ---- relaying ---- */

struct words {
	bool ready;
	char status[STATUS_MAX];
};

static void take_status(struct words *w, const char *value, size_t length)
{
	if (length >= sizeof(w->status)) {
		length = sizeof(w->status) - 1;
		/* systemd takes no half of a character. */
		while (length > 0 && (value[length] & 0xc0) == 0x80)
			length--;
	}
	for (size_t i = 0; i < length; i++)
		w->status[i] = (char)(iscntrl((unsigned char)value[i]) ? ' ' : value[i]);
	w->status[length] = '\0';
}

static void parse(const char *text, size_t length, struct words *w)
{
	static const char ready[] = "READY=1", status[] = "STATUS=";
	const char *end = text + length;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((newline ? newline : end) - text);

		if (line == strlen(ready) && memcmp(text, ready, line) == 0)
			w->ready = true;
		else if (line > strlen(status) && memcmp(text, status, strlen(status)) == 0)
			take_status(w, text + strlen(status), line - strlen(status));
		text += line + 1;
	}
}

static int send_text(const struct notify *n, const char *text, int passed_fd, struct error *err)
{
	int r = message_send(n->host_fd, text, strlen(text), &passed_fd, passed_fd >= 0);

	return r < 0 ? error_sys_num(err, r, "NOTIFY_SOCKET: send") : 0;
}

static int tell_ready(const struct notify *n, const struct words *w, pid_t main_pid,
		      struct error *err)
{
	char text[STATUS_MAX + 32];
	int r;

	(void)snprintf(text, sizeof(text), "READY=1\n%s%s%s", w->status[0] ? "STATUS=" : "",
		       w->status, w->status[0] ? "\n" : "");
	r = send_text(n, text, -EBADF, err);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "MAINPID=%d\n", main_pid);
	return send_text(n, text, -EBADF, err);
}

int notify_relay(struct notify *n, pid_t main_pid, struct error *err)
{
	char text[DATAGRAM_MAX + 1];
	struct words w = {0};
	/* Without room for them the kernel drops the descriptors that come along. */
	ssize_t length = recv(n->fd, text, sizeof(text), MSG_DONTWAIT);
	int r;

	if (length < 0 || length > DATAGRAM_MAX)
		return 0;
	parse(text, (size_t)length, &w);
	if (!w.ready)
		return 0;
	r = tell_ready(n, &w, main_pid, err);
	return r < 0 ? r : 1;
}

/* sd_notify_barrier(3): the manager closes the pipe when all before it is done. */
static int await_barrier(const struct notify *n, int pidfd, struct error *err)
{
	autofd read_fd = -EBADF, write_fd = -EBADF;
	struct pollfd fds[2] = {{.events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	int pipe_fds[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_sys(err, "pipe");
	read_fd = fds[0].fd = pipe_fds[0];
	write_fd = pipe_fds[1];
	r = send_text(n, "BARRIER=1", write_fd, err);
	if (r < 0)
		return r;
	close_keeping_errno(take_fd(&write_fd));
	do
		r = poll(fds, ARRAY_SIZE(fds), BARRIER_MS);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		log_debug("notify: no answer to BARRIER=1 in %d s", BARRIER_MS / 1000);
	return 0;
}

int notify_await(struct notify *n, pid_t main_pid, int pidfd, struct error *err)
{
	struct pollfd fds[] = {{.fd = n->fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	int left = LAST_WORDS_MAX;

	if (n->fd < 0)
		return 0;
	for (;;) {
		int r;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return error_sys(err, "poll");
		/* Its last words first: it may have been ready, and done, at once. */
		r = fds[0].revents ? notify_relay(n, main_pid, err) : 0;
		if (r > 0)
			return await_barrier(n, pidfd, err);
		if (r < 0 || (fds[1].revents && (!fds[0].revents || left-- == 0)))
			return r;
	}
}
