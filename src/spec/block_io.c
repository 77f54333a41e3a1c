/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.blockIO (config-linux.md#block-io). */
#include "spec/sections.h"

#define BLOCK_IO       "config-linux.md#block-io"
#define AT(member)     offsetof(struct spec_resources, block_io.member)
#define DEVICE(member) offsetof(struct spec_throttle_device, member)

/* 0 is Docker's way to say nothing; the kernel takes 10 to 1000. */
static int read_weight(struct reader *r, const struct place *at, const struct field *f,
		       const cJSON *item, void *base)
{
	struct optional_u64 *target = field_target(f, base);
	uint64_t weight = 0;
	int rc = field_uint(r, at, item, 1000, &weight);

	if (rc < 0)
		return rc;
	if (weight > 0 && weight < 10)
		return field_error(r, at, "must be from 10 to 1000, not %s", item->valuestring);
	*target = (struct optional_u64){weight != 0, weight};
	return 0;
}

static const struct field weight_fields[] = {
	APPLY("major", BLOCK_IO, read_i64, DEVICE(major), .required = true, .max = UINT32_MAX),
	APPLY("minor", BLOCK_IO, read_i64, DEVICE(minor), .required = true, .max = UINT32_MAX),
	APPLY("weight", BLOCK_IO, read_weight, DEVICE(weight)),
	APPLY("leafWeight", BLOCK_IO, read_weight, DEVICE(leaf_weight)),
	{.key = NULL},
};

static const struct field throttle_fields[] = {
	APPLY("major", BLOCK_IO, read_i64, DEVICE(major), .required = true, .max = UINT32_MAX),
	APPLY("minor", BLOCK_IO, read_i64, DEVICE(minor), .required = true, .max = UINT32_MAX),
	APPLY("rate", BLOCK_IO, read_u64, DEVICE(rate), .required = true),
	{.key = NULL},
};

#define DEVICES(name, table, list, number)                               \
	APPLY(name, BLOCK_IO, read_objects, AT(list), .fields = (table), \
	      .size = sizeof(struct spec_throttle_device), .count_offset = AT(number))
#define THROTTLE(name, kind) DEVICES(name, throttle_fields, throttles[kind], throttle_count[kind])

const struct field block_io_fields[] = {
	APPLY("weight", BLOCK_IO, read_weight, AT(weight)),
	APPLY("leafWeight", BLOCK_IO, read_weight, AT(leaf_weight)),
	DEVICES("weightDevice", weight_fields, weight_devices, weight_device_count),
	THROTTLE("throttleReadBpsDevice", THROTTLE_READ_BPS),
	THROTTLE("throttleWriteBpsDevice", THROTTLE_WRITE_BPS),
	THROTTLE("throttleReadIOPSDevice", THROTTLE_READ_IOPS),
	THROTTLE("throttleWriteIOPSDevice", THROTTLE_WRITE_IOPS),
	{.key = NULL},
};
