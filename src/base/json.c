/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON over cJSON. A scan of the whole text (json_scan.c) checks the grammar, the characters
 * and the limits, and notes where keys and numbers stand; cJSON then builds the tree; a walk in the
 * same order checks for duplicate keys and hangs each number's own text on its item.
 */
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_scan.h"

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

static int check_duplicates(const struct json_scan *s, struct key *keys, size_t count)
{
	char what[160];

	qsort(keys, count, sizeof(*keys), key_order);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(keys[i - 1].text, keys[i].text) != 0)
			continue;
		(void)snprintf(what, sizeof(what), "key \"%.100s\" is there twice", keys[i].text);
		return json_scan_fail(s, keys[i].offset, what);
	}
	return 0;
}

/* number_text - hang the number's own characters on its item; cJSON_Delete frees them. */
static int number_text(struct json_scan *s, cJSON *item, size_t offset)
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

static int walk(struct json_scan *s, cJSON *item, size_t *number, size_t *key)
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

static int build(struct json_scan *s, cJSON **ret)
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
	struct json_scan s = {.text = text, .name = name, .length = length, .err = err};
	int r;

	r = json_scan_document(&s);
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
	const char *text, *digits;

	if (!item || (!cJSON_IsNumber(item) && !cJSON_IsRaw(item)))
		return NULL;
	text = item->valuestring;
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
