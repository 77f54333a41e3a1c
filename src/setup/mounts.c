/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json's mounts, in order, each onto its target (mount_target.c).
 * Source: config.md#mounts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/mount.h"

#include <sys/mount.h>

bool is_late_readonly(const struct spec_mount *m, const char *path)
{
	bool readonly = (m->flags_set | m->recursive_set) & MS_RDONLY;

	return readonly && (m->kind == MOUNT_FILESYSTEM || m->kind == MOUNT_REMOUNT) &&
	       strcmp(path, "/dev") == 0;
}

/*
 * A user namespace may mount these only when it owns the namespace they show; what it shares with
 * the host it may see as the host shows it. All below as read-only as asked, lest the host's
 * cgroups be writable there (CVE-2023-25809).
 */
static int mount_from_host(const struct mounting *mg, const char *host_path,
			   const struct mount_place *place, struct error *err)
{
	struct mount_change change = mg->change;
	autofd fd = open(host_path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "open %s", host_path);
	change.recursive = true;
	return mount_bind(mg->s, fd, true, &change, place, err);
}

static bool has_mode(const char *data)
{
	while (data && strncmp(data, "mode=", 5) != 0) {
		data = strchr(data, ',');
		data = data ? data + 1 : NULL;
	}
	return data;
}

/* As runc and crun: a tmpfs whose options give no mode has that of the directory it covers. */
static bool is_inheriting(const struct spec_mount *m)
{
	return mounting_is_type(m, "tmpfs") && (m->extras & MOUNT_COPY_UP || !has_mode(m->data));
}

/* procfs and sysfs have the policy's own labels, and take no others. */
static bool is_labelled(const struct mounting *mg)
{
	return mg->spec->mount_label && !mounting_is_type(mg->m, "proc") &&
	       !mounting_is_type(mg->m, "sysfs");
}

/* The options as config.json has them, and before them what it leaves to us. */
static int complete_data(const struct mounting *mg, int covered_fd, char **ret_data,
			 struct error *err)
{
	const char *type = mg->spec->annotated.mount_context_type;
	const char *label = is_labelled(mg) ? mg->spec->mount_label : "";
	const char *data = mg->m->data ? mg->m->data : "";
	char mode[16] = "";
	struct stat st;

	if (mg->inherits && !has_mode(mg->m->data)) {
		if (fstat(covered_fd, &st) < 0)
			return error_sys(err, "stat");
		(void)snprintf(mode, sizeof(mode), "mode=%04o,", st.st_mode & 07777);
	}
	if (!mode[0] && !label[0])
		return 0;
	if (asprintf(ret_data, "%s%s%s%s%s%s", mode, label[0] ? type ? type : "context" : "",
		     label[0] ? "=\"" : "", label, label[0] ? "\"," : "", data) < 0)
		return error_sys_num(err, ENOMEM, "mount options");
	return 0;
}

/* What is to be filled cannot be read-only from the beginning. */
static int fill_tmpfs(const struct mounting *mg, int covered_fd, int mount_fd, struct error *err)
{
	const struct mount_change readonly = {.set = MS_RDONLY};
	int r = mount_copy_up(mg->s, covered_fd, mount_fd, err);

	if (r == 0 && mg->change.set & MS_RDONLY)
		r = mount_alter(mg->s, mount_fd, &readonly, err);
	return r;
}

static int mount_as_filesystem(const struct mounting *mg, const struct mount_place *place,
			       struct error *err)
{
	autofree char *data = NULL;
	bool copies_up = mg->m->extras & MOUNT_COPY_UP;
	struct mount_filesystem fs = {
		.type = mg->m->type,
		.source = mg->m->source,
		.data = mg->m->data,
		.flags = mg->change.set & ~(copies_up ? (unsigned long)MS_RDONLY : 0),
	};
	autofd fd = -EBADF;
	int r;

	if (!fs.type)
		return error_config(err, "mount without a type");
	r = complete_data(mg, place->fd, &data, err);
	if (r < 0)
		return r;
	fs.data = data ? data : fs.data;
	fd = mount_new(mg->s, &fs, place, err);
	if (fd == -EPERM && mounting_is_type(mg->m, "sysfs") &&
	    !spec_is_new(mg->spec, NAMESPACE_NETWORK))
		return mount_from_host(mg, "/sys", place, err);
	if (fd == -EPERM && mounting_is_type(mg->m, "proc") &&
	    !spec_is_new(mg->spec, NAMESPACE_PID))
		return mount_from_host(mg, "/proc", place, err);
	if (fd >= 0 && copies_up && mg->inherits)
		r = fill_tmpfs(mg, place->fd, fd, err);
	return r < 0 ? r : take_fd(&fd);
}

/* As mount(8): with "bind" the flags of the mount, without it those of the file system as well. */
static int remount(const struct mounting *mg, const struct mount_place *place, struct error *err)
{
	const struct mount_filesystem fs = {
		.type = mg->m->type,
		.source = mg->m->source,
		.data = mg->m->data,
		.flags = mg->change.set,
	};
	int r = mg->m->extras & MOUNT_ONLY_FLAGS ? mount_alter(mg->s, place->fd, &mg->change, err)
						 : mount_again(mg->s, &fs, place, err);

	return r < 0 ? r : fcntl(place->fd, F_DUPFD_CLOEXEC, 0);
}

static int mount_at(const struct mounting *mg, const struct mount_place *place, struct error *err)
{
	switch (mg->m->kind) {
	case MOUNT_BIND:
		return bind_mount(mg, place, err);
	case MOUNT_CGROUP:
		return mount_cgroups(mg->s, mg->spec, mg->m, place, err);
	case MOUNT_REMOUNT:
		return remount(mg, place, err);
	default:
		return mount_as_filesystem(mg, place, err);
	}
}

static bool has_change(const struct mount_change *change)
{
	return change->set || change->clear;
}

static int mount_onto_target(struct mounting *mg, struct error *err)
{
	autofd target_fd = mounting_open_target(mg, err), fd = -EBADF;
	struct mount_place place = {.root_fd = mg->s->rootfs_fd, .path = mg->path, .fd = target_fd};
	int r = 0;

	if (target_fd < 0)
		return target_fd;
	if (mg->parent_fd >= 0) {
		place.root_fd = mg->parent_fd;
		place.path = strrchr(mg->path, '/') + 1;
	}
	place.nofollow = mg->parent_fd >= 0 || mg->source_is_link;
	fd = mount_at(mg, &place, err);
	if (fd < 0)
		return fd;
	/* Those of a bind are in place before anybody can see it. */
	if (has_change(&mg->recursive_change) && mg->m->kind != MOUNT_BIND)
		r = mount_alter(mg->s, fd, &mg->recursive_change, err);
	if (r == 0 && mg->m->propagation)
		r = mount_propagate(mg->s, fd, mg->m->propagation, err);
	return r;
}

static int mount_one(struct setup *s, const struct spec *spec, const struct spec_mount *m,
		     struct error *err)
{
	autofree char *path = path_clean(m->destination);
	struct mounting mg = {
		.s = s,
		.spec = spec,
		.m = m,
		.path = path,
		.change = {.set = m->flags_set, .clear = m->flags_clear},
		.recursive_change = {.set = m->recursive_set,
				     .clear = m->recursive_clear,
				     .recursive = true},
		.inherits = is_inheriting(m),
		.source_fd = -EBADF,
		.parent_fd = -EBADF,
	};
	int r = 0;

	if (!path)
		return error_sys_num(err, ENOMEM, "path");
	if (is_late_readonly(m, path)) {
		mg.change.set &= ~(unsigned long)MS_RDONLY;
		mg.recursive_change.set &= ~(unsigned long)MS_RDONLY;
	}
	if (m->kind == MOUNT_BIND)
		r = bind_open_source(&mg, err);
	if (r == 0)
		r = bind_is_link_to_copy(&mg) ? mounting_copy_link(&mg, err)
					      : mount_onto_target(&mg, err);
	close_keeping_errno(mg.source_fd);
	close_keeping_errno(mg.parent_fd);
	return r;
}

int setup_mounts(struct setup *s, const struct spec *spec, struct error *err)
{
	if (spec->mount_count > 0 && !has_mount_namespace(spec))
		return error_config(err, "mounts need a mount namespace in linux.namespaces");
	for (size_t i = 0; i < spec->mount_count; i++)
		if (mount_one(s, spec, &spec->mounts[i], err) < 0)
			return error_in(err, "%s", spec->mounts[i].destination);
	return 0;
}
