/* SPDX-License-Identifier: Apache-2.0 */
/* The members of `failed` (doc/events.md), for whoever learns of the failure. */
#ifndef MONITOR_FAILED_H
#define MONITOR_FAILED_H

#include "events/journal.h"

/* A hook that failed. */
struct failed_hook {
	const char *stage; /* "prestart", ... */
	int index;	   /* in its stage's list, from 0 */
	const char *path;
	bool ran;   /* else it could not be executed, and the rest is empty */
	int status; /* as waitpid(2) gives it */
	bool timed_out;
	const char *output; /* the end of what it printed */
};

/*
 * failed_members - @error is cut from the front, and then the hook's path and output, so that all
 * of it fits into a line
 * @phase: "create", "start"; @hook: NULL: it was no hook
 */
void failed_members(struct event_members *m, const char *phase, const char *error,
		    const struct failed_hook *hook);

#endif
