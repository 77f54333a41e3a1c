/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init's last image before the workload; see plan.h. Here: a process in the container's namespaces
 * and root, with the capabilities that init had, no signal handlers, and the descriptors 0-2, the
 * plan's and the two that the plan names. No C library where syscall.h can do without.
 */
#include "stub/internal.h"
#include "stub/syscall.h"

#include <asm/poll.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#define MSG_DONT  0x40	 /* MSG_DONTWAIT */
#define MSG_NOSIG 0x4000 /* MSG_NOSIGNAL */

/* The compiler may call these for copies and initialisers, C library or not. */
#if STUB_FREESTANDING
void *memcpy(void *to, const void *from, size_t length)
{
	char *t = to;
	const char *f = from;

	while (length-- > 0) {
		*t++ = *f++;
		__asm__ volatile("" ::: "memory"); /* else it may become a call of itself */
	}
	return to;
}

void *memset(void *to, int value, size_t length)
{
	char *t = to;

	while (length-- > 0) {
		*t++ = (char)value;
		__asm__ volatile("" ::: "memory");
	}
	return to;
}
#endif

size_t text_length(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static bool bytes_equal(const char *a, const char *b, size_t length)
{
	while (length-- > 0)
		if (*a++ != *b++)
			return false;
	return true;
}

void stub_exit(int status)
{
	for (;;)
		(void)kernel1(__NR_exit_group, status);
}

/* ---- reports ---- */

void report_text(struct plan_report *report, const char *text)
{
	size_t length = text_length(text);

	if (length > PLAN_TEXT_MAX)
		length = PLAN_TEXT_MAX;
	memcpy(report->text, text, length);
	report->length = (uint32_t)length;
}

/* Never blocks: the reader may be stopped, and its queue has room for the few that we send. */
static long report_send(const struct stub *stub, int fd)
{
	const struct plan_report *report = &stub->report;
	size_t length = offsetof(struct plan_report, text) + report->length;

	if (fd < 0)
		return 0;
	return kernel4(__NR_sendto, fd, report, length, MSG_NOSIG | MSG_DONT);
}

void fail_with_report(struct stub *stub, int status)
{
	stub->report.kind = PLAN_FAILED;
	(void)report_send(stub, stub->plan->monitor_fd); /* the monitor may be gone */
	(void)report_send(stub, stub->starter_fd);
	stub_exit(status);
}

void fail(struct stub *stub, enum plan_stage stage, long errnum, int index, const char *text)
{
	stub->report.stage = stage;
	stub->report.errnum = (int32_t)-errnum;
	stub->report.index = index;
	report_text(&stub->report, text);
	/* The shell's convention: 127 when there is no such program, 126 when it cannot run. */
	fail_with_report(stub, errnum == -ENOENT ? 127 : 126);
}

/* ---- the plan ---- */

static int parse_fd(const char *text)
{
	int fd = 0;

	for (; *text >= '0' && *text <= '9' && fd < 1 << 24; text++)
		fd = fd * 10 + (*text - '0');
	return fd;
}

static void set_cloexec(int fd)
{
	if (fd >= 0)
		(void)kernel3(__NR_fcntl, fd, F_SETFD, FD_CLOEXEC);
}

static void plan_map(struct stub *stub, int plan_fd)
{
	struct plan header;
	void *address;

	/* Nobody to report to yet: the monitor sees end-of-file, which it never takes for success.
	 */
	if (kernel4(__NR_pread64, plan_fd, &header, sizeof(header), 0) != sizeof(header) ||
	    header.version != PLAN_VERSION)
		stub_exit(126);
	address = stub_mmap(header.size, PROT_READ, MAP_PRIVATE, plan_fd);
	if (stub_mmap_failed(address))
		stub_exit(126);
	(void)kernel1(__NR_close, plan_fd);
	stub->plan = address;
	stub->tail = address;
	set_cloexec(stub->plan->monitor_fd);
	set_cloexec(stub->plan->start_fd);
	set_cloexec(stub->plan->hook_stdout_fd);
	set_cloexec(stub->plan->hook_stderr_fd);
}

/* ---- ready, start ---- */

static void report_ready(struct stub *stub)
{
	stub->report.kind = PLAN_READY;
	report_text(&stub->report, stub->path);
	/* A monitor that is gone before it knew of us cannot have recorded us. */
	if (report_send(stub, stub->plan->monitor_fd) < 0)
		stub_exit(126);
}

static void report_starting(struct stub *stub)
{
	stub->report.kind = PLAN_STARTING;
	stub->report.length = 0;
	(void)report_send(stub, stub->plan->monitor_fd); /* we survive our monitor */
	if (stub->starter_fd >= 0)
		(void)report_send(stub, stub->starter_fd); /* and a starter that was killed */
}

static long receive(int fd, char *buffer, size_t size)
{
	return kernel6(__NR_recvfrom, fd, KERNEL_ARG(buffer), KERNEL_ARG(size), MSG_DONT, 0, 0);
}

static bool is_message(const char *buffer, long length, const char *message)
{
	size_t wanted = text_length(message);

	return length == (long)wanted && bytes_equal(buffer, message, wanted);
}

bool try_again(long r)
{
	return r == -EAGAIN || r == -EINTR;
}

static void hear_monitor(struct stub *stub)
{
	char buffer[16];
	long n = receive(stub->plan->monitor_fd, buffer, sizeof(buffer));

	if (n <= 0 && !try_again(n))
		stub_exit(126);
	if (is_message(buffer, n, PLAN_COMMIT_MESSAGE))
		stub->uncommitted = false;
}

/* It knows of us from the log, which is as good as a commit. Where dup3 fails we have no monitor,
 * as before. */
static void take_new_monitor(struct stub *stub)
{
	stub->uncommitted = false;
	(void)kernel3(__NR_dup3, stub->starter_fd, stub->plan->monitor_fd, O_CLOEXEC);
	(void)kernel1(__NR_close, stub->starter_fd);
	stub->starter_fd = -1;
}

/* Returns whether it asked to start; a starter that leaves without asking is forgotten. */
static bool hear_starter(struct stub *stub)
{
	char buffer[16];
	long n = receive(stub->starter_fd, buffer, sizeof(buffer));

	if (is_message(buffer, n, PLAN_START_MESSAGE))
		return true;
	if (is_message(buffer, n, PLAN_WATCH_MESSAGE)) {
		take_new_monitor(stub);
	} else if (!try_again(n)) {
		(void)kernel1(__NR_close, stub->starter_fd);
		stub->starter_fd = -1;
	}
	return false;
}

static void accept_starter(struct stub *stub)
{
	long fd = kernel4(__NR_accept4, stub->plan->start_fd, 0, 0, O_CLOEXEC);

	/* A starter may have left the queue again; without the socket there is no start, ever. */
	if (fd < 0 && fd != -ECONNABORTED && !try_again(fd))
		fail(stub, PLAN_STAGE_EXEC, fd, 0, "accept");
	stub->starter_fd = fd < 0 ? -1 : (int)fd;
}

static void wait_for_start(struct stub *stub)
{
	stub->uncommitted = stub->plan->flags & PLAN_AWAIT_COMMIT;
	for (;;) {
		/* poll(2) skips negative descriptors. */
		struct pollfd fds[2];
		long n;

		fds[0].fd = stub->starter_fd >= 0 ? stub->starter_fd : stub->plan->start_fd;
		fds[1].fd = stub->uncommitted ? stub->plan->monitor_fd : -1;
		fds[0].events = fds[1].events = POLLIN;
		fds[0].revents = fds[1].revents = 0;
		n = kernel5(__NR_ppoll, fds, 2, 0, 0, 8);
		if (n < 0 && !try_again(n))
			fail(stub, PLAN_STAGE_EXEC, n, 0, "poll");
		if (n <= 0)
			continue;
		if (fds[0].revents && stub->starter_fd < 0)
			accept_starter(stub);
		else if (fds[0].revents && hear_starter(stub))
			return;
		else if (fds[1].revents)
			hear_monitor(stub);
	}
}

static void wait_for_go(struct stub *stub)
{
	char buffer[16];
	long n;

	do {
		struct pollfd fd;

		fd.fd = stub->plan->monitor_fd;
		fd.events = POLLIN;
		fd.revents = 0;
		n = kernel5(__NR_ppoll, &fd, 1, 0, 0, 8);
		if (n > 0)
			n = receive(fd.fd, buffer, sizeof(buffer));
		if (n <= 0 && !try_again(n))
			stub_exit(126);
	} while (!is_message(buffer, n, PLAN_START_MESSAGE));
}

/* ---- the end ---- */

static void load_seccomp(struct stub *stub)
{
	const struct plan *plan = stub->plan;
	struct sock_fprog program;
	long r;

	program.len = (unsigned short)plan->seccomp_count;
	program.filter = (struct sock_filter *)plan_at(stub, plan->seccomp_offset);
	r = kernel3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, plan->seccomp_flags, &program);
	if (r != 0)
		fail(stub, PLAN_STAGE_SECCOMP, r < 0 ? r : -ESRCH, 0, "seccomp");
}

/*
 * The two signals that libc keeps for its threads: init's sigaction(3) cannot touch them, and some
 * callers leave them ignored, which execve hands on.
 */
static void reset_libc_signals(void)
{
	const unsigned long by_default[8] = {0}; /* the kernel's struct sigaction, SIG_DFL */
	int signal;

	for (signal = 32; signal <= 33; signal++)
		(void)kernel4(__NR_rt_sigaction, signal, by_default, 0, 8);
}

static bool starts_with(const char *text, const char *start)
{
	for (; *start; start++)
		if (*text++ != *start)
			return false;
	return true;
}

/* sd_listen_fds(3) takes the sockets only where LISTEN_PID is its own process. */
static void set_listen_pid(struct stub *stub)
{
	static const char name[] = "LISTEN_PID=";
	unsigned long pid = (unsigned long)kernel0(__NR_getpid), rest = pid;
	char *to = stub->listen_pid + sizeof(name) - 1, **env;

	memcpy(stub->listen_pid, name, sizeof(name));
	do
		to++;
	while (rest /= 10);
	*to = '\0';
	do
		*--to = (char)('0' + pid % 10);
	while (pid /= 10);
	for (env = stub->envp; *env; env++)
		if (starts_with(*env, name))
			*env = stub->listen_pid;
}

static void __attribute__((noreturn)) stub_run(struct stub *stub)
{
	const struct plan *plan = stub->plan;
	long r;

	(void)kernel2(__NR_prctl, PR_SET_DUMPABLE, 0);
	(void)kernel2(__NR_prctl, PR_SET_NAME,
		      plan->flags & PLAN_JOIN ? "ocirun:exec" : PLAN_INIT_NAME);
	reset_libc_signals();
	if (plan->flags & PLAN_JOIN) {
		raise_rlimits(stub);
		join_container(stub);
	}
	/* A keyring that is made takes its label from here. */
	ask_for_labels(stub);
	if (plan->flags & PLAN_JOIN)
		prepare_session(stub);
	apply_rlimits(stub, false);
	enter_cwd(stub, false);
	apply_user_and_capabilities(stub);
	if (plan->flags & PLAN_JOIN)
		appear_in_container(stub);
	enter_cwd(stub, true);
	find_program(stub);
	report_ready(stub);
	if (plan->flags & PLAN_WAIT_FOR_START)
		wait_for_start(stub);
	if (plan->flags & PLAN_WAIT_FOR_GO)
		wait_for_go(stub);
	if (plan->flags & PLAN_SET_LISTEN_PID)
		set_listen_pid(stub);
	run_hooks(stub);
	apply_rlimits(stub, true);
	/* As late as can be: from here on end-of-file means execve, or a death in between. */
	report_starting(stub);
	/* Last: the filter need allow nothing of ours but execve. */
	if (plan->flags & PLAN_SECCOMP)
		load_seccomp(stub);
	r = kernel3(__NR_execve, stub->path, stub->argv, stub->envp);
	fail(stub, PLAN_STAGE_EXEC, r, 0, stub->path);
}

static void __attribute__((noreturn)) stub_begin(char **argv, char **envp)
{
	struct stub stub;

	memset(&stub.report, 0, offsetof(struct plan_report, text));
	stub.starter_fd = -1;
	stub.cwd_is_set = false;
	stub.argv = argv + 1;
	stub.envp = envp;
	if (!argv[0])
		stub_exit(126);
	plan_map(&stub, parse_fd(argv[0]));
	stub_run(&stub);
}

#if STUB_FREESTANDING
void stub_main(long *stack) __attribute__((noreturn, used));

void stub_main(long *stack)
{
	char **argv = (char **)(stack + 1);

	stub_begin(argv, argv + *stack + 1);
}

STUB_ENTRY;
#else
int main(int argc, char **argv, char **envp)
{
	(void)argc;
	stub_begin(argv, envp);
}
#endif
