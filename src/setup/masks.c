/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that the container must not read, or not write. Only a missing path is passed over; any
 * other failure fails the container (CVE-2025-31133).
 * Source: config-linux.md#masked-paths, #readonly-paths.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/mount.h"

#include <sys/mount.h>

static int need_mount_namespace(const struct spec *spec, const struct string_list *paths,
				const char *field, struct error *err)
{
	if (paths->count == 0 || has_mount_namespace(spec))
		return 0;
	return error_config(err, "%s needs a mount namespace", field);
}

/*
 * The first directory gets an empty tmpfs, the others show the same one: *@shared_fd is its root.
 * By the place and not by a detached mount, which could not be copied before Linux 6.15.
 */
static int mask_directory(struct setup *s, const struct mount_place *place, int *shared_fd,
			  struct error *err)
{
	static const struct mount_filesystem empty = {
		.type = "tmpfs",
		.data = "mode=0555,nr_blocks=1,nr_inodes=1",
		.flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
	};
	static const struct mount_change readonly = {.set = MS_RDONLY | MS_NOSUID | MS_NODEV |
							    MS_NOEXEC};
	int fd;

	if (*shared_fd < 0) {
		*shared_fd = mount_new(s, &empty, place, err);
		return *shared_fd < 0 ? *shared_fd : 0;
	}
	fd = mount_bind(s, *shared_fd, false, &readonly, place, err);
	close_keeping_errno(fd);
	return fd < 0 ? fd : 0;
}

static int mask_file(struct setup *s, const struct mount_place *place, struct error *err)
{
	static const struct mount_change keep = {0};
	int fd = mount_bind(s, s->dev_null_fd, false, &keep, place, err);

	/*
	 * Before Linux 6.15 a detached mount cannot be copied. Then the first mask is that mount
	 * itself, moved there, and the later ones are copies of it.
	 */
	if (fd == -EINVAL)
		return mount_attach(s->dev_null_fd, place, err);
	close_keeping_errno(fd);
	return fd < 0 ? fd : 0;
}

static int mask_path(struct setup *s, const char *path, int *shared_fd, struct error *err)
{
	autofd fd = path_open_in(s->rootfs_fd, path, O_PATH, err);
	const struct mount_place place = {.root_fd = s->rootfs_fd, .path = path, .fd = fd};
	struct stat st;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return error_sys(err, "stat %s", path);
	return S_ISDIR(st.st_mode) ? mask_directory(s, &place, shared_fd, err)
				   : mask_file(s, &place, err);
}

int setup_masked_paths(struct setup *s, const struct spec *spec, struct error *err)
{
	autofd shared_fd = -EBADF;
	int r = need_mount_namespace(spec, &spec->masked_paths, "linux.maskedPaths", err);

	for (size_t i = 0; r == 0 && i < spec->masked_paths.count; i++) {
		r = mask_path(s, spec->masked_paths.items[i], &shared_fd, err);
		if (r < 0)
			return error_in(err, "%s", spec->masked_paths.items[i]);
	}
	return r;
}

static int make_readonly(struct setup *s, const char *path, struct error *err)
{
	static const struct mount_change readonly = {.set = MS_RDONLY};
	autofd fd = path_open_in(s->rootfs_fd, path, O_PATH, err);
	const struct mount_place place = {.root_fd = s->rootfs_fd, .path = path, .fd = fd};
	int mount_fd;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	mount_fd = mount_bind(s, fd, true, &readonly, &place, err);
	close_keeping_errno(mount_fd);
	return mount_fd < 0 ? mount_fd : 0;
}

int setup_readonly_paths(struct setup *s, const struct spec *spec, struct error *err)
{
	int r = need_mount_namespace(spec, &spec->readonly_paths, "linux.readonlyPaths", err);

	for (size_t i = 0; r == 0 && i < spec->readonly_paths.count; i++) {
		r = make_readonly(s, spec->readonly_paths.items[i], err);
		if (r < 0)
			return error_in(err, "%s", spec->readonly_paths.items[i]);
	}
	return r;
}
