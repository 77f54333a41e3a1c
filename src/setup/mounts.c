/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json's mounts, in order, each onto a target that is found or made inside the root.
 * Source: config.md#mounts.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/mount.h"

#include <sys/mount.h>

#define PROC_ROOT_INODE	    1
#define MADE_DIRECTORY_MODE 0755
#define MADE_FILE_MODE	    0644

/* A mount under way: the row of the config, and what its paths were found to be. */
struct mounting {
	const struct setup *s;
	const struct spec *spec;
	const struct spec_mount *m;
	const char *path; /* the destination, cleaned */
	struct mount_change change;
	int source_fd; /* binds: O_PATH on the host */
	bool source_is_directory;
};

bool is_late_readonly(const struct spec_mount *m, const char *path)
{
	return m->kind == MOUNT_FILESYSTEM && (m->flags_set & MS_RDONLY) &&
	       strcmp(path, "/dev") == 0;
}

static bool is_type(const struct spec_mount *m, const char *type)
{
	return m->kind == MOUNT_FILESYSTEM && m->type && strcmp(m->type, type) == 0;
}

/* lxcfs and its like bind files over these; everything else in /proc is the kernel's word. */
static bool may_cover_in_proc(const char *path)
{
	static const char *const files[] = {
		"/proc/net/dev",
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/loadavg",
		"/proc/meminfo",
		"/proc/slabinfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/sys/crypto/fips_enabled",
		"/proc/uptime",
		"/proc/sys/kernel/ns_last_pid",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (strcmp(path, files[i]) == 0)
			return true;
	return false;
}

static bool is_on_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static bool is_proc_root(int fd)
{
	struct stat st;

	return is_on_proc(fd) && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INODE;
}

static int refuse_in_proc(struct error *err)
{
	return error_set(err, ERROR_CONFIG, EPERM, "cannot be mounted because it is inside /proc");
}

/* By name, before anything is made (CVE-2019-16884, CVE-2025-52881). */
static int check_proc_path(const struct mounting *mg, struct error *err)
{
	if (strcmp(mg->path, "/proc") == 0) {
		if (is_type(mg->m, "proc") ||
		    (mg->m->kind == MOUNT_BIND && is_proc_root(mg->source_fd)))
			return 0;
		return error_set(err, ERROR_CONFIG, EPERM,
				 "cannot be mounted because it is not of type proc");
	}
	if (strncmp(mg->path, "/proc/", 6) == 0 && !may_cover_in_proc(mg->path))
		return refuse_in_proc(err);
	return 0;
}

/* By descriptor: the image's links may lead into a procfs that is mounted already. */
static int check_proc_target(const struct mounting *mg, int target_fd, struct error *err)
{
	if (!is_on_proc(target_fd) || may_cover_in_proc(mg->path))
		return 0;
	if (strcmp(mg->path, "/proc") == 0 && is_proc_root(target_fd))
		return 0;
	return refuse_in_proc(err);
}

/* A link in place of /proc or /sys would send what is trusted there elsewhere (CVE-2019-19921). */
static int open_ordinary_directory(const struct mounting *mg, struct error *err)
{
	const char *name;
	autofd parent_fd =
		path_open_parent_in(mg->s->rootfs_fd, mg->path, MADE_DIRECTORY_MODE, &name, err);
	struct stat st;
	int fd;

	if (parent_fd < 0)
		return parent_fd;
	if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return path_make_dir_in(parent_fd, name, MADE_DIRECTORY_MODE, err);
	fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(err, ERROR_CONFIG, ENOTDIR,
				 "filesystem \"%s\" must be mounted on ordinary directory",
				 mg->m->type ? mg->m->type : "bind");
	return fd < 0 ? error_sys(err, "open %s", mg->path) : fd;
}

static int open_target(const struct mounting *mg, struct error *err)
{
	int root_fd = mg->s->rootfs_fd, fd;

	if (is_type(mg->m, "proc") || is_type(mg->m, "sysfs") || strcmp(mg->path, "/proc") == 0)
		return open_ordinary_directory(mg, err);
	if (mg->m->kind != MOUNT_BIND || mg->source_is_directory)
		return path_make_dir_in(root_fd, mg->path, MADE_DIRECTORY_MODE, err);
	fd = path_make_file_in(root_fd, mg->path, MADE_FILE_MODE, err);
	if (fd == -EISDIR)
		return error_set(err, ERROR_CONFIG, EISDIR,
				 "is a directory, but the source %s is not", mg->m->source);
	return fd;
}

static int open_source(struct mounting *mg, struct error *err)
{
	autofree char *path = NULL;
	struct stat st;

	if (!mg->m->source)
		return error_config(err, "bind mount without a source");
	path = path_join(mg->s->bundle, mg->m->source);
	if (!path)
		return error_sys_num(err, ENOMEM, "open %s", mg->m->source);
	mg->source_fd = open(path, O_PATH | O_CLOEXEC);
	if (mg->source_fd < 0 || fstat(mg->source_fd, &st) < 0)
		return error_sys(err, "open source %s", path);
	mg->source_is_directory = S_ISDIR(st.st_mode);
	return 0;
}

static int mount_as_bind(const struct mounting *mg, const struct mount_place *place,
			 struct error *err)
{
	int fd;

	if (mg->m->data && mg->m->data[0])
		return error_config(err, "a bind mount takes no option \"%s\"", mg->m->data);
	fd = mount_bind(mg->s, mg->source_fd, mg->m->recursive_bind, &mg->change, place, err);
	return fd < 0 ? error_in(err, "bind %s", mg->m->source) : fd;
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

static int mount_as_filesystem(const struct mounting *mg, const struct mount_place *place,
			       struct error *err)
{
	const struct mount_filesystem fs = {
		.type = mg->m->type,
		.source = mg->m->source,
		.data = mg->m->data,
		.flags = mg->change.set,
	};
	int fd;

	if (!fs.type)
		return error_config(err, "mount without a type");
	fd = mount_new(mg->s, &fs, place, err);
	if (fd == -EPERM && is_type(mg->m, "sysfs") && !spec_is_new(mg->spec, NAMESPACE_NETWORK))
		return mount_from_host(mg, "/sys", place, err);
	if (fd == -EPERM && is_type(mg->m, "proc") && !spec_is_new(mg->spec, NAMESPACE_PID))
		return mount_from_host(mg, "/proc", place, err);
	return fd;
}

static int mount_at(const struct mounting *mg, const struct mount_place *place, struct error *err)
{
	switch (mg->m->kind) {
	case MOUNT_BIND:
		return mount_as_bind(mg, place, err);
	case MOUNT_CGROUP:
		return mount_cgroups(mg->s, mg->spec, mg->m, place, err);
	default:
		return mount_as_filesystem(mg, place, err);
	}
}

static int mount_onto_target(struct setup *s, struct mounting *mg, struct error *err)
{
	autofd target_fd = -EBADF, fd = -EBADF;
	struct mount_place place = {.root_fd = s->rootfs_fd, .path = mg->path};
	int r;

	r = check_proc_path(mg, err);
	if (r < 0)
		return r;
	target_fd = open_target(mg, err);
	if (target_fd < 0)
		return target_fd;
	r = check_proc_target(mg, target_fd, err);
	if (r < 0)
		return r;
	place.fd = target_fd;
	fd = mount_at(mg, &place, err);
	if (fd < 0)
		return fd;
	return mg->m->propagation ? mount_propagate(s, fd, mg->m->propagation, err) : 0;
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
		.source_fd = -EBADF,
	};
	int r = 0;

	if (!path)
		return error_sys_num(err, ENOMEM, "path");
	if (is_late_readonly(m, path))
		mg.change.set &= ~(unsigned long)MS_RDONLY;
	if (m->kind == MOUNT_BIND)
		r = open_source(&mg, err);
	if (r == 0)
		r = mount_onto_target(s, &mg, err);
	close_keeping_errno(mg.source_fd);
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
