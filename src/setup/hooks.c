/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks: which, why, and what it printed. */
#include "setup/hooks.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/signal_names.h"
#include "setup/command.h"

#define SHOWN_OUTPUT_MAX 400 /* of the error's text; the whole is in struct hook_failure */

/* The end of the output on one line, for the error's text. */
static void one_line(const struct hook_failure *failure, char *text, size_t size)
{
	size_t length = failure->length, from;

	while (length > 0 && isspace((unsigned char)failure->output[length - 1]))
		length--;
	from = length > size - 1 ? length - (size - 1) : 0;
	length -= from;
	memcpy(text, failure->output + from, length);
	text[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)text[i]))
			text[i] = ' ';
}

static void describe_end(const struct hook_failure *failure, char *text, size_t size)
{
	int status = failure->status;

	if (failure->timed_out)
		(void)snprintf(text, size, "timed out");
	else if (WIFSIGNALED(status) && signal_name(WTERMSIG(status)))
		(void)snprintf(text, size, "killed by %s", signal_name(WTERMSIG(status)));
	else if (WIFSIGNALED(status))
		(void)snprintf(text, size, "killed by signal %d", WTERMSIG(status));
	else
		(void)snprintf(text, size, "exit status %d", WEXITSTATUS(status));
}

int hook_failure_error(const struct hook_failure *failure, struct error *err)
{
	char end[64], output[SHOWN_OUTPUT_MAX];

	describe_end(failure, end, sizeof(end));
	one_line(failure, output, sizeof(output));
	(void)error_set(err, ERROR_SYSTEM, failure->timed_out ? ETIMEDOUT : ECANCELED, "%s%s%s",
			end, output[0] ? HOOK_PRINTED : "", output);
	return error_in(err, "%s hook %d (%s)", hook_stage_name(failure->stage), failure->index,
			failure->path);
}

static int run_one(const struct spec_hook *hook, const char *state_json,
		   const struct hook_output *output, struct hook_failure *failure,
		   struct error *err)
{
	static const char *const no_env[] = {NULL};
	const char *const path_only[] = {hook->path, NULL};
	struct command command = {
		.path = hook->path,
		.argv = hook->args.count ? hook->args.items : path_only,
		.envp = hook->env.count ? hook->env.items : no_env,
		.input = state_json,
		.timeout_s = hook->timeout_s,
		.stdout_fd = output && output->stdout_fd >= 0 ? output->stdout_fd : 0,
		.stderr_fd = output && output->stderr_fd >= 0 ? output->stderr_fd : 0,
		.cgroup_fd = output && output->cgroup_fd >= 0 ? output->cgroup_fd : 0,
	};
	struct command_result result;
	int r;

	failure->path = hook->path;
	r = command_run(&command, &result, err);
	if (r == 0 && !result.timed_out && result.status == 0)
		return 0;
	failure->errnum = r < 0 ? -r : 0;
	failure->status = result.status;
	failure->timed_out = result.timed_out;
	failure->length = result.length;
	memcpy(failure->output, result.output, result.length + 1);
	if (r == 0)
		return hook_failure_error(failure, err);
	return error_in(err, "%s hook %d (%s)", hook_stage_name(failure->stage), failure->index,
			failure->path);
}

int hooks_run(const struct spec_hook *hooks, size_t count, enum hook_stage stage,
	      const char *state_json, const struct hook_output *output, struct hook_failure *ret,
	      struct error *err)
{
	struct hook_failure failure = {.stage = stage};
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		failure.index = (int)i;
		r = run_one(&hooks[i], state_json, output, &failure, err);
	}
	if (r < 0 && ret)
		*ret = failure;
	return r;
}
