/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed of a root (events/feed.h): its directory by the settings, who may read it, and telling
 * the user when it does not get its lines. A feed that cannot be had keeps nobody from anything.
 * Source: doc/events.md, "The feed".
 */
#ifndef CONTAINER_FEED_H
#define CONTAINER_FEED_H

#include "base/error.h"
#include "container/store.h"
#include "events/feed.h"

struct container_feed {
	struct feed feed;
	char *name;	      /* of its directory, for messages */
	struct error problem; /* with the directory or its permissions; kind ERROR_NONE: none */
};

/*
 * container_feed_open - making the directory where it is missing; pays what others owe
 * Returns NULL where there is none by the settings. To be freed by container_feed_close, which
 * tells by log_warning if a line of ours did not come to it.
 */
struct container_feed *container_feed_open(const struct store *store, int root_dirfd,
					   int log_dirfd);
void container_feed_close(struct container_feed *f);

/*
 * container_feed_debtor - for who lives long where there is no feed: the host may have one later,
 * and is told what it missed. The next verb without a feed clears these debts.
 */
struct container_feed *container_feed_debtor(int log_dirfd);

#endif
