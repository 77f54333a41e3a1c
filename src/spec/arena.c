/* SPDX-License-Identifier: Apache-2.0 */
/* A list of blocks; allocations are cut from the newest one. */
#include "spec/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_SIZE 16000

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *blocks;
	cJSON *documents; /* linked as siblings are, so that one cJSON_Delete takes them all */
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	struct block *next;

	if (!arena)
		return;
	for (struct block *b = arena->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	cJSON_Delete(arena->documents);
	free(arena);
}

void arena_adopt(struct arena *arena, cJSON *document)
{
	document->next = arena->documents;
	arena->documents = document;
}

static struct block *block_with(struct arena *arena, size_t room)
{
	struct block *b = arena->blocks;
	size_t size = room > BLOCK_SIZE ? room : BLOCK_SIZE;

	if (b && b->size - b->used >= room)
		return b;
	b = calloc(1, sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size = size;
	b->next = arena->blocks;
	arena->blocks = b;
	return b;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b;
	size_t room;
	void *start;

	if (__builtin_mul_overflow(count, size, &room) ||
	    __builtin_add_overflow(room, align - 1, &room))
		return NULL;
	room &= ~(align - 1);
	b = block_with(arena, room);
	if (!b)
		return NULL;
	start = b->data + b->used;
	b->used += room;
	return start;
}

char *arena_print(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1, 1);
	if (text)
		(void)vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}
