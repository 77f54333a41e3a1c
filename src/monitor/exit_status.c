/* SPDX-License-Identifier: Apache-2.0 */
/* Getting ready for the end of a process, and reading the status. */
#include "monitor/exit_status.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/kernel_lacks.h"
#include "monitor/exit_ptrace.h"
#include "monitor/exit_zombie.h"

static const char *const mode_names[WATCH_MODES] = {
	[WATCH_SIBLING] = "sibling",	 [WATCH_NETLINK] = "netlink", [WATCH_PARENT] = "parent",
	[WATCH_HAND_OVER] = "hand-over", [WATCH_PTRACE] = "ptrace",   [WATCH_ZOMBIE] = "zombie",
	[WATCH_NONE] = "none",
};

const char *watch_mode_name(enum watch_mode mode)
{
	return mode_names[mode];
}

bool watch_mode_is_sibling(enum watch_mode mode)
{
	return mode == WATCH_SIBLING || mode == WATCH_NETLINK || mode == WATCH_PTRACE;
}

void exit_means_close(struct exit_means *means)
{
	close_keeping_errno(take_fd(&means->netlink.fd));
	exit_zombie_close(&means->zombie);
	close_keeping_errno(take_fd(&means->status_fd));
}

int exit_means_attach(struct exit_means *means, pid_t pid, struct error *err)
{
	if (means->mode == WATCH_PTRACE) {
		means->status_fd = exit_ptrace_open(pid);
		return exit_ptrace_seize(pid, err);
	}
	if (means->mode != WATCH_NETLINK)
		return 0;
	exit_zombie_open(&means->zombie, pid);
	return exit_netlink_aim(&means->netlink, pid, err);
}

/* The pidfd has the status only after the reap; 0 then, -EAGAIN before, -ENOTTY on old kernels. */
static int ask_pidfd(int pidfd, int *ret_status)
{
	struct compat_pidfd_info info = {.mask = COMPAT_PIDFD_INFO_EXIT};

	if (kernel_lacks("pidfd-exit"))
		return -ENOTTY;
	if (ioctl(pidfd, COMPAT_PIDFD_GET_INFO, &info) < 0)
		return -errno;
	if (!(info.mask & COMPAT_PIDFD_INFO_EXIT))
		return -EAGAIN;
	*ret_status = info.exit_code;
	return 0;
}

bool exit_status_probe(int pidfd)
{
	int status;

	return ask_pidfd(pidfd, &status) == 0;
}

/* The zombie stays. */
static int look(pid_t pid, int *ret_status)
{
	siginfo_t info = {0};

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	if (info.si_code == CLD_EXITED)
		*ret_status = (info.si_status & 0xff) << 8;
	else
		*ret_status = info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
	return 0;
}

static int ask_after_reap(int pidfd, int *ret_status)
{
	struct pollfd hung_up = {.fd = pidfd}; /* POLLHUP needs no asking for */
	int r = ask_pidfd(pidfd, ret_status);

	/* Only a kernel that knows EXIT says POLLHUP on a pidfd (6.9): others never would. ESRCH is
	 * what the ioctl says for a moment in the middle of the reap. */
	if (r != -EAGAIN && r != -ESRCH)
		return r;
	while (poll(&hung_up, 1, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return ask_pidfd(pidfd, ret_status);
}

/* The zombie is looked at first, since it may go at any moment, and is the word where messages
 * leave a doubt. */
static int listen_and_look(struct exit_means *means, int *ret_status, const char **ret_source)
{
	int seen, r;
	bool is_seen = exit_zombie_status(&means->zombie, &seen) == 0;

	r = exit_netlink_collect(&means->netlink, ret_status);
	if (r != 0 && is_seen) {
		*ret_status = seen;
		*ret_source = SOURCE_ZOMBIE;
		return 0;
	}
	return r < 0 ? r : 0;
}

static int collect(struct exit_means *means, int pidfd, pid_t pid, int *ret_status,
		   const char **ret_source)
{
	int r;

	switch (means->mode) {
	case WATCH_PARENT:
	case WATCH_HAND_OVER:
		*ret_source = SOURCE_PARENT;
		return look(pid, ret_status);
	case WATCH_PTRACE:
		*ret_source = SOURCE_PTRACE;
		r = look(pid, ret_status);
		if (r != -ECHILD)
			return r;
		/* It had to be released. */
		*ret_source = SOURCE_PIDFD;
		return ask_after_reap(pidfd, ret_status);
	case WATCH_NETLINK:
		*ret_source = SOURCE_NETLINK;
		return listen_and_look(means, ret_status, ret_source);
	case WATCH_ZOMBIE:
		*ret_source = SOURCE_ZOMBIE;
		return exit_zombie_status(&means->zombie, ret_status);
	default:
		*ret_source = SOURCE_PIDFD;
		return ask_after_reap(pidfd, ret_status);
	}
}

int exit_status_collect(struct exit_means *means, int pidfd, pid_t pid, int *ret_status,
			const char **ret_source)
{
	if (collect(means, pidfd, pid, ret_status, ret_source) == 0)
		return 0;
	*ret_source = SOURCE_NONE;
	return -ENODATA;
}

void exit_status_let_go(const struct exit_means *means, pid_t pid)
{
	if (means->mode != WATCH_PARENT && means->mode != WATCH_PTRACE)
		return;
	/* For a tracer it passes the zombie on to the parent. */
	while (waitpid(pid, NULL, __WALL | WNOHANG) < 0 && errno == EINTR)
		;
}
