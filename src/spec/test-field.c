/* SPDX-License-Identifier: Apache-2.0 */
/* The tables themselves, and reading when memory runs out. */
#include <fcntl.h>

#include "base/fd.h"
#include "spec/sections.h"
#include "spec/test-spec.h"

/* ---- an allocator that fails when told to (the linker's --wrap puts it in place) ---- */

static long allocations_left = -1; /* -1: as many as are wanted */

static bool may_allocate(void)
{
	if (allocations_left < 0)
		return true;
	if (allocations_left == 0)
		return false;
	allocations_left--;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return may_allocate() ? __real_reallocarray(old, count, size) : NULL;
}

static char *docker_text(size_t *ret_length)
{
	const char *top = getenv("srcdir");
	char path[4096], *text = NULL;
	autofd fd = -EBADF;
	ssize_t length;

	(void)snprintf(path, sizeof(path), "%s/bats/data/client-docker.json", top ? top : ".");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd_read_text(fd, 1 << 20, &text);
	check(length > 0);
	*ret_length = length > 0 ? (size_t)length : 0;
	return text;
}

static void test_no_memory(void)
{
	/* cJSON is a shared library, out of the linker's reach, but lets its allocator be chosen.
	 */
	cJSON_Hooks hooks = {__wrap_malloc, free};
	size_t length = 0;
	autofree char *text = docker_text(&length);
	long allowed = 0;
	int r;

	cJSON_InitHooks(&hooks);
	do {
		struct error err = ERROR_INIT;
		struct spec spec = {0};

		allocations_left = allowed++;
		r = spec_parse(text, length, "c", &spec, &err);
		allocations_left = -1;
		if (r < 0) {
			check_int(r, -ENOMEM);
			check_int(err.kind, ERROR_SYSTEM);
			check(spec.arena == NULL);
		}
		spec_done(&spec);
	} while (r < 0 && allowed < 20000 && tap_failures == 0);
	cJSON_InitHooks(NULL);
	check_int(r, 0);
	check(allowed > 100);
}

/* ---- the tables ---- */

static void check_table(const struct field *fields)
{
	size_t count = 0;

	for (const struct field *f = fields; f->key; f++) {
		count++;
		check(f->anchor != NULL);
		check((f->status == APPLIED) == (f->read != NULL));
		check(f->status == APPLIED || (!f->required && !f->fields));
		for (const struct field *other = fields; other < f; other++)
			check(strcmp(other->key, f->key) != 0);
		if (f->fields)
			check_table(f->fields);
	}
	/* field_read_members() has a bit for each. */
	check(count <= 64);
}

static void test_tables(void)
{
	check_table(document_fields);
}

static int count_row(const struct field_row *row, void *data)
{
	(void)row;
	(*(int *)data)++;
	return 0;
}

static int find_row(const struct field_row *row, void *data)
{
	return strcmp(row->path, data) == 0 ? 1 + (int)row->status : 0;
}

static void test_visit(void)
{
	char deep[] = "linux.seccomp.syscalls[].args[].valueTwo", refused_row[] = "linux.intelRdt",
	     ignored[] = "process.user.username", absent[] = "linux.nothing";
	int count = 0;

	check_int(field_visit(count_row, &count), 0);
	check(count > 150);
	check_int(field_visit(find_row, deep), 1 + APPLIED);
	check_int(field_visit(find_row, refused_row), 1 + REFUSED);
	check_int(field_visit(find_row, ignored), 1 + IGNORED);
	check_int(field_visit(find_row, absent), 0);
}

/* ---- the arena ---- */

static void test_arena(void)
{
	struct arena *arena = arena_new();
	char *first = arena_alloc(arena, 3, 1), *second = arena_alloc(arena, 1, 1);
	char *large = arena_alloc(arena, 1, 1 << 20);

	check(((uintptr_t)first & 15) == 0 && ((uintptr_t)second & 15) == 0);
	check(first[0] == 0 && large[(1 << 20) - 1] == 0);
	check(arena_alloc(arena, SIZE_MAX / 2, 3) == NULL);
	check(arena_alloc(arena, 1, SIZE_MAX - 3) == NULL);
	check_text(arena_print(arena, "%d-%s", 7, "x"), "7-x");
	arena_free(arena);
	arena_free(NULL);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"rows are complete and keys are unique", test_tables},
		{"every row is visited, with its path", test_visit},
		{"an arena gives aligned and zeroed memory", test_arena},
		{"every allocation that fails is an error and leaks nothing", test_no_memory},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
