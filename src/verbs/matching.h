/* SPDX-License-Identifier: Apache-2.0 */
/* --regex: one act on every container whose ID matches. */
#ifndef VERBS_MATCHING_H
#define VERBS_MATCHING_H

#include "base/error.h"
#include "container/store.h"

/* What is done to each; @detail: the caller's. */
typedef int matching_act(const struct store *store, const char *id, const void *detail,
			 struct error *err);

/*
 * matching_each - @act on each ID that the POSIX extended regular expression matches anywhere
 *
 * A failure does not stop the others; the first one is returned, with its ID in front. A container
 * that is gone by the time its turn comes is no failure. Matching nothing is success.
 */
int matching_each(const struct store *store, const char *pattern, matching_act *act,
		  const void *detail, struct error *err);

#endif
