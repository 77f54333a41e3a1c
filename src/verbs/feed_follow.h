/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All containers by the feed, for `events`: its lines as they come, and beside it a hold on each
 * container of this root that lives, so that its end comes even when its monitor was killed.
 */
#ifndef VERBS_FEED_FOLLOW_H
#define VERBS_FEED_FOLLOW_H

#include "verbs/follow_live.h"

/* A container that was created, and is to be watched over from the next wait on. */
struct feed_newcomer {
	char instance[33], id[129];
};

struct feed_follow {
	const struct store *store; /* borrowed */
	char *directory;	   /* of the feed */
	struct ocirun_feed *feed;
	struct ocirun_watch *watch; /* of the feed; made by the first wait */
	struct follow_set live;
	struct feed_newcomer *newcomers;
	size_t newcomer_count, newcomer_room;
	bool look;		 /* for containers whose `created` did not come */
	struct ocirun_log *owed; /* what the feed does not have is read here; NULL: nothing */
	uint64_t newer;		 /* the version of lines that we do not know; said once */
	bool gap;		 /* events are missing: it was said, and success would be a lie */
};

/* feed_directory - where the feed of @store is; malloc'd, or NULL. */
char *feed_directory(const struct store *store);

/*
 * feed_follow_open - @timeout: --timeout's text, or NULL
 * @cursor: as of ocirun_feed_open; one that is none is an error
 * feed_follow_close is to be called in any case.
 */
int feed_follow_open(struct feed_follow *f, const struct store *store, const char *cursor,
		     const char *timeout, struct error *err);
void feed_follow_close(struct feed_follow *f);

/* feed_follow_next - 1, 0 when there is none now, or a negative errno. Says damage by log_warning.
 */
int feed_follow_next(struct feed_follow *f, struct ocirun_event *ret, struct error *err);

/* feed_follow_wait - as follow_wait, with its until_ms and results; dies of SIGPIPE, too. */
int feed_follow_wait(struct feed_follow *f, int64_t until_ms, struct error *err);

#endif
