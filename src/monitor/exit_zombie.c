/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a zombie's status. No heap and no open: the monitor does it in its cage. */
#include "monitor/exit_zombie.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FIELD_STATE	3 /* of /proc/PID/stat, counted from 1 */
#define FIELD_THREADS	20
#define FIELD_EXIT_CODE 52

static int open_file(pid_t pid, const char *name, int flags)
{
	char path[48];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -EBADF : fd;
}

void exit_zombie_open(struct exit_zombie *z, pid_t pid)
{
	z->stat_fd = open_file(pid, "stat", O_RDONLY);
	z->link_fd = open_file(pid, "ns/user", O_PATH | O_NOFOLLOW);
}

void exit_zombie_close(struct exit_zombie *z)
{
	close_keeping_errno(take_fd(&z->stat_fd));
	close_keeping_errno(take_fd(&z->link_fd));
}

/* The command's name may hold spaces and brackets: fields are counted from the last bracket. */
static const char *field(const char *text, int number)
{
	const char *at = strrchr(text, ')');

	for (int i = FIELD_STATE - 1; at && i < number; i++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at;
}

static bool is_zombie(const char *state)
{
	return *state == 'Z' || *state == 'X';
}

int exit_zombie_parse(const char *text, bool believe_zero, int *ret_status)
{
	const char *state = field(text, FIELD_STATE), *code = field(text, FIELD_EXIT_CODE);
	int status;

	if (!state || !code)
		return -EIO;
	if (!is_zombie(state))
		return -EAGAIN;
	status = atoi(code);
	if (status == 0 && !believe_zero)
		return -EAGAIN;
	*ret_status = status;
	return 0;
}

static int read_stat(int stat_fd, char *text, size_t size)
{
	ssize_t n;

	if (stat_fd < 0)
		return -EBADF;
	n = pread(stat_fd, text, size - 1, 0);
	if (n <= 0)
		return n < 0 ? -errno : -EIO;
	text[n] = '\0';
	return 0;
}

/* Where the link leads is shown to whoever field 52 is shown to, and a zombie has it, too. */
static bool has_ptrace_access(int link_fd)
{
	char target[64];

	return link_fd >= 0 && readlinkat(link_fd, "", target, sizeof(target)) > 0;
}

/* Linux 5.17: field 52 is the process's status, also where its first thread ended before others. */
static bool is_of_process(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 17));
}

int exit_zombie_status(const struct exit_zombie *z, int *ret_status)
{
	bool believe_zero = is_of_process() && has_ptrace_access(z->link_fd);
	char text[1024];
	int r = read_stat(z->stat_fd, text, sizeof(text));

	return r < 0 ? r : exit_zombie_parse(text, believe_zero, ret_status);
}

int exit_zombie_threads(const struct exit_zombie *z)
{
	char text[1024];
	int r = read_stat(z->stat_fd, text, sizeof(text));
	const char *state, *threads;

	if (r < 0)
		return r;
	state = field(text, FIELD_STATE);
	threads = field(text, FIELD_THREADS);
	if (!state || !threads)
		return -EIO;
	return atoi(threads) - is_zombie(state);
}
