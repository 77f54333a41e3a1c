/* SPDX-License-Identifier: Apache-2.0 */
/* All logs and the feed, compared: where nothing tells what is owed. */
#ifndef EVENTS_FEED_COMPARE_H
#define EVENTS_FEED_COMPARE_H

#include "events/feed.h"

/*
 * feed_compare - add every line of the logs that is not in the feed, unless it was there and went
 * with a file that was put aside and removed
 * Returns 0 or a negative errno.
 */
int feed_compare(const struct feed *f, int log_dirfd);

#endif
