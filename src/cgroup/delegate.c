/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns a v2 cgroup. A container with its own cgroup namespace and a writable cgroup mount may
 * manage what is below its root: the directory and the files that the kernel lists for delegation
 * go to the host's ID of its user. Source: config-linux.md#control-groups, "ownership".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"

#define DELEGATE_LIST "/sys/kernel/cgroup/delegate"

static bool has_writable_mount(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		if (m->kind == MOUNT_CGROUP && !strcmp(m->destination, "/sys/fs/cgroup"))
			return !(m->flags_set & MS_RDONLY);
	}
	return false;
}

/* The host's ID of process.user.uid, or -1 when no mapping holds it. */
static int64_t host_uid(const struct spec *spec)
{
	uint32_t uid = spec->has_process ? spec->process.user.uid : 0;

	for (size_t i = 0; i < spec->uid_map_count; i++) {
		const struct spec_id_map *map = &spec->uid_maps[i];

		if (uid >= map->container_id && uid - map->container_id < map->size)
			return (int64_t)map->host_id + (uid - map->container_id);
	}
	return spec->uid_map_count ? -1 : (int64_t)uid;
}

static int give(int dirfd, const char *file, uid_t uid)
{
	if (fchownat(dirfd, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

int cgroup_delegate(const struct cgroup *cg, const struct spec *spec, struct error *err)
{
	char list[1024] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads", *save = NULL;
	int64_t uid = host_uid(spec);
	autofd dir = -EBADF;
	int r;

	/* No mapping, or joined: the mapping is not in the config, so the owner is not known. */
	if (!cg->host->unified || !cgroup_is_present(cg, 0) ||
	    !spec_is_new(spec, NAMESPACE_CGROUP) || !has_writable_mount(spec) || uid <= 0)
		return 0;
	dir = cgroup_dir_open(cg, 0);
	if (dir < 0)
		return error_sys_num(err, dir, "open cgroup %s", cg->path);
	/* Linux < 4.15 has no such list: the three files above are what it would say. */
	(void)file_read_at(AT_FDCWD, DELEGATE_LIST, list, sizeof(list));
	r = give(dir, ".", (uid_t)uid);
	for (char *file = strtok_r(list, "\n", &save); r == 0 && file;
	     file = strtok_r(NULL, "\n", &save))
		r = give(dir, file, (uid_t)uid);
	if (r < 0 && !cg->tolerant)
		return error_sys_num(err, r, "give cgroup %s to user %lld", cg->path,
				     (long long)uid);
	return 0;
}
