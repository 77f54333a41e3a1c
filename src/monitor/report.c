/* SPDX-License-Identifier: Apache-2.0 */
/* What the stub reports, in the words that users and clients look for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "monitor/watch.h"

static const char *const stage_names[] = {
	[PLAN_STAGE_READ] = "plan",
	[PLAN_STAGE_RLIMIT] = "process.rlimits",
	[PLAN_STAGE_GROUPS] = "process.user.additionalGids: setgroups",
	[PLAN_STAGE_USER] = "process.user: setresuid/setresgid",
	[PLAN_STAGE_CAPABILITIES] = "process.capabilities",
	[PLAN_STAGE_NO_NEW_PRIVILEGES] = "process.noNewPrivileges",
	[PLAN_STAGE_CWD] = "process.cwd",
	[PLAN_STAGE_LOOKUP] = "exec",
	[PLAN_STAGE_HOOK] = "startContainer hook",
	[PLAN_STAGE_SECCOMP] = "linux.seccomp: load",
	[PLAN_STAGE_EXEC] = "exec",
};

static const char *stage_name(uint32_t stage)
{
	if (stage < ARRAY_SIZE(stage_names) && stage_names[stage])
		return stage_names[stage];
	return "init";
}

static void hook_text(const struct plan_report *r, char *text, size_t size)
{
	char how[64];

	if (r->errnum)
		(void)snprintf(how, sizeof(how), "%s", strerror(r->errnum));
	else if (WIFSIGNALED(r->status))
		(void)snprintf(how, sizeof(how), "killed by signal %d", WTERMSIG(r->status));
	else
		(void)snprintf(how, sizeof(how), "exit code %d", WEXITSTATUS(r->status));
	(void)snprintf(text, size, "hooks.startContainer[%d]: %s%s%.*s", r->index, how,
		       r->length ? ": " : "", (int)r->length, r->text);
}

void plan_report_text(const struct plan_report *r, char *text, size_t size)
{
	int length = r->length < PLAN_TEXT_MAX ? (int)r->length : PLAN_TEXT_MAX;

	if (r->stage == PLAN_STAGE_HOOK) {
		hook_text(r, text, size);
		return;
	}
	/* Docker, podman and kubelet tell 127 from 126 by these words. */
	if (r->stage == PLAN_STAGE_LOOKUP && r->errnum == ENOENT &&
	    !memchr(r->text, '/', (size_t)length))
		(void)snprintf(text, size, "exec: \"%.*s\": executable file not found in $PATH: %s",
			       length, r->text, strerror(ENOENT));
	else if (r->stage == PLAN_STAGE_LOOKUP || r->stage == PLAN_STAGE_EXEC)
		(void)snprintf(text, size, "exec: \"%.*s\": %s", length, r->text,
			       strerror(r->errnum));
	else
		(void)snprintf(text, size, "%s%s%.*s: %s", stage_name(r->stage), length ? ": " : "",
			       length, r->text, strerror(r->errnum));
}
