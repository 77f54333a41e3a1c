/* SPDX-License-Identifier: Apache-2.0 */
/* `ocirun wait --exec`: the end of one process of `ocirun exec`. */
#ifndef VERBS_WAIT_EXEC_H
#define VERBS_WAIT_EXEC_H

#include <stdbool.h>

#include "base/error.h"
#include "verbs/follow.h"

struct wait_exec {
	const char *exec_id;
	const char *timeout; /* --timeout's text, or NULL */
	bool print, json;
};

/*
 * wait_exec - until `exec-exited` of that name stands in the one log of @set
 * Returns the exit status of the command, or a negative errno.
 */
int wait_exec(struct follow_set *set, const struct wait_exec *opt, struct error *err);

#endif
