/* SPDX-License-Identifier: Apache-2.0 */
/* The stub's reports in the user's words. */
#include "setup/plan.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/message.h"
#include "setup/capabilities.h"
#include "setup/hooks.h"
#include "setup/labels.h"
#include "stub/plan.h"

int plan_receive(int fd, struct plan_report *ret, struct error *err)
{
	ssize_t n = message_receive(fd, ret, sizeof(*ret), NULL, NULL);

	if (n < 0)
		return error_sys_num(err, (int)n, "receive init's report");
	if (n == 0)
		return 0;
	/* The other side is in the container: it may say anything. */
	if ((size_t)n < offsetof(struct plan_report, text) ||
	    (size_t)n != offsetof(struct plan_report, text) + ret->length)
		return error_set(err, ERROR_SYSTEM, EBADMSG,
				 "receive init's report: malformed, %zd bytes", n);
	return 1;
}

/*
 * Clients look for these words in Go's spelling. "permission denied" means 126 to all of them, "is
 * a directory" only to newer ones, and it is EACCES that execve says of a directory.
 */
static int exec_error(struct error *err, int errnum, const char *path)
{
	char reason[128];
	size_t length;

	(void)strncpy(reason, strerror(errnum), sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	length = strlen(reason);
	if (length > 1 && islower((unsigned char)reason[1]))
		reason[0] = (char)tolower((unsigned char)reason[0]);
	return error_set(err, ERROR_SYSTEM, errnum, "exec: \"%s\": %s%s", path, reason,
			 errnum == EISDIR ? " (permission denied)" : "");
}

static int lookup_error(const struct plan_report *report, const char *path, struct error *err)
{
	if (report->errnum == ENOENT && !strchr(path, '/'))
		return error_set(err, ERROR_SYSTEM, ENOENT,
				 "exec: \"%s\": executable file not found in $PATH", path);
	return exec_error(err, report->errnum, path);
}

static int hook_error(const struct plan_report *report, const struct spec *spec, const char *text,
		      struct error *err)
{
	struct hook_failure failure = {
		.stage = HOOK_START_CONTAINER,
		.index = report->index,
		.path = "?",
		.status = report->status,
		.timed_out = report->timed_out != 0,
	};

	_Static_assert(PLAN_TEXT_MAX <= HOOK_OUTPUT_MAX, "a report's text fits");
	if (report->index >= 0 && (size_t)report->index < spec->hooks.count[HOOK_START_CONTAINER])
		failure.path = spec->hooks.list[HOOK_START_CONTAINER][report->index].path;
	if (report->errnum) {
		(void)error_sys_num(err, report->errnum, "%s", text);
		return error_in(err, "startContainer hook %d (%s)", failure.index, failure.path);
	}
	failure.length = strlen(text);
	memcpy(failure.output, text, failure.length + 1);
	return hook_failure_error(&failure, err);
}

static int capability_error(const struct plan_report *report, const char *text, struct error *err)
{
	char name[64];

	if (strncmp(text, "PR_CAP", 6) != 0)
		return error_sys_num(err, report->errnum, "process.capabilities: %s", text);
	capabilities_text(1ULL << (report->index & 63), name, sizeof(name));
	return error_sys_num(err, report->errnum, "process.capabilities: %s: %s", text, name);
}

static int cwd_error(const struct plan_report *report, const char *text, struct error *err)
{
	if (report->errnum == EXDEV)
		return error_set(err, ERROR_SYSTEM, EXDEV,
				 "process.cwd: %s is not inside the container's root", text);
	return error_sys_num(err, report->errnum, "process.cwd: chdir %s", text);
}

/* setns(2) on the pidfd of a process that is gone answers ESRCH, and clone(2) into a pid namespace
 * without its init ENOMEM. */
static int join_error(const struct plan_report *report, const char *text, struct error *err)
{
	if (report->errnum == ESRCH || (report->errnum == ENOMEM && strcmp(text, "clone") == 0))
		return error_set(err, ERROR_STATE, ESRCH, "container not running");
	return error_sys_num(err, report->errnum, "join the container: %s", text);
}

/* AppArmor says ENOENT of a profile that is not loaded, SELinux EINVAL of a wrong context. */
static int label_error(const struct plan_report *report, const char *text, struct error *err)
{
	bool apparmor = report->index == LABEL_APPARMOR;
	const char *name = apparmor && strncmp(text, "exec ", 5) == 0 ? text + 5 : text;

	return error_sys_num(err, report->errnum, "process.%s: \"%s\"",
			     apparmor ? "apparmorProfile" : "selinuxLabel", name);
}

int plan_report_error(const struct plan_report *report, const struct spec *spec, struct error *err)
{
	char text[PLAN_TEXT_MAX + 1];
	size_t length = report->length < PLAN_TEXT_MAX ? report->length : PLAN_TEXT_MAX;

	memcpy(text, report->text, length);
	text[length] = '\0';
	switch (report->stage) {
	case PLAN_STAGE_RLIMIT:
		return error_sys_num(err, report->errnum, "process.rlimits[%d]: prlimit",
				     report->index);
	case PLAN_STAGE_GROUPS:
		return error_sys_num(err, report->errnum, "process.user.additionalGids: setgroups");
	case PLAN_STAGE_USER:
		return error_sys_num(err, report->errnum, "process.user: %s", text);
	case PLAN_STAGE_CAPABILITIES:
		return capability_error(report, text, err);
	case PLAN_STAGE_NO_NEW_PRIVILEGES:
		return error_sys_num(err, report->errnum, "process.noNewPrivileges: prctl");
	case PLAN_STAGE_CWD:
		return cwd_error(report, text, err);
	case PLAN_STAGE_LOOKUP:
		return lookup_error(report, text, err);
	case PLAN_STAGE_HOOK:
		return hook_error(report, spec, text, err);
	case PLAN_STAGE_SECCOMP:
		return error_sys_num(err, report->errnum, "linux.seccomp: seccomp");
	case PLAN_STAGE_JOIN:
		return join_error(report, text, err);
	case PLAN_STAGE_KEYRING:
		return error_sys_num(err, report->errnum, "join the session keyring %s", text);
	case PLAN_STAGE_TERMINAL:
		return error_sys_num(err, report->errnum, "process.terminal: %s", text);
	case PLAN_STAGE_LABEL:
		return label_error(report, text, err);
	case PLAN_STAGE_EXEC:
		return exec_error(err, report->errnum, text);
	default:
		return error_set(err, ERROR_SYSTEM, EBADMSG, "init failed at unknown stage %u",
				 report->stage);
	}
}
