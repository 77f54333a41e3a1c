/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun.conf: what its lines set, and that no bytes do harm. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "verbs/conf.h"
#include "verbs/store_settings.h"

static struct error err;
static struct store store;
static char *feed;

static void begin(void)
{
	free(feed);
	feed = NULL;
	store = (struct store){.root = "/r", STORE_DEFAULTS};
	err = (struct error)ERROR_INIT;
}

static int parse(const char *text)
{
	char *copy = strdup(text);
	int r;

	begin();
	r = conf_parse(copy, "F", &store, &feed, &err);
	free(copy);
	return r;
}

static void sets_all(void)
{
	check_int(parse("feed = /f\nfeed-size=8k\nfeed-count= 3\nfeed-group =7\nlog-age = 1500ms\n"
			"log-count = 4\nlog-size = 1m\n"),
		  0);
	check_text(store.feed, "/f");
	check(store.feed == feed && !store.feed_off);
	check_int(store.feed_size, 8192);
	check_int(store.feed_count, 3);
	check_int(store.feed_group, 7);
	check_int(store.log_age_s, 2); /* never too short */
	check_int(store.log_count, 4);
	check_int(store.log_size, 1 << 20);
}

static void keeps_the_rest(void)
{
	check_int(parse(""), 0);
	check_int(parse("# nothing\n\n \t\r\n#"), 0);
	check(!store.feed && !store.feed_off && store.feed_group == STORE_NO_GROUP);
	check_int(store.feed_size, 16 << 20);
	check_int(store.log_age_s, 3600);
	check_int(parse("log-count = 5"), 0);
	check_int(store.log_count, 5);
	check_int(store.log_age_s, 3600);
}

static void turns_the_feed_off_and_on(void)
{
	check_int(parse("feed = none"), 0);
	check(store.feed_off && !store.feed);
	check_int(setting_apply(SETTING_FEED, "/x", &store, &feed, &err), 0);
	check(!store.feed_off);
	check_text(store.feed, "/x");
	/* What is wrong changes nothing. */
	check_int(setting_apply(SETTING_FEED, "x", &store, &feed, &err), -EINVAL);
	check_text(store.feed, "/x");
	check_int(setting_apply(SETTING_FEED_SIZE, "1", &store, &feed, &err), -EINVAL);
	check_int(store.feed_size, 16 << 20);
	check_int(setting_apply(SETTING_FEED, "none", &store, &feed, &err), 0);
	check(store.feed_off && !store.feed && !feed);
}

static void names_the_line(void)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{"\n\nx = 1", "F:3: there is no setting \"x\"; there are feed, "},
		{"feed", "F:1: \"feed\" is no line of the form: name = value"},
		{"feed-siz = 1",
		 "F:1: there is no setting \"feed-siz\"; did you mean \"feed-size\"?"},
		{"log-age=1\n\nlog-age=1", "F:3: log-age is set for the second time, after line 1"},
		{"log-age=", "F:1: log-age has no value"},
		{"log-age=\r\n", "F:1: log-age has no value"},
		{"=", "F:1: there is no setting \"\""},
		{"==", "F:1: there is no setting \"\""},
		{"feed==", "F:1: feed: invalid value \"=\""},
		{"feed = /x\nfeed-group = ", "F:2: feed-group has no value"},
		{"feed-size = \"16m\"", "F:1: feed-size: \"\"16m\"\" is no size"},
		{"\xef\xbb\xbf"
		 "feed = none",
		 "F:1: there is no setting \"\xef\xbb\xbf"
		 "feed\"; did you mean \"feed\"?"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_int(parse(bad[i].text), -EINVAL);
		check(strncmp(err.text, bad[i].error, strlen(bad[i].error)) == 0);
		check_int(err.kind, ERROR_CONFIG);
	}
}

static void knows_what_was_meant(void)
{
	static const struct {
		const char *name;
		enum setting_id id;
	} names[] = {
		{"feed", SETTING_FEED},
		{"Feed", SETTING_FEED},
		{"feed_size", SETTING_FEED_SIZE},
		{"feedcount", SETTING_FEED_COUNT},
		{"feed-grup", SETTING_FEED_GROUP},
		{"lag-oge", SETTING_LOG_AGE},
		{"log-counts", SETTING_LOG_COUNT},
		{"og-size", SETTING_LOG_SIZE},
		{"root", SETTINGS},
		{"", SETTINGS},
		{"retention", SETTINGS},
		{"a-name-that-is-longer-than-any", SETTINGS},
		{"log-level-of-messages", SETTINGS},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_int(setting_nearest(names[i].name), names[i].id);
	for (unsigned int id = 0; id < SETTINGS; id++)
		check_int(setting_find(setting_name((enum setting_id)id)), id);
	check_int(setting_find("feed-"), SETTINGS);
}

/* Pieces of lines in every order of four; under the sanitizers it shows what a check does not. */
static void no_bytes_do_harm(void)
{
	static const char *const pieces[] = {"feed", "log-age", "feed-group", "=",   " ",
					     "\n",   "#",	"\t\r",	      "0",   "9k",
					     "/x",   "none",	"\x80\xff",   "%s%n"};
	const size_t count = sizeof(pieces) / sizeof(pieces[0]);
	char text[128];

	for (size_t n = 0; n < count * count * count * count; n++) {
		char *p = text;
		int r;

		*p = '\0';
		for (size_t rest = n, i = 0; i < 4; i++, rest /= count)
			p = stpcpy(p, pieces[rest % count]);
		r = parse(text);
		if (r != 0 && r != -EINVAL)
			check_text(text, "");
		if ((r == 0) != (err.kind == ERROR_NONE))
			check_text(err.text, text);
	}
}

static void long_words_are_cut(void)
{
	static char text[60000];

	memset(text, 'x', sizeof(text) - 1);
	check_int(parse(text), -EINVAL);
	check(strstr(err.text, "is no line"));
	text[30000] = '=';
	check_int(parse(text), -EINVAL);
	check(strstr(err.text, "F:1: there is no setting") && strstr(err.text, "and log-size"));
	memcpy(text, "feed-count=", 11);
	text[30000] = 'x';
	check_int(parse(text), -EINVAL);
	check_text(err.text, "F:1: feed-count: invalid value of 59988 characters; at most 64 are "
			     "possible");
	memcpy(text, "feed      =", 11);
	text[11 + 4040] = '\0';
	check_int(parse(text), -EINVAL);
	check(strstr(err.text, "invalid value of 4040 characters"));
	text[11 + 4032] = '\0';
	check_int(parse(text), -EINVAL);
	check(strstr(err.text, "an absolute path"));
	text[11] = '/';
	check_int(parse(text), 0);
}

static const struct tap_test tests[] = {
	{"a file may set everything", sets_all},
	{"what it does not set stays", keeps_the_rest},
	{"the feed is turned off and on; what is wrong changes nothing", turns_the_feed_off_and_on},
	{"an error names file and line", names_the_line},
	{"the nearest name is told", knows_what_was_meant},
	{"no bytes do harm", no_bytes_do_harm},
	{"long words are cut in errors", long_words_are_cut},
};

int main(void)
{
	int r = tap_run(tests, sizeof(tests) / sizeof(tests[0]));

	free(feed);
	return r;
}
