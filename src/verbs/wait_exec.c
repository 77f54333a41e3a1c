/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for an exec's process. Its observer writes the line; should that have been killed, a
 * pidfd of our own tells the end.
 */
#include "verbs/wait_exec.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/log.h"
#include "container/facts.h"
#include "monitor/exit_status.h"
#include "monitor/observed.h"
#include "ocirun/exit-status.h"
#include "verbs/verb.h"

/* An observer that lives needs a millisecond; a caller that does not reap may need longer. */
#define OBSERVER_GRACE_MS 2000

#define CODE_UNKNOWN (-1)

struct waiting {
	const struct wait_exec *opt;
	struct follow *follow;
	bool started, done;
	bool failed; /* it never ran, or its end is lost: `problem` */
	int code;
	char problem[256];
	char *line; /* of `exec-exited` */
	pid_t pid;
	int pidfd;
	int64_t ended_ms; /* when we saw that it had ended; -1: not yet */
	bool settled;	  /* its observer is dead, and we have done what it would have */
};

static bool is_ours(const struct waiting *w, const struct ocirun_event *event)
{
	char id[JOURNAL_ID_MAX + 1] = "";

	return ocirun_event_string(event, "execId", id, sizeof(id)) >= 0 &&
	       strcmp(id, w->opt->exec_id) == 0;
}

/* Only of that very process: its number may be another's by now. */
static void open_witness(struct waiting *w, const struct ocirun_event *event)
{
	uint64_t recorded = 0, start_time = 0;
	int64_t pid = 0;

	if (ocirun_event_int(event, "pid", &pid) < 0 || pid <= 0 || pid > INT32_MAX ||
	    ocirun_event_uint(event, "pidStartTime", &recorded) < 0)
		return;
	w->pid = (pid_t)pid;
	w->pidfd = sys_pidfd_open(w->pid, 0);
	if (w->pidfd >= 0 &&
	    (process_start_time(w->pid, &start_time) < 0 || start_time != recorded))
		close_keeping_errno(take_fd(&w->pidfd));
}

static void fail(struct waiting *w, const char *problem)
{
	w->done = w->failed = true;
	w->code = CODE_UNKNOWN;
	(void)strncpy(w->problem, problem, sizeof(w->problem) - 1);
}

static void take_exited(struct waiting *w, const struct ocirun_event *event)
{
	int64_t code;

	w->done = true;
	w->line = strdup(event->line);
	if (ocirun_event_int(event, "exitCode", &code) == 0 && code >= 0 && code <= 255)
		w->code = (int)code;
	else
		(void)stpcpy(w->problem, "its exit code is unknown");
}

static void take_event(struct waiting *w, const struct ocirun_event *event)
{
	char error[200] = "";

	if (strcmp(event->type, "deleted") == 0 && w->started)
		fail(w, "the container was deleted, and its log does not tell how it ended");
	if (strncmp(event->type, "exec-", 5) != 0 && strcmp(event->type, "failed") != 0)
		return;
	if (!is_ours(w, event))
		return;
	if (strcmp(event->type, "exec-started") == 0) {
		w->started = true;
		open_witness(w, event);
	} else if (strcmp(event->type, "exec-exited") == 0) {
		take_exited(w, event);
	} else {
		(void)ocirun_event_string(event, "error", error, sizeof(error));
		fail(w, error);
	}
}

/* Returns whether it has ended, for longer than an observer needs. */
static bool is_overdue(struct waiting *w)
{
	struct pollfd ended = {.fd = w->pidfd, .events = POLLIN};

	if (w->pidfd >= 0 && poll(&ended, 1, 0) == 0)
		return false;
	if (w->ended_ms < 0)
		w->ended_ms = follow_now_ms();
	return follow_now_ms() - w->ended_ms >= OBSERVER_GRACE_MS;
}

/* The line that its observer owes: by us, who have the pidfd. */
static void settle(struct waiting *w)
{
	autocontainer c = CONTAINER_CLOSED;
	struct error ignored = ERROR_INIT;

	w->settled = true;
	if (container_open(&c, w->follow->store, ocirun_log_id(w->follow->log), &ignored) == 0 &&
	    strcmp(c.record.instance, ocirun_log_instance(w->follow->log)) == 0)
		observed_settle_with(&c, w->opt->exec_id, w->pidfd);
}

static void take_witness(struct waiting *w)
{
	const char *source;
	int status;

	if (!is_overdue(w))
		return;
	if (exit_status_witness(w->pidfd, w->pid, &status, &source) < 0) {
		fail(w, "it has ended, and nobody saw how");
		return;
	}
	w->done = true;
	w->code = WIFSIGNALED(status) ? OCIRUN_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static int read_lines(struct waiting *w, struct error *err)
{
	struct ocirun_event event;
	int r = 0;

	while (!w->done && (r = follow_next(w->follow, &event, err)) > 0)
		take_event(w, &event);
	return r;
}

static int read_available(struct waiting *w, struct error *err)
{
	int r = read_lines(w, err);

	if (r == 0 && !w->done && w->started && !w->settled && is_overdue(w)) {
		settle(w);
		r = read_lines(w, err);
	}
	if (r < 0 || w->done)
		return r;
	if (!w->started)
		return error_set(err, ERROR_MISSING, ENOENT,
				 "container %s: there is no exec \"%s\" (see `ocirun events`)",
				 ocirun_log_id(w->follow->log), w->opt->exec_id);
	take_witness(w);
	return 0;
}

static int conclude(const struct waiting *w, struct error *err)
{
	if (w->opt->json)
		return print_line(w->line ? w->line : "null", err);
	if (w->opt->print)
		return w->code == CODE_UNKNOWN ? print_line("unknown", err)
					       : print_format(err, "%d\n", w->code);
	if (w->code != CODE_UNKNOWN)
		return w->code;
	return error_set(err, ERROR_STATE, ENODATA, "exec %s of container %s: %s", w->opt->exec_id,
			 ocirun_log_id(w->follow->log), w->problem);
}

static int wait_for_end(struct waiting *w, struct follow_set *set, struct error *err)
{
	bool prints = w->opt->print || w->opt->json;
	int r;

	while ((r = read_available(w, err)) == 0 && !w->done) {
		bool ended = w->ended_ms >= 0;

		set->wake_fd = ended ? -1 : w->pidfd;
		r = follow_wait(set, false, ended ? w->ended_ms + OBSERVER_GRACE_MS : -1, prints,
				err);
		if (r < 0)
			return r;
		if (r == 0) {
			log_warning("wait: timed out after %s", w->opt->timeout);
			return OCIRUN_EXIT_TIMEOUT;
		}
	}
	return r < 0 ? r : conclude(w, err);
}

int wait_exec(struct follow_set *set, const struct wait_exec *opt, struct error *err)
{
	struct waiting w = {.opt = opt,
			    .follow = &set->items[0],
			    .code = CODE_UNKNOWN,
			    .pidfd = -EBADF,
			    .ended_ms = -1};
	int r = wait_for_end(&w, set, err);

	free(w.line);
	close_keeping_errno(w.pidfd);
	return r;
}
