/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled filters, loaded in a forked child and tried. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tap.h"
#include "setup/seccomp.h"

#define NAMES(...)                                                                       \
	{                                                                                \
		sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]) \
		{                                                                        \
			__VA_ARGS__, NULL                                                \
		}                                                                        \
	}

static struct error err;

/* What the system call does under the filter: 0 or errno, or 1000 + signal. */
static int try_call(const struct spec_seccomp *seccomp, long number, long a, long b)
{
	autoseccomp program = {0};
	struct sock_fprog filter;
	int status = -1;
	pid_t pid;

	if (seccomp_compile(seccomp, &program, &err) < 0) {
		printf("# %s\n", err.text);
		return -1;
	}
	filter.len = (unsigned short)program.count;
	filter.filter = program.filter;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program.flags, &filter) < 0)
			_exit(200);
		/* Not _exit: a sanitizer's would make system calls of its own. */
		syscall(SYS_exit_group, syscall(number, a, b, 0, 0, 0, 0) < 0 ? errno : 0);
	}
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static struct spec_seccomp with_rules(const struct spec_seccomp_rule *rules, size_t count)
{
	return (struct spec_seccomp){
		.has = true, .default_action = SCMP_ACT_ALLOW, .rules = rules, .rule_count = count};
}

static void errno_of_a_rule(void)
{
	const struct spec_seccomp_rule rules[] = {
		{.names = NAMES("getppid", "getpgid"), .action = SCMP_ACT_ERRNO(71)}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	check_int(try_call(&seccomp, SYS_getppid, 0, 0), 71);
	check_int(try_call(&seccomp, SYS_getpgid, 0, 0), 71);
	check_int(try_call(&seccomp, SYS_getpid, 0, 0), 0);
}

static void kill_action(void)
{
	const struct spec_seccomp_rule rules[] = {
		{.names = NAMES("getppid"), .action = SCMP_ACT_KILL_PROCESS}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	check_int(try_call(&seccomp, SYS_getppid, 0, 0), 1000 + SIGSYS);
}

static void default_errno(void)
{
	const struct spec_seccomp_rule rules[] = {
		{.names = NAMES("exit_group", "getpid"), .action = SCMP_ACT_ALLOW}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	seccomp.default_action = SCMP_ACT_ERRNO(38);
	check_int(try_call(&seccomp, SYS_getppid, 0, 0), 38);
	check_int(try_call(&seccomp, SYS_getpid, 0, 0), 0);
}

static void newer_calls_do_not_exist(void)
{
	const uint32_t archs[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
	const struct spec_seccomp_rule rules[] = {
		{.names = NAMES("exit_group", "faccessat2", "no_such_call"),
		 .action = SCMP_ACT_ALLOW}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	seccomp.default_action = SCMP_ACT_ERRNO(EPERM);
	check_int(try_call(&seccomp, SYS_getppid, 0, 0), EPERM);
	check_int(try_call(&seccomp, 438, 0, 0), EPERM);  /* just below faccessat2 */
	check_int(try_call(&seccomp, 440, 0, 0), ENOSYS); /* just above it */
	if (seccomp_arch_native() == SCMP_ARCH_X86_64) {
		seccomp.archs = archs;
		seccomp.arch_count = 3;
		check_int(try_call(&seccomp, 440, 0, 0), ENOSYS);
		check_int(try_call(&seccomp, 438, 0, 0), EPERM);
		check_int(try_call(&seccomp, 0x40000000 + 440, 0, 0), EPERM);
	}
	seccomp.default_action = SCMP_ACT_KILL_PROCESS;
	check_int(try_call(&seccomp, 440, 0, 0), 1000 + SIGSYS);
}

static void unknown_names_are_skipped(void)
{
	const struct spec_seccomp_rule rules[] = {
		{.names = NAMES("no_such_call", "getppid"), .action = SCMP_ACT_ERRNO(71)}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	check_int(try_call(&seccomp, SYS_getppid, 0, 0), 71);
}

static void conditions_are_all_needed(void)
{
	const struct spec_seccomp_arg args[] = {
		{.index = 0, .value = 7, .op = SCMP_CMP_EQ},
		{.index = 1, .value = 100, .op = SCMP_CMP_GT},
	};
	const struct spec_seccomp_rule rules[] = {{.names = NAMES("kill"),
						   .action = SCMP_ACT_ERRNO(71),
						   .args = args,
						   .arg_count = 2}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	check_int(try_call(&seccomp, SYS_kill, 7, 101), 71);
	check(try_call(&seccomp, SYS_kill, 7, 100) != 71);
	check(try_call(&seccomp, SYS_kill, 8, 101) != 71);
}

static void same_index_twice_means_either(void)
{
	const struct spec_seccomp_arg args[] = {
		{.index = 0, .value = 7, .op = SCMP_CMP_EQ},
		{.index = 0, .value = 8, .op = SCMP_CMP_EQ},
	};
	const struct spec_seccomp_rule rules[] = {{.names = NAMES("kill"),
						   .action = SCMP_ACT_ERRNO(71),
						   .args = args,
						   .arg_count = 2}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	check_int(try_call(&seccomp, SYS_kill, 7, 101), 71);
	check_int(try_call(&seccomp, SYS_kill, 8, 101), 71);
	check(try_call(&seccomp, SYS_kill, 9, 101) != 71);
}

static void masked_comparison(void)
{
	/* "clone without CLONE_NEW*" in docker's profile; here on getpgid, which is harmless. */
	const struct spec_seccomp_arg args[] = {
		{.index = 0, .value = 0xf0, .value_two = 0x10, .op = SCMP_CMP_MASKED_EQ},
	};
	const struct spec_seccomp_rule rules[] = {{.names = NAMES("getpgid"),
						   .action = SCMP_ACT_ERRNO(71),
						   .args = args,
						   .arg_count = 1}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	check_int(try_call(&seccomp, SYS_getpgid, 0x1f, 0), 71);
	check(try_call(&seccomp, SYS_getpgid, 0x2f, 0) != 71);
}

static void action_like_the_default_is_no_error(void)
{
	const struct spec_seccomp_rule rules[] = {
		{.names = NAMES("getpid"), .action = SCMP_ACT_ALLOW},
		{.names = NAMES("getppid"), .action = SCMP_ACT_ERRNO(71)},
		{.names = NAMES("getppid"), .action = SCMP_ACT_ERRNO(71)},
	};
	struct spec_seccomp seccomp = with_rules(rules, 3);

	check_int(try_call(&seccomp, SYS_getppid, 0, 0), 71);
}

static void more_architectures_make_a_longer_program(void)
{
	const uint32_t archs[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
	const struct spec_seccomp_rule rules[] = {
		{.names = NAMES("getppid"), .action = SCMP_ACT_ERRNO(71)}};
	struct spec_seccomp seccomp = with_rules(rules, 1);
	autoseccomp native = {0}, all = {0};

	check_int(seccomp_compile(&seccomp, &native, &err), 0);
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		return;
	seccomp.archs = archs;
	seccomp.arch_count = 3;
	check_int(seccomp_compile(&seccomp, &all, &err), 0);
	check(all.count > native.count);
	check_int(try_call(&seccomp, SYS_getppid, 0, 0), 71);
}

static void flags_are_handed_on(void)
{
	struct spec_seccomp seccomp = with_rules(NULL, 0);

	seccomp.flags = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	check_int(seccomp_check(&seccomp, &err), 0);
	check_int(try_call(&seccomp, SYS_getppid, 0, 0), 0);
	seccomp.flags = 1U << 30;
	check_int(seccomp_check(&seccomp, &err), -EINVAL);
	check_text(err.text, "linux.seccomp.flags: not all known to this kernel");
}

static void notify_is_refused(void)
{
	const struct spec_seccomp_rule rules[] = {
		{.names = NAMES("getppid"), .action = SCMP_ACT_NOTIFY}};
	struct spec_seccomp seccomp = with_rules(rules, 1);

	check_int(seccomp_check(&seccomp, &err), -EINVAL);
	check_text(err.text, "linux.seccomp.syscalls[0]: action: SCMP_ACT_NOTIFY is not supported");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a rule's errno is what the call returns", errno_of_a_rule},
		{"a rule may kill the process", kill_action},
		{"the default action is for all other calls", default_errno},
		{"calls newer than the profile answer ENOSYS", newer_calls_do_not_exist},
		{"a name that libseccomp does not know is skipped", unknown_names_are_skipped},
		{"conditions on different arguments are all needed", conditions_are_all_needed},
		{"conditions on one argument are alternatives", same_index_twice_means_either},
		{"a masked comparison takes valueTwo", masked_comparison},
		{"a rule like the default, or given twice, is no error",
		 action_like_the_default_is_no_error},
		{"each listed architecture is in the program",
		 more_architectures_make_a_longer_program},
		{"flags are checked against the kernel", flags_are_handed_on},
		{"SCMP_ACT_NOTIFY is refused by name", notify_is_refused},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
