/* SPDX-License-Identifier: Apache-2.0 */
/* Sibling, parent, hand-over or none; and reading the status in each of them. */
#include "monitor/exit_status.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/compat.h"

static const char *const mode_names[WATCH_MODES] = {"sibling", "parent", "hand-over", "none"};

const char *watch_mode_name(enum watch_mode mode)
{
	return mode_names[mode];
}

/* The pidfd has the status only after the reap; 0 then, -EAGAIN before, -ENOTTY on old kernels. */
static int ask_pidfd(int pidfd, int *ret_status)
{
	struct compat_pidfd_info info = {.mask = COMPAT_PIDFD_INFO_EXIT};

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

int exit_status_choose(const char *monitor, const char *exit_source, bool kernel_tells,
		       pid_t adopter, enum watch_mode *ret, struct error *err)
{
	bool subreaper = adopter > 1;

	if (exit_source && strcmp(exit_source, "auto") == 0)
		exit_source = NULL;
	if (strcmp(monitor, "none") == 0) {
		*ret = WATCH_NONE;
		return 0;
	}
	if (strcmp(monitor, "sibling") == 0 || (exit_source && strcmp(exit_source, "pidfd") == 0)) {
		if (!kernel_tells)
			return error_set(err, ERROR_SYSTEM, ENOTSUP,
					 "--monitor=sibling needs PIDFD_INFO_EXIT (Linux 6.15)");
		*ret = WATCH_SIBLING;
		return 0;
	}
	if (strcmp(monitor, "parent") == 0 || (exit_source && strcmp(exit_source, "parent") == 0))
		*ret = subreaper ? WATCH_HAND_OVER : WATCH_PARENT;
	else if (!subreaper)
		/* Nobody above waits, and some PID 1s never reap: be the parent. */
		*ret = WATCH_PARENT;
	else
		*ret = kernel_tells ? WATCH_SIBLING : WATCH_HAND_OVER;
	return 0;
}

static int collect_as_parent(enum watch_mode mode, pid_t pid, int *ret_status)
{
	siginfo_t info = {0};
	int status;

	if (mode == WATCH_PARENT) {
		pid_t reaped;

		do
			reaped = waitpid(pid, &status, __WALL);
		while (reaped < 0 && errno == EINTR);
		if (reaped != pid)
			return -errno;
		*ret_status = status;
		return 0;
	}
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

int exit_status_collect(enum watch_mode mode, int pidfd, pid_t pid, int *ret_status,
			const char **ret_source)
{
	int r;

	if (mode == WATCH_PARENT || mode == WATCH_HAND_OVER) {
		r = collect_as_parent(mode, pid, ret_status);
		*ret_source = SOURCE_PARENT;
	} else {
		r = ask_after_reap(pidfd, ret_status);
		*ret_source = SOURCE_PIDFD;
	}
	if (r == 0)
		return 0;
	*ret_source = SOURCE_NONE;
	return -ENODATA;
}
