/* SPDX-License-Identifier: Apache-2.0 */
/* linux.timeOffsets (config-linux.md#offset-for-time-namespace). */
#include "spec/sections.h"

#define TIME	   "config-linux.md#offset-for-time-namespace"
#define AT(member) offsetof(struct spec_time_offset, member)

static const struct field offset_fields[] = {
	APPLY("secs", TIME, read_i64, AT(seconds)),
	APPLY("nanosecs", TIME, read_u32, AT(nanoseconds), .max = 999999999),
	{.key = NULL},
};

static int offset_check(struct reader *r, const struct place *at, void *object)
{
	struct spec_time_offset *offset = object;

	(void)r;
	(void)at;
	offset->has = true;
	return 0;
}

/* The two clocks that a time namespace has (time_namespaces(7)). */
const struct field time_offsets_fields[] = {
	APPLY("boottime", TIME, read_object, offsetof(struct spec, boottime_offset),
	      .fields = offset_fields, .check = offset_check),
	APPLY("monotonic", TIME, read_object, offsetof(struct spec, monotonic_offset),
	      .fields = offset_fields, .check = offset_check),
	{.key = NULL},
};
