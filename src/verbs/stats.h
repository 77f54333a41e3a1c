/* SPDX-License-Identifier: Apache-2.0 */
/* The other form of `events`: a container's statistics, as `runc events` prints them. */
#ifndef VERBS_STATS_H
#define VERBS_STATS_H

#include <stdbool.h>

#include "base/error.h"
#include "container/store.h"

struct stats_options {
	bool once;	      /* --stats */
	const char *interval; /* --interval; NULL: not given */
	const char *timeout;  /* --timeout; NULL: not given */
};

/*
 * stats_run - print them once, or every so often until the container ends, with a line for each
 * `oom` of its log
 * Returns the exit status, or a negative errno. "container not running": it is too late.
 */
int stats_run(const struct store *store, char *id, const struct stats_options *options,
	      struct error *err);

#endif
