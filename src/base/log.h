/* SPDX-License-Identifier: Apache-2.0 */
/* --log, --log-format, --log-level, --debug: where the one error and the debug lines go. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

enum log_format {
	LOG_TEXT,
	LOG_JSON
};

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING, /* the default */
	LOG_LEVEL_DEBUG,
};

/*
 * log_open - choose where lines go; may be called once, before any other process is forked
 * @path: appended to, made with 0644; a regular file or a FIFO, never a symlink; NULL: stderr
 *
 * Returns 0, or a negative errno with @err naming the path; stderr stays the destination then, and
 * the format is set all the same. Level and destination are the program's only globals.
 */
int log_open(const char *path, enum log_format format, enum log_level level, struct error *err);

/* log_descriptor - of the file that log_open opened, or negative: never one of the caller's. */
int log_descriptor(void);

/*
 * log_error - the failure of a verb: one line to the log, and "ocirun: <text>" to stderr
 *
 * Each is one write(2), because conmon reads stderr once. Without a log, a JSON line replaces the
 * text on stderr.
 */
void log_error(const struct error *err);

/*
 * log_hold - warnings for stderr wait: who reads it once shall get the error, if there is one
 * log_release writes them; log_error does so after its own line. In a log they never wait.
 */
void log_hold(void);
void log_release(void);

/*
 * log_warning - to the log, or to stderr without one
 *
 * In JSON only with --debug: a JSON log on the failure path holds exactly one object, since podman
 * decodes the whole file.
 */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* log_debug - only with --debug; to the log when there is one, else to stderr. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
