/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's objects, as its files share them. The contracts are in <ocirun/events.h>. */
#ifndef EVENTS_LOG_H
#define EVENTS_LOG_H

#include "events/journal.h"
#include "events/line.h"
#include "events/lines.h"
#include "ocirun/events.h"

struct ocirun_log {
	int fd;
	char id[JOURNAL_ID_MAX + 1];		 /* "": taken from the first line */
	char instance[JOURNAL_INSTANCE_LEN + 1]; /* the same */
	struct lines lines;
	uint64_t seq; /* of the last line returned */
	bool gap_told, over, exited;

	char type[LINE_TYPE_MAX + 1];
	char timestamp[31];

	/* What `created` said about init, and our hold on it. */
	int64_t pid;
	uint64_t pid_start_time;
	char boot_id[40];
	int pidfd;
	const char *ended_by; /* what has told us of its end; NULL: nothing yet */
	int ended_status;     /* kept: a zombie that told it may be gone the next time */
	bool pidfd_quiet;     /* the watch would have been woken by its end */

	struct ocirun_watch *watch;
	int watch_descriptor; /* of inotify; -1: none */
	bool timed;	      /* the watch's timer is what covers this log */
};

/*
 * log_open_file - a log by the name of its file: -ENOENT, -EINVAL (no regular file), ...
 * log_key - the beginning of the log's instance as numbers; -ENODATA when it has no line yet
 */
int log_open_file(struct ocirun_log **ret, int dirfd, const char *name);
int log_key(const struct ocirun_log *log, uint64_t ret[3]);

/* watch_pidfd - have @log's watch woken when the process ends; failures only cost the wake-up. */
void watch_pidfd(struct ocirun_log *log);

/* watch_remove - called by ocirun_log_close. */
void watch_remove(struct ocirun_watch *watch, struct ocirun_log *log);

/* witness_open - a pidfd of the process that `created` named, if that is still it; else -errno. */
int witness_open(const struct ocirun_log *log);

/* witness_begin - witness_open for a log in a watch, once that makes sense. */
void witness_begin(struct ocirun_log *log);

#endif
