/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON over cJSON. A scan of the whole text checks the grammar, the characters and the
 * limits, and notes where keys and numbers stand; cJSON then builds the tree; a walk in the same
 * order checks for duplicate keys and hangs each number's own text on its item.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

#define DEPTH_MAX   64
#define MEMBERS_MAX 4096
/* cJSON reads at most this much of a number and takes the rest for garbage. */
#define NUMBER_MAX 63

/* Offsets into the text, in document order. */
struct marks {
	size_t count, room;
	size_t *offsets;
};

struct scan {
	const char *text, *name;
	size_t length, at;
	unsigned int depth;
	struct marks numbers, keys;
	struct error *err;
};

/* scan_fail - an error that names the line and the column (in bytes) of @offset. */
static int scan_fail(const struct scan *s, size_t offset, const char *what)
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

static int mark(struct scan *s, struct marks *m, size_t offset)
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

static int peek(const struct scan *s)
{
	return s->at < s->length ? (unsigned char)s->text[s->at] : -1;
}

static void skip_space(struct scan *s)
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
static int scan_hex4(struct scan *s)
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

static int scan_unicode_escape(struct scan *s, size_t start)
{
	int unit = scan_hex4(s);

	if (unit < 0)
		return scan_fail(s, start, "\\u needs four hexadecimal digits");
	if (unit == 0)
		return scan_fail(s, start, "\\u0000 is not allowed in a string");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return scan_fail(s, start, "lone surrogate");
	if (unit < 0xd800 || unit > 0xdbff)
		return 0;
	if (peek(s) != '\\' || s->at + 1 >= s->length || s->text[s->at + 1] != 'u')
		return scan_fail(s, start, "lone surrogate");
	s->at += 2;
	unit = scan_hex4(s);
	if (unit < 0xdc00 || unit > 0xdfff)
		return scan_fail(s, start, "lone surrogate");
	return 0;
}

static int scan_escape(struct scan *s)
{
	size_t start = s->at++;
	int c = peek(s);

	if (c == 'u') {
		s->at++;
		return scan_unicode_escape(s, start);
	}
	if (c <= 0 || !strchr("\"\\/bfnrt", c))
		return scan_fail(s, start, "unknown escape in a string");
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

static int scan_string(struct scan *s)
{
	size_t start = s->at++;

	for (;;) {
		int c = peek(s);
		size_t length;
		int r;

		if (c < 0)
			return scan_fail(s, start, "string without an end");
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
			return scan_fail(s, s->at, "control character in a string");
		if (c < 0x80) {
			s->at++;
			continue;
		}
		length = utf8_length((const unsigned char *)s->text + s->at, s->length - s->at);
		if (length == 0)
			return scan_fail(s, s->at, "invalid UTF-8");
		s->at += length;
	}
}

static size_t scan_digits(struct scan *s)
{
	size_t start = s->at;
	int c;

	while ((c = peek(s)) >= '0' && c <= '9')
		s->at++;
	return s->at - start;
}

static int scan_number(struct scan *s)
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
		return scan_fail(s, start, "no JSON value");
	if (peek(s) == '.') {
		s->at++;
		if (scan_digits(s) == 0)
			return scan_fail(s, start, "number without digits after its point");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (scan_digits(s) == 0)
			return scan_fail(s, start, "number without digits in its exponent");
	}
	if (s->at - start > NUMBER_MAX)
		return scan_fail(s, start, "number of more than 63 characters");
	r = mark(s, &s->numbers, start);
	return r;
}

static int scan_word(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t length = strlen(words[i]);

		if (s->length - s->at >= length && memcmp(s->text + s->at, words[i], length) == 0) {
			s->at += length;
			return 0;
		}
	}
	return scan_fail(s, s->at, "no JSON value");
}

static int scan_value(struct scan *s);

static int scan_member(struct scan *s)
{
	int r;

	if (peek(s) != '"')
		return scan_fail(s, s->at, "expected a key in double quotes");
	r = mark(s, &s->keys, s->at);
	if (r < 0)
		return r;
	r = scan_string(s);
	if (r < 0)
		return r;
	skip_space(s);
	if (peek(s) != ':')
		return scan_fail(s, s->at, "expected ':' after the key");
	s->at++;
	return scan_value(s);
}

/* scan_container - an object or an array; @close is its last character. */
static int scan_container(struct scan *s, char close)
{
	bool object = close == '}';
	size_t members = 0, start = s->at++;
	int r;

	if (++s->depth > DEPTH_MAX)
		return scan_fail(s, start, "more than 64 levels");
	skip_space(s);
	if (peek(s) == close) {
		s->at++;
		s->depth--;
		return 0;
	}
	for (;;) {
		if (object && ++members > MEMBERS_MAX)
			return scan_fail(s, start, "object with more than 4096 members");
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
			return scan_fail(s, s->at,
					 object ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
	}
}

static int scan_value(struct scan *s)
{
	skip_space(s);
	switch (peek(s)) {
	case -1:
		return scan_fail(s, s->at, "unexpected end");
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

static int scan_document(struct scan *s)
{
	int r;

	if (s->length >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
		return scan_fail(s, 0, "byte order mark: JSON text is plain UTF-8");
	skip_space(s);
	if (peek(s) < 0)
		return error_config(s->err, "%s: empty", s->name);
	r = scan_value(s);
	if (r < 0)
		return r;
	skip_space(s);
	if (peek(s) >= 0)
		return scan_fail(s, s->at, "something after the end of the document");
	return 0;
}

struct key {
	const char *text;
	size_t offset;
};

static int key_order(const void *a, const void *b)
{
	const struct key *left = a, *right = b;
	int order = strcmp(left->text, right->text);

	if (order != 0)
		return order;
	return left->offset < right->offset ? -1 : 1;
}

static int check_duplicates(const struct scan *s, struct key *keys, size_t count)
{
	char what[160];

	qsort(keys, count, sizeof(*keys), key_order);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(keys[i - 1].text, keys[i].text) != 0)
			continue;
		(void)snprintf(what, sizeof(what), "key \"%.100s\" is there twice", keys[i].text);
		return scan_fail(s, keys[i].offset, what);
	}
	return 0;
}

/* number_text - hang the number's own characters on its item; cJSON_Delete frees them. */
static int number_text(struct scan *s, cJSON *item, size_t offset)
{
	const char *text = s->text + offset;
	size_t length = 0;
	char *copy;

	/* The scan has seen to the grammar; the text has no NUL at its end. */
	while (offset + length < s->length && strchr("+-.0123456789eE", text[length]))
		length++;
	copy = cJSON_malloc(length + 1);
	if (!copy)
		return error_sys_num(s->err, ENOMEM, "%s", s->name);
	memcpy(copy, text, length);
	copy[length] = '\0';
	item->valuestring = copy;
	return 0;
}

static int walk(struct scan *s, cJSON *item, size_t *number, size_t *key)
{
	autofree struct key *keys = NULL;
	size_t count = 0;
	cJSON *child;
	int r;

	if (cJSON_IsNumber(item))
		return number_text(s, item, s->numbers.offsets[(*number)++]);
	if (cJSON_IsObject(item) && item->child) {
		keys = calloc((size_t)cJSON_GetArraySize(item), sizeof(*keys));
		if (!keys)
			return error_sys_num(s->err, ENOMEM, "%s", s->name);
	}
	cJSON_ArrayForEach(child, item)
	{
		if (keys)
			keys[count++] = (struct key){child->string, s->keys.offsets[(*key)++]};
		r = walk(s, child, number, key);
		if (r < 0)
			return r;
	}
	return keys ? check_duplicates(s, keys, count) : 0;
}

static int build(struct scan *s, cJSON **ret)
{
	const char *end = NULL;
	size_t number = 0, key = 0;
	cJSON *document;
	int r;

	document = cJSON_ParseWithLengthOpts(s->text, s->length, &end, 0);
	if (!document)
		return error_sys_num(s->err, ENOMEM, "%s: no memory for it", s->name);
	r = walk(s, document, &number, &key);
	if (r < 0) {
		cJSON_Delete(document);
		return r;
	}
	*ret = document;
	return 0;
}

int json_parse(const char *text, size_t length, const char *name, cJSON **ret, struct error *err)
{
	struct scan s = {.text = text, .name = name, .length = length, .err = err};
	int r;

	r = scan_document(&s);
	if (r == 0)
		r = build(&s, ret);
	free(s.numbers.offsets);
	free(s.keys.offsets);
	return r;
}

const cJSON *json_member(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/*
 * integer_text - the digits of an integer as written, or NULL
 * Items that came from no text (cJSON_AddNumberToObject) are printed into @buffer when exact.
 */
static const char *integer_text(const cJSON *item, char *buffer, size_t size)
{
	const char *text = item ? item->valuestring : NULL;
	const char *digits;

	if (!cJSON_IsNumber(item) && !cJSON_IsRaw(item))
		return NULL;
	if (!text) {
		/* Doubles are exact up to 2^53. */
		if (item->valuedouble < -9007199254740992.0 ||
		    item->valuedouble > 9007199254740992.0)
			return NULL;
		if ((double)(int64_t)item->valuedouble != item->valuedouble)
			return NULL;
		(void)snprintf(buffer, size, "%" PRId64, (int64_t)item->valuedouble);
		text = buffer;
	}
	digits = text + (text[0] == '-');
	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
		return NULL;
	if (digits[0] == '0' && digits[1] != '\0')
		return NULL;
	return text;
}

int json_int(const cJSON *item, int64_t *ret)
{
	char buffer[32];
	const char *text = integer_text(item, buffer, sizeof(buffer));
	intmax_t value;

	if (!text)
		return -EINVAL;
	errno = 0;
	value = strtoimax(text, NULL, 10);
	if (errno == ERANGE)
		return -ERANGE;
	*ret = value;
	return 0;
}

int json_uint(const cJSON *item, uint64_t *ret)
{
	char buffer[32];
	const char *text = integer_text(item, buffer, sizeof(buffer));
	uintmax_t value;

	if (!text)
		return -EINVAL;
	/* strtoumax would wrap a negative number around. */
	if (text[0] == '-' && strcmp(text, "-0") != 0)
		return -ERANGE;
	errno = 0;
	value = strtoumax(text, NULL, 10);
	if (errno == ERANGE)
		return -ERANGE;
	*ret = value;
	return 0;
}

const char *json_string(const cJSON *object, const char *key)
{
	const cJSON *item = json_member(object, key);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* cJSON prints numbers as doubles; raw text is printed as it is. */
cJSON *json_add_int(cJSON *object, const char *key, int64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return cJSON_AddRawToObject(object, key, text);
}

cJSON *json_add_uint(cJSON *object, const char *key, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	return cJSON_AddRawToObject(object, key, text);
}
