/* SPDX-License-Identifier: Apache-2.0 */
/* clone3 with its fallbacks, the double fork, and what every child does first. */
#include "launch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "monitor/exit_status.h"

/* Linux < 5.3 has no clone3, and a seccomp filter around us may not know it. */
static pid_t clone_without_clone3(const struct clone_args *args)
{
	unsigned long flags = (unsigned long)(args->flags & ~CLONE_INTO_CGROUP) | args->exit_signal;

	return (pid_t)syscall(SYS_clone, flags, 0UL, args->pidfd, 0UL, 0UL);
}

/* CLONE_PARENT takes the parent's exit signal, and clone3 wants 0 for it. */
pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd, bool *ret_in_cgroup)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	pid_t pid;

	*ret_in_cgroup = cgroup_fd >= 0;
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = sys_clone3(&args);
	/* Linux < 5.7 says EINVAL or E2BIG; a threaded or delegated corner EOPNOTSUPP or EACCES. */
	if (pid < 0 && cgroup_fd >= 0 && errno != EAGAIN && errno != ENOMEM && errno != EPERM &&
	    errno != EBUSY) {
		*ret_in_cgroup = false;
		args.flags &= ~CLONE_INTO_CGROUP;
		args.cgroup = 0;
		pid = sys_clone3(&args);
	}
	if (pid < 0 && errno == ENOSYS) {
		*ret_in_cgroup = false;
		pid = clone_without_clone3(&args);
	}
	return pid;
}

/* The double fork's middle process; reaped, it shows whether the kernel keeps exit statuses. */
int process_detach(int cgroup_fd, void (*begin)(void *arg), void *arg, bool *ret_kernel_tells,
		   struct error *err)
{
	int pidfd = -EBADF, status = 0;
	bool in_cgroup;
	pid_t middle = process_clone(0, cgroup_fd, &pidfd, &in_cgroup);

	if (middle < 0 && cgroup_fd >= 0)
		middle = process_clone(0, -EBADF, &pidfd, &in_cgroup);
	if (middle == 0) {
		pid_t detached = fork();

		if (detached != 0)
			_exit(detached < 0);
		begin(arg);
		_exit(1);
	}
	if (middle < 0)
		return error_sys(err, "fork");
	while (waitpid(middle, &status, 0) < 0 && errno == EINTR)
		;
	*ret_kernel_tells = pidfd >= 0 && exit_status_probe(pidfd);
	close_keeping_errno(pidfd);
	return status ? error_set(err, ERROR_SYSTEM, EAGAIN, "fork failed") : 0;
}

pid_t process_pid_of(int pidfd)
{
	char path[48], text[1024];
	const char *line;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (file_read_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -1;
	line = strstr(text, "\nPid:");
	return line ? atoi(line + 5) : -1;
}

void process_reset_signals(void)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		(void)sigaction(signal, &by_default, NULL); /* KILL, STOP and libc's own refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int process_keep_fds(int count, struct error *err)
{
	for (int fd = 3; fd < 3 + count; fd++) {
		int r = fd_keep(fd);

		if (r < 0)
			return error_sys_num(err, r, "--preserve-fds: descriptor %d", fd);
	}
	return 0;
}
