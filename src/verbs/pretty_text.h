/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a line for a terminal: what comes from a container is put into it in such a way that
 * it can only be read. What does not fit is cut off.
 */
#ifndef VERBS_PRETTY_TEXT_H
#define VERBS_PRETTY_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct pretty_text {
	char *out;
	size_t length, size; /* out needs no NUL; the size is never reached */
};

/* pretty_put - words of our own */
__attribute__((format(printf, 2, 3))) void pretty_put(struct pretty_text *t, const char *format,
						      ...);

/*
 * pretty_put_foreign - @length bytes of UTF-8 of anybody's
 * Control characters, and those that change the direction of writing, stand there as \n or \u202e.
 */
void pretty_put_foreign(struct pretty_text *t, const char *text, size_t length);

/* pretty_put_duration - "5.2ms", "3.2s", "1h30m": as the options take them; of @ns < 0 nothing */
void pretty_put_duration(struct pretty_text *t, int64_t ns);

/* pretty_put_size - "376 KiB" */
void pretty_put_size(struct pretty_text *t, uint64_t bytes);

#endif
