/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a mount goes: the destination is found, or made, inside the root, and nothing may cover
 * what is in /proc. Source: config.md#mounts.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/mount.h"

#define PROC_ROOT_INODE	    1
#define MADE_DIRECTORY_MODE 0755
#define MADE_FILE_MODE	    0644

bool mounting_is_type(const struct spec_mount *m, const char *type)
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
		if (mounting_is_type(mg->m, "proc") || mg->m->kind == MOUNT_REMOUNT ||
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

/* dest-nofollow: what has this very name is covered, a link above all. */
static int open_unfollowed(struct mounting *mg, struct error *err)
{
	const char *name;
	int fd;

	mg->parent_fd =
		path_open_parent_in(mg->s->rootfs_fd, mg->path, MADE_DIRECTORY_MODE, &name, err);
	if (mg->parent_fd < 0)
		return mg->parent_fd;
	fd = openat(mg->parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return error_sys(err, "open %s", mg->path);
	if (fd >= 0)
		return fd;
	return mg->source_is_directory
		       ? path_make_dir_in(mg->parent_fd, name, MADE_DIRECTORY_MODE, err)
		       : path_make_file_in(mg->parent_fd, name, MADE_FILE_MODE, err);
}

static int open_file(const struct mounting *mg, struct error *err)
{
	int fd = path_make_file_in(mg->s->rootfs_fd, mg->path, MADE_FILE_MODE, err);

	if (fd == -EISDIR)
		/* Docker explains "not a directory"; "is a directory" means a wrong program to it.
		 */
		return error_set(err, ERROR_CONFIG, ENOTDIR,
				 "the source %s is not a directory, but the destination is one",
				 mg->m->source);
	return fd;
}

static int open_directory(struct mounting *mg, struct error *err)
{
	int root_fd = mg->s->rootfs_fd, fd = -ENOENT;

	if (mg->inherits)
		fd = path_open_in(root_fd, mg->path, O_PATH | O_DIRECTORY, err);
	if (fd != -ENOENT)
		return fd;
	mg->inherits = false; /* from what we make there is nothing to take */
	return path_make_dir_in(root_fd, mg->path, MADE_DIRECTORY_MODE, err);
}

static int open_by_kind(struct mounting *mg, struct error *err)
{
	const struct spec_mount *m = mg->m;

	if (m->kind == MOUNT_REMOUNT)
		return path_open_in(mg->s->rootfs_fd, mg->path, O_PATH, err);
	if (mounting_is_type(m, "proc") || mounting_is_type(m, "sysfs") ||
	    strcmp(mg->path, "/proc") == 0)
		return open_ordinary_directory(mg, err);
	if (m->extras & MOUNT_DESTINATION_NOFOLLOW)
		return open_unfollowed(mg, err);
	if (m->kind == MOUNT_BIND && !mg->source_is_directory)
		return open_file(mg, err);
	return open_directory(mg, err);
}

int mounting_open_target(struct mounting *mg, struct error *err)
{
	autofd fd = -EBADF;
	int r = check_proc_path(mg, err);

	if (r < 0)
		return r;
	fd = open_by_kind(mg, err);
	if (fd < 0)
		return fd;
	r = check_proc_target(mg, fd, err);
	return r < 0 ? r : take_fd(&fd);
}

int mounting_copy_link(const struct mounting *mg, struct error *err)
{
	char wanted[PATH_MAX], found[PATH_MAX];
	ssize_t length = readlinkat(mg->source_fd, "", wanted, sizeof(wanted) - 1);
	autofd parent_fd = -EBADF;
	const char *name;
	int r = check_proc_path(mg, err);

	if (r < 0)
		return r;
	if (length < 0)
		return error_sys(err, "copy-symlink: read %s", mg->m->source);
	wanted[length] = '\0';
	parent_fd =
		path_open_parent_in(mg->s->rootfs_fd, mg->path, MADE_DIRECTORY_MODE, &name, err);
	if (parent_fd < 0)
		return parent_fd;
	if (symlinkat(wanted, parent_fd, name) == 0)
		return 0;
	if (errno == EEXIST && readlinkat(parent_fd, name, found, sizeof(found)) == length &&
	    memcmp(found, wanted, (size_t)length) == 0)
		return 0;
	errno = EEXIST;
	return error_sys(err, "copy-symlink: a link to %s", wanted);
}
