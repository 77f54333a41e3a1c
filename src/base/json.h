/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON over cJSON: what reliability.md 2.10 found cJSON to accept or mangle is refused or
 * kept exact here. Numbers keep their source text, so 2^63-1 and 2^64-1 are exact.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"

/*
 * json_parse - one JSON document, whole
 * @name: stands for the file in error texts
 *
 * Refuses: BOM, invalid UTF-8, NUL and \u0000, lone surrogates, raw control characters, duplicate
 * keys at any depth, more than 64 levels, more than 4096 members in an object, anything after the
 * document. Returns 0 with *ret owned by the caller (cJSON_Delete), or -EINVAL with line and
 * column.
 */
int json_parse(const char *text, size_t length, const char *name, cJSON **ret, struct error *err);

/* json_member - the member or NULL; case matters (cJSON's default lookup ignores it). */
const cJSON *json_member(const cJSON *object, const char *key);

/*
 * json_int / json_uint - the exact integer, only if written as -?(0|[1-9][0-9]*) and in range
 * Returns 0, -EINVAL (not an integer), -ERANGE.
 */
int json_int(const cJSON *item, int64_t *ret);
int json_uint(const cJSON *item, uint64_t *ret);

/* json_string - the member's string or NULL when absent or not a string. */
const char *json_string(const cJSON *object, const char *key);

/* Writing: exact 64-bit numbers. Each returns the new item, attached to @object. */
cJSON *json_add_int(cJSON *object, const char *key, int64_t value);
cJSON *json_add_uint(cJSON *object, const char *key, uint64_t value);

static inline void json_cleanup(cJSON **item)
{
	cJSON_Delete(*item);
}
#define autojson __attribute__((cleanup(json_cleanup))) cJSON

#endif
