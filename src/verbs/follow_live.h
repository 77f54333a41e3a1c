/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching over the end of containers whose lines come from elsewhere, out of the feed: a
 * follow_set that follow_wait, called with only_exit, sees to as it does for logs, but that is
 * silent: follow_next and follow_more are not for it. A container costs two descriptors.
 */
#ifndef VERBS_FOLLOW_LIVE_H
#define VERBS_FOLLOW_LIVE_H

#include "verbs/follow.h"

/* follow_open_live - none is there at first; follow_close is to be called in any case. */
int follow_open_live(struct follow_set *set, const struct store *store, const char *timeout,
		     struct error *err);

/*
 * follow_add_live - watch over one
 * @instance: NULL: the latest one of @id
 * One that has ended, is not below the root, or is there already is left out. Returns 0 or a
 * negative errno.
 */
int follow_add_live(struct follow_set *set, const char *id, const char *instance,
		    struct error *err);

/* follow_drop_live - its end was read; nothing where it is not there. */
void follow_drop_live(struct follow_set *set, const char *instance);

/* follow_settle_live - for follow_wait: @f's settle_ms has come. May drop it. */
void follow_settle_live(struct follow_set *set, struct follow *f);

#endif
