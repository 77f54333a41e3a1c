/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's device nodes and the links of /dev. Made by mknod where that is allowed,
 * otherwise the host's nodes are bound. All of it below descriptors found in the root
 * (CVE-2026-41579). Source: config-linux.md#devices, #default-devices,
 * config-linux.md#dev-symbolic-links.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/mount.h"

#define DIRECTORY_MODE 0755

static const struct spec_device default_devices[] = {
	{"/dev/null", 'c', 1, 3, 0666, 0, 0},	 {"/dev/zero", 'c', 1, 5, 0666, 0, 0},
	{"/dev/full", 'c', 1, 7, 0666, 0, 0},	 {"/dev/random", 'c', 1, 8, 0666, 0, 0},
	{"/dev/urandom", 'c', 1, 9, 0666, 0, 0}, {"/dev/tty", 'c', 5, 0, 0666, 0, 0},
};

static const struct {
	const char *name; /* in /dev */
	const char *target;
} dev_links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

static mode_t device_type(const struct spec_device *d)
{
	switch (d->type) {
	case 'b':
		return S_IFBLK;
	case 'p':
		return S_IFIFO;
	default:
		return S_IFCHR;
	}
}

static dev_t device_number(const struct spec_device *d)
{
	return d->type == 'p' ? 0 : makedev((unsigned int)d->major, (unsigned int)d->minor);
}

static bool is_device(int fd, const struct spec_device *d)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == device_type(d) &&
	       (d->type == 'p' || st.st_rdev == device_number(d));
}

/* Through our own procfs, since chmod(2) does not take an O_PATH descriptor. */
static int set_mode(const struct setup *s, int fd, mode_t mode)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "self/fd/%d", fd);
	return fchmodat(s->host_proc_fd, path, mode, 0) < 0 ? -errno : 0;
}

/* User namespaces never allow mknod of devices; some privileged places do not either. */
static bool binds_devices(const struct setup *s, const struct spec *spec)
{
	return s->unprivileged || spec->namespaces[NAMESPACE_USER].wanted;
}

/* "/dev" bound from somewhere is that place's own business. */
static bool is_dev_bound(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const char *path = spec->mounts[i].destination;

		if (spec->mounts[i].kind == MOUNT_BIND &&
		    (strcmp(path, "/dev") == 0 || strcmp(path, "/dev/") == 0))
			return true;
	}
	return false;
}

/* A node that the image brought along: the one asked for, so it gets mode and owner. */
static int adopt_node(const struct setup *s, const struct spec_device *d, int fd, struct error *err)
{
	int r;

	if (fchownat(fd, "", d->uid, d->gid, AT_EMPTY_PATH) < 0)
		return error_sys(err, "chown");
	r = set_mode(s, fd, d->mode);
	return r < 0 ? error_sys_num(err, r, "chmod") : 0;
}

static int make_node(const struct spec_device *d, int parent_fd, const char *name)
{
	mode_t saved = umask(0);
	int r = mknodat(parent_fd, name, device_type(d) | d->mode, device_number(d));

	if (r < 0)
		r = -errno;
	(void)umask(saved);
	if (r == 0 && (d->uid || d->gid) &&
	    fchownat(parent_fd, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	return r;
}

/* The host's node of the same number: at the same path, or where udev lists it by number. */
static int open_host_node(const struct spec_device *d, struct error *err)
{
	char by_number[64];
	const char *const paths[] = {d->path, by_number};

	(void)snprintf(by_number, sizeof(by_number), "/dev/%s/%jd:%jd",
		       d->type == 'b' ? "block" : "char", (intmax_t)d->major, (intmax_t)d->minor);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		autofd fd = open(paths[i], O_PATH | O_CLOEXEC);

		if (fd >= 0 && is_device(fd, d))
			return take_fd(&fd);
	}
	return error_set(err, ERROR_SYSTEM, ENODEV, "the host has no device %c %jd:%jd to bind",
			 d->type, (intmax_t)d->major, (intmax_t)d->minor);
}

static int bind_node(const struct setup *s, const struct spec *spec, const struct spec_device *d,
		     const struct mount_place *place, struct error *err)
{
	const struct mount_change keep = {0};
	autofd host_fd = -EBADF, fd = -EBADF;

	if (!has_mount_namespace(spec))
		return error_sys_num(err, EPERM, "mknod");
	host_fd = open_host_node(d, err);
	if (host_fd < 0)
		return host_fd;
	fd = mount_bind(s, host_fd, false, &keep, place, err);
	return fd < 0 ? fd : 0;
}

static bool is_empty_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

/* What is at the path now: the device itself, a file to bind it on, or in the way. */
static int use_existing(const struct setup *s, const struct spec *spec, const struct spec_device *d,
			int parent_fd, const char *name, struct error *err)
{
	autofd fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const struct mount_place place = {.root_fd = parent_fd, .path = name, .fd = fd};
	bool binds = binds_devices(s, spec);

	if (fd < 0)
		return error_sys(err, "open");
	if (is_device(fd, d))
		return binds || is_dev_bound(spec) ? 0 : adopt_node(s, d, fd, err);
	if (binds && is_empty_file(fd))
		return bind_node(s, spec, d, &place, err);
	return error_set(err, ERROR_SYSTEM, EEXIST, "exists and is not the device %c %jd:%jd",
			 d->type, (intmax_t)d->major, (intmax_t)d->minor);
}

static int make_device(const struct setup *s, const struct spec *spec, const struct spec_device *d,
		       struct error *err)
{
	const char *name;
	autofd parent_fd = path_open_parent_in(s->rootfs_fd, d->path, DIRECTORY_MODE, &name, err);
	int r;

	if (parent_fd < 0)
		return parent_fd;
	if (binds_devices(s, spec) && d->type != 'p')
		r = mknodat(parent_fd, name, S_IFREG, 0) < 0 && errno != EEXIST ? -errno : -EEXIST;
	else
		r = make_node(d, parent_fd, name);
	if (r == -EEXIST)
		return use_existing(s, spec, d, parent_fd, name, err);
	return r < 0 ? error_sys_num(err, r, "mknod") : 0;
}

static bool is_listed(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->device_count; i++)
		if (strcmp(spec->devices[i].path, path) == 0)
			return true;
	return false;
}

/* A link that is there already was put there by the image or a mount, and stays. */
static int link_dev(int dev_fd, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_links); i++)
		if (symlinkat(dev_links[i].target, dev_fd, dev_links[i].name) < 0 &&
		    errno != EEXIST)
			return error_sys(err, "link /dev/%s", dev_links[i].name);
	return 0;
}

/* An image's own ptmx would give the host's terminals: only the container's devpts may answer. */
static int link_ptmx(int dev_fd, struct error *err)
{
	if (unlinkat(dev_fd, "ptmx", 0) < 0 && errno != ENOENT)
		return error_sys(err, "remove /dev/ptmx");
	return symlinkat("pts/ptmx", dev_fd, "ptmx") < 0 ? error_sys(err, "link /dev/ptmx") : 0;
}

static int make_defaults(const struct setup *s, const struct spec *spec, struct error *err)
{
	autofd dev_fd = path_make_dir_in(s->rootfs_fd, "/dev", DIRECTORY_MODE, err);
	int r;

	if (dev_fd < 0)
		return dev_fd;
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		const struct spec_device *d = &default_devices[i];

		if (!is_listed(spec, d->path) && make_device(s, spec, d, err) < 0)
			return error_in(err, "%s", d->path);
	}
	r = link_dev(dev_fd, err);
	if (r == 0 && !is_listed(spec, "/dev/ptmx"))
		r = link_ptmx(dev_fd, err);
	return r;
}

int setup_devices(struct setup *s, const struct spec *spec, struct error *err)
{
	int r = is_dev_bound(spec) ? 0 : make_defaults(s, spec, err);

	for (size_t i = 0; r == 0 && i < spec->device_count; i++) {
		r = make_device(s, spec, &spec->devices[i], err);
		if (r < 0)
			return error_in(err, "%s", spec->devices[i].path);
	}
	return r;
}
