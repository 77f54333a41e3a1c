/* SPDX-License-Identifier: Apache-2.0 */
/* Plans carried out by the real stub in a forked child, without namespaces. */
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/resource.h>

#include "setup/seccomp.h"
#include "setup/subject.h"

#define CAP_BIT(cap) (1ULL << (cap))

static void program_is_found(void)
{
	struct subject t;

	subject_init(&t, "echo $0 $FOO; exit 37");
	t.env[1] = "FOO=bar baz";
	t.spec.process.env.count = 2;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	t.report.text[t.report.length] = '\0';
	check_text(t.report.text, "/usr/bin/sh");
	check_int(next_report(&t), PLAN_STARTING);
	check_int(next_report(&t), 0);
	check_text(subject_output(&t), "sh bar baz\n");
	check_int(subject_end(&t), 37);
}

static void lookup_fails(const char *program, int errnum, int status, const char *text)
{
	struct subject t;

	subject_init(&t, "");
	t.args[0] = program;
	t.input.wait_for_start = true;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_FAILED);
	check_int(t.report.stage, PLAN_STAGE_LOOKUP);
	check_int(t.report.errnum, errnum);
	check_int(status_after(&t.report), status);
	check_int(plan_report_error(&t.report, &t.spec, &t.err), -errnum);
	check_text(t.err.text, text);
	check_int(subject_end(&t), status);
}

static void missing_program_is_told_before_start(void)
{
	lookup_fails("no-such-program", ENOENT, 127,
		     "exec: \"no-such-program\": executable file not found in $PATH");
	lookup_fails("/no/such", ENOENT, 127, "exec: \"/no/such\": no such file or directory");
	lookup_fails("/etc", EISDIR, 126, "exec: \"/etc\": is a directory (permission denied)");
	lookup_fails("/etc/passwd", EACCES, 126, "exec: \"/etc/passwd\": permission denied");
	lookup_fails("/dev/null", EACCES, 126, "exec: \"/dev/null\": permission denied");
}

static void waits_for_start(void)
{
	struct subject t;
	int fd;

	subject_init(&t, "echo ran");
	t.input.wait_for_start = true;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	fd = connect_starter(&t, NULL); /* leaves without asking */
	(void)close(fd);
	(void)close(connect_starter(&t, "stop"));
	check(is_silent(t.report_fd));
	check(is_silent(t.output_fd));
	fd = connect_starter(&t, PLAN_START_MESSAGE);
	check_int(next_report(&t), PLAN_STARTING);
	check_int(plan_receive(fd, &t.report, &t.err), 1);
	check_int(t.report.kind, PLAN_STARTING);
	check_int(plan_receive(fd, &t.report, &t.err), 0); /* closed by execve */
	(void)close(fd);
	check_text(subject_output(&t), "ran\n");
	check_int(subject_end(&t), 0);
}

static void survives_its_monitor(void)
{
	struct subject t;

	subject_init(&t, "echo ran");
	t.input.wait_for_start = true;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	(void)close(t.report_fd);
	(void)close(connect_starter(&t, PLAN_START_MESSAGE));
	check_text(subject_output(&t), "ran\n");
	check_int(subject_end(&t), 0);
}

static void dies_uncommitted(void)
{
	struct subject t;

	subject_init(&t, "echo ran");
	t.input.wait_for_start = t.input.await_commit = true;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	(void)close(t.report_fd);
	t.report_fd = -EBADF;
	check_int(subject_end(&t), 126);
	check_text(subject_output(&t), "");

	subject_init(&t, "echo ran");
	t.input.wait_for_start = t.input.await_commit = true;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	check_int(message_send(t.report_fd, PLAN_COMMIT_MESSAGE, 6, NULL, 0), 0);
	(void)close(t.report_fd);
	t.report_fd = -EBADF;
	check(is_silent(t.output_fd));
	(void)close(connect_starter(&t, PLAN_START_MESSAGE));
	check_text(subject_output(&t), "ran\n");
	check_int(subject_end(&t), 0);
}

static bool has_line(const char *text, const char *name, const char *value)
{
	char line[128];
	bool found;

	(void)snprintf(line, sizeof(line), "%s:\t%s\n", name, value);
	found = strstr(text, line) != NULL;
	if (!found)
		printf("# no line %s in:\n# %s\n", line, text);
	return found;
}

static void user_and_capabilities(void)
{
	static const uint32_t gids[] = {7, 1234};
	struct subject t;
	const char *text;

	if (skipped_without_root())
		return;
	subject_init(&t, "cat /proc/self/status; umask");
	t.spec.process.user = (struct spec_user){
		.uid = 1000, .gid = 100, .additional_gid_count = 2, .additional_gids = gids};
	t.spec.process.no_new_privileges = true;
	t.spec.process.capabilities = (struct spec_capabilities){
		.has = true,
		.bounding = CAP_BIT(CAP_KILL) | CAP_BIT(CAP_CHOWN),
		.permitted = CAP_BIT(CAP_KILL) | CAP_BIT(CAP_CHOWN),
		.effective = CAP_BIT(CAP_KILL),
		.inheritable = CAP_BIT(CAP_KILL),
		.ambient = CAP_BIT(CAP_KILL),
	};
	run_through(&t);
	text = subject_output(&t);
	check(has_line(text, "Uid", "1000\t1000\t1000\t1000"));
	check(has_line(text, "Gid", "100\t100\t100\t100"));
	check(has_line(text, "Groups", "7 1234 "));
	check(has_line(text, "CapBnd", "0000000000000021"));
	check(has_line(text, "CapPrm", "0000000000000020"));
	check(has_line(text, "CapEff", "0000000000000020"));
	check(has_line(text, "CapInh", "0000000000000020"));
	check(has_line(text, "CapAmb", "0000000000000020"));
	check(has_line(text, "NoNewPrivs", "1"));
	check(strstr(text, "\n0022\n") != NULL);
	check_int(subject_end(&t), 0);
}

static void no_capability_for_another_user(void)
{
	struct subject t;
	const char *text;

	if (skipped_without_root())
		return;
	/* CVE-2016-8867: no ambient asked for, none given; and nothing kept by our KEEPCAPS. */
	subject_init(&t, "cat /proc/self/status");
	t.spec.process.user.uid = 1000;
	run_through(&t);
	text = subject_output(&t);
	check(has_line(text, "CapPrm", "0000000000000000"));
	check(has_line(text, "CapEff", "0000000000000000"));
	check(has_line(text, "CapAmb", "0000000000000000"));
	check(has_line(text, "NoNewPrivs", "0"));
	check_int(subject_end(&t), 0);
}

static void ungrantable_capabilities_are_reported(void)
{
	struct subject t;

	if (skipped_without_root())
		return;
	subject_init(&t, "exit 0");
	t.spec.process.capabilities = (struct spec_capabilities){
		.has = true,
		.bounding = CAP_BIT(62) | CAP_BIT(CAP_KILL),
		.permitted = CAP_BIT(62) | CAP_BIT(CAP_KILL),
		.effective = CAP_BIT(62) | CAP_BIT(CAP_KILL),
	};
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	check(t.report.ungranted == CAP_BIT(62));
	check_int(next_report(&t), PLAN_STARTING);
	check_int(subject_end(&t), 0);
}

static void rlimits(void)
{
	static const struct spec_rlimit limits[] = {
		{.resource = RLIMIT_NOFILE, .soft = 4, .hard = 5},
		{.resource = RLIMIT_FSIZE, .soft = 1024, .hard = 2048},
		{.resource = RLIMIT_CORE, .soft = 0, .hard = 0},
	};
	struct subject t;

	subject_init(&t, "ulimit -n; ulimit -Hn; ulimit -f; ulimit -c");
	t.spec.process.rlimits = limits;
	t.spec.process.rlimit_count = ARRAY_SIZE(limits);
	t.input.wait_for_start = true; /* must have descriptors left to accept with */
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	(void)close(connect_starter(&t, PLAN_START_MESSAGE));
	check_text(subject_output(&t), "4\n5\n2\n0\n");
	check_int(subject_end(&t), 0);
}

static void bad_cwd(void)
{
	struct subject t;

	subject_init(&t, "exit 0");
	t.spec.process.cwd = "/no/such/dir";
	subject_begin(&t);
	check_int(next_report(&t), PLAN_FAILED);
	check_int(plan_report_error(&t.report, &t.spec, &t.err), -ENOENT);
	check_text(t.err.text, "process.cwd: chdir /no/such/dir: No such file or directory");
	check_int(subject_end(&t), 127);
	if (skipped_without_root())
		return;
	/* CVE-2024-21626: the directory is there, and outside. */
	subject_init(&t, "exit 0");
	t.spec.process.cwd = ".";
	t.chroot_to = "/usr";
	subject_begin(&t);
	check_int(next_report(&t), PLAN_FAILED);
	check_int(plan_report_error(&t.report, &t.spec, &t.err), -EXDEV);
	check_text(t.err.text, "process.cwd: . is not inside the container's root");
	check_int(subject_end(&t), 126);
}

static void cwd_that_only_root_may_enter(void)
{
	char dir[] = "/tmp/test-plan-XXXXXX";
	struct subject t;

	if (skipped_without_root())
		return;
	check(mkdtemp(dir) != NULL); /* 0700 */
	subject_init(&t, "/bin/pwd");
	t.spec.process.user.uid = 1000;
	t.spec.process.cwd = dir;
	run_through(&t);
	check(strncmp(subject_output(&t), dir, strlen(dir)) == 0);
	check_int(subject_end(&t), 0);
	check_int(rmdir(dir), 0);
}

static void exec_failure_reaches_the_starter(void)
{
	char path[] = "/tmp/test-plan-XXXXXX";
	int fd = mkstemp(path), starter_fd;
	struct subject t;

	check_int(fchmod(fd, 0755), 0);
	check_int(write(fd, "echo no interpreter line\n", 25), 25);
	(void)close(fd);
	subject_init(&t, "");
	t.args[0] = path;
	t.input.wait_for_start = true;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	starter_fd = connect_starter(&t, PLAN_START_MESSAGE);
	check_int(next_report(&t), PLAN_STARTING);
	check_int(next_report(&t), PLAN_FAILED);
	check_int(t.report.errnum, ENOEXEC);
	check_int(plan_receive(starter_fd, &t.report, &t.err), 1);
	check_int(t.report.kind, PLAN_STARTING);
	check_int(plan_receive(starter_fd, &t.report, &t.err), 1);
	check_int(t.report.kind, PLAN_FAILED);
	check_int(t.report.stage, PLAN_STAGE_EXEC);
	check_int(plan_report_error(&t.report, &t.spec, &t.err), -ENOEXEC);
	check(strstr(t.err.text, ": exec format error") != NULL);
	(void)close(starter_fd);
	check_int(subject_end(&t), 126);
	(void)unlink(path);
}

/* A filter that allows nothing of the stub's own but execve, and of the shell's all it needs. */
static void seccomp_comes_last(bool no_new_privileges)
{
	static const char *const names[] = {
		"execve",	 "brk",	      "mmap",	    "mprotect",	       "munmap",
		"openat",	 "read",      "pread64",    "close",	       "fstat",
		"newfstatat",	 "access",    "arch_prctl", "set_tid_address", "set_robust_list",
		"rseq",		 "prlimit64", "getrandom",  "getpid",	       "getuid",
		"geteuid",	 "getgid",    "getegid",    "rt_sigaction",    "rt_sigprocmask",
		"rt_sigreturn",	 "getppid",   "getcwd",	    "write",	       "exit_group",
		"faccessat2",	 "readlink",  "readlinkat", "lseek",	       "fcntl",
		"clock_gettime", NULL,
	};
	const struct spec_seccomp_rule rule = {
		.names = {ARRAY_SIZE(names) - 1, (const char **)names},
		.action = SCMP_ACT_ALLOW,
	};
	const struct spec_seccomp seccomp = {
		.has = true,
		.default_action = SCMP_ACT_KILL_PROCESS,
		.rule_count = 1,
		.rules = &rule,
	};
	struct error err = ERROR_INIT;
	autoseccomp program = {0};
	struct subject t;

	check_int(seccomp_compile(&seccomp, &program, &err), 0);
	subject_init(&t, "echo alive; umask 0; echo not reached");
	t.input.seccomp = &program;
	t.spec.process.no_new_privileges = no_new_privileges;
	if (geteuid() == 0)
		t.spec.process.user.uid = 1000;
	run_through(&t);
	check_text(subject_output(&t), "alive\n");
	check_int(subject_end(&t), 1000 + SIGSYS);
}

static void seccomp_under_no_new_privileges(void)
{
	seccomp_comes_last(true);
}

static void seccomp_without_no_new_privileges(void)
{
	if (!skipped_without_root())
		seccomp_comes_last(false);
}

/* ---- startContainer hooks ---- */

static void subject_with_hook(struct subject *t, struct spec_hook *hook, const char **args)
{
	args[0] = "hook";
	args[1] = "-c";
	hook->path = "/bin/sh";
	hook->args = (struct string_list){3, args};
	t->spec.hooks.count[HOOK_START_CONTAINER] = 1;
	t->spec.hooks.list[HOOK_START_CONTAINER] = hook;
	t->input.wait_for_start = true;
	t->input.state_json = "{\"id\":\"web\"}";
}

static void hook_gets_the_state(void)
{
	const char *args[] = {NULL, NULL, "read s; echo $s $A $(pwd) > /tmp/test-plan.$$", NULL};
	const char *env[] = {"A=b", NULL};
	struct spec_hook hook = {.env = {1, env}};
	struct subject t;

	subject_init(&t, "cat /tmp/test-plan.[0-9]*; rm /tmp/test-plan.[0-9]*");
	subject_with_hook(&t, &hook, args);
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	(void)close(connect_starter(&t, PLAN_START_MESSAGE));
	check_int(next_report(&t), PLAN_STARTING);
	check_int(next_report(&t), 0);
	check_text(subject_output(&t), "{\"id\":\"web\"} b /\n");
	check_int(subject_end(&t), 0);
}

static void hook_fails(const char *script, int timeout_s, int errnum, const char *text)
{
	const char *args[] = {NULL, NULL, script ? script : "", NULL};
	struct spec_hook hook = {.timeout_s = timeout_s};
	struct subject t;
	int starter_fd;

	subject_init(&t, "echo not reached");
	subject_with_hook(&t, &hook, args);
	if (!script)
		hook.path = "/no/such/hook";
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	starter_fd = connect_starter(&t, PLAN_START_MESSAGE);
	check_int(next_report(&t), PLAN_FAILED);
	check_int(plan_receive(starter_fd, &t.report, &t.err), 1);
	check_int(plan_report_error(&t.report, &t.spec, &t.err), -errnum);
	check_text(t.err.text, text);
	check_text(subject_output(&t), "");
	check_int(subject_end(&t), 1);
	(void)close(starter_fd);
}

static void hook_failures(void)
{
	hook_fails("echo oh; echo no >&2; exit 3", 0, ECANCELED,
		   "startContainer hook 0 (/bin/sh): exit status 3; it printed: oh no");
	hook_fails("kill -9 $$", 0, ECANCELED,
		   "startContainer hook 0 (/bin/sh): killed by SIGKILL");
	hook_fails(NULL, 0, ENOENT,
		   "startContainer hook 0 (/no/such/hook): execve: No such file or directory");
	/* The child that keeps the output open is killed, too. */
	hook_fails("echo slow; sleep 600 & wait", 1, ETIMEDOUT,
		   "startContainer hook 0 (/bin/sh): timed out; it printed: slow");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a program is found in PATH and runs with its args and env", program_is_found},
		{"a program that cannot run is told before start",
		 missing_program_is_told_before_start},
		{"the stub waits for a starter that really asks", waits_for_start},
		{"a ready stub survives its monitor", survives_its_monitor},
		{"an uncommitted stub dies with its monitor", dies_uncommitted},
		{"user, groups and capability sets are as planned", user_and_capabilities},
		{"another user keeps no capability that was not granted",
		 no_capability_for_another_user},
		{"capabilities that cannot be had are reported, not fatal",
		 ungrantable_capabilities_are_reported},
		{"limits hold, even those that would hinder the stub", rlimits},
		{"a cwd that is missing or outside the root is refused", bad_cwd},
		{"a cwd that only root may enter works for another user",
		 cwd_that_only_root_may_enter},
		{"a failing execve reaches monitor and starter", exec_failure_reaches_the_starter},
		{"seccomp comes last under no_new_privs", seccomp_under_no_new_privileges},
		{"seccomp comes last without no_new_privs", seccomp_without_no_new_privileges},
		{"a startContainer hook gets the state, its env and nothing else",
		 hook_gets_the_state},
		{"a startContainer hook that fails is named with its output", hook_failures},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
