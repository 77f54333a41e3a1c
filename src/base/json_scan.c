/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of RFC 8259, read strictly, and nothing else: no tree is built. What cJSON accepts
 * or mangles beyond it (NUL, lone surrogates, text after the end) ends here.
 */
#include "base/json_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define DEPTH_MAX   64
#define MEMBERS_MAX 4096

int json_scan_fail(const struct json_scan *s, size_t offset, const char *what)
{
	size_t line = 1, start = 0;

	for (size_t i = 0; i < offset && i < s->length; i++) {
		if (s->text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	return error_config(s->err, "%s: line %zu, column %zu: %s", s->name, line,
			    offset - start + 1, what);
}

static int mark(struct json_scan *s, struct json_marks *m, size_t offset)
{
	if (m->count == m->room) {
		size_t room = m->room ? m->room * 2 : 256;
		size_t *grown = reallocarray(m->offsets, room, sizeof(*grown));

		if (!grown)
			return error_sys_num(s->err, ENOMEM, "%s", s->name);
		m->offsets = grown;
		m->room = room;
	}
	m->offsets[m->count++] = offset;
	return 0;
}

static int peek(const struct json_scan *s)
{
	return s->at < s->length ? (unsigned char)s->text[s->at] : -1;
}

static void skip_space(struct json_scan *s)
{
	int c;

	while ((c = peek(s)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		s->at++;
}

static int hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* scan_hex4 - the four digits after "\u"; -1 if they are not there. */
static int scan_hex4(struct json_scan *s)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_value(peek(s));

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
		s->at++;
	}
	return value;
}

static int scan_unicode_escape(struct json_scan *s, size_t start)
{
	int unit = scan_hex4(s);

	if (unit < 0)
		return json_scan_fail(s, start, "\\u needs four hexadecimal digits");
	if (unit == 0)
		return json_scan_fail(s, start, "\\u0000 is not allowed in a string");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return json_scan_fail(s, start, "lone surrogate");
	if (unit < 0xd800 || unit > 0xdbff)
		return 0;
	if (peek(s) != '\\' || s->at + 1 >= s->length || s->text[s->at + 1] != 'u')
		return json_scan_fail(s, start, "lone surrogate");
	s->at += 2;
	unit = scan_hex4(s);
	if (unit < 0xdc00 || unit > 0xdfff)
		return json_scan_fail(s, start, "lone surrogate");
	return 0;
}

static int scan_escape(struct json_scan *s)
{
	size_t start = s->at++;
	int c = peek(s);

	if (c == 'u') {
		s->at++;
		return scan_unicode_escape(s, start);
	}
	if (c <= 0 || !strchr("\"\\/bfnrt", c))
		return json_scan_fail(s, start, "unknown escape in a string");
	s->at++;
	return 0;
}

/* utf8_length - bytes of the well-formed sequence at @p (Unicode table 3-7), or 0. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		length = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		length = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (length > left)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f; /* beyond U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return length;
}

static int scan_string(struct json_scan *s)
{
	size_t start = s->at++;

	for (;;) {
		int c = peek(s);
		size_t length;
		int r;

		if (c < 0)
			return json_scan_fail(s, start, "string without an end");
		if (c == '"') {
			s->at++;
			return 0;
		}
		if (c == '\\') {
			r = scan_escape(s);
			if (r < 0)
				return r;
			continue;
		}
		if (c < 0x20)
			return json_scan_fail(s, s->at, "control character in a string");
		if (c < 0x80) {
			s->at++;
			continue;
		}
		length = utf8_length((const unsigned char *)s->text + s->at, s->length - s->at);
		if (length == 0)
			return json_scan_fail(s, s->at, "invalid UTF-8");
		s->at += length;
	}
}

static size_t scan_digits(struct json_scan *s)
{
	size_t start = s->at;
	int c;

	while ((c = peek(s)) >= '0' && c <= '9')
		s->at++;
	return s->at - start;
}

static int scan_number(struct json_scan *s)
{
	size_t start = s->at, digits;
	int r;

	if (peek(s) == '-')
		s->at++;
	if (peek(s) == '0') {
		s->at++;
		digits = 1;
	} else {
		digits = scan_digits(s);
	}
	if (digits == 0)
		return json_scan_fail(s, start, "no JSON value");
	if (peek(s) == '.') {
		s->at++;
		if (scan_digits(s) == 0)
			return json_scan_fail(s, start, "number without digits after its point");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (scan_digits(s) == 0)
			return json_scan_fail(s, start, "number without digits in its exponent");
	}
	if (s->at - start > JSON_NUMBER_MAX)
		return json_scan_fail(s, start, "number of more than 63 characters");
	r = mark(s, &s->numbers, start);
	return r;
}

static int scan_word(struct json_scan *s)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t length = strlen(words[i]);

		if (s->length - s->at >= length && memcmp(s->text + s->at, words[i], length) == 0) {
			s->at += length;
			return 0;
		}
	}
	return json_scan_fail(s, s->at, "no JSON value");
}

static int scan_value(struct json_scan *s);

static int scan_member(struct json_scan *s)
{
	int r;

	if (peek(s) != '"')
		return json_scan_fail(s, s->at, "expected a key in double quotes");
	r = mark(s, &s->keys, s->at);
	if (r < 0)
		return r;
	r = scan_string(s);
	if (r < 0)
		return r;
	skip_space(s);
	if (peek(s) != ':')
		return json_scan_fail(s, s->at, "expected ':' after the key");
	s->at++;
	return scan_value(s);
}

/* scan_container - an object or an array; @close is its last character. */
static int scan_container(struct json_scan *s, char close)
{
	bool object = close == '}';
	size_t members = 0, start = s->at++;
	int r;

	if (++s->depth > DEPTH_MAX)
		return json_scan_fail(s, start, "more than 64 levels");
	skip_space(s);
	if (peek(s) == close) {
		s->at++;
		s->depth--;
		return 0;
	}
	for (;;) {
		if (object && ++members > MEMBERS_MAX)
			return json_scan_fail(s, start, "object with more than 4096 members");
		skip_space(s);
		r = object ? scan_member(s) : scan_value(s);
		if (r < 0)
			return r;
		skip_space(s);
		if (peek(s) == close) {
			s->at++;
			s->depth--;
			return 0;
		}
		if (peek(s) != ',')
			return json_scan_fail(
				s, s->at, object ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
	}
}

static int scan_value(struct json_scan *s)
{
	skip_space(s);
	switch (peek(s)) {
	case -1:
		return json_scan_fail(s, s->at, "unexpected end");
	case '{':
		return scan_container(s, '}');
	case '[':
		return scan_container(s, ']');
	case '"':
		return scan_string(s);
	case '-':
	case '0' ... '9':
		return scan_number(s);
	default:
		return scan_word(s);
	}
}

int json_scan_document(struct json_scan *s)
{
	int r;

	if (s->length >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
		return json_scan_fail(s, 0, "byte order mark: JSON text is plain UTF-8");
	skip_space(s);
	if (peek(s) < 0)
		return error_config(s->err, "%s: empty", s->name);
	r = scan_value(s);
	if (r < 0)
		return r;
	skip_space(s);
	if (peek(s) >= 0)
		return json_scan_fail(s, s->at, "something after the end of the document");
	return 0;
}
