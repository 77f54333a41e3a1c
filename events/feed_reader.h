/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of a feed, as feed_reader.c and watch.c share it. The contracts are in
 * <ocirun/events.h>. */
#ifndef EVENTS_FEED_READER_H
#define EVENTS_FEED_READER_H

#include <sys/types.h>

#include "events/feed_chain.h"
#include "events/feed_place.h"
#include "events/feed_seen.h"
#include "events/journal.h"
#include "events/lines.h"
#include "ocirun/events.h"

struct ocirun_feed {
	char *path; /* of the directory */
	struct feed_chain chain;
	struct lines lines;	/* of the first of the chain */
	struct line_name first; /* its first line; "": not read yet */
	struct feed_seen seen;
	struct feed_place place; /* behind the last line returned */
	bool gone; /* the file was removed, and what came after it is not known: read it to its end
		    */
	bool lost; /* that is to be told */

	/* What the cursor says was read: it is read again, silently, for what has been seen. */
	bool to_find, skipping;
	dev_t skip_device;
	ino_t skip_inode;

	char type[LINE_TYPE_MAX + 1];
	char id[JOURNAL_ID_MAX + 1];
	char instance[JOURNAL_INSTANCE_LEN + 1];
	char timestamp[31];

	struct ocirun_watch *watch;
	struct ocirun_feed *next;		   /* of the same watch */
	int directory_descriptor, file_descriptor; /* of inotify; -1: the timer covers it */
	bool changed;				   /* the directory is to be watched (again) */
};

/* watch_feed - watch what is under its path now; before each look for files. */
void watch_feed(struct ocirun_feed *feed);

/* watch_feed_file - the file that is read has become another one. */
void watch_feed_file(struct ocirun_feed *feed);

/* watch_remove_feed - called by ocirun_feed_close. */
void watch_remove_feed(struct ocirun_feed *feed);

#endif
