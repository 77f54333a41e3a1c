/* SPDX-License-Identifier: Apache-2.0 */
/* startContainer hooks (config.md#startcontainer-hooks): in the container, as the workload's user.
 */
#include "stub/internal.h"
#include "stub/syscall.h"

#include <asm/poll.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif
#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#define CLOSE_ON_EXEC 4 /* CLOSE_RANGE_CLOEXEC */
#define NO_TIMEOUT    (-1)
#define WAIT_NOHANG   1

struct kernel_time {
	long seconds, nanoseconds;
};

struct hook_run {
	long pid;
	int pidfd;	  /* or negative: Linux < 5.3 */
	int output_fd;	  /* read end, non-blocking */
	int *exec_errnum; /* shared with the child */
	long deadline_s;  /* CLOCK_MONOTONIC, or NO_TIMEOUT */
	long deadline_ns;
};

/* For the monitor, who has no spec. */
static void report_path(struct stub *stub, int index)
{
	const struct plan_hook *hooks = plan_at(stub, stub->plan->hooks_offset);
	const char *path = plan_at(stub, hooks[index].path_offset);
	size_t length = text_length(path);

	if (length >= PLAN_PATH_MAX) {
		path += length - (PLAN_PATH_MAX - 1);
		length = PLAN_PATH_MAX - 1;
	}
	memcpy(stub->report.hook_path, path, length);
	stub->report.hook_path[length] = '\0';
}

static void __attribute__((noreturn))
fail_hook(struct stub *stub, int index, long errnum, const char *what)
{
	report_path(stub, index);
	stub->report.stage = PLAN_STAGE_HOOK;
	stub->report.errnum = (int32_t)-errnum;
	stub->report.index = index;
	if (what)
		report_text(&stub->report, what);
	fail_with_report(stub, 1);
}

static void *allocate(struct stub *stub, int index, size_t size, int flags)
{
	void *memory = stub_mmap(size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1);

	if (stub_mmap_failed(memory))
		fail_hook(stub, index, (long)memory, "mmap");
	return memory;
}

static char **hook_vector(const struct stub *stub, char **to, uint32_t count, uint32_t offset)
{
	const uint32_t *offsets = plan_at(stub, offset);
	uint32_t i;

	for (i = 0; i < count; i++)
		to[i] = (char *)plan_at(stub, offsets[i]);
	to[count] = NULL;
	return to;
}

/* A file of its own for each hook: no pipe that one could leave full or unread. */
static int open_state(struct stub *stub, int index)
{
	const struct plan *plan = stub->plan;
	const char *data = plan_at(stub, plan->state_offset);
	size_t left = plan->state_length;
	long fd, n;

	fd = kernel2(__NR_memfd_create, "state", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (fd == -EINVAL) /* Linux < 6.3 */
		fd = kernel2(__NR_memfd_create, "state", MFD_CLOEXEC);
	if (fd < 0)
		fail_hook(stub, index, fd, "memfd_create");
	for (; left > 0; left -= (size_t)n, data += n) {
		n = kernel3(__NR_write, fd, data, left);
		if (n <= 0)
			fail_hook(stub, index, n < 0 ? n : -EIO, "write state");
	}
	(void)kernel3(__NR_lseek, fd, 0, 0);
	return (int)fd;
}

static void __attribute__((noreturn))
hook_child(const struct plan *plan, const char *path, char **argv, char **envp, int state_fd,
	   int output_fd, int *errnum)
{
	/* A session, so that a timeout can kill all that the hook started. */
	(void)kernel0(__NR_setsid);
	(void)kernel3(__NR_dup3, state_fd, 0, 0);
	(void)kernel3(__NR_dup3, plan->hook_stdout_fd >= 0 ? plan->hook_stdout_fd : output_fd, 1,
		      0);
	(void)kernel3(__NR_dup3, plan->hook_stderr_fd >= 0 ? plan->hook_stderr_fd : output_fd, 2,
		      0);
	(void)kernel1(__NR_chdir, "/");
	/* Those that --preserve-fds hands on are the workload's. Linux < 5.11: CLOEXEC all the
	 * same, but for those. */
	(void)kernel3(__NR_close_range, 3, ~0U, CLOSE_ON_EXEC);
	*errnum = (int)-kernel3(__NR_execve, path, argv, envp);
	stub_exit(127);
}

static void hook_spawn(struct stub *stub, const struct plan_hook *hook, int index,
		       struct hook_run *run)
{
	char **vectors = allocate(stub, index, (hook->argc + hook->envc + 2UL) * sizeof(char *),
				  MAP_PRIVATE);
	int state_fd = open_state(stub, index), pipe_fds[2];
	long r;

	run->exec_errnum = allocate(stub, index, sizeof(int), MAP_SHARED);
	r = kernel2(__NR_pipe2, pipe_fds, O_CLOEXEC);
	if (r < 0)
		fail_hook(stub, index, r, "pipe");
	(void)hook_vector(stub, vectors, hook->argc, hook->argv_offset);
	(void)hook_vector(stub, vectors + hook->argc + 1, hook->envc, hook->envp_offset);
	run->pid = stub_fork();
	if (run->pid < 0)
		fail_hook(stub, index, run->pid, "fork");
	if (run->pid == 0)
		hook_child(stub->plan, plan_at(stub, hook->path_offset), vectors,
			   vectors + hook->argc + 1, state_fd, pipe_fds[1], run->exec_errnum);
	(void)kernel1(__NR_close, state_fd);
	(void)kernel1(__NR_close, pipe_fds[1]);
	/* Only our end: the hook's is another open file, and blocks as any pipe does. */
	(void)kernel3(__NR_fcntl, pipe_fds[0], F_SETFL, O_NONBLOCK);
	run->output_fd = pipe_fds[0];
	run->pidfd = (int)kernel2(__NR_pidfd_open, run->pid, 0);
}

/* Reads what there is, and keeps the last PLAN_TEXT_MAX bytes. Returns false at end of file. */
static bool hook_read(struct plan_report *report, int fd)
{
	char chunk[1024];
	long n = kernel3(__NR_read, fd, chunk, sizeof(chunk));
	size_t length = report->length, excess, i;

	if (n <= 0)
		return try_again(n);
	excess = length + (size_t)n > PLAN_TEXT_MAX ? length + (size_t)n - PLAN_TEXT_MAX : 0;
	for (i = excess; i < length; i++)
		report->text[i - excess] = report->text[i];
	memcpy(report->text + length - excess, chunk, (size_t)n);
	report->length = (uint32_t)(length - excess + (size_t)n);
	return true;
}

static void hook_set_deadline(struct hook_run *run, uint32_t timeout_s)
{
	struct kernel_time now;

	run->deadline_s = NO_TIMEOUT;
	run->deadline_ns = 0;
	if (timeout_s == 0)
		return;
	(void)kernel2(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, &now);
	run->deadline_s = now.seconds + (long)timeout_s;
	run->deadline_ns = now.nanoseconds;
}

/* Returns false when the deadline has passed. Without a pidfd: look again every 20 ms. */
static bool hook_time_left(const struct hook_run *run, struct kernel_time *ret)
{
	struct kernel_time now;

	ret->seconds = run->pidfd < 0 ? 0 : 3600;
	ret->nanoseconds = run->pidfd < 0 ? 20000000 : 0;
	if (run->deadline_s == NO_TIMEOUT)
		return true;
	(void)kernel2(__NR_clock_gettime, 1, &now);
	now.seconds = run->deadline_s - now.seconds;
	now.nanoseconds = run->deadline_ns - now.nanoseconds;
	if (now.nanoseconds < 0) {
		now.seconds--;
		now.nanoseconds += 1000000000;
	}
	if (now.seconds < 0)
		return false;
	if (now.seconds < ret->seconds ||
	    (now.seconds == ret->seconds && now.nanoseconds < ret->nanoseconds))
		*ret = now;
	return true;
}

/* Waits for the hook itself, never for the end of its output, which a child may hold open. */
static bool hook_wait(struct stub *stub, struct hook_run *run)
{
	struct kernel_time left;

	while (hook_time_left(run, &left)) {
		struct pollfd fds[2];

		fds[0].fd = run->pidfd;
		fds[1].fd = run->output_fd;
		fds[0].events = fds[1].events = POLLIN;
		fds[0].revents = fds[1].revents = 0;
		(void)kernel5(__NR_ppoll, fds, 2, &left, 0, 8);
		if (fds[1].revents && !hook_read(&stub->report, run->output_fd)) {
			(void)kernel1(__NR_close, run->output_fd);
			run->output_fd = -1;
		}
		if (kernel4(__NR_wait4, run->pid, &stub->report.status, WAIT_NOHANG, 0) == run->pid)
			return true;
	}
	return false;
}

static void hook_drain(struct stub *stub, const struct hook_run *run)
{
	uint32_t rounds = 64; /* a pipe's worth; a child of the hook may go on writing for ever */

	while (run->output_fd >= 0 && rounds-- > 0 && hook_read(&stub->report, run->output_fd))
		continue;
}

static void run_hook(struct stub *stub, const struct plan_hook *hook, int index)
{
	struct hook_run run;

	stub->report.length = 0;
	stub->report.status = 0;
	hook_set_deadline(&run, hook->timeout_s);
	hook_spawn(stub, hook, index, &run);
	if (!hook_wait(stub, &run)) {
		(void)kernel2(__NR_kill, -run.pid, SIGKILL);
		(void)kernel2(__NR_kill, run.pid, SIGKILL); /* if setsid was yet to come */
		hook_drain(stub, &run);
		stub->report.timed_out = 1;
		stub->report.status = SIGKILL;
		fail_hook(stub, index, 0, NULL);
	}
	hook_drain(stub, &run);
	if (*run.exec_errnum)
		fail_hook(stub, index, -*run.exec_errnum, "execve");
	if (stub->report.status != 0)
		fail_hook(stub, index, 0, NULL);
	(void)kernel1(__NR_close, run.output_fd);
	(void)kernel1(__NR_close, run.pidfd);
}

void run_hooks(struct stub *stub)
{
	const struct plan_hook *hooks = plan_at(stub, stub->plan->hooks_offset);
	uint32_t i;

	for (i = 0; i < stub->plan->hook_count; i++)
		run_hook(stub, &hooks[i], (int)i);
}
