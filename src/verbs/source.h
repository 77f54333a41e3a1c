/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where `ocirun events` has its lines from: the logs of some containers, the feed, or all logs
 * where there is no feed; and --cursor-file, which keeps how far it came.
 */
#ifndef VERBS_SOURCE_H
#define VERBS_SOURCE_H

#include "verbs/cursor_file.h"
#include "verbs/feed_follow.h"
#include "verbs/printer.h"

struct source {
	struct follow_set set;	  /* without a feed */
	struct feed_follow feed;  /* feed.feed: NULL where there is none */
	struct cursor_file *file; /* NULL: without --cursor-file */
	struct source_place {
		size_t in_file; /* which one of the file it is */
		bool moved;	/* not kept yet */
		bool lost;	/* lines were removed before they were read */
		bool over;
		char instance[33]; /* of the last line, for logs */
		uint64_t seq;
	} * places; /* of the items of set, or one for the feed; NULL without file */
	size_t place_count;
};

struct source_options {
	char **ids;				      /* NULL-terminated; none: see instance */
	bool all;				      /* without ids and instance */
	const char *instance, *timeout, *cursor_file; /* may be NULL */
};

/*
 * source_open - source_close is to be called in any case
 * Unknown containers, and a cursor file that cannot be used, are errors at once.
 */
int source_open(struct source *s, const struct store *store, const struct source_options *opt,
		struct error *err);
void source_close(struct source *s);

/* source_resumes - a cursor file says where to begin. */
bool source_resumes(const struct source *s);

/* source_print - all that there is now; keeps the place after each line printed. 0, or an errno. */
int source_print(struct source *s, struct printer *p, struct error *err);

/* source_wait - as follow_wait; keeps the place first. */
int source_wait(struct source *s, int64_t until_ms, struct error *err);

/* source_is_over - nothing more will come. */
bool source_is_over(const struct source *s);

/* source_keep - the place, also of lines that were not printed. */
int source_keep(struct source *s, struct error *err);

/* source_check - an error that says what is missing of what was to be printed. */
int source_check(const struct source *s, const struct printer *p, struct error *err);

#define autosource __attribute__((cleanup(source_close))) struct source

#endif
