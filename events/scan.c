/* SPDX-License-Identifier: Apache-2.0 */
/* A recursive-descent reader of JSON text that builds nothing; see scan.h. */
#include "events/scan.h"

#include <errno.h>
#include <string.h>

/* Our own lines nest three deep; a hostile one must not exhaust the stack. */
#define DEPTH_MAX 16

static const char *scan_value(const char *p, const char *end, int depth);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t scan_utf8(const char *text, size_t length)
{
	const unsigned char *u = (const unsigned char *)text;
	uint32_t code, smallest;
	size_t size;

	if (length == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] < 0xe0) {
		size = 2, smallest = 0x80, code = u[0] & 0x1fU;
	} else if (u[0] >= 0xe0 && u[0] < 0xf0) {
		size = 3, smallest = 0x800, code = u[0] & 0x0fU;
	} else if (u[0] >= 0xf0 && u[0] < 0xf5) {
		size = 4, smallest = 0x10000, code = u[0] & 0x07U;
	} else {
		return 0;
	}
	if (size > length)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if (!is_continuation(text[i]))
			return 0;
		code = code << 6 | (u[i] & 0x3fU);
	}
	if (code < smallest || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return size;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits after "\u", or -1. */
static int hex_quad(const char *p, const char *end)
{
	int code = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		code = code << 4 | digit;
	}
	return code;
}

/* After the backslash. A surrogate must come with its partner; NUL is no text. */
static const char *scan_escape(const char *p, const char *end)
{
	int code;

	if (p == end)
		return NULL;
	if (*p != 'u')
		return strchr("\"\\/bfnrt", *p) && *p ? p + 1 : NULL;
	code = hex_quad(p + 1, end);
	if (code <= 0 || (code >= 0xdc00 && code <= 0xdfff))
		return NULL;
	p += 5;
	if (code < 0xd800 || code > 0xdbff)
		return p;
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return NULL;
	code = hex_quad(p + 2, end);
	return code >= 0xdc00 && code <= 0xdfff ? p + 6 : NULL;
}

static const char *scan_quoted(const char *p, const char *end)
{
	if (p == end || *p != '"')
		return NULL;
	p++;
	while (p && p < end && *p != '"') {
		size_t size;

		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p == '\\') {
			p = scan_escape(p + 1, end);
			continue;
		}
		size = scan_utf8(p, (size_t)(end - p));
		if (size == 0)
			return NULL;
		p += size;
	}
	return p && p < end ? p + 1 : NULL;
}

static const char *scan_digits(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && is_digit(*p))
		p++;
	return p > start ? p : NULL;
}

static const char *scan_number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else
		p = scan_digits(p, end);
	if (p && p < end && *p == '.')
		p = scan_digits(p + 1, end);
	if (p && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = scan_digits(p, end);
	}
	return p;
}

static const char *scan_word(const char *p, const char *end, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(end - p) < length || memcmp(p, word, length) != 0)
		return NULL;
	return p + length;
}

/* "key" : value; the value's place is reported when anybody asks. */
static const char *scan_pair(const char *p, const char *end, int depth, struct span *ret_key,
			     struct span *ret_value)
{
	const char *start = p;

	p = scan_quoted(p, end);
	if (!p)
		return NULL;
	*ret_key = (struct span){start + 1, (size_t)(p - start - 2)};
	p = skip_space(p, end);
	if (p == end || *p != ':')
		return NULL;
	start = skip_space(p + 1, end);
	p = scan_value(start, end, depth);
	if (p)
		*ret_value = (struct span){start, (size_t)(p - start)};
	return p;
}

/* The members of an object or the elements of an array, from after the opening bracket. */
static const char *scan_list(const char *p, const char *end, int depth, char close)
{
	struct span key, value;

	p = skip_space(p, end);
	if (p < end && *p == close)
		return p + 1;
	for (;;) {
		p = skip_space(p, end);
		p = close == '}' ? scan_pair(p, end, depth, &key, &value)
				 : scan_value(p, end, depth);
		if (!p)
			return NULL;
		p = skip_space(p, end);
		if (p == end)
			return NULL;
		if (*p == close)
			return p + 1;
		if (*p != ',')
			return NULL;
		p++;
	}
}

static const char *scan_value(const char *p, const char *end, int depth)
{
	if (p == end || depth >= DEPTH_MAX)
		return NULL;
	switch (*p) {
	case '{':
		return scan_list(p + 1, end, depth + 1, '}');
	case '[':
		return scan_list(p + 1, end, depth + 1, ']');
	case '"':
		return scan_quoted(p, end);
	case 't':
		return scan_word(p, end, "true");
	case 'f':
		return scan_word(p, end, "false");
	case 'n':
		return scan_word(p, end, "null");
	default:
		return scan_number(p, end);
	}
}

bool scan_object(const char *text, size_t length)
{
	return length > 0 && *text == '{' && scan_value(text, text + length, 0) == text + length;
}

bool scan_next(struct span object, size_t *position, struct span *ret_key, struct span *ret_value)
{
	const char *end = object.at + object.length;
	const char *p = object.at + (*position ? *position : 1);

	p = skip_space(p, end);
	if (p < end && *p == ',')
		p = skip_space(p + 1, end);
	p = scan_pair(p, end, 1, ret_key, ret_value);
	if (!p)
		return false;
	*position = (size_t)(p - object.at);
	return true;
}

bool scan_member(struct span object, const char *key, struct span *ret_value)
{
	size_t length = strlen(key), position = 0;
	struct span name, value;

	while (scan_next(object, &position, &name, &value)) {
		if (name.length == length && memcmp(name.at, key, length) == 0) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

int scan_uint(struct span value, uint64_t *ret)
{
	uint64_t number = 0;

	if (value.length == 0 || (value.at[0] == '0' && value.length > 1))
		return -EINVAL;
	for (size_t i = 0; i < value.length; i++) {
		if (!is_digit(value.at[i]))
			return -EINVAL;
	}
	for (size_t i = 0; i < value.length; i++) {
		unsigned int digit = (unsigned int)(value.at[i] - '0');

		if (number > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		number = number * 10 + digit;
	}
	*ret = number;
	return 0;
}

int scan_int(struct span value, int64_t *ret)
{
	bool negative = value.length > 0 && value.at[0] == '-';
	uint64_t number;
	int r;

	if (negative)
		value = (struct span){value.at + 1, value.length - 1};
	r = scan_uint(value, &number);
	if (r < 0)
		return r;
	if (number > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - number) : (int64_t)number;
	return 0;
}

static size_t put_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* An escape that scan_escape has passed; @p points at what follows the backslash. */
static size_t put_escape(char *out, const char **p, const char *end)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t code;

	if (**p != 'u') {
		*out = to[strchr(from, **p) - from];
		(*p)++;
		return 1;
	}
	code = (uint32_t)hex_quad(*p + 1, end);
	*p += 5;
	if (code >= 0xd800 && code <= 0xdbff) {
		code = 0x10000 + ((code - 0xd800) << 10) +
		       ((uint32_t)hex_quad(*p + 2, end) - 0xdc00);
		*p += 6;
	}
	return put_utf8(out, code);
}

long scan_string(struct span value, char *buffer, size_t size)
{
	const char *end = value.at + value.length, *p = value.at + 1;
	size_t length = 0;

	if (value.length < 2 || scan_quoted(value.at, end) != end)
		return -EINVAL;
	end--;
	while (p < end) {
		/* Room for the longest character and the NUL. */
		if (length + 5 > size && length + (size_t)(end - p) + 1 > size)
			return -ENOBUFS;
		if (*p == '\\') {
			p++;
			length += put_escape(buffer + length, &p, end);
		} else {
			buffer[length++] = *p++;
		}
	}
	if (length >= size)
		return -ENOBUFS;
	buffer[length] = '\0';
	return (long)length;
}
