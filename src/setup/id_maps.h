/* SPDX-License-Identifier: Apache-2.0 */
/* User namespace mappings and time offsets: written by the host side, before init goes on. */
#ifndef SETUP_ID_MAPS_H
#define SETUP_ID_MAPS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "spec/spec.h"

/*
 * id_maps_write - give the new user namespace of @pid the maps of @spec
 * @privileged: this process has CAP_SETUID and CAP_SETGID over the ids on the host
 *
 * Without privilege, a map of one's own single id is written directly (with setgroups denied, as
 * the kernel demands for a gid map), anything else by newuidmap and newgidmap.
 * Returns 0 or a negative errno.
 */
int id_maps_write(pid_t pid, const struct spec *spec, bool privileged, struct error *err);

/* The maps of a user namespace; borrowed. */
struct id_maps {
	const struct spec_id_map *uid_maps;
	size_t uid_map_count;
	const struct spec_id_map *gid_maps;
	size_t gid_map_count;
};

/*
 * id_maps_new_namespace - a user namespace without processes, for mounts whose IDs it maps
 * @privileged: as for id_maps_write
 * Returns its descriptor, or a negative errno. It is made in a child that is gone when we return.
 */
int id_maps_new_namespace(const struct id_maps *maps, bool privileged, struct error *err);

/* id_maps_deny_setgroups - whether id_maps_write() denies setgroups(2) in the namespace. */
bool id_maps_deny_setgroups(const struct spec *spec, bool privileged);

/*
 * time_offsets_write - offsets of the time namespace that this process has just unshared
 * Must come before the first process enters it. Returns 0 or a negative errno.
 */
int time_offsets_write(const struct spec *spec, struct error *err);

#endif
