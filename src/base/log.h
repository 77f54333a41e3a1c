/* SPDX-License-Identifier: Apache-2.0 */
/* --log, --log-format, --debug: where the one error and the debug lines go. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/error.h"

enum log_format { LOG_TEXT, LOG_JSON };

/*
 * log_open - append to @path (O_APPEND|O_NOFOLLOW|O_NONBLOCK, regular file or FIFO; NULL: stderr only)
 * Returns 0 or a negative errno. The level and destination are the program's only globals.
 */
int log_open(const char *path, enum log_format format, bool debug, struct error *err);

/* log_error - the failure of a verb: one line to the log, and "ocirun: <text>" to stderr in one write. */
void log_error(const struct error *err);

/* log_warning - to the log (and stderr without one), text format only: a JSON log on the failure path
 * holds exactly one object (podman decodes the whole file). */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* log_debug - only with --debug; to the log when there is one, else stderr. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
