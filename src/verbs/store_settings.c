/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the feed and of retention. */
#include "verbs/store_settings.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "verbs/duration.h"
#include "verbs/size.h"

/* Two of the longest lines; less would put files aside faster than anybody can read them. */
#define FEED_SIZE_MIN INT64_C(8192)
/* Each is renamed when one is put aside. */
#define FEED_COUNT_MAX 1000
/* The names of all of them are in one directory, and in the memory of whoever sweeps it. */
#define LOG_COUNT_MAX 100000

/* A path to which the name of a file is added; what is longer than that elsewhere has no meaning.
 */
#define FEED_LENGTH_MAX (PATH_MAX - 64)
#define VALUE_MAX	64

#define NS_PER_S INT64_C(1000000000)

static int refuse(struct error *err, const char *value, const char *wanted)
{
	return error_set(err, ERROR_USAGE, EINVAL, "invalid value \"%.128s\"; %s is needed", value,
			 wanted);
}

/* The whole of @value is digits and at most @max. */
static bool read_number(const char *value, unsigned long max, unsigned long *ret)
{
	size_t digits = strspn(value, "0123456789");

	errno = 0;
	*ret = strtoul(value, NULL, 10);
	return digits > 0 && !value[digits] && errno == 0 && *ret <= max;
}

static int set_feed(struct store *store, char **feed, const char *value, struct error *err)
{
	bool off = strcmp(value, "none") == 0;
	char *copy = NULL;

	if (!off && value[0] != '/')
		return refuse(err, value, "an absolute path, or none,");
	if (!off) {
		copy = strdup(value);
		if (!copy)
			return error_sys_num(err, ENOMEM, "%s", value);
	}
	free(*feed);
	*feed = copy;
	store->feed = copy;
	store->feed_off = off;
	return 0;
}

static int set_feed_size(struct store *store, char **feed, const char *value, struct error *err)
{
	int64_t size;
	int r = size_parse(value, &size, err);

	(void)feed;
	if (r < 0)
		return r;
	if (size < FEED_SIZE_MIN)
		return refuse(err, value, "a size of 8 KiB or more");
	store->feed_size = (uint64_t)size;
	return 0;
}

static int set_feed_count(struct store *store, char **feed, const char *value, struct error *err)
{
	unsigned long count;

	(void)feed;
	if (!read_number(value, FEED_COUNT_MAX, &count))
		return refuse(err, value, "a number of files from 0 to 1000");
	store->feed_count = (unsigned int)count;
	return 0;
}

static int set_feed_group(struct store *store, char **feed, const char *value, struct error *err)
{
	const struct group *group;
	unsigned long gid;

	(void)feed;
	if (read_number(value, UINT_MAX - 1, &gid)) {
		store->feed_group = (gid_t)gid;
		return 0;
	}
	if (!value[0] || value[strspn(value, "0123456789")] == '\0')
		return refuse(err, value, "the name of a group, or a number up to 4294967294,");
	errno = 0;
	group = getgrnam(value);
	if (!group)
		return error_set(
			err, ERROR_USAGE, EINVAL,
			"there is no group \"%s\"; the name of one, or a number, is needed", value);
	store->feed_group = group->gr_gid;
	return 0;
}

static int set_log_age(struct store *store, char **feed, const char *value, struct error *err)
{
	int64_t ns, seconds;
	int r = duration_parse(value, &ns, err);

	(void)feed;
	if (r < 0)
		return r;
	seconds = ns / NS_PER_S + (ns % NS_PER_S ? 1 : 0);
	if (seconds > INT_MAX)
		return refuse(err, value, "a duration of at most 24855 days");
	store->log_age_s = (unsigned int)seconds;
	return 0;
}

static int set_log_count(struct store *store, char **feed, const char *value, struct error *err)
{
	unsigned long count;

	(void)feed;
	if (!read_number(value, LOG_COUNT_MAX, &count))
		return refuse(err, value, "a number of logs from 0 to 100000");
	store->log_count = (unsigned int)count;
	return 0;
}

static int set_log_size(struct store *store, char **feed, const char *value, struct error *err)
{
	int64_t size;
	int r = size_parse(value, &size, err);

	(void)feed;
	if (r == 0)
		store->log_size = (uint64_t)size;
	return r;
}

static const struct {
	const char *name;
	int (*set)(struct store *store, char **feed, const char *value, struct error *err);
} settings[SETTINGS] = {
	[SETTING_FEED] = {"feed", set_feed},
	[SETTING_FEED_SIZE] = {"feed-size", set_feed_size},
	[SETTING_FEED_COUNT] = {"feed-count", set_feed_count},
	[SETTING_FEED_GROUP] = {"feed-group", set_feed_group},
	[SETTING_LOG_AGE] = {"log-age", set_log_age},
	[SETTING_LOG_COUNT] = {"log-count", set_log_count},
	[SETTING_LOG_SIZE] = {"log-size", set_log_size},
};

const char *setting_name(enum setting_id id)
{
	return settings[id].name;
}

enum setting_id setting_find(const char *name)
{
	unsigned int id = 0;

	while (id < SETTINGS && strcmp(settings[id].name, name) != 0)
		id++;
	return (enum setting_id)id;
}

#define NAME_MAX_COMPARED 24
#define ALIKE		  3

static size_t least(size_t a, size_t b, size_t c)
{
	size_t least_of_two = a < b ? a : b;

	return least_of_two < c ? least_of_two : c;
}

/* How many characters must be put in, left out or replaced (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_COMPARED + 1], length = strlen(b);

	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t k = 0; k < length; k++) {
			size_t above = row[k + 1];

			row[k + 1] = least(above + 1, row[k] + 1, diagonal + (a[i] != b[k]));
			diagonal = above;
		}
	}
	return row[length];
}

enum setting_id setting_nearest(const char *name)
{
	size_t best = ALIKE + 1;
	unsigned int nearest = SETTINGS;

	if (strlen(name) > NAME_MAX_COMPARED)
		return SETTINGS;
	for (unsigned int id = 0; id < SETTINGS; id++) {
		size_t d = distance(settings[id].name, name);

		if (d < best) {
			best = d;
			nearest = id;
		}
	}
	return (enum setting_id)nearest;
}

int setting_apply(enum setting_id id, const char *value, struct store *store, char **feed,
		  struct error *err)
{
	size_t length = strlen(value), most = id == SETTING_FEED ? FEED_LENGTH_MAX : VALUE_MAX;

	if (length > most)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "invalid value of %zu characters; at most %zu are possible",
				 length, most);
	return settings[id].set(store, feed, value, err);
}
