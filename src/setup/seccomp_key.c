/* SPDX-License-Identifier: Apache-2.0 */
/* All that a compiled seccomp program depends on, as bytes. */
#include "setup/seccomp_key.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config.h"

#define FIRST_SIZE 16384 /* docker's profile fits */

struct bytes {
	char *data;
	size_t length, size;
	bool no_memory;
};

static void add_raw(struct bytes *b, const void *data, size_t length)
{
	if (length > b->size - b->length) {
		size_t size = b->size ? b->size * 2 : FIRST_SIZE;
		char *grown;

		while (size - b->length < length)
			size *= 2;
		grown = realloc(b->data, size);
		if (!grown) {
			b->no_memory = true;
			return;
		}
		b->data = grown;
		b->size = size;
	}
	memcpy(b->data + b->length, data, length);
	b->length += length;
}

/* Every item is of a fixed size or has its length in front: that makes the bytes unambiguous. */
static void add_number(struct bytes *b, uint64_t number)
{
	add_raw(b, &number, sizeof(number));
}

static void add_block(struct bytes *b, const void *data, size_t length)
{
	add_number(b, length);
	add_raw(b, data, length);
}

static void add_text(struct bytes *b, const char *text)
{
	add_block(b, text, strlen(text));
}

/* ---- the programs that make the program ---- */

static size_t padded(uint32_t length)
{
	return ((size_t)length + 3) & ~(size_t)3;
}

static bool is_build_id(const ElfW(Nhdr) * note, const char *name)
{
	return note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof(ELF_NOTE_GNU) &&
	       memcmp(name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0;
}

static void add_build_id(struct bytes *b, const char *at, size_t left)
{
	while (left >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		size_t length;

		memcpy(&note, at, sizeof(note));
		length = sizeof(note) + padded(note.n_namesz) + padded(note.n_descsz);
		if (length > left)
			return;
		if (is_build_id(&note, at + sizeof(note)))
			add_block(b, at + sizeof(note) + padded(note.n_namesz), note.n_descsz);
		at += length;
		left -= length;
	}
}

/* The name as well: where a library has no build ID, that much is known of it. */
static int add_object(struct dl_phdr_info *object, size_t size, void *data)
{
	(void)size;
	add_text(data, object->dlpi_name ? object->dlpi_name : "");
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];

		if (part->p_type == PT_NOTE)
			add_build_id(data, (const char *)(object->dlpi_addr + part->p_vaddr),
				     part->p_memsz);
	}
	return 0;
}

static void add_makers(struct bytes *b)
{
	const struct scmp_version *version = seccomp_version();

	add_text(b, PACKAGE_VERSION);
	add_number(b, version->major);
	add_number(b, version->minor);
	add_number(b, version->micro);
	add_number(b, seccomp_api_get());
	add_number(b, seccomp_arch_native());
	(void)dl_iterate_phdr(add_object, b);
}

/* ---- the section ---- */

static void add_rule(struct bytes *b, const struct spec_seccomp_rule *rule)
{
	add_number(b, rule->action);
	add_number(b, rule->names.count);
	for (size_t i = 0; i < rule->names.count; i++)
		add_text(b, rule->names.items[i]);
	add_number(b, rule->arg_count);
	for (size_t i = 0; i < rule->arg_count; i++) {
		const struct spec_seccomp_arg *arg = &rule->args[i];

		add_number(b, arg->index);
		add_number(b, arg->value);
		add_number(b, arg->value_two);
		add_number(b, (uint64_t)arg->op);
	}
}

static void add_section(struct bytes *b, const struct spec_seccomp *section)
{
	add_number(b, section->default_action);
	add_number(b, section->flags);
	add_number(b, section->arch_count);
	for (size_t i = 0; i < section->arch_count; i++)
		add_number(b, section->archs[i]);
	add_number(b, section->rule_count);
	for (size_t i = 0; i < section->rule_count; i++)
		add_rule(b, &section->rules[i]);
}

int seccomp_key(const struct spec_seccomp *section, char **ret, size_t *ret_length)
{
	struct bytes b = {0};

	add_makers(&b);
	add_section(&b, section);
	if (b.no_memory) {
		free(b.data);
		return -ENOMEM;
	}
	*ret = b.data;
	*ret_length = b.length;
	return 0;
}
