/* SPDX-License-Identifier: Apache-2.0 */
/* A plan carried out by the real stub in a forked child, and our ends of it. For test-*.c only. */
#ifndef SETUP_SUBJECT_H
#define SETUP_SUBJECT_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/message.h"
#include "base/tap.h"
#include "setup/plan.h"
#include "stub/plan.h"
#include "stub/stub.h"

#define PATH_FOR_TEST "PATH=/usr/bin:/bin"

/* One process that goes from plan to workload, and our ends of its descriptors. */
struct subject {
	struct spec spec;
	struct plan_input input;
	const char *args[8], *env[4];
	const char *chroot_to; /* entered with the cwd left outside */
	bool unheard;	       /* nobody has the other end of its reports */
	pid_t pid;
	int report_fd, output_fd;
	struct sockaddr_un address;
	socklen_t address_length;
	struct plan_report report;
	struct error err;
};

static inline void subject_init(struct subject *t, const char *script)
{
	memset(t, 0, sizeof(*t));
	t->report_fd = t->output_fd = -EBADF;
	t->input.monitor_fd = t->input.start_fd = -EBADF;
	t->input.set_groups = geteuid() == 0;
	t->spec.has_process = true;
	t->spec.process.cwd = "/";
	t->spec.process.user.uid = geteuid();
	t->spec.process.user.gid = getegid();
	t->args[0] = "sh";
	t->args[1] = "-c";
	t->args[2] = script;
	t->env[0] = PATH_FOR_TEST;
	t->spec.process.args = (struct string_list){3, t->args};
	t->spec.process.env = (struct string_list){1, t->env};
}

/* Autobound to an abstract name, which is fine for a test. */
static inline int listen_for_start(struct subject *t)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	t->address.sun_family = AF_UNIX;
	t->address_length = sizeof(t->address);
	check_int(bind(fd, (struct sockaddr *)&t->address, sizeof(sa_family_t)), 0);
	check_int(listen(fd, 8), 0);
	check_int(getsockname(fd, (struct sockaddr *)&t->address, &t->address_length), 0);
	return fd;
}

static inline void __attribute__((noreturn))
become_stub(struct subject *t, int plan_fd, int output_fd)
{
	(void)dup2(output_fd, STDOUT_FILENO);
	(void)dup2(output_fd, STDERR_FILENO);
	if (t->chroot_to && (chdir("/") < 0 || chroot(t->chroot_to) < 0))
		_exit(99);
	(void)stub_exec(plan_fd, t->spec.process.args.items, t->spec.process.env.items, &t->err);
	dprintf(STDOUT_FILENO, "%s", t->err.text);
	_exit(98);
}

static inline void subject_begin(struct subject *t)
{
	int monitor[2], output[2], plan_fd;

	check_int(message_pair(monitor), 0);
	check_int(pipe2(output, O_CLOEXEC), 0);
	t->input.monitor_fd = monitor[1];
	if (t->input.wait_for_start)
		t->input.start_fd = listen_for_start(t);
	plan_fd = plan_build(&t->spec, &t->input, &t->err);
	if (plan_fd < 0)
		printf("# %s\n", t->err.text);
	check(plan_fd >= 0);
	if (t->unheard)
		close_keeping_errno(take_fd(&monitor[0]));
	fflush(stdout);
	t->pid = fork();
	if (t->pid == 0) {
		close_keeping_errno(monitor[0]);
		become_stub(t, plan_fd, output[1]);
	}
	(void)close(plan_fd);
	(void)close(monitor[1]);
	(void)close(output[1]);
	if (t->input.wait_for_start)
		(void)close(t->input.start_fd);
	t->report_fd = monitor[0];
	t->output_fd = output[0];
}

/* The kind of the next report, 0 at end of file. */
static inline int next_report(struct subject *t)
{
	struct pollfd fd = {.fd = t->report_fd, .events = POLLIN};
	int r;

	if (poll(&fd, 1, 10000) <= 0)
		return -ETIME;
	r = plan_receive(t->report_fd, &t->report, &t->err);
	return r > 0 ? (int)t->report.kind : r;
}

static inline bool is_silent(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 100) == 0;
}

/* What the stub exits with after this PLAN_FAILED. */
static inline int status_after(const struct plan_report *report)
{
	if (report->stage == PLAN_STAGE_HOOK)
		return 1;
	return report->errnum == ENOENT ? 127 : 126;
}

/* The exit code, or 1000 + signal. */
static inline int subject_end(struct subject *t)
{
	int status = 0;

	if (waitpid(t->pid, &status, 0) != t->pid)
		return -1;
	(void)close(t->report_fd);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline const char *subject_output(struct subject *t)
{
	static char text[8192];
	ssize_t n = fd_read_all(t->output_fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	(void)close(t->output_fd);
	return text;
}

static inline int connect_starter(const struct subject *t, const char *message)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	check_int(connect(fd, (const struct sockaddr *)&t->address, t->address_length), 0);
	if (message)
		check_int(message_send(fd, message, strlen(message), NULL, 0), 0);
	return fd;
}

static inline void run_through(struct subject *t)
{
	subject_begin(t);
	check_int(next_report(t), PLAN_READY);
	check_int(next_report(t), PLAN_STARTING);
	check_int(next_report(t), 0);
}

static inline bool skipped_without_root(void)
{
	if (geteuid() != 0)
		printf("# needs root: not looked at\n");
	return geteuid() != 0;
}

#endif
