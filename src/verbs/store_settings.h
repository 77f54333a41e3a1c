/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be set about the feed and about retention: one table for --NAME VALUE and for a line
 * `NAME = VALUE` of ocirun.conf (verbs/conf.h).
 */
#ifndef VERBS_STORE_SETTINGS_H
#define VERBS_STORE_SETTINGS_H

#include <stddef.h>

#include "base/error.h"
#include "container/store.h"

enum setting_id {
	SETTING_FEED,
	SETTING_FEED_SIZE,
	SETTING_FEED_COUNT,
	SETTING_FEED_GROUP,
	SETTING_LOG_AGE,
	SETTING_LOG_COUNT,
	SETTING_LOG_SIZE,
	SETTINGS,
};

/* setting_name - "feed-size" */
const char *setting_name(enum setting_id id);

/* setting_find - by name; SETTINGS when there is none. */
enum setting_id setting_find(const char *name);

/* setting_nearest - the one whose name was perhaps meant; SETTINGS when none is alike. */
enum setting_id setting_nearest(const char *name);

/*
 * setting_apply - read @value into @store
 * @feed: owns what @store->feed points to; replaced together with it
 *
 * Returns 0, or -EINVAL with an error that says what would be right, without the setting's name.
 * @store is as before then.
 */
int setting_apply(enum setting_id id, const char *value, struct store *store, char **feed,
		  struct error *err);

#endif
