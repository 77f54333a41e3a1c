/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values: one text that grows a phrase of context per level, one kind, one errno.
 * It holds no pointers, so init can send one to the monitor in a single message.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum error_kind {
	ERROR_NONE,
	ERROR_USAGE,   /* the command line is wrong */
	ERROR_CONFIG,  /* config.json or another input file is wrong */
	ERROR_MISSING, /* no such container */
	ERROR_STATE,   /* the container is not in the state that the verb needs */
	ERROR_SYSTEM,  /* the kernel or another program refused */
};

#define ERROR_TEXT_MAX 1024

struct error {
	enum error_kind kind;
	int errnum; /* positive errno; what the function returned, negated */
	char text[ERROR_TEXT_MAX];
};

#define ERROR_INIT                \
	{                         \
		ERROR_NONE, 0, "" \
	}

/*
 * error_set - begin an error: replaces what @err held
 * @errnum: positive errno that the caller returns negated
 *
 * Returns -errnum, so that a leaf is one line: return error_set(err, ERROR_STATE, EBUSY, "...");
 */
int error_set(struct error *err, enum error_kind kind, int errnum, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* error_sys - ERROR_SYSTEM from errno: "<text>: <strerror>". Returns -errno. */
int error_sys(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* error_sys_num - as error_sys, from a negative or positive errno in hand. Returns -|errnum|. */
int error_sys_num(struct error *err, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* error_config - ERROR_CONFIG with EINVAL. Returns -EINVAL. */
int error_config(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * error_in - put "<text>: " in front of the error. When both do not fit, the cause is kept whole
 * and the context is cut. Returns -err->errnum.
 */
int error_in(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
