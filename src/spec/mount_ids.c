/* SPDX-License-Identifier: Apache-2.0 */
/* The mappings that podman and crun write into the option itself: "idmap=uids=...;gids=...". */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "spec/id_maps.h"
#include "spec/sections.h"

/* What "uids" or "gids" stands for. */
struct side {
	const char *name;
	const struct spec_id_map *container; /* the container's own maps, for '@' */
	size_t container_count;
	const struct spec_id_map **ret_maps;
	size_t *ret_count;
};

static int parse_number(const char **p, char end, uint32_t *ret)
{
	char *after;
	unsigned long value;

	if (**p < '0' || **p > '9')
		return -EINVAL;
	errno = 0;
	value = strtoul(*p, &after, 10);
	if (errno || value >= UINT32_MAX || *after != end)
		return -EINVAL;
	*p = after + (end != '\0');
	*ret = (uint32_t)value;
	return 0;
}

/* to_host - the container's IDs of @map as the host's; they must lie in one range. */
static int to_host(const struct side *side, struct spec_id_map *map)
{
	for (size_t i = 0; i < side->container_count; i++) {
		const struct spec_id_map *range = &side->container[i];
		uint32_t offset = map->host_id - range->container_id;

		if (map->host_id < range->container_id || offset >= range->size)
			continue;
		if (map->size > range->size - offset)
			return -ERANGE;
		map->host_id = range->host_id + offset;
		return 0;
	}
	return -ERANGE;
}

static int parse_entry(struct reader *r, const struct place *at, const struct side *side,
		       const char *text, struct spec_id_map *map)
{
	bool relative = text[0] == '@';
	const char *p = text + relative;

	if (parse_number(&p, '-', &map->container_id) < 0 ||
	    parse_number(&p, '-', &map->host_id) < 0 || parse_number(&p, '\0', &map->size) < 0 ||
	    map->size == 0)
		return field_error(r, at,
				   "idmap: %s: \"%.40s\" is no mapping such as \"0-1000-10\"",
				   side->name, text);
	if (relative && to_host(side, map) < 0)
		return field_error(r, at,
				   "idmap: %s: \"%.40s\" is not in one range of linux.%.3sMappings",
				   side->name, text, side->name);
	if (map->size > UINT32_MAX - map->container_id || map->size > UINT32_MAX - map->host_id)
		return field_error(r, at, "idmap: %s: \"%.40s\" goes beyond 2^32-2", side->name,
				   text);
	return 0;
}

/* parse_side - "0-1-10#10-11-10"; @text is cut up. */
static int parse_side(struct reader *r, const struct place *at, const struct side *side, char *text)
{
	struct spec_id_map *maps;
	size_t count = 1, i = 0;
	char *entry;

	for (const char *p = text; *p; p++)
		count += *p == '#';
	maps = arena_alloc(r->arena, count, sizeof(*maps));
	if (!maps)
		return field_no_memory(r);
	while ((entry = strsep(&text, "#"))) {
		int rc = parse_entry(r, at, side, entry, &maps[i++]);

		if (rc < 0)
			return rc;
	}
	*side->ret_maps = maps;
	*side->ret_count = count;
	return id_maps_check(r, at, maps, count);
}

static const struct side *find_side(const struct side *sides, const char *part)
{
	for (size_t i = 0; i < 2; i++)
		if (strncmp(part, sides[i].name, 4) == 0 && part[4] == '=')
			return &sides[i];
	return NULL;
}

int mount_ids_parse(struct reader *r, const struct place *at, const char *text,
		    struct spec_mount *m)
{
	const struct spec *spec = r->spec;
	const struct side sides[] = {
		{"uids", spec->uid_maps, spec->uid_map_count, &m->uid_maps, &m->uid_map_count},
		{"gids", spec->gid_maps, spec->gid_map_count, &m->gid_maps, &m->gid_map_count},
	};
	autofree char *copy = strdup(text);
	char *rest = copy, *part;

	if (!copy)
		return field_no_memory(r);
	while ((part = strsep(&rest, ";"))) {
		const struct side *side = find_side(sides, part);
		int rc;

		if (!side || *side->ret_count)
			return field_error(
				r, at, "idmap: \"%.60s\": must be uids=... or gids=..., once each",
				part);
		rc = parse_side(r, at, side, part + 5);
		if (rc < 0)
			return rc;
	}
	if (!m->uid_map_count || !m->gid_map_count)
		return field_error(r, at, "idmap: uids and gids must both be given");
	m->ids = MOUNT_IDS_MAPPED;
	return 0;
}
