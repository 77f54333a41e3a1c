/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of logs, as directory.c and watch.c share it. */
#ifndef EVENTS_DIRECTORY_H
#define EVENTS_DIRECTORY_H

#include <dirent.h>

#include "events/log.h"

/* A file that was looked at. */
struct directory_entry {
	uint64_t key[3];     /* inode and time of its making, or the beginning of its instance */
	unsigned int missed; /* passes in which it was not seen */
};

struct directory_list {
	struct directory_entry *items;
	size_t count, room;
};

struct ocirun_directory {
	char *path;
	DIR *stream; /* of the pass that goes on */
	struct directory_list known, seen;
	bool changed; /* a further pass may find something */

	struct ocirun_watch *watch;
	struct ocirun_directory *next; /* of the same watch */
	int watch_descriptor;	       /* -1: the timer covers it */
};

/* watch_directory - begin to watch what is under that path now; called before each pass. */
void watch_directory(struct ocirun_watch *watch, struct ocirun_directory *d);

/* watch_remove_directory - called by ocirun_directory_close. */
void watch_remove_directory(struct ocirun_watch *watch, struct ocirun_directory *d);

#endif
