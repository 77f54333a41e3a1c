/* SPDX-License-Identifier: Apache-2.0 */
/* Walking objects by their tables; errors with the place; the tables as data. */
#include "spec/field.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "spec/sections.h"

#define PLACE_MAX 512

/* append - snprintf at the end of what is there; cut when it does not fit. */
__attribute__((format(printf, 3, 4))) static void append(char *buffer, size_t size,
							 const char *format, ...)
{
	size_t length = strlen(buffer);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(buffer + length, size - length, format, args);
	va_end(args);
}

static void place_print(const struct place *at, char *buffer, size_t size)
{
	if (at->up)
		place_print(at->up, buffer, size);
	if (!at->key)
		append(buffer, size, "[%zu]", at->index);
	else if (at->quoted)
		append(buffer, size, "[\"%.64s\"]", at->key);
	else
		append(buffer, size, "%s%s", at->up ? "." : "", at->key);
}

/* An error is one line in a log, whatever the file's author put into a string. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

int field_error(const struct reader *r, const struct place *at, const char *format, ...)
{
	char place[PLACE_MAX] = "", text[ERROR_TEXT_MAX];
	va_list args;

	if (at)
		place_print(at, place, sizeof(place));
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)error_config(r->err, "%s: %s%s%s", r->name, place, at ? ": " : "", text);
	make_printable(r->err->text);
	return -r->err->errnum;
}

void field_warning(const struct reader *r, const struct place *at, const char *format, ...)
{
	char place[PLACE_MAX] = "", text[ERROR_TEXT_MAX];
	va_list args;

	if (r->quiet)
		return;
	place_print(at, place, sizeof(place));
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_printable(place);
	make_printable(text);
	log_warning("%s: %s: %s", r->name, place, text);
}

int field_no_memory(const struct reader *r)
{
	return error_sys_num(r->err, ENOMEM, "%s", r->name);
}

static const char *type_name(const cJSON *item)
{
	if (cJSON_IsString(item))
		return "a string";
	if (cJSON_IsNumber(item))
		return "a number";
	if (cJSON_IsObject(item))
		return "an object";
	if (cJSON_IsArray(item))
		return "an array";
	if (cJSON_IsBool(item))
		return cJSON_IsTrue(item) ? "true" : "false";
	return "null";
}

int field_wrong_type(const struct reader *r, const struct place *at, const char *wanted,
		     const cJSON *item)
{
	return field_error(r, at, "must be %s, not %s", wanted, type_name(item));
}

static const struct field *find_field(const struct field *fields, const char *key)
{
	for (const struct field *f = fields; f->key; f++) {
		if (strcmp(f->key, key) == 0)
			return f;
	}
	return NULL;
}

static bool is_empty(const cJSON *item)
{
	if (cJSON_IsString(item))
		return item->valuestring[0] == '\0';
	return (cJSON_IsArray(item) || cJSON_IsObject(item)) && !item->child;
}

static int read_member(struct reader *r, const struct place *at, const struct field *f,
		       const cJSON *item, void *base)
{
	if (f->status == IGNORED)
		return 0;
	if (f->status == REFUSED && f->unless_empty && is_empty(item))
		return 0;
	if (f->status == REFUSED)
		return field_error(r, at, "not supported by this version of ocirun");
	return f->read(r, at, f, item, base);
}

static void log_unknown(const struct reader *r, const struct place *at)
{
	char place[PLACE_MAX] = "";

	place_print(at, place, sizeof(place));
	make_printable(place);
	log_debug("%s: %s: unknown to the runtime-spec, ignored", r->name, place);
}

int field_read_members(struct reader *r, const struct place *at, const cJSON *item,
		       const struct field *fields, void *base)
{
	uint64_t seen = 0; /* no table has more than 64 rows: test-field checks it */
	const struct field *f;
	const cJSON *child;
	int rc;

	if (!cJSON_IsObject(item))
		return field_wrong_type(r, at, "an object", item);
	cJSON_ArrayForEach(child, item)
	{
		f = find_field(fields, child->string);
		if (!f) {
			log_unknown(r, MEMBER(at, child->string));
			continue;
		}
		if (cJSON_IsNull(child))
			continue;
		rc = read_member(r, MEMBER(at, f->key), f, child, base);
		if (rc < 0)
			return rc;
		seen |= UINT64_C(1) << (f - fields);
	}
	for (f = fields; f->key; f++) {
		if (f->required && !(seen & UINT64_C(1) << (f - fields)))
			return field_error(r, MEMBER(at, f->key), "must be given");
	}
	return 0;
}

int read_object(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
		void *base)
{
	void *object = field_target(f, base);
	int rc;

	rc = field_read_members(r, at, item, f->fields, object);
	if (rc < 0 || !f->check)
		return rc;
	return f->check(r, at, object);
}

int read_objects(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
		 void *base)
{
	size_t count, i = 0;
	const cJSON *child;
	char *list;
	int rc;

	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array", item);
	count = (size_t)cJSON_GetArraySize(item);
	list = arena_alloc(r->arena, count, f->size);
	if (!list)
		return field_no_memory(r);
	cJSON_ArrayForEach(child, item)
	{
		void *object = list + i * f->size;

		rc = field_read_members(r, ELEMENT(at, i), child, f->fields, object);
		if (rc == 0 && f->check)
			rc = f->check(r, ELEMENT(at, i), object);
		if (rc < 0)
			return rc;
		i++;
	}
	*(void **)field_target(f, base) = list;
	*(size_t *)((char *)base + f->count_offset) = count;
	return 0;
}

const struct word *word_find(const struct word *words, const char *text)
{
	for (const struct word *w = words; w->text; w++) {
		if (strcmp(w->text, text) == 0)
			return w;
	}
	return NULL;
}

int field_word(const struct reader *r, const struct place *at, const cJSON *item,
	       const struct word *words, const char *kind, uint64_t *ret)
{
	const struct word *w;
	const char *text = "";
	int rc;

	rc = field_string(r, at, item, &text);
	if (rc < 0)
		return rc;
	w = word_find(words, text);
	if (!w)
		return field_error(r, at, "unknown %s \"%.100s\"", kind, text);
	if (w->status != APPLIED)
		return field_error(r, at, "%s: not supported by this version of ocirun", text);
	*ret = w->value;
	return 0;
}

struct visit {
	int (*call)(const struct field_row *row, void *data);
	void *data;
};

static int visit_table(const struct visit *v, const struct field *fields, const char *prefix)
{
	char path[PLACE_MAX];
	int rc;

	for (const struct field *f = fields; f->key; f++) {
		struct field_row row = {path, f->status, f->anchor};

		(void)snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "", f->key);
		rc = v->call(&row, v->data);
		if (rc == 0 && f->fields) {
			/* Only arrays of objects have elements with a size. */
			append(path, sizeof(path), "%s", f->size ? "[]" : "");
			rc = visit_table(v, f->fields, path);
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

int field_visit(int (*visit)(const struct field_row *row, void *data), void *data)
{
	return visit_table(&(struct visit){visit, data}, document_fields, "");
}
