/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed prefix of a line; see line.h. Source: doc/events.md, "The record". */
#include "events/line.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "events/journal.h"

#define TIMESTAMP_LENGTH   30 /* 2026-01-02T03:04:05.123456789Z */
#define FIRST_LINES_LENGTH 65536

static bool is_lower_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool line_id_ok(const char *id, size_t length)
{
	if (length == 0 || length > JOURNAL_ID_MAX || !is_alnum(id[0]))
		return false;
	for (size_t i = 1; i < length; i++) {
		if (!is_alnum(id[i]) && !(id[i] && strchr("_.+-", id[i])))
			return false;
	}
	return true;
}

bool line_instance_ok(const char *instance, size_t length)
{
	if (length != JOURNAL_INSTANCE_LEN)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_lower_hex(instance[i]))
			return false;
	}
	return true;
}

static bool type_ok(struct span type)
{
	for (size_t i = 0; i < type.length; i++) {
		char c = type.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return type.length > 0 && type.length <= LINE_TYPE_MAX;
}

static bool timestamp_ok(struct span t)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ";

	if (t.length != TIMESTAMP_LENGTH)
		return false;
	for (size_t i = 0; i < t.length; i++) {
		bool digit = t.at[i] >= '0' && t.at[i] <= '9';

		if (shape[i] == 'd' ? !digit : t.at[i] != shape[i])
			return false;
	}
	return true;
}

/* Step over @word, or make the cursor NULL. */
static void expect(const char **p, const char *end, const char *word)
{
	size_t length = strlen(word);

	if (!*p || (size_t)(end - *p) < length || memcmp(*p, word, length) != 0)
		*p = NULL;
	else
		*p += length;
}

/* What stands before the next @stop. */
static struct span take_until(const char **p, const char *end, char stop)
{
	struct span taken = {*p, 0};
	const char *found;

	if (!*p)
		return taken;
	found = memchr(*p, stop, (size_t)(end - *p));
	if (found)
		taken.length = (size_t)(found - *p);
	*p = found;
	return taken;
}

bool line_parse(const char *text, size_t length, struct line *ret)
{
	const char *p = text, *end = text + length;
	struct line l = {.whole = {text, length}};
	struct span seq;

	if (length >= JOURNAL_LINE_MAX)
		return false;
	expect(&p, end, "{\"v\":1,\"type\":\"");
	l.type = take_until(&p, end, '"');
	expect(&p, end, "\",\"id\":\"");
	l.id = take_until(&p, end, '"');
	expect(&p, end, "\",\"instance\":\"");
	l.instance = take_until(&p, end, '"');
	expect(&p, end, "\",\"seq\":");
	seq = take_until(&p, end, ',');
	expect(&p, end, ",\"timestamp\":\"");
	l.timestamp = take_until(&p, end, '"');
	if (!p || !type_ok(l.type) || !line_id_ok(l.id.at, l.id.length) ||
	    !line_instance_ok(l.instance.at, l.instance.length) || !timestamp_ok(l.timestamp))
		return false;
	/* A torn line that was closed later has a good beginning: only the whole text tells. */
	if (scan_uint(seq, &l.seq) < 0 || l.seq == 0 || !scan_object(text, length))
		return false;
	*ret = l;
	return true;
}

uint64_t line_version(const char *text, size_t length)
{
	const char *p = text, *end = text + length;
	struct span digits = {0};
	uint64_t version;

	if (length >= JOURNAL_LINE_MAX)
		return 0;
	expect(&p, end, "{\"v\":");
	digits = take_until(&p, end, ',');
	if (!p || scan_uint(digits, &version) < 0 || version <= LINE_VERSION ||
	    !scan_object(text, length))
		return 0;
	return version;
}

int line_first(int fd, char *ret_instance, uint64_t *ret_seq)
{
	char buffer[JOURNAL_LINE_MAX];
	off_t offset = 0;

	while (offset < FIRST_LINES_LENGTH) {
		ssize_t n = pread(fd, buffer, sizeof(buffer), offset);
		const char *end;
		struct line line;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		end = memchr(buffer, '\n', (size_t)n);
		if (!end && (size_t)n < sizeof(buffer))
			return -ENODATA;
		if (end && line_parse(buffer, (size_t)(end - buffer), &line)) {
			memcpy(ret_instance, line.instance.at, JOURNAL_INSTANCE_LEN);
			ret_instance[JOURNAL_INSTANCE_LEN] = '\0';
			*ret_seq = line.seq;
			return 0;
		}
		offset += end ? end - buffer + 1 : n;
	}
	return -ENODATA;
}

int line_first_instance(int fd, char *ret)
{
	uint64_t seq;

	return line_first(fd, ret, &seq);
}
