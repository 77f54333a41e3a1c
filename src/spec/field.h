/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table reader: a row per key of config.json says where its value goes, whether it must be
 * there, what becomes of it, and which section of the runtime-spec asks for it. `features`,
 * doc/spec-coverage.md and the readers all work from the same rows.
 */
#ifndef SPEC_FIELD_H
#define SPEC_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "spec/arena.h"
#include "spec/spec.h"

enum field_status {
	APPLIED, /* some step uses it */
	REFUSED, /* known to the spec; present means an error that names it */
	IGNORED, /* read by nobody: documented as without effect on Linux */
};

/* Where a value stands in the document; lives on the stack of the functions that walk it. */
struct place {
	const struct place *up; /* NULL: member of the document itself */
	const char *key;	/* NULL: element of an array */
	size_t index;
	bool quoted; /* the key is the user's own word: annotations["a.b"] */
};

#define MEMBER(at, name)    (&(struct place){.up = (at), .key = (name)})
#define ELEMENT(at, number) (&(struct place){.up = (at), .index = (number)})
#define ENTRY(at, name)	    (&(struct place){.up = (at), .key = (name), .quoted = true})

/* One pass over one document. */
struct reader {
	const char *name; /* stands for the file in error texts */
	struct arena *arena;
	struct spec *spec;
	struct error *err;
	bool quiet; /* a later reading, of the copy: create has warned */
};

struct field;

/* A reader of one kind of value: checks @item and stores it at @f->offset in the struct @base. */
typedef int field_reader(struct reader *r, const struct place *at, const struct field *f,
			 const cJSON *item, void *base);

/* What remains to be checked, or worked out, when all members of one object have been read. */
typedef int field_check(struct reader *r, const struct place *at, void *object);

struct field {
	const char *key;
	enum field_status status;
	const char *anchor; /* section of the runtime-spec: "config.md#user" */
	field_reader *read;
	size_t offset;
	bool required;
	bool unless_empty; /* REFUSED, but "", [] and {} ask for nothing and count as absent */
	/* read_object, read_objects: the members of the object, or of each object in the array. */
	const struct field *fields;
	field_check *check;
	/* read_objects: size of one element, and where their count goes. */
	size_t size, count_offset;
	/* Integers: a range narrower than the type's. Both 0: none. */
	int64_t min, max;
};

/* Rows. APPLY(key, anchor, reader, offset, .more = ...). */
#define APPLY(name, section, reader, at, ...)                                            \
	{                                                                                \
		.key = (name), .status = APPLIED, .anchor = (section), .read = (reader), \
		.offset = (at), ##__VA_ARGS__                                            \
	}
#define REFUSE(name, section)                                         \
	{                                                             \
		.key = (name), .status = REFUSED, .anchor = (section) \
	}
#define REFUSE_UNLESS_EMPTY(name, section)                                                  \
	{                                                                                   \
		.key = (name), .status = REFUSED, .anchor = (section), .unless_empty = true \
	}
#define IGNORE(name, section)                                         \
	{                                                             \
		.key = (name), .status = IGNORED, .anchor = (section) \
	}

/* ---- reading: each returns 0, or a negative errno with the error set ---- */

/* field_error - "NAME: PLACE: <text>", ERROR_CONFIG; control characters are shown as '?'. */
int field_error(const struct reader *r, const struct place *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* field_warning - the same for what is no error, to the log. */
void field_warning(const struct reader *r, const struct place *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* field_no_memory - -ENOMEM with the error set. */
int field_no_memory(const struct reader *r);

/* field_wrong_type - "must be <wanted>, not <what it is>". */
int field_wrong_type(const struct reader *r, const struct place *at, const char *wanted,
		     const cJSON *item);

/*
 * field_read_members - every member of the object @item by its row, then look for missing ones
 * Unknown keys are ignored; null counts as absent, as Go's writers mean it. @at: NULL for the
 * document.
 */
int field_read_members(struct reader *r, const struct place *at, const cJSON *item,
		       const struct field *fields, void *base);

field_reader read_bool, read_optional_bool;
field_reader read_string;  /* any text; "" counts as absent */
field_reader read_text;	   /* not empty */
field_reader read_path;	   /* absolute */
field_reader read_strings; /* struct string_list of any texts */
field_reader read_paths;   /* struct string_list of absolute paths */
field_reader read_env;	   /* NAME=value; of two with one name the later stays */
field_reader read_u16, read_u32, read_u64, read_i64;
field_reader read_id; /* uint32_t; 2^32-1 means "no id" to the kernel and is refused */
field_reader read_optional_u64, read_optional_i64;
field_reader read_object, read_objects;

/* field_string, field_int, field_uint - one value for readers that need more than a row says. */
int field_string(const struct reader *r, const struct place *at, const cJSON *item,
		 const char **ret);
int field_int(const struct reader *r, const struct place *at, const cJSON *item, int64_t min,
	      int64_t max, int64_t *ret);
int field_uint(const struct reader *r, const struct place *at, const cJSON *item, uint64_t max,
	       uint64_t *ret);

/* field_pairs - an object of strings; @ret_count counts them. The keys are never empty. */
int field_pairs(struct reader *r, const struct place *at, const cJSON *item, struct spec_pair **ret,
		size_t *ret_count);

/* env_check - NAME=value? env_unique - of entries with one name only the last stays, in place. */
int env_check(const struct reader *r, const struct place *at, const char *text);
int env_unique(struct reader *r, struct string_list *env);

/* field_target - where a row's value goes. */
static inline void *field_target(const struct field *f, void *base)
{
	return (char *)base + f->offset;
}

/* ---- words that stand for numbers ---- */

struct word {
	const char *text; /* NULL ends the table */
	uint64_t value;
	enum field_status status;
};

/* word_find - the row of @text, or NULL. */
const struct word *word_find(const struct word *words, const char *text);

/* field_word - a string that must be in the table and not refused there; @kind: "action". */
int field_word(const struct reader *r, const struct place *at, const cJSON *item,
	       const struct word *words, const char *kind, uint64_t *ret);

/* ---- the tables as data ---- */

/* A key as doc/spec-coverage.md lists it. */
struct field_row {
	const char *path; /* "process.user.uid", "mounts[].destination"; only during the call */
	enum field_status status;
	const char *anchor;
};

/*
 * field_visit - call @visit for every key that the tables hold, parents first, in their order
 * Stops at, and returns, the first result that is not 0.
 */
int field_visit(int (*visit)(const struct field_row *row, void *data), void *data);

#endif
