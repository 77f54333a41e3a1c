/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses now, in the shape that `runc events --stats` gave it (types/events.go). */
#ifndef CGROUP_STATS_H
#define CGROUP_STATS_H

#include "base/json.h"
#include "cgroup/cgroup.h"

/*
 * cgroup_stats - read everything that the container's cgroups tell
 * @ret: the object "data", owned by the caller (cJSON_Delete)
 *
 * The objects that runc always prints are always there; a number that this host does not know is
 * not, and neither is a 0 where runc leaves it out. Nanoseconds and bytes. -EOPNOTSUPP: a container
 * without a cgroup; -ENOENT: the cgroup is gone.
 */
int cgroup_stats(const struct cgroup *cg, cJSON **ret, struct error *err);

#endif
