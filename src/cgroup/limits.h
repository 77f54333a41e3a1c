/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside src/cgroup: limits as tables. A row is one field of linux.resources, the file that takes
 * it and the conversion between them; limits_v1.c and limits_v2.c hold the rows, limits.c reads
 * them.
 */
#ifndef CGROUP_LIMITS_H
#define CGROUP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/cgroup.h"

#define CPU_SHARES_MIN	 2
#define CPU_SHARES_MAX	 262144
#define BLKIO_WEIGHT_MIN 10
#define BLKIO_WEIGHT_MAX 1000

struct limit_row;
struct limit_undo;

/* One write. */
struct limit {
	char file[96];
	const char *value; /* points to text, or into the spec; one write for each line */
	char text[192];
};

struct limit_source {
	const struct limit_row *row;
	const struct spec_resources *resources;
	size_t index; /* of a list's entry: 0, 1, ... until the conversion says that there is none
		       */
	int dirfd; /* the cgroup, for what depends on the files that are there; -EBADF: not yet */
};

/*
 * A row's conversion: 1 with @ret filled (@ret->file is the row's unless changed), 0 when the
 * config does not ask for it, a negative errno when what it asks makes no sense.
 */
struct limit_row {
	const char *field;	/* below linux.resources */
	const char *controller; /* "io" stands for v1's blkio too */
	const char *file;
	int (*convert)(const struct limit_source *from, struct limit *ret, struct error *err);
	size_t offset; /* in struct spec_resources, for the conversions that serve many rows */
	const char *refused; /* why this version cannot do it */
	const char *hint;    /* what the kernel most likely means by EINVAL or EBUSY */
	bool optional;	     /* nothing is lost where the kernel has no such file */
};

#define LIMIT_ROW(field_, controller_, file_, convert_, ...)                     \
	{                                                                        \
		.field = (field_), .controller = (controller_), .file = (file_), \
		.convert = (convert_), __VA_ARGS__                               \
	}
#define LIMIT_AT(member) .offset = offsetof(struct spec_resources, member)

extern const struct limit_row limits_v1[], limits_v2[];
extern const size_t limits_v1_count, limits_v2_count;

/* Conversions that serve many rows; @offset tells which optional number or string. */
int limit_int(const struct limit_source *from, struct limit *ret, struct error *err);
int limit_uint(const struct limit_source *from, struct limit *ret, struct error *err);
int limit_bool(const struct limit_source *from, struct limit *ret, struct error *err);
int limit_string(const struct limit_source *from, struct limit *ret, struct error *err);

/* As limit_int and limit_uint, but 0 is "not set", as runc and those who write for it mean it. */
int limit_nonzero_int(const struct limit_source *from, struct limit *ret, struct error *err);
int limit_nonzero_uint(const struct limit_source *from, struct limit *ret, struct error *err);

/* limit_int with "max" for a negative number; _nonzero as above. */
int limit_max(const struct limit_source *from, struct limit *ret, struct error *err);
int limit_nonzero_max(const struct limit_source *from, struct limit *ret, struct error *err);

/* blockIO: a weight in 10..1000 for the whole cgroup, at @offset. */
int limit_weight(const struct limit_source *from, struct limit *ret, struct error *err);

/* limit_weight_device - the from->index'th entry of weightDevice that has a (leaf) weight, which is
 * checked. */
int limit_weight_device(const struct limit_source *from, bool leaf,
			const struct spec_throttle_device **ret_device, struct error *err);

/* The same in a row's own words. */
int limit_format(struct limit *ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool limit_has_file(const struct limit_source *from, const char *file);
int limit_check_range(const struct limit_source *from, uint64_t value, uint64_t min, uint64_t max,
		      struct error *err);

/* limit_check_swap - memory.swap counts memory too, so it cannot be smaller than memory.limit. */
int limit_check_swap(const struct spec_resources *resources, struct error *err);

/* limit_page_size - hugepageLimits[index] has a size as the kernel spells it ("2MB"). */
int limit_check_page_size(const struct limit_source *from, struct error *err);

uint64_t weight_from_cpu_shares(uint64_t shares);
uint64_t weight_from_blkio(uint64_t weight);

/* cgroup_wants_controller - do the resources hold a limit of this v2 controller? */
bool cgroup_wants_controller(const struct spec_resources *resources, const char *controller);

/* linux.resources.unified: the files of v2 by their own names. */
int cgroup_unified_check(const struct cgroup *cg, const struct spec_resources *resources,
			 struct error *err);
int cgroup_unified_apply(const struct cgroup *cg, const struct spec_resources *resources,
			 struct limit_undo *undo, struct error *err);

/*
 * limits_check - all but devices
 * @made: the cgroup is there and holds the container: its own files are looked at
 */
int limits_check(const struct cgroup *cg, const struct spec_resources *resources, bool made,
		 struct error *err);

/* limits_apply - write all but devices. @undo: NULL, or what goes back by limit_undo_all. */
int limits_apply(const struct cgroup *cg, const struct spec_resources *resources,
		 struct limit_undo *undo, struct error *err);

/*
 * What files said before they were written.
 *
 * limit_undo_note - remember what @file of @dirfd must be told for @value to be forgotten; does
 * nothing without @undo. limit_undo_all - tell them, the last one first; 0, or the first failure.
 */
struct limit_undo_entry {
	size_t hierarchy;
	char file[96];
	char *text; /* owned */
};
struct limit_undo {
	size_t count;
	struct limit_undo_entry *entries; /* owned */
};
int limit_undo_note(struct limit_undo *undo, size_t hierarchy, int dirfd, const char *file,
		    const char *value);
int limit_undo_all(const struct cgroup *cg, const struct limit_undo *undo);
void limit_undo_done(struct limit_undo *undo);
#define autoundo __attribute__((cleanup(limit_undo_done))) struct limit_undo

/* limit_present - what a file of one number says now; "max" is INT64_MAX. Negative errno. */
int64_t limit_present(int dirfd, const char *file);

/* limit_write - each line of @value by a write of its own: io.max and its like take one at a time.
 */
int limit_write(int dirfd, const char *file, const char *value);

#endif
