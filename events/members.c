/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder of an event's further members: "key":value, one after the other, in one fixed buffer.
 * A member that does not fit is left out whole and sets `overflow`.
 */
#include "events/journal.h"

#include <string.h>

#include "events/scan.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

void members_init(struct event_members *m)
{
	m->length = 0;
	m->depth = 0;
	m->overflow = false;
	m->text[0] = '\0';
}

/* Every open object keeps its closing bracket's place. */
static size_t room(const struct event_members *m)
{
	size_t used = m->length + m->depth;

	return used < MEMBERS_LENGTH_MAX ? MEMBERS_LENGTH_MAX - used : 0;
}

static void put(struct event_members *m, const char *text, size_t length)
{
	if (m->overflow || length > room(m)) {
		m->overflow = true;
		return;
	}
	memcpy(m->text + m->length, text, length);
	m->length += length;
	m->text[m->length] = '\0';
}

static void put_text(struct event_members *m, const char *text)
{
	put(m, text, strlen(text));
}

/* Returns where the member began, for settle(). */
static size_t begin(struct event_members *m, const char *key)
{
	size_t start = m->length;

	if (m->length > 0 && m->text[m->length - 1] != '{')
		put_text(m, ",");
	put_text(m, "\"");
	put_text(m, key);
	put_text(m, "\":");
	return start;
}

/* Take back a member of which only a part had room. */
static void settle(struct event_members *m, size_t start)
{
	if (m->overflow)
		m->length = start;
	m->text[m->length] = '\0';
}

void members_add_uint(struct event_members *m, const char *key, uint64_t value)
{
	size_t start = begin(m, key);
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put(m, digits + i, sizeof(digits) - i);
	settle(m, start);
}

void members_add_int(struct event_members *m, const char *key, int64_t value)
{
	size_t start = m->length;
	char digits[20];
	size_t i = sizeof(digits);
	uint64_t magnitude = 0 - (uint64_t)value;

	if (value >= 0) {
		members_add_uint(m, key, (uint64_t)value);
		return;
	}
	(void)begin(m, key);
	do {
		digits[--i] = (char)('0' + magnitude % 10);
		magnitude /= 10;
	} while (magnitude);
	put_text(m, "-");
	put(m, digits + i, sizeof(digits) - i);
	settle(m, start);
}

static void add_word(struct event_members *m, const char *key, const char *word)
{
	size_t start = begin(m, key);

	put_text(m, word);
	settle(m, start);
}

void members_add_bool(struct event_members *m, const char *key, bool value)
{
	add_word(m, key, value ? "true" : "false");
}

void members_add_null(struct event_members *m, const char *key)
{
	add_word(m, key, "null");
}

/*
 * The JSON form of the character at @text: at most 6 bytes in @out; returns its length.
 * @ret_used: how much of @text it stands for.
 */
static size_t escape(const char *text, size_t length, char out[6], size_t *ret_used)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*text;
	size_t size = scan_utf8(text, length);
	const char *special = c ? strchr(from, *text) : NULL;

	*ret_used = size ? size : 1;
	if (special) {
		out[0] = '\\';
		out[1] = to[special - from];
		return 2;
	}
	/* NUL has no place in anybody's C string: like broken UTF-8 it becomes U+FFFD. */
	if (size == 0 || c == 0) {
		memcpy(out, replacement, 3);
		return 3;
	}
	/* DEL and C1 are legal JSON; terminals think otherwise. */
	if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[1] < 0xa0)) {
		unsigned char code = c == 0xc2 ? (unsigned char)text[1] : c;

		memcpy(out, "\\u00", 4);
		out[4] = hex[code >> 4];
		out[5] = hex[code & 15];
		return 6;
	}
	memcpy(out, text, size);
	return size;
}

static void put_quoted(struct event_members *m, const char *text, size_t length)
{
	put_text(m, "\"");
	while (length > 0) {
		char out[6];
		size_t used, size = escape(text, length, out, &used);

		put(m, out, size);
		text += used;
		length -= used;
	}
	put_text(m, "\"");
}

void members_add_string(struct event_members *m, const char *key, const char *value)
{
	size_t start;

	if (!value) {
		members_add_null(m, key);
		return;
	}
	start = begin(m, key);
	put_quoted(m, value, strlen(value));
	settle(m, start);
}

/* The length of @value's JSON form, without quotes. */
static size_t escaped_length(const char *value, size_t length)
{
	size_t total = 0;

	while (length > 0) {
		char out[6];
		size_t used;

		total += escape(value, length, out, &used);
		value += used;
		length -= used;
	}
	return total;
}

void members_add_tail(struct event_members *m, const char *key, const char *value, size_t length,
		      size_t max)
{
	size_t start = begin(m, key), skip = length > max ? length - max : 0;
	size_t space = room(m) > 2 ? room(m) - 2 : 0, wide;

	if (space > max)
		space = max;
	/* A cut inside a character moves to the next one. */
	for (int i = 0; i < 3 && skip > 0 && skip < length; i++) {
		if (((unsigned char)value[skip] & 0xc0) == 0x80)
			skip++;
	}
	wide = escaped_length(value + skip, length - skip);
	while (wide > space && skip < length) {
		char out[6];
		size_t used, size = escape(value + skip, length - skip, out, &used);

		skip += used;
		wide -= size;
	}
	put_quoted(m, value + skip, length - skip);
	settle(m, start);
}

void members_open(struct event_members *m, const char *key)
{
	size_t start = begin(m, key);

	if (room(m) < 2)
		m->overflow = true;
	put_text(m, "{");
	if (!m->overflow)
		m->depth++;
	settle(m, start);
}

void members_close(struct event_members *m)
{
	/* Its place was kept, so it fits even after an overflow. */
	if (m->depth == 0)
		return;
	m->depth--;
	m->text[m->length++] = '}';
	m->text[m->length] = '\0';
}
