/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of type cgroup and cgroup2. On a unified host, and for cgroup2 anywhere: one hierarchy at
 * the destination. On v1 and hybrid hosts: a tmpfs with a directory for each hierarchy.
 *
 * With a cgroup namespace the hierarchies are mounted afresh and begin at the container's own
 * cgroup. Without one that same cgroup is bound from the host: a fresh mount would show the host's
 * whole tree, and cgroup2 takes 10 ms to mount from the initial namespace. Source:
 * config-linux.md#default-filesystems, cgroup_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/mount.h"

#include <sys/mount.h>

#define DIRECTORY_MODE 0755

static bool has_cgroup_namespace(const struct spec *spec)
{
	return spec->namespaces[NAMESPACE_CGROUP].wanted;
}

/*
 * Without a cgroup namespace of its own, a container whose root is not the host's gets them
 * read-only even unasked (CVE-2023-25809).
 */
static struct mount_change cgroup_flags(const struct setup *s, const struct spec *spec,
					const struct spec_mount *m)
{
	struct mount_change change = {.set = m->flags_set, .clear = m->flags_clear};

	if (!has_cgroup_namespace(spec) &&
	    (s->unprivileged || spec->namespaces[NAMESPACE_USER].wanted)) {
		change.set |= MS_RDONLY;
		change.clear &= ~(unsigned long)MS_RDONLY;
	}
	return change;
}

static int bind_view(const struct setup *s, const struct cgroup_view *view,
		     const struct mount_change *change, const struct mount_place *place,
		     struct error *err)
{
	autofd fd = open(view->host_path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "open %s", view->host_path);
	fd = mount_bind(s, fd, true, change, place, err);
	return fd < 0 ? error_in(err, "bind %s", view->host_path) : take_fd(&fd);
}

/* @view may be NULL for cgroup2 in a cgroup namespace, which needs no path. */
static int mount_view(const struct setup *s, const struct spec *spec,
		      const struct cgroup_view *view, const struct mount_change *change,
		      const struct mount_place *place, struct error *err)
{
	const struct mount_filesystem fs = {
		.type = view && view->data ? "cgroup" : "cgroup2",
		.source = "cgroup",
		.data = view ? view->data : NULL,
		.flags = change->set,
	};
	int fd;

	if (!has_cgroup_namespace(spec))
		return bind_view(s, view, change, place, err);
	fd = mount_new(s, &fs, place, err);
	/* A user namespace may not mount where the host's own mount is partly covered. */
	if ((fd == -EPERM || fd == -EBUSY) && view)
		fd = bind_view(s, view, change, place, err);
	return fd;
}

/* "cpu,cpuacct" is also looked for as cpu and as cpuacct. */
static int link_controllers(int tmpfs_fd, const char *name, struct error *err)
{
	const char *p = name;

	while (strchr(name, ',') && *p) {
		size_t length = strcspn(p, ",");
		autofree char *controller = strndup(p, length);

		if (!controller)
			return error_sys_num(err, ENOMEM, "link %s", name);
		if (symlinkat(name, tmpfs_fd, controller) < 0 && errno != EEXIST)
			return error_sys(err, "link %s to %s", controller, name);
		p += length + (p[length] == ',');
	}
	return 0;
}

static int mount_below(const struct setup *s, const struct spec *spec,
		       const struct cgroup_view *view, const struct mount_change *change,
		       int tmpfs_fd, struct error *err)
{
	autofd target_fd = path_make_dir_in(tmpfs_fd, view->name, DIRECTORY_MODE, err);
	const struct mount_place place = {.root_fd = tmpfs_fd, .path = view->name, .fd = target_fd};
	autofd fd = -EBADF;

	if (target_fd < 0)
		return target_fd;
	fd = mount_view(s, spec, view, change, &place, err);
	if (fd == -ENOENT) /* no cgroup of ours in this hierarchy: nothing to see there */
		return 0;
	if (fd < 0)
		return error_in(err, "%s", view->name);
	return link_controllers(tmpfs_fd, view->name, err);
}

static int mount_all_below_tmpfs(const struct setup *s, const struct spec *spec,
				 const struct mount_change *change, const struct mount_place *place,
				 struct error *err)
{
	const struct mount_change readonly = {.set = MS_RDONLY};
	const struct mount_filesystem tmpfs = {
		.type = "tmpfs",
		.data = "mode=755",
		.flags = change->set & ~(unsigned long)MS_RDONLY,
	};
	autofd fd = mount_new(s, &tmpfs, place, err);
	int r;

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < s->cgroup_view_count; i++) {
		r = mount_below(s, spec, &s->cgroup_views[i], change, fd, err);
		if (r < 0)
			return r;
	}
	/* Without a cgroup of its own there is nothing to see: an empty directory, and read-only.
	 */
	if ((change->set & MS_RDONLY) || s->cgroup_view_count == 0) {
		r = mount_alter(s, fd, &readonly, err);
		if (r < 0)
			return r;
	}
	return take_fd(&fd);
}

/* The view of cgroup2: the only one on a unified host, "unified" on a hybrid one; or NULL. */
static const struct cgroup_view *unified_view(const struct setup *s)
{
	for (size_t i = 0; i < s->cgroup_view_count; i++)
		if (!s->cgroup_views[i].data)
			return &s->cgroup_views[i];
	return NULL;
}

int mount_cgroups(const struct setup *s, const struct spec *spec, const struct spec_mount *m,
		  const struct mount_place *place, struct error *err)
{
	const struct cgroup_view *unified = unified_view(s);
	const struct mount_change change = cgroup_flags(s, spec, m);
	bool wants_cgroup2 = m->type && strcmp(m->type, "cgroup2") == 0;

	if (m->data && m->data[0])
		return error_config(err, "a %s mount has no option \"%s\"", m->type, m->data);
	if (!s->cgroup_v2 && !wants_cgroup2)
		return mount_all_below_tmpfs(s, spec, &change, place, err);
	if (unified || has_cgroup_namespace(spec))
		return mount_view(s, spec, unified, &change, place, err);
	if (s->cgroup_view_count > 0)
		return error_config(err, "this host has no cgroup2 hierarchy");
	return mount_all_below_tmpfs(s, spec, &change, place, err);
}
