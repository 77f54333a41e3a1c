/* SPDX-License-Identifier: Apache-2.0 */
/* What the lines of one log say together: what may follow what, and which lines belong to each
 * other. */
#ifndef VERBS_VERIFY_HISTORY_H
#define VERBS_VERIFY_HISTORY_H

#include "ocirun/events.h"

struct verify_exec;

struct verify_history {
	uint64_t seq;
	bool created, started, paused, exited, deleted, oom;
	bool gap; /* lines are missing: what only they could tell is not asked for */
	int64_t pid;
	uint64_t oom_total;
	char started_at[40];
	struct verify_exec *execs;
	size_t exec_count;
};

/*
 * verify_history - is @event what may come now?
 * @problem: called for each thing that is wrong with it, by a phrase about the line
 *
 * Takes note of @event for the next call. Returns 0 or -ENOMEM. @h begins as all zeros, and ends by
 * verify_history_done.
 */
int verify_history(struct verify_history *h, const struct ocirun_event *event,
		   void (*problem)(void *arg, const char *phrase), void *arg);
void verify_history_done(struct verify_history *h);

#endif
