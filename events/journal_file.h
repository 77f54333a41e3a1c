/* SPDX-License-Identifier: Apache-2.0 */
/* Names, space and durability of a log's file: what journal.c, create.c and sweep.c share. */
#ifndef EVENTS_JOURNAL_FILE_H
#define EVENTS_JOURNAL_FILE_H

#include <sys/types.h>
#include <time.h>

#include "events/journal.h"

#define JOURNAL_SUFFIX	   ".ndjson"
#define JOURNAL_UNFINISHED ".new@" /* begins the name of a log that does not have its own yet */
#define JOURNAL_NAME_SIZE  (JOURNAL_ID_MAX + 1 + JOURNAL_INSTANCE_LEN + sizeof(JOURNAL_SUFFIX))
/* On tmpfs, where most logs are, this is memory; half of it is for the last lines alone. */
#define JOURNAL_RESERVE 16384

/* journal_file_name - ID.ndjson, or ID@INSTANCE.ndjson when @instance is not NULL. */
void journal_file_name(char name[JOURNAL_NAME_SIZE], const char *id, const char *instance);

/* journal_file_check - 0 for a regular file, else -EINVAL. */
int journal_file_check(int fd);

/*
 * journal_file_reserve - JOURNAL_RESERVE bytes from @offset, without changing the size
 * Returns 0 also where the file system cannot reserve; -ENOSPC, -EIO and their like otherwise.
 */
int journal_file_reserve(int fd, off_t offset);

/* journal_file_sync - fdatasync; 0 also where a file system knows no such thing. */
int journal_file_sync(int fd);

/* journal_timestamp - 2026-01-02T03:04:05.123456789Z and a NUL. */
void journal_timestamp(const struct timespec *time, char out[31]);

#endif
