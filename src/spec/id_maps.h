/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a whole uid or gid map. */
#ifndef SPEC_ID_MAPS_H
#define SPEC_ID_MAPS_H

#include "spec/sections.h"

/* id_maps_check - no two entries may share an ID, inside or outside. */
int id_maps_check(const struct reader *r, const struct place *at, const struct spec_id_map *maps,
		  size_t count);

/* id_maps_hold - whether @id of the container has a counterpart on the host. */
bool id_maps_hold(const struct spec_id_map *maps, size_t count, uint32_t id);

#endif
