/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is released all at once: the blocks of one spec, and the JSON trees its strings are
 * in. */
#ifndef SPEC_ARENA_H
#define SPEC_ARENA_H

#include <stddef.h>

#include "base/json.h"

struct arena;

/* arena_new - empty; NULL without memory. arena_free - and everything in it; NULL is allowed. */
struct arena *arena_new(void);
void arena_free(struct arena *arena);

/* arena_adopt - @document lives as long as the arena, so its strings need no copy. */
void arena_adopt(struct arena *arena, cJSON *document);

/* arena_alloc - zeroed room for @count things of @size bytes, aligned for any type; NULL: ENOMEM.
 */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* arena_print - a formatted string; NULL: ENOMEM. */
char *arena_print(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
