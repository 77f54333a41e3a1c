/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: from a process of the host to one of the container. Until the clone, nobody in the
 * container's pid namespace can see us. After it, we hold no descriptor of the host's but the
 * monitor's channel, and no capability but the workload's: whoever may trace processes in there
 * gets nothing that it could not have had from the workload. (But for CAP_SYS_ADMIN, where a filter
 * is to be loaded without no_new_privs: see user.c.)
 */
#include "stub/internal.h"
#include "stub/syscall.h"

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/socket.h>
#include <linux/fcntl.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#define MSG_DONT    0x40   /* MSG_DONTWAIT */
#define MSG_NOSIG   0x4000 /* MSG_NOSIGNAL */
#define PASS_RIGHTS 1	   /* SCM_RIGHTS */

/* The kernel's struct iovec, msghdr, and cmsghdr with one descriptor. */
struct kernel_part {
	const void *base;
	size_t length;
};

struct kernel_rights {
	size_t length;
	int level, type;
	int fd;
} __attribute__((aligned(sizeof(size_t))));

struct kernel_message {
	void *name;
	int name_length;
	struct kernel_part *parts;
	size_t part_count;
	void *control;
	size_t control_length;
	unsigned int flags;
};

/* struct clone_args as of Linux 5.3. */
struct kernel_clone {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static void __attribute__((noreturn)) fail_join(struct stub *stub, long errnum, const char *what)
{
	fail(stub, PLAN_STAGE_JOIN, errnum, 0, what);
}

/* ---- namespaces ---- */

/* An unprivileged caller gets the right to some of them only with the user namespace, and a
 * privileged one may lose with it the right to those of others: what is denied is tried again. */
static void join_one_by_one(struct stub *stub)
{
	const struct plan_join *join = &stub->plan->join;
	uint32_t left = (1U << join->namespace_fd_count) - 1, round, i;

	for (round = 0; round < 2; round++)
		for (i = 0; i < join->namespace_fd_count; i++) {
			long r;

			if (!(left & 1U << i))
				continue;
			r = kernel2(__NR_setns, join->namespace_fds[i], join->namespace_types[i]);
			if (r == 0)
				left &= ~(1U << i);
			else if (round > 0 || r != -EPERM)
				fail_join(stub, r, "setns");
		}
}

static void join_namespaces(struct stub *stub)
{
	const struct plan_join *join = &stub->plan->join;
	uint32_t i;
	long r;

	if (join->pidfd < 0)
		join_one_by_one(stub);
	r = join->pidfd < 0 ? 0 : kernel2(__NR_setns, join->pidfd, join->namespaces);
	if (r < 0)
		fail_join(stub, r, "setns");
	/* Closed before the clone: nothing of it is ever in a process that the container sees. */
	if (join->pidfd >= 0)
		(void)kernel1(__NR_close, join->pidfd);
	for (i = 0; i < join->namespace_fd_count; i++)
		(void)kernel1(__NR_close, join->namespace_fds[i]);
}

static void become_root(struct stub *stub)
{
	long r;

	/* Clear: the user namespace denies it, or the caller's groups are to stay. */
	if (stub->plan->flags & PLAN_SET_GROUPS)
		(void)kernel2(STUB_SETGROUPS, 0, 0);
	r = kernel3(STUB_SETRESGID, 0, 0, 0);
	if (r == 0)
		r = kernel3(STUB_SETRESUID, 0, 0, 0);
	if (r < 0)
		fail_join(stub, r, "become root of the user namespace");
	/* A change of credentials may have set it back to fs.suid_dumpable. */
	(void)kernel2(__NR_prctl, PR_SET_DUMPABLE, 0);
}

/* ---- the pid namespace ---- */

/* A sibling: its parent is ours, and so is the signal at its end. */
static long clone_sibling(int *ret_pidfd)
{
	struct kernel_clone args;
	long pid;

	memset(&args, 0, sizeof(args));
	args.flags = CLONE_PARENT | CLONE_PIDFD;
	args.pidfd = (uint64_t)(unsigned long)ret_pidfd;
	*ret_pidfd = -1;
	pid = kernel2(__NR_clone3, &args, sizeof(args));
	if (pid == -ENOSYS) /* Linux < 5.3, or a seccomp filter around us */
		pid = kernel5(__NR_clone, CLONE_PARENT | CLONE_PIDFD, 0, ret_pidfd, 0, 0);
	return pid;
}

static long send_joined(struct stub *stub, int pidfd)
{
	struct kernel_part part;
	struct kernel_rights rights;
	struct kernel_message message;

	stub->report.kind = PLAN_JOINED;
	stub->report.length = 0;
	part.base = &stub->report;
	part.length = offsetof(struct plan_report, text);
	memset(&rights, 0, sizeof(rights));
	rights.length = offsetof(struct kernel_rights, fd) + sizeof(int);
	rights.level = SOL_SOCKET;
	rights.type = PASS_RIGHTS;
	rights.fd = pidfd;
	memset(&message, 0, sizeof(message));
	message.parts = &part;
	message.part_count = 1;
	message.control = &rights;
	message.control_length = sizeof(rights);
	return kernel3(__NR_sendmsg, stub->plan->monitor_fd, &message, MSG_NOSIG | MSG_DONT);
}

/* The second process, until the first one has told of it: JOINED comes before READY, and nobody
 * goes on whom the monitor does not know. */
static void wait_to_be_known(const int *pipe_fds)
{
	char byte;
	long n;

	(void)kernel1(__NR_close, pipe_fds[1]);
	do
		n = kernel3(__NR_read, pipe_fds[0], &byte, 1);
	while (n == -EINTR);
	if (n != 1)
		stub_exit(126);
	(void)kernel1(__NR_close, pipe_fds[0]);
}

static void __attribute__((noreturn)) hand_over(struct stub *stub, int pidfd, int known_fd)
{
	if (pidfd < 0) /* Linux < 5.2; the other one ends with our end of the pipe */
		fail_join(stub, -ENOSYS, "clone with a pidfd");
	if (send_joined(stub, pidfd) < 0)
		stub_exit(126);
	(void)kernel3(__NR_write, known_fd, "", 1);
	stub_exit(0);
}

/* A pid namespace that was joined holds only the children made afterwards. */
static void enter_pid_namespace(struct stub *stub)
{
	int pipe_fds[2], pidfd;
	long r = kernel2(__NR_pipe2, pipe_fds, O_CLOEXEC);

	if (r < 0)
		fail_join(stub, r, "pipe");
	r = clone_sibling(&pidfd);
	if (r < 0)
		fail_join(stub, r, "clone");
	if (r > 0)
		hand_over(stub, pidfd, pipe_fds[1]);
	wait_to_be_known(pipe_fds);
}

/* ---- keyring and terminal ---- */

/* As for init, see setup/keyring.c: without keyrings, or with too many, the caller's stays. */
static void join_keyring(struct stub *stub)
{
	const char *name = plan_at(stub, stub->plan->join.keyring_offset);
	long r = kernel2(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);

	if (r < 0 && r != -ENOSYS && r != -EDQUOT)
		fail(stub, PLAN_STAGE_KEYRING, r, 0, name);
}

static void give_terminal_away(struct stub *stub)
{
	const struct plan_join *join = &stub->plan->join;
	long r = kernel3(STUB_FCHOWN, join->console_fd, stub->plan->uid, -1);

	if (r < 0)
		fail(stub, PLAN_STAGE_TERMINAL, r, 0, "chown");
}

static void take_terminal(struct stub *stub, int console_fd)
{
	long r;
	int fd;

	r = kernel3(__NR_ioctl, console_fd, TIOCSCTTY, 0);
	if (r < 0)
		fail(stub, PLAN_STAGE_TERMINAL, r, 0, "make it the session's own");
	for (fd = 0; fd <= 2; fd++) {
		r = kernel3(__NR_dup3, console_fd, fd, 0);
		if (r < 0)
			fail(stub, PLAN_STAGE_TERMINAL, r, 0, "make it the standard streams");
	}
	(void)kernel1(__NR_close, console_fd);
}

void join_container(struct stub *stub)
{
	const struct plan_join *join = &stub->plan->join;

	join_namespaces(stub);
	if (join->namespaces & CLONE_NEWUSER)
		become_root(stub);
}

void prepare_session(struct stub *stub)
{
	const struct plan_join *join = &stub->plan->join;

	if (join->keyring_offset)
		join_keyring(stub);
	if (join->console_fd >= 0 && join->chown_console)
		give_terminal_away(stub);
}

void appear_in_container(struct stub *stub)
{
	const struct plan_join *join = &stub->plan->join;

	if (join->namespaces & CLONE_NEWPID)
		enter_pid_namespace(stub);
	(void)kernel0(__NR_setsid); /* refused only to a leader of its own */
	if (join->console_fd >= 0)
		take_terminal(stub, join->console_fd);
}
