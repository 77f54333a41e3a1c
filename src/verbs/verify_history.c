/* SPDX-License-Identifier: Apache-2.0 */
/* doc/events.md, "Guarantees", of the lines of one log; see verify_history.h. */
#include "verbs/verify_history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ocirun/exit-status.h"
#include "verbs/verify.h"

/* One `exec-started`, and whether its `exec-exited` has come. */
struct verify_exec {
	char *id;
	int64_t pid;
	bool ended;
};

static bool is(const struct ocirun_event *event, const char *type)
{
	return strcmp(event->type, type) == 0;
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* A member's text, or "": what is not there is verify_members' to tell. */
static const char *string(const struct ocirun_event *event, const char *member,
			  char text[OCIRUN_LINE_MAX])
{
	if (ocirun_event_string(event, member, text, OCIRUN_LINE_MAX) < 0)
		text[0] = '\0';
	return text;
}

/* ---- checks: true, or false with a phrase ---- */

static bool say(char phrase[VERIFY_TEXT_MAX], const char *words)
{
	(void)snprintf(phrase, VERIFY_TEXT_MAX, "%s", words);
	return false;
}

static bool check_order(const struct verify_history *h, const struct ocirun_event *event,
			char *phrase)
{
	static const char *const of_the_living[] = {"started", "oom",	  "paused",
						    "resumed", "updated", "checkpointed"};
	static const char *const of_the_started[] = {"paused", "resumed"};

	if (h->deleted)
		return say(phrase, "it comes after deleted");
	if (is(event, "created"))
		return h->seq == 0 || say(phrase, "it is not the first");
	if (is(event, "deleted") && h->created && !h->exited)
		return h->gap || say(phrase, "there is no exited");
	if (is(event, "failed") || is(event, "deleted"))
		return true;
	if (!h->created)
		return h->gap || say(phrase, "there is no created");
	if ((is(event, "started") && h->started) || (is(event, "exited") && h->exited))
		return say(phrase, "it is there twice");
	if (h->exited && is_one_of(event->type, of_the_living, ARRAY_SIZE(of_the_living)))
		return say(phrase, "it comes after exited");
	if (!h->started && !h->gap &&
	    is_one_of(event->type, of_the_started, ARRAY_SIZE(of_the_started)))
		return say(phrase, "there is no started");
	return true;
}

static bool check_freezer(const struct verify_history *h, const struct ocirun_event *event,
			  char *phrase)
{
	if (h->gap || is(event, "paused") != h->paused)
		return true;
	return say(phrase, h->paused ? "it is paused already" : "it is not paused");
}

static bool check_pid(const struct verify_history *h, const struct ocirun_event *event,
		      char *phrase)
{
	int64_t pid;

	if (h->pid == 0 || ocirun_event_int(event, "pid", &pid) < 0 || pid == h->pid)
		return true;
	(void)snprintf(phrase, VERIFY_TEXT_MAX, "pid %jd, in created %jd", (intmax_t)pid,
		       (intmax_t)h->pid);
	return false;
}

static bool check_oom(const struct verify_history *h, const struct ocirun_event *event,
		      char *phrase)
{
	uint64_t killed, total;

	if (h->gap || ocirun_event_uint(event, "oomKill", &killed) < 0 ||
	    ocirun_event_uint(event, "oomKillTotal", &total) < 0)
		return true;
	if (killed > 0 && total == h->oom_total + killed)
		return true;
	(void)snprintf(phrase, VERIFY_TEXT_MAX, "oomKillTotal %ju with oomKill %ju after %ju",
		       (uintmax_t)total, (uintmax_t)killed, (uintmax_t)h->oom_total);
	return false;
}

/* Code, signal and reason of an end agree, and unknown is null. */
static bool check_code(const struct verify_history *h, const struct ocirun_event *event,
		       char *phrase)
{
	static const char *const unknown[] = {"monitor-lost", "unobserved", "host-restarted"};
	char reason[OCIRUN_LINE_MAX];
	int64_t code = -1, signal = 0;

	(void)h;
	(void)string(event, "reason", reason);
	(void)ocirun_event_int(event, "exitCode", &code);
	(void)ocirun_event_int(event, "signal", &signal);
	if (is_one_of(reason, unknown, ARRAY_SIZE(unknown)) != (code < 0))
		(void)snprintf(phrase, VERIFY_TEXT_MAX, "exitCode %jd with the reason \"%.30s\"",
			       (intmax_t)code, reason);
	else if (signal > 0 && code != OCIRUN_EXIT_SIGNAL + signal)
		(void)snprintf(phrase, VERIFY_TEXT_MAX, "exitCode %jd with signal %jd",
			       (intmax_t)code, (intmax_t)signal);
	else if ((signal > 0) != (strcmp(reason, "signaled") == 0) &&
		 strcmp(reason, "never-started") != 0)
		(void)snprintf(phrase, VERIFY_TEXT_MAX, "signal %jd with the reason \"%.30s\"",
			       (intmax_t)signal, reason);
	else
		return true;
	return false;
}

/* What `exited` says of earlier lines. */
static bool check_start(const struct verify_history *h, const struct ocirun_event *event,
			char *phrase)
{
	static const char *const unstarted[] = {"never-started", "exec-failed"};
	static const char *const run[] = {"exited", "signaled"};
	char reason[OCIRUN_LINE_MAX], started_at[OCIRUN_LINE_MAX];

	(void)string(event, "reason", reason);
	(void)string(event, "startedAt", started_at);
	if (h->gap)
		return true;
	if (h->started ? is_one_of(reason, unstarted, ARRAY_SIZE(unstarted))
		       : is_one_of(reason, run, ARRAY_SIZE(run)))
		(void)snprintf(phrase, VERIFY_TEXT_MAX, "the reason \"%s\" %s started", reason,
			       h->started ? "after" : "without");
	else if (strcmp(started_at, h->started_at) != 0)
		(void)snprintf(phrase, VERIFY_TEXT_MAX, "startedAt \"%.40s\", but started %s%.40s",
			       started_at, h->started ? "at " : "is not there", h->started_at);
	else
		return true;
	return false;
}

static bool check_oom_killed(const struct verify_history *h, const struct ocirun_event *event,
			     char *phrase)
{
	bool killed = true;

	if (ocirun_event_bool(event, "oomKilled", &killed) < 0 || killed || !h->oom)
		return true;
	return say(phrase, "oomKilled is false, and there is an oom");
}

static const struct verify_exec *find_exec(const struct verify_history *h, const char *id)
{
	for (size_t i = 0; i < h->exec_count; i++)
		if (strcmp(h->execs[i].id, id) == 0)
			return &h->execs[i];
	return NULL;
}

static bool check_exec(const struct verify_history *h, const struct ocirun_event *event,
		       char *phrase)
{
	char id[OCIRUN_LINE_MAX];
	const struct verify_exec *exec = find_exec(h, string(event, "execId", id));
	int64_t pid = 0;

	(void)ocirun_event_int(event, "pid", &pid);
	if (is(event, "exec-started"))
		return !exec || say(phrase, "its execId is there twice");
	if (!exec)
		return h->gap || say(phrase, "there is no exec-started with its execId");
	if (exec->ended)
		return say(phrase, "it is there twice");
	if (exec->pid == pid)
		return true;
	(void)snprintf(phrase, VERIFY_TEXT_MAX, "pid %jd, in exec-started %jd", (intmax_t)pid,
		       (intmax_t)exec->pid);
	return false;
}

static const struct {
	const char *type; /* NULL: of each */
	bool (*check)(const struct verify_history *h, const struct ocirun_event *event,
		      char *phrase);
} checks[] = {
	{NULL, check_order},	      {"paused", check_freezer},    {"resumed", check_freezer},
	{"started", check_pid},	      {"exited", check_pid},	    {"oom", check_oom},
	{"exited", check_code},	      {"exec-exited", check_code},  {"exited", check_start},
	{"exited", check_oom_killed}, {"exec-started", check_exec}, {"exec-exited", check_exec},
};

/* ---- what is remembered ---- */

static int note_exec(struct verify_history *h, const struct ocirun_event *event)
{
	char id[OCIRUN_LINE_MAX];
	struct verify_exec *execs;

	(void)string(event, "execId", id);
	execs = realloc(h->execs, (h->exec_count + 1) * sizeof(*execs));
	if (!execs)
		return -ENOMEM;
	h->execs = execs;
	execs[h->exec_count] = (struct verify_exec){.id = strdup(id)};
	(void)ocirun_event_int(event, "pid", &execs[h->exec_count].pid);
	return execs[h->exec_count].id ? (int)(h->exec_count++, 0) : -ENOMEM;
}

static void note_exec_end(struct verify_history *h, const struct ocirun_event *event)
{
	char id[OCIRUN_LINE_MAX];
	const struct verify_exec *exec = find_exec(h, string(event, "execId", id));

	if (exec)
		h->execs[exec - h->execs].ended = true;
}

static int note(struct verify_history *h, const struct ocirun_event *event)
{
	h->seq = event->seq;
	if (is(event, "created")) {
		h->created = true;
		(void)ocirun_event_int(event, "pid", &h->pid);
	} else if (is(event, "started")) {
		h->started = true;
		(void)snprintf(h->started_at, sizeof(h->started_at), "%s", event->timestamp);
	} else if (is(event, "paused") || is(event, "resumed")) {
		h->paused = is(event, "paused");
	} else if (is(event, "oom")) {
		h->oom = true;
		(void)ocirun_event_uint(event, "oomKillTotal", &h->oom_total);
	} else if (is(event, "exited")) {
		h->exited = true;
	} else if (is(event, "deleted")) {
		h->deleted = true;
	} else if (is(event, "exec-started")) {
		return note_exec(h, event);
	} else if (is(event, "exec-exited")) {
		note_exec_end(h, event);
	}
	return 0;
}

int verify_history(struct verify_history *h, const struct ocirun_event *event,
		   void (*problem)(void *arg, const char *phrase), void *arg)
{
	char phrase[VERIFY_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if ((!checks[i].type || is(event, checks[i].type)) &&
		    !checks[i].check(h, event, phrase))
			problem(arg, phrase);
	return note(h, event);
}

void verify_history_done(struct verify_history *h)
{
	for (size_t i = 0; i < h->exec_count; i++)
		free(h->execs[i].id);
	free(h->execs);
	h->execs = NULL;
	h->exec_count = 0;
}
