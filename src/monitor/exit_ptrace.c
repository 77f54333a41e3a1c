/* SPDX-License-Identifier: Apache-2.0 */
/* Attaching, which needs privileges, and answering stops, which needs none. */
#include "monitor/exit_ptrace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
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

static void let_go(pid_t pid, int status)
{
	int event = status >> 16, signal = WSTOPSIG(status);

	/* It was killed meanwhile if these are refused. */
	if (event == PTRACE_EVENT_STOP && stops_group(signal))
		(void)ptrace(PTRACE_LISTEN, pid, 0, 0); /* stopped as without us, until SIGCONT */
	else
		(void)ptrace(PTRACE_CONT, pid, 0, event ? 0 : signal);
}

void exit_ptrace_serve(pid_t pid)
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
			let_go(next.si_pid, status);
	}
}
