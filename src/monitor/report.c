/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stub reports after `start`, for the log. The monitor has no spec at hand; the starter,
 * who has one, says it in full (setup/plan.h).
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/signal_names.h"
#include "monitor/watch.h"

static void describe_end(const struct plan_report *r, char *text, size_t size)
{
	const char *name = WIFSIGNALED(r->status) ? signal_name(WTERMSIG(r->status)) : NULL;

	if (r->timed_out)
		(void)snprintf(text, size, "timed out");
	else if (name)
		(void)snprintf(text, size, "killed by %s", name);
	else if (WIFSIGNALED(r->status))
		(void)snprintf(text, size, "killed by signal %d", WTERMSIG(r->status));
	else
		(void)snprintf(text, size, "exit status %d", WEXITSTATUS(r->status));
}

/* @detail: what could not be done, or what it printed, which `failed` tells apart. */
static void hook_text(const struct plan_report *r, const char *detail, char *text, size_t size)
{
	char how[128];

	if (r->errnum)
		(void)snprintf(how, sizeof(how), "%.60s: %s", detail, strerror(r->errnum));
	else
		describe_end(r, how, sizeof(how));
	(void)snprintf(text, size, "startContainer hook %d (%.*s): %s", r->index, PLAN_PATH_MAX,
		       r->hook_path, how);
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

static void detail_of(const struct plan_report *r, char detail[PLAN_TEXT_MAX + 1])
{
	size_t length = r->length < PLAN_TEXT_MAX ? r->length : PLAN_TEXT_MAX;

	memcpy(detail, r->text, length);
	detail[length] = '\0';
}

void plan_report_hook(const struct plan_report *r, char output[PLAN_TEXT_MAX + 1],
		      struct failed_hook *ret)
{
	detail_of(r, output);
	if (r->errnum)
		*output = '\0';
	*ret = (struct failed_hook){
		.stage = "startContainer",
		.index = r->index,
		.path = r->hook_path,
		.ran = r->errnum == 0,
		.status = r->status,
		.timed_out = r->timed_out != 0,
		.output = output,
	};
}

void plan_report_text(const struct plan_report *r, char *text, size_t size)
{
	char detail[PLAN_TEXT_MAX + 1];

	detail_of(r, detail);
	if (r->stage == PLAN_STAGE_HOOK)
		hook_text(r, detail, text, size);
	else
		(void)snprintf(text, size, "%s: \"%s\": %s", subject(r->stage), detail,
			       strerror(r->errnum));
}
