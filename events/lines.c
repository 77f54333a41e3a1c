/* SPDX-License-Identifier: Apache-2.0 */
/* A file's lines; see lines.h. */
#include "events/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ocirun/events.h"

/* Several lines at a time, and at least one whole one. */
#define BUFFER_SIZE (4UL * OCIRUN_LINE_MAX)

void lines_seek(struct lines *l, uint64_t offset)
{
	free(l->buffer);
	*l = (struct lines){.offset = offset};
}

static void drop_buffer(struct lines *l)
{
	free(l->buffer);
	l->buffer = NULL;
	l->begin = l->end = 0;
}

/* More bytes behind what is buffered. Returns how many, or a negative errno. */
static ssize_t fill(struct lines *l, int fd)
{
	ssize_t n;

	if (!l->buffer) {
		l->buffer = malloc(BUFFER_SIZE);
		if (!l->buffer)
			return -ENOMEM;
	}
	if (l->begin > 0) {
		memmove(l->buffer, l->buffer + l->begin, l->end - l->begin);
		l->end -= l->begin;
		l->begin = 0;
	}
	do
		n = pread(fd, l->buffer + l->end, BUFFER_SIZE - l->end,
			  (off_t)(l->offset + l->end));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	l->end += (size_t)n;
	return n;
}

static void consume(struct lines *l, size_t length)
{
	l->begin += length;
	l->offset += length;
}

/* The bytes of a line that is too long to be one: remembered by their number only. */
static void consume_garbage(struct lines *l)
{
	size_t length = l->end - l->begin;

	l->garbage += length;
	consume(l, length);
}

/* @length: of what stands before the LF. */
static void describe(const struct lines *l, size_t length, struct piece *ret)
{
	*ret = (struct piece){
		.text = l->garbage ? NULL : l->buffer + l->begin,
		.length = length,
		.offset = l->offset - l->garbage,
		.size = l->garbage + length + 1,
	};
}

int lines_look(struct lines *l, int fd, struct piece *ret)
{
	for (;;) {
		size_t length = l->end - l->begin;
		const char *start = l->buffer ? l->buffer + l->begin : NULL;
		const char *end = length > 0 ? memchr(start, '\n', length) : NULL;
		ssize_t n;

		if (end) {
			describe(l, (size_t)(end - start), ret);
			return 1;
		}
		if (length >= BUFFER_SIZE)
			consume_garbage(l);
		n = fill(l, fd);
		if (n <= 0) {
			drop_buffer(l);
			return (int)n;
		}
	}
}

void lines_take(struct lines *l, const struct piece *piece)
{
	consume(l, piece->length + 1);
	l->garbage = 0;
}
