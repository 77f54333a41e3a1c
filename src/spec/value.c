/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of single values and of lists of strings. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "spec/field.h"

#define ID_MAX (UINT32_MAX - 1)

int field_string(const struct reader *r, const struct place *at, const cJSON *item,
		 const char **ret)
{
	if (!cJSON_IsString(item))
		return field_wrong_type(r, at, "a string", item);
	*ret = item->valuestring;
	return 0;
}

static int not_an_integer(const struct reader *r, const struct place *at, const cJSON *item)
{
	if (!cJSON_IsNumber(item))
		return field_wrong_type(r, at, "an integer", item);
	return field_error(r, at, "must be an integer written without point or exponent, not %s",
			   item->valuestring);
}

int field_int(const struct reader *r, const struct place *at, const cJSON *item, int64_t min,
	      int64_t max, int64_t *ret)
{
	int64_t value = 0;
	int rc;

	rc = json_int(item, &value);
	if (rc == -EINVAL)
		return not_an_integer(r, at, item);
	if (rc < 0 || value < min || value > max)
		return field_error(r, at, "must be from %" PRId64 " to %" PRId64 ", not %s", min,
				   max, item->valuestring);
	*ret = value;
	return 0;
}

int field_uint(const struct reader *r, const struct place *at, const cJSON *item, uint64_t max,
	       uint64_t *ret)
{
	uint64_t value = 0;
	int rc;

	rc = json_uint(item, &value);
	if (rc == -EINVAL)
		return not_an_integer(r, at, item);
	if (rc < 0 || value > max)
		return field_error(r, at, "must be from 0 to %" PRIu64 ", not %s", max,
				   item->valuestring);
	*ret = value;
	return 0;
}

/* uint_up_to - the row's range where it has one, within the type's. */
static int uint_up_to(const struct reader *r, const struct place *at, const struct field *f,
		      const cJSON *item, uint64_t type_max, uint64_t *ret)
{
	int rc;

	rc = field_uint(r, at, item, f->max ? (uint64_t)f->max : type_max, ret);
	if (rc == 0 && f->min > 0 && *ret < (uint64_t)f->min)
		return field_error(r, at, "must be from %" PRId64 " to %" PRId64 ", not %s", f->min,
				   f->max, item->valuestring);
	return rc;
}

int read_bool(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	      void *base)
{
	if (!cJSON_IsBool(item))
		return field_wrong_type(r, at, "true or false", item);
	*(bool *)field_target(f, base) = cJSON_IsTrue(item);
	return 0;
}

int read_optional_bool(struct reader *r, const struct place *at, const struct field *f,
		       const cJSON *item, void *base)
{
	struct optional_bool *target = field_target(f, base);

	if (!cJSON_IsBool(item))
		return field_wrong_type(r, at, "true or false", item);
	*target = (struct optional_bool){true, cJSON_IsTrue(item)};
	return 0;
}

int read_u16(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	     void *base)
{
	uint64_t value = 0;
	int rc = uint_up_to(r, at, f, item, UINT16_MAX, &value);

	if (rc == 0)
		*(uint16_t *)field_target(f, base) = (uint16_t)value;
	return rc;
}

int read_u32(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	     void *base)
{
	uint64_t value = 0;
	int rc = uint_up_to(r, at, f, item, UINT32_MAX, &value);

	if (rc == 0)
		*(uint32_t *)field_target(f, base) = (uint32_t)value;
	return rc;
}

int read_id(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	    void *base)
{
	uint64_t value = 0;
	int rc = field_uint(r, at, item, ID_MAX, &value);

	if (rc == 0)
		*(uint32_t *)field_target(f, base) = (uint32_t)value;
	return rc;
}

int read_u64(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	     void *base)
{
	return uint_up_to(r, at, f, item, UINT64_MAX, field_target(f, base));
}

static int int_in_row(const struct reader *r, const struct place *at, const struct field *f,
		      const cJSON *item, int64_t *ret)
{
	bool ranged = f->min != 0 || f->max != 0;

	return field_int(r, at, item, ranged ? f->min : INT64_MIN, ranged ? f->max : INT64_MAX,
			 ret);
}

int read_i64(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	     void *base)
{
	return int_in_row(r, at, f, item, field_target(f, base));
}

int read_optional_u64(struct reader *r, const struct place *at, const struct field *f,
		      const cJSON *item, void *base)
{
	struct optional_u64 *target = field_target(f, base);
	int rc = uint_up_to(r, at, f, item, UINT64_MAX, &target->value);

	if (rc == 0)
		target->has = true;
	return rc;
}

int read_optional_i64(struct reader *r, const struct place *at, const struct field *f,
		      const cJSON *item, void *base)
{
	struct optional_i64 *target = field_target(f, base);
	int rc = int_in_row(r, at, f, item, &target->value);

	if (rc == 0)
		target->has = true;
	return rc;
}

int read_string(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
		void *base)
{
	const char *text = "";
	int rc = field_string(r, at, item, &text);

	if (rc == 0 && text[0] != '\0')
		*(const char **)field_target(f, base) = text;
	return rc;
}

static int text_item(const struct reader *r, const struct place *at, const cJSON *item,
		     const char **ret)
{
	const char *text = "";
	int rc = field_string(r, at, item, &text);

	if (rc < 0)
		return rc;
	if (text[0] == '\0')
		return field_error(r, at, "must not be empty");
	*ret = text;
	return 0;
}

static int path_item(const struct reader *r, const struct place *at, const cJSON *item,
		     const char **ret)
{
	const char *text = "";
	int rc = text_item(r, at, item, &text);

	if (rc < 0)
		return rc;
	if (text[0] != '/')
		return field_error(r, at, "must be an absolute path, not \"%.200s\"", text);
	*ret = text;
	return 0;
}

int read_text(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	      void *base)
{
	return text_item(r, at, item, field_target(f, base));
}

int read_path(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	      void *base)
{
	return path_item(r, at, item, field_target(f, base));
}

typedef int item_reader(const struct reader *r, const struct place *at, const cJSON *item,
			const char **ret);

static int read_list(struct reader *r, const struct place *at, const cJSON *item,
		     item_reader *read_item, struct string_list *ret)
{
	size_t i = 0, count;
	const cJSON *child;
	const char **items;
	int rc;

	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array of strings", item);
	count = (size_t)cJSON_GetArraySize(item);
	items = arena_alloc(r->arena, count + 1, sizeof(*items));
	if (!items)
		return field_no_memory(r);
	cJSON_ArrayForEach(child, item)
	{
		rc = read_item(r, ELEMENT(at, i), child, &items[i]);
		if (rc < 0)
			return rc;
		i++;
	}
	*ret = (struct string_list){count, items};
	return 0;
}

int read_strings(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
		 void *base)
{
	return read_list(r, at, item, field_string, field_target(f, base));
}

int read_paths(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	       void *base)
{
	return read_list(r, at, item, path_item, field_target(f, base));
}

int env_check(const struct reader *r, const struct place *at, const char *text)
{
	if (text[0] == '=')
		return field_error(r, at, "\"%.100s\" has no name before '='", text);
	if (!strchr(text, '='))
		return field_error(r, at, "\"%.100s\" is not of the form NAME=value", text);
	return 0;
}

static int env_item(const struct reader *r, const struct place *at, const cJSON *item,
		    const char **ret)
{
	const char *text = "";
	int rc = field_string(r, at, item, &text);

	if (rc == 0)
		rc = env_check(r, at, text);
	if (rc == 0)
		*ret = text;
	return rc;
}

/* env_order - by name, and among equal names as they came. */
static int env_order(const void *a, const void *b)
{
	const char *const *left = *(const char *const *const *)a;
	const char *const *right = *(const char *const *const *)b;
	size_t left_length = (size_t)(strchrnul(*left, '=') - *left);
	size_t right_length = (size_t)(strchrnul(*right, '=') - *right);
	size_t shorter = left_length < right_length ? left_length : right_length;
	int order = memcmp(*left, *right, shorter);

	if (order != 0)
		return order;
	if (left_length != right_length)
		return left_length < right_length ? -1 : 1;
	return left < right ? -1 : left > right;
}

static bool same_name(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length) == 0 && b[length] == '=';
}

/* The last one stays, as getenv's users expect of an assignment. */
int env_unique(struct reader *r, struct string_list *env)
{
	const char ***order;
	size_t kept = 0;

	order = arena_alloc(r->arena, env->count, sizeof(*order));
	if (!order)
		return field_no_memory(r);
	for (size_t i = 0; i < env->count; i++)
		order[i] = &env->items[i];
	qsort(order, env->count, sizeof(*order), env_order);
	for (size_t i = 0; i + 1 < env->count; i++) {
		if (same_name(*order[i], *order[i + 1]))
			*order[i] = NULL;
	}
	for (size_t i = 0; i < env->count; i++) {
		if (env->items[i])
			env->items[kept++] = env->items[i];
	}
	env->items[kept] = NULL;
	env->count = kept;
	return 0;
}

int read_env(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
	     void *base)
{
	struct string_list *env = field_target(f, base);
	int rc = read_list(r, at, item, env_item, env);

	if (rc < 0 || env->count < 2)
		return rc;
	return env_unique(r, env);
}

int field_pairs(struct reader *r, const struct place *at, const cJSON *item, struct spec_pair **ret,
		size_t *ret_count)
{
	struct spec_pair *pairs;
	size_t count = 0;
	const cJSON *child;
	int rc;

	if (!cJSON_IsObject(item))
		return field_wrong_type(r, at, "an object", item);
	pairs = arena_alloc(r->arena, (size_t)cJSON_GetArraySize(item), sizeof(*pairs));
	if (!pairs)
		return field_no_memory(r);
	cJSON_ArrayForEach(child, item)
	{
		struct spec_pair *pair = &pairs[count++];

		pair->key = child->string;
		if (pair->key[0] == '\0')
			return field_error(r, ENTRY(at, ""), "a key must not be empty");
		rc = field_string(r, ENTRY(at, pair->key), child, &pair->value);
		if (rc < 0)
			return rc;
	}
	*ret = pairs;
	*ret_count = count;
	return 0;
}
