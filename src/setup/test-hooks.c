/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks on the host side: exact environment, captured output, timeouts that hold. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tap.h"
#include "setup/hooks.h"

static struct hook_failure failure;
static struct error err;

static int run_script(const char *script, int timeout_s, const char *state)
{
	const char *args[] = {"hook", "-c", script, NULL};
	struct spec_hook hook = {.path = "/bin/sh", .args = {3, args}, .timeout_s = timeout_s};

	memset(&failure, 0, sizeof(failure));
	return hooks_run(&hook, 1, HOOK_CREATE_RUNTIME, state, NULL, &failure, &err);
}

static void succeeds(void)
{
	check_int(run_script("test \"$(cat)\" = state && test $(pwd) = /", 0, "state"), 0);
}

static void environment_is_exact(void)
{
	const char *args[] = {"env", NULL}, *env[] = {"ONLY=this", NULL};
	struct spec_hook hook = {.path = "/usr/bin/env", .args = {1, args}, .env = {1, env}};

	/* NVIDIA CVE-2025-23266: nothing of the caller's environment. */
	check_int(setenv("LD_PRELOAD_OF_CALLER", "x", 1), 0);
	args[0] = "env";
	hook.path = "/bin/sh";
	hook.args = (struct string_list){3, (const char *[]){"sh", "-c", "env; exit 1", NULL}};
	check_int(hooks_run(&hook, 1, HOOK_PRESTART, "", NULL, &failure, &err), -ECANCELED);
	check(strstr(failure.output, "ONLY=this") != NULL);
	check(strstr(failure.output, "LD_PRELOAD_OF_CALLER") == NULL);
	check(strstr(failure.output, "HOME") == NULL);
}

static void failure_is_named(void)
{
	check_int(run_script("echo out; echo err >&2; exit 7", 0, ""), -ECANCELED);
	check_text(err.text, "createRuntime hook 0 (/bin/sh): exit status 7; it printed: out err");
	check_text(failure.output, "out\nerr\n");
	check_int(failure.length, 8);
	check_int(WEXITSTATUS(failure.status), 7);
	check_int(failure.stage, HOOK_CREATE_RUNTIME);
	check_int(run_script("kill -TERM $$", 0, ""), -ECANCELED);
	check_text(err.text, "createRuntime hook 0 (/bin/sh): killed by SIGTERM");
}

static void cannot_start(void)
{
	struct spec_hook hook = {.path = "/no/such/hook"};

	check_int(hooks_run(&hook, 1, HOOK_POSTSTOP, "", NULL, &failure, &err), -ENOENT);
	check_text(err.text, "poststop hook 0 (/no/such/hook): execve: No such file or directory");
	check_int(failure.errnum, ENOENT);
	hook.path = "/etc/passwd";
	check_int(hooks_run(&hook, 1, HOOK_POSTSTOP, "", NULL, &failure, &err), -EACCES);
}

static void second_hook_stops_the_third(void)
{
	const char *good[] = {"true", NULL}, *bad[] = {"false", NULL};
	struct spec_hook hooks[] = {
		{.path = "/bin/true", .args = {1, good}},
		{.path = "/bin/false", .args = {1, bad}},
		{.path = "/no/such/hook"},
	};

	check_int(hooks_run(hooks, 3, HOOK_POSTSTART, "", NULL, &failure, &err), -ECANCELED);
	check_int(failure.index, 1);
	check_text(failure.path, "/bin/false");
}

static void timeout_kills_the_group(void)
{
	time_t begin = time(NULL);
	pid_t left;

	check_int(run_script("sleep 600 & echo $!; wait", 1, ""), -ETIMEDOUT);
	check(failure.timed_out);
	check(time(NULL) - begin < 5);
	left = atoi(failure.output);
	check(left > 0);
	/* Killed, though it may still wait for the machine's init to reap it. */
	for (int i = 0; i < 100 && kill(left, 0) == 0; i++) {
		char path[64], state[256] = "";
		int fd;

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", left);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		(void)!read(fd, state, sizeof(state) - 1);
		(void)close(fd);
		if (strstr(state, ") Z "))
			return;
		usleep(10000);
	}
	check_int(kill(left, 0), -1);
}

static void output_held_open_is_not_waited_for(void)
{
	time_t begin = time(NULL);

	check_int(run_script("sleep 3 & exit 0", 0, ""), 0);
	check(time(NULL) - begin < 3);
}

static void last_bytes_of_much_output_are_kept(void)
{
	check_int(run_script("head -c 10000000 /dev/zero | tr '\\0' x; echo end; exit 1", 0, ""),
		  -ECANCELED);
	check_int(failure.length, HOOK_OUTPUT_MAX);
	check_text(failure.output + HOOK_OUTPUT_MAX - 5, "xend\n");
}

static void unread_state_does_not_hang(void)
{
	size_t size = 1 << 20;
	autofree char *state = malloc(size + 1);

	memset(state, 'x', size);
	state[size] = '\0';
	check_int(run_script("exec <&-; exit 0", 0, state), 0);
	check_int(run_script("test $(wc -c) = 1048576", 0, state), 0);
}

static void nothing_is_inherited(void)
{
	int fd = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	check_int(run_script("ls /proc/self/fd; grep -E 'SigBlk|SigIgn' /proc/self/status; exit 1",
			     0, ""),
		  -ECANCELED);
	check_text(failure.output, "0\n1\n2\n3\n"
				   "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)close(fd);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a hook gets the state on stdin and the cwd /", succeeds},
		{"a hook's environment is exactly its env", environment_is_exact},
		{"a failure names stage, index, path, end and output", failure_is_named},
		{"a hook that cannot start says why", cannot_start},
		{"the first failure ends the list", second_hook_stops_the_third},
		{"a timeout kills the hook's whole group", timeout_kills_the_group},
		{"output that a daemon holds open is not waited for",
		 output_held_open_is_not_waited_for},
		{"of much output the last bytes are kept", last_bytes_of_much_output_are_kept},
		{"a state that is not read does not hang", unread_state_does_not_hang},
		{"no descriptor, mask or ignored signal is inherited", nothing_is_inherited},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
