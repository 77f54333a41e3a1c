/* SPDX-License-Identifier: Apache-2.0 */
/* Attaching, which needs privileges, and answering stops, which needs none. */
#include "monitor/exit_ptrace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define YAMA_SCOPE	  "/proc/sys/kernel/yama/ptrace_scope"
#define YAMA_NO_ATTACHING '3'

int exit_ptrace_check(struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	char scope[16] = "";

	if (syscall(SYS_capget, &header, data) < 0 || !(data[0].effective & (1U << CAP_SYS_PTRACE)))
		return error_set(err, ERROR_SYSTEM, EPERM,
				 "--exit-source=ptrace needs CAP_SYS_PTRACE");
	if (file_read_at(AT_FDCWD, YAMA_SCOPE, scope, sizeof(scope)) > 0 &&
	    scope[0] == YAMA_NO_ATTACHING)
		return error_set(err, ERROR_SYSTEM, EPERM,
				 "--exit-source=ptrace: " YAMA_SCOPE " is 3: nobody may trace");
	return 0;
}

/*
 * New threads, too: one that execs in place of the first takes its number, and would be a process
 * that nobody traces.
 */
int exit_ptrace_seize(pid_t pid, struct error *err)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACECLONE) < 0)
		return error_sys(err, "--exit-source=ptrace: seize pid %d", pid);
	return 0;
}

static bool stops_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

int exit_ptrace_open(pid_t pid)
{
	char path[40];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What follows the name on the line that begins with it. */
static const char *value_of(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? line + strlen(name) : NULL;
}

/* The last of NSpid's numbers is that of the innermost namespace. */
static bool is_first_of_namespace(const char *text)
{
	const char *numbers = value_of(text, "\nNSpid:");
	long last = 0;
	char *end;

	while (numbers && *numbers != '\n' && *numbers != '\0') {
		last = strtol(numbers, &end, 10);
		if (end == numbers)
			return false;
		numbers = end;
	}
	return last == 1;
}

bool exit_ptrace_is_spared(const char *text, int signal)
{
	const char *caught = value_of(text, "\nSigCgt:");

	return caught && is_first_of_namespace(text) &&
	       !(strtoull(caught, NULL, 16) >> (signal - 1) & 1);
}

/* The instruction is tried again after each of these. */
static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

static bool must_be_released(pid_t pid, int signal, int status_fd)
{
	siginfo_t info = {0};
	char text[4096];
	ssize_t n;

	/* si_code: from the kernel, and not by kill(2). */
	if (!is_fault(signal) || ptrace(PTRACE_GETSIGINFO, pid, 0, &info) < 0 || info.si_code <= 0)
		return false;
	n = status_fd < 0 ? -1 : pread(status_fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return exit_ptrace_is_spared(text, signal);
}

static void let_go(pid_t pid, int status, int status_fd)
{
	int event = status >> 16, signal = WSTOPSIG(status);

	/* It was killed meanwhile if these are refused. */
	if (event == PTRACE_EVENT_STOP && stops_group(signal))
		(void)ptrace(PTRACE_LISTEN, pid, 0, 0); /* stopped as without us, until SIGCONT */
	else if (event)
		(void)ptrace(PTRACE_CONT, pid, 0, 0);
	else if (must_be_released(pid, signal, status_fd))
		(void)ptrace(PTRACE_DETACH, pid, 0, signal);
	else
		(void)ptrace(PTRACE_CONT, pid, 0, signal);
}

void exit_ptrace_serve(pid_t pid, int status_fd)
{
	for (;;) {
		siginfo_t next = {0};
		int status;

		if (waitid(P_ALL, 0, &next, WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL) < 0 &&
		    errno == EINTR)
			continue;
		if (next.si_pid == 0 || (next.si_pid == pid && next.si_code != CLD_TRAPPED &&
					 next.si_code != CLD_STOPPED))
			return;
		if (waitpid(next.si_pid, &status, __WALL | WNOHANG) == next.si_pid &&
		    WIFSTOPPED(status))
			let_go(next.si_pid, status, status_fd);
	}
}
