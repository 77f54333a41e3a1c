/* SPDX-License-Identifier: Apache-2.0 */
/* Which logs of deleted containers are kept, by the settings. */
#include "container/container.h"
#include "container/feed.h"
#include "events/sweep.h"

static struct retention limits_of(const struct store *store)
{
	return (struct retention){
		.age_s = store->log_age_s,
		.count = store->log_count,
		.size = store->log_size,
	};
}

void container_sweep(const struct container *c, const struct store *store)
{
	const struct retention limits = limits_of(store);

	journal_sweep(c->log_dirfd, c->root_dirfd, &limits);
	if (c->feed)
		feed_trim(&c->feed->feed);
}

void container_retire(const struct container *c, const struct store *store)
{
	const struct retention limits = limits_of(store);

	journal_retire(c->log_dirfd, c->root_dirfd, c->id, &limits);
}
