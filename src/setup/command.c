/* SPDX-License-Identifier: Apache-2.0 */
/* Running another program to its end. */
#include "setup/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"

#define NOEXEC_SEAL	0x0008U /* MFD_NOEXEC_SEAL, newer than our libc */
#define KERNEL_SIGNALS	64
#define NS_PER_MS	1000000
#define KILL_WAIT_MS	5000 /* a killed program may hang in the kernel for longer: then not us */
#define POLL_BLIND_MS	20   /* Linux < 5.3 has no pidfd to poll */
#define DRAIN_READS_MAX 64   /* a pipe's worth: who still writes may go on for ever */

struct child {
	pid_t pid;
	int pidfd, output_fd, errnum_fd;
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

/* A file rather than a pipe: nothing to feed, and nobody to wait for who does not read it. */
static int open_input(const char *text, struct error *err)
{
	autofd fd = -EBADF;
	int r;

	if (!text) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return fd < 0 ? error_sys(err, "open /dev/null") : take_fd(&fd);
	}
	fd = memfd_create("stdin", MFD_CLOEXEC | NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL) /* Linux < 6.3 */
		fd = memfd_create("stdin", MFD_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "memfd_create");
	r = fd_write_all(fd, text, strlen(text));
	if (r < 0)
		return error_sys_num(err, r, "write stdin");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(err, "lseek");
	return take_fd(&fd);
}

/*
 * By the system call itself: libc's sigaction refuses the two signals that it keeps for threads,
 * and some callers have those ignored, too.
 */
static void reset_signals(void)
{
	const unsigned long by_default[4] = {0}; /* the kernel's struct sigaction, SIG_DFL */
	sigset_t none;

	for (int signal = 1; signal <= KERNEL_SIGNALS; signal++)
		(void)syscall(SYS_rt_sigaction, signal, by_default, NULL, KERNEL_SIGNALS / 8);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* After fork, so no allocation. The descriptors are above 2: our own standard streams are open. */
static void __attribute__((noreturn))
run_child(const struct command *command, int input_fd, int output_fd, int errnum_fd)
{
	int errnum;

	(void)setsid();
	reset_signals();
	(void)umask(022);
	if (dup2(input_fd, STDIN_FILENO) >= 0 &&
	    dup2(command->stdout_fd ? command->stdout_fd : output_fd, STDOUT_FILENO) >= 0 &&
	    dup2(command->stderr_fd ? command->stderr_fd : output_fd, STDERR_FILENO) >= 0 &&
	    chdir("/") == 0) {
		fd_cloexec_from(STDERR_FILENO + 1);
		(void)execve(command->path, (char *const *)command->argv,
			     (char *const *)command->envp);
	}
	errnum = errno;
	(void)!write(errnum_fd, &errnum, sizeof(errnum));
	_exit(127);
}

static int spawn(const struct command *command, struct child *ret, struct error *err)
{
	autofd input_fd = open_input(command->input, err);
	autofd output_fd = -EBADF, errnum_fd = -EBADF;
	int pipe_fds[2];

	if (input_fd < 0)
		return input_fd;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_sys(err, "pipe");
	ret->output_fd = pipe_fds[0];
	output_fd = pipe_fds[1];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_sys(err, "pipe");
	ret->errnum_fd = pipe_fds[0];
	errnum_fd = pipe_fds[1];
	ret->pid = fork_into_cgroup(command->cgroup_fd ? command->cgroup_fd : -EBADF);
	if (ret->pid < 0)
		return error_sys(err, "fork");
	if (ret->pid == 0)
		run_child(command, input_fd, output_fd, errnum_fd);
	ret->pidfd = sys_pidfd_open(ret->pid, 0);
	(void)fcntl(ret->output_fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(ret->errnum_fd, F_SETFL, O_NONBLOCK);
	return 0;
}

static void child_done(struct child *child)
{
	close_keeping_errno(child->pidfd);
	close_keeping_errno(child->output_fd);
	close_keeping_errno(child->errnum_fd);
}

/* Keeps the last COMMAND_OUTPUT_MAX bytes. Returns false at end of file. */
static bool read_output(int fd, struct command_result *ret)
{
	char chunk[COMMAND_OUTPUT_MAX];
	ssize_t n = read(fd, chunk, sizeof(chunk));
	size_t excess;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	excess = ret->length + (size_t)n;
	excess = excess > COMMAND_OUTPUT_MAX ? excess - COMMAND_OUTPUT_MAX : 0;
	memmove(ret->output, ret->output + excess, ret->length - excess);
	memcpy(ret->output + ret->length - excess, chunk, (size_t)n);
	ret->length += (size_t)n - excess;
	return true;
}

static void drain_output(const struct child *child, struct command_result *ret)
{
	struct pollfd fd = {.fd = child->output_fd, .events = POLLIN};

	for (int i = 0; i < DRAIN_READS_MAX && poll(&fd, 1, 0) > 0; i++)
		if (!read_output(child->output_fd, ret))
			return;
}

static bool has_ended(const struct child *child, struct command_result *ret)
{
	pid_t pid = waitpid(child->pid, &ret->status, WNOHANG);

	/* ECHILD: our parent had SIGCHLD ignored, and the kernel took the status with it. */
	return pid == child->pid || (pid < 0 && errno == ECHILD);
}

static int poll_timeout(const struct child *child, int64_t deadline_ms)
{
	int64_t left = deadline_ms < 0 ? -1 : deadline_ms - now_ms();

	if (deadline_ms >= 0 && left < 0)
		left = 0;
	if (child->pidfd < 0 && (left < 0 || left > POLL_BLIND_MS))
		left = POLL_BLIND_MS;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Returns whether it ended before the deadline (-1: none). */
static bool wait_until(struct child *child, int64_t deadline_ms, struct command_result *ret)
{
	while (!has_ended(child, ret)) {
		struct pollfd fds[] = {{.fd = child->pidfd, .events = POLLIN},
				       {.fd = child->output_fd, .events = POLLIN}};

		if (deadline_ms >= 0 && now_ms() >= deadline_ms)
			return false;
		if (poll(fds, ARRAY_SIZE(fds), poll_timeout(child, deadline_ms)) <= 0)
			continue;
		if (fds[1].revents && !read_output(child->output_fd, ret)) {
			close_keeping_errno(child->output_fd);
			child->output_fd = -EBADF;
		}
	}
	return true;
}

static void kill_group(struct child *child, struct command_result *ret)
{
	(void)kill(-child->pid, SIGKILL);
	(void)kill(child->pid, SIGKILL); /* in case setsid was yet to come */
	ret->timed_out = true;
	if (!wait_until(child, now_ms() + KILL_WAIT_MS, ret))
		ret->status = SIGKILL;
}

int command_run(const struct command *command, struct command_result *ret, struct error *err)
{
	struct child child = {.pid = -1, .pidfd = -EBADF, .output_fd = -EBADF, .errnum_fd = -EBADF};
	int64_t deadline_ms =
		command->timeout_s > 0 ? now_ms() + (int64_t)command->timeout_s * 1000 : -1;
	int errnum = 0, r;

	memset(ret, 0, offsetof(struct command_result, output));
	r = spawn(command, &child, err);
	if (r == 0) {
		if (!wait_until(&child, deadline_ms, ret))
			kill_group(&child, ret);
		drain_output(&child, ret);
		/* CLOEXEC: whoever the program left behind does not hold this one open. */
		if (fd_read_all(child.errnum_fd, &errnum, sizeof(errnum)) == sizeof(errnum))
			r = error_sys_num(err, errnum, "execve");
	}
	ret->output[ret->length] = '\0';
	child_done(&child);
	return r;
}
