/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON text in place: no tree, no allocation, numbers stay as written. Strict RFC 8259 with
 * UTF-8 checked, so that what passes here passes everywhere.
 */
#ifndef EVENTS_SCAN_H
#define EVENTS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of somebody else's text. */
struct span {
	const char *at;
	size_t length;
};

/*
 * scan_utf8 - length of the character at @text, 0 when it is none
 * Overlong forms, surrogates and numbers beyond U+10FFFF are none.
 */
size_t scan_utf8(const char *text, size_t length);

/* scan_object - is the text one whole object, with nothing before or after it? */
bool scan_object(const char *text, size_t length);

/* scan_member - the value of @key in @object, which scan_object has passed; false when absent. */
bool scan_member(struct span object, const char *key, struct span *ret_value);

/*
 * scan_next - step through the members of @object, which scan_object has passed
 * @position: 0 at the beginning; @ret_key: without the quotes, escapes as written
 * Returns false after the last one.
 */
bool scan_next(struct span object, size_t *position, struct span *ret_key, struct span *ret_value);

/*
 * scan_uint / scan_int - an integer written as -?(0|[1-9][0-9]*), exact
 * Returns 0, -EINVAL (not an integer) or -ERANGE.
 */
int scan_uint(struct span value, uint64_t *ret);
int scan_int(struct span value, int64_t *ret);

/*
 * scan_string - the text of a string, escapes resolved, NUL-terminated
 * @buffer: value.length bytes always suffice
 * Returns the length without the NUL, -EINVAL (no string; \u0000 in it), or -ENOBUFS.
 */
long scan_string(struct span value, char *buffer, size_t size);

#endif
