/* SPDX-License-Identifier: Apache-2.0 */
/* linux.uidMappings and gidMappings (config-linux.md#user-namespace-mappings). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "spec/id_maps.h"

#define MAPPINGS   "config-linux.md#user-namespace-mappings"
#define AT(member) offsetof(struct spec_id_map, member)

/* The kernel's limit (user_namespaces(7)). */
#define LINES_MAX 340

const struct field id_map_fields[] = {
	APPLY("containerID", MAPPINGS, read_id, AT(container_id), .required = true),
	APPLY("hostID", MAPPINGS, read_id, AT(host_id), .required = true),
	APPLY("size", MAPPINGS, read_u32, AT(size), .required = true, .min = 1, .max = UINT32_MAX),
	{.key = NULL},
};

int id_map_check(struct reader *r, const struct place *at, void *object)
{
	const struct spec_id_map *map = object;
	uint32_t first = map->container_id > map->host_id ? map->container_id : map->host_id;

	/* 2^32-1 is no ID, so the last one may be 2^32-2. */
	if (map->size > UINT32_MAX - first)
		return field_error(r, MEMBER(at, "size"), "the range goes beyond 2^32-2");
	return 0;
}

struct range {
	uint32_t first, size;
	size_t index;
};

static int range_order(const void *a, const void *b)
{
	const struct range *left = a, *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

static int check_side(const struct reader *r, const struct place *at, struct range *ranges,
		      size_t count, const char *side)
{
	qsort(ranges, count, sizeof(*ranges), range_order);
	for (size_t i = 1; i < count; i++) {
		const struct range *before = &ranges[i - 1], *range = &ranges[i];

		if (range->first - before->first < before->size)
			return field_error(r, ELEMENT(at, range->index),
					   "overlaps entry %zu on the %s's side", before->index,
					   side);
	}
	return 0;
}

int id_maps_check(const struct reader *r, const struct place *at, const struct spec_id_map *maps,
		  size_t count)
{
	struct range ranges[LINES_MAX];
	int rc;

	if (count > LINES_MAX)
		return field_error(r, at, "must not have more than %d entries", LINES_MAX);
	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct range){maps[i].container_id, maps[i].size, i};
	rc = check_side(r, at, ranges, count, "container");
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct range){maps[i].host_id, maps[i].size, i};
	return check_side(r, at, ranges, count, "host");
}

bool id_maps_hold(const struct spec_id_map *maps, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size)
			return true;
	}
	return false;
}
