/* SPDX-License-Identifier: Apache-2.0 */
/* What is concluded from the connector's messages, and from /proc/PID; none comes from the kernel
 * here. */
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <signal.h>
#include <string.h>

#include "base/tap.h"
#include "monitor/exit_netlink.h"
#include "monitor/exit_ptrace.h"

#define PID 4711

static struct exit_netlink n;
static int status;

/* As from its first thread on. */
static void begin(void)
{
	n = (struct exit_netlink){.fd = -EBADF, .pid = PID, .threads = 1, .exact = true};
	status = -1;
}

static void take(const struct proc_event *event)
{
	char datagram[NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(*event)] = {0};

	memcpy(datagram + NLMSG_HDRLEN + sizeof(struct cn_msg), event, sizeof(*event));
	exit_netlink_take(&n, datagram, sizeof(datagram));
}

static void thread_begins(int tid, int process)
{
	struct proc_event event = {.what = PROC_EVENT_FORK};

	event.event_data.fork.child_pid = tid;
	event.event_data.fork.child_tgid = process;
	take(&event);
}

static void thread_ends(int tid, int process, unsigned int code)
{
	struct proc_event event = {.what = PROC_EVENT_EXIT};

	event.event_data.exit.process_pid = tid;
	event.event_data.exit.process_tgid = process;
	event.event_data.exit.exit_code = code;
	take(&event);
}

static void one_thread(void)
{
	begin();
	check_int(exit_netlink_verdict(&n, &status), -ENODATA);
	thread_ends(PID, PID, 0x700);
	check_int(n.threads, 0);
	check_int(exit_netlink_verdict(&n, &status), 0);
	check_int(status, 0x700);
	begin();
	thread_ends(PID, PID, 0x8b);
	check_int(exit_netlink_verdict(&n, &status), 0);
	check_int(status, 0x8b);
	begin();
	thread_ends(PID, PID, 0);
	check_int(exit_netlink_verdict(&n, &status), 0);
	check_int(status, 0);
}

static void first_thread_first(void)
{
	begin();
	thread_begins(4712, PID);
	thread_ends(PID, PID, 0);
	check_int(n.threads, 1);
	check_int(exit_netlink_verdict(&n, &status), -ENODATA);
	thread_ends(4712, PID, 0x900);
	check_int(exit_netlink_verdict(&n, &status), 1);
	check_int(status, 0x900);
}

/* The first one was held up between its end and its word. */
static void words_overtake(void)
{
	begin();
	thread_begins(4712, PID);
	thread_ends(4712, PID, 0x900);
	thread_ends(PID, PID, 0);
	check_int(exit_netlink_verdict(&n, &status), 1);
	check_int(status, 0x900);
}

static void earlier_ends(void)
{
	begin();
	thread_begins(4712, PID);
	thread_ends(4712, PID, 0x100);
	exit_netlink_alive(&n);
	thread_ends(PID, PID, 0);
	check_int(exit_netlink_verdict(&n, &status), 0);
	check_int(status, 0);
}

static void another_thread_executes(void)
{
	begin();
	thread_begins(4712, PID);
	thread_begins(4713, PID);
	thread_ends(4713, PID, 0);
	thread_ends(PID, PID, 0); /* 4712 is PID from now on */
	exit_netlink_alive(&n);
	check_int(n.threads, 1);
	check_int(exit_netlink_verdict(&n, &status), -ENODATA);
	thread_ends(PID, PID, 0x2a00);
	check_int(exit_netlink_verdict(&n, &status), 0);
	check_int(status, 0x2a00);
}

static void strangers(void)
{
	struct proc_event event = {.what = PROC_EVENT_EXEC};

	begin();
	thread_begins(PID, PID); /* the process itself */
	thread_begins(5000, 5000);
	thread_ends(5000, 5000, 0x300);
	event.event_data.exec.process_pid = event.event_data.exec.process_tgid = PID;
	take(&event);
	check_int(n.threads, 1);
	check(!n.told);
	exit_netlink_take(&n, &event, 8);
	check(!n.told);
}

static void several_codes(void)
{
	begin();
	thread_begins(4712, PID);
	thread_ends(4712, PID, 0x100);
	thread_ends(PID, PID, 0x200);
	check_int(exit_netlink_verdict(&n, &status), -ENODATA);
}

static void lost_messages(void)
{
	begin();
	thread_begins(4712, PID);
	n.exact = false;
	thread_ends(4712, PID, 0);
	check_int(exit_netlink_verdict(&n, &status), -ENODATA);
	begin();
	thread_begins(4712, PID);
	n.exact = false;
	thread_ends(4712, PID, 0x900);
	check_int(exit_netlink_verdict(&n, &status), 1);
	check_int(status, 0x900);
}

#define STAT(state, threads, code)                                                              \
	"4711 (a) b (c) " state " 1 1 1 0 -1 4227148 51 0 0 0 0 0 0 0 20 0 " threads            \
	" 0 2451047 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 " \
	"0 0 " code "\n"

static void zombies(void)
{
	status = -1;
	check_int(exit_zombie_parse(STAT("S", "1", "0"), true, &status), -EAGAIN);
	check_int(exit_zombie_parse(STAT("Z", "1", "0"), false, &status), -EAGAIN);
	check_int(status, -1);
	check_int(exit_zombie_parse(STAT("Z", "1", "0"), true, &status), 0);
	check_int(status, 0);
	check_int(exit_zombie_parse(STAT("Z", "1", "2304"), false, &status), 0);
	check_int(status, 0x900);
	check_int(exit_zombie_parse(STAT("X", "1", "139"), false, &status), 0);
	check_int(status, 139);
	check_int(exit_zombie_parse("4711 (sh) Z 1 1", true, &status), -EIO);
	check_int(exit_zombie_parse("", true, &status), -EIO);
}

static void spared(void)
{
	static const char first[] = "Name:\tsh\nPid:\t4711\nNSpid:\t4711\t1\nThreads:\t1\n"
				    "SigCgt:\t0000000000000004\n";
	static const char other[] = "Name:\tsh\nPid:\t4711\nNSpid:\t4711\t12\nThreads:\t1\n"
				    "SigCgt:\t0000000000000000\n";

	check(exit_ptrace_is_spared(first, SIGSEGV));
	check(!exit_ptrace_is_spared(first, 3)); /* handled */
	check(!exit_ptrace_is_spared(other, SIGSEGV));
	check(!exit_ptrace_is_spared("", SIGSEGV));
}

static const struct tap_test tests[] = {
	{"the end of the only thread is that of the process", one_thread},
	{"a first thread that ends before others says nothing", first_thread_first},
	{"its 0 does not hide another's code when it comes late", words_overtake},
	{"what a thread left while the process lived does not count", earlier_ends},
	{"a thread that executes a program takes the first one's place", another_thread_executes},
	{"other processes and other messages are not counted", strangers},
	{"two codes, neither 0, are no answer", several_codes},
	{"after a loss a 0 is no answer, and another code a probable one", lost_messages},
	{"a zombie's 0 is believed only when it is shown to us", zombies},
	{"a tracee is spared by the kernel as the first of a namespace, unless it handles it",
	 spared},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
