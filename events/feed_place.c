/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors; see feed_place.h. */
#include "events/feed_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "events/journal.h"
#include "events/line.h"

#define VERSION "1"
#define START	VERSION ":start"

long feed_place_print(const struct feed_place *place, char *buffer, size_t size)
{
	int n;

	if (place->first.instance[0])
		n = snprintf(buffer, size, VERSION ":%s:%" PRIu64 ":%" PRIu64 ":%s:%" PRIu64,
			     place->first.instance, place->first.seq, place->offset,
			     place->last.instance, place->last.seq);
	else
		n = snprintf(buffer, size, START);
	return n >= 0 && (size_t)n < size ? n : -ENOBUFS;
}

/* ":" and what follows up to the next one, or the end. */
static bool take_field(const char **p, struct span *ret)
{
	if (**p != ':')
		return false;
	ret->at = *p + 1;
	ret->length = strcspn(ret->at, ":");
	*p = ret->at + ret->length;
	return true;
}

static bool take_number(const char **p, uint64_t *ret)
{
	struct span field;

	return take_field(p, &field) && scan_uint(field, ret) == 0;
}

static bool take_instance(const char **p, char *ret)
{
	struct span field;

	if (!take_field(p, &field) || !line_instance_ok(field.at, field.length))
		return false;
	memcpy(ret, field.at, field.length);
	ret[field.length] = '\0';
	return true;
}

int feed_place_parse(const char *text, struct feed_place *ret)
{
	struct feed_place place = {0};
	const char *p = text + strlen(VERSION);

	if (strcmp(text, START) == 0) {
		*ret = place;
		return 0;
	}
	if (strncmp(text, VERSION, strlen(VERSION)) != 0 ||
	    !take_instance(&p, place.first.instance) || !take_number(&p, &place.first.seq) ||
	    !take_number(&p, &place.offset) || !take_instance(&p, place.last.instance) ||
	    !take_number(&p, &place.last.seq) || *p || place.offset == 0 ||
	    place.offset > INT64_MAX)
		return -EINVAL;
	*ret = place;
	return 0;
}

static bool is_named(const struct line *line, const struct line_name *name)
{
	return line->seq == name->seq &&
	       memcmp(line->instance.at, name->instance, JOURNAL_INSTANCE_LEN) == 0;
}

/* Is it @name's line that ends at @offset? */
static int ends_with(int fd, uint64_t offset, const struct line_name *name)
{
	char buffer[JOURNAL_LINE_MAX];
	size_t length = offset < sizeof(buffer) ? (size_t)offset : sizeof(buffer);
	ssize_t n = pread(fd, buffer, length, (off_t)(offset - length));
	const char *start;
	struct line line;

	if (n < 0)
		return -errno;
	if ((size_t)n < length || buffer[length - 1] != '\n')
		return 0;
	start = memrchr(buffer, '\n', length - 1);
	start = start ? start + 1 : buffer;
	return line_parse(start, (size_t)(buffer + length - 1 - start), &line) &&
	       is_named(&line, name);
}

int feed_place_is_in(int fd, const void *context)
{
	const struct feed_place *place = context;
	struct line_name first;
	int r = line_first(fd, first.instance, &first.seq);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	if (first.seq != place->first.seq || strcmp(first.instance, place->first.instance) != 0)
		return 0;
	return ends_with(fd, place->offset, &place->last);
}
