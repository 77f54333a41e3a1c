/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stub reports after `start`, for the log. The monitor has no spec at hand; the starter,
 * who has one, says it in full (setup/plan.h).
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "monitor/watch.h"

static void hook_text(const struct plan_report *r, const char *output, char *text, size_t size)
{
	char how[128];

	if (r->errnum)
		(void)snprintf(how, sizeof(how), "%s", strerror(r->errnum));
	else if (r->timed_out)
		(void)snprintf(how, sizeof(how), "timed out");
	else if (WIFSIGNALED(r->status))
		(void)snprintf(how, sizeof(how), "killed by signal %d", WTERMSIG(r->status));
	else
		(void)snprintf(how, sizeof(how), "exit code %d", WEXITSTATUS(r->status));
	(void)snprintf(text, size, "hooks.startContainer[%d]: %s%s%s", r->index, how,
		       *output ? ": " : "", output);
}

static const char *subject(uint32_t stage)
{
	switch (stage) {
	case PLAN_STAGE_SECCOMP:
		return "linux.seccomp";
	case PLAN_STAGE_CAPABILITIES:
		return "process.capabilities";
	default:
		return "exec";
	}
}

void plan_report_text(const struct plan_report *r, char *text, size_t size)
{
	char detail[PLAN_TEXT_MAX + 1];
	size_t length = r->length < PLAN_TEXT_MAX ? r->length : PLAN_TEXT_MAX;

	memcpy(detail, r->text, length);
	detail[length] = '\0';
	if (r->stage == PLAN_STAGE_HOOK)
		hook_text(r, detail, text, size);
	else
		(void)snprintf(text, size, "%s: \"%s\": %s", subject(r->stage), detail,
			       strerror(r->errnum));
}
