/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's root: a mount of its own, entered by pivot_root, and at the end read-only.
 * Source: config.md#root, config-linux.md#rootfs-mount-propagation.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/path.h"
#include "setup/mount.h"

#include <sys/mount.h>

#define PROC_ROOT_INODE 1
#define PARENTS_MAX	2048 /* a path of PATH_MAX has no more components */

/* A detached procfs of our own: nobody can have mounted anything over parts of it. */
static int open_own_proc(void)
{
	autofd fs_fd = sys_fsopen("proc", FSOPEN_CLOEXEC);
	int fd;

	if (fs_fd < 0 || sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC,
			 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Linux < 5.2, and user namespaces that do not own their pid namespace, have to take the host's. */
static int open_host_proc(struct error *err)
{
	autofd fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "open /proc");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		return error_set(err, ERROR_SYSTEM, ENOTDIR, "/proc of the host is not a procfs");
	return take_fd(&fd);
}

static int open_dev_null(bool detach, struct error *err)
{
	autofd fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int copy_fd;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "open /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(err, ERROR_SYSTEM, ENODEV,
				 "/dev/null of the host is not the null device");
	/* A copy of its mount stays usable when the host's root is gone. */
	copy_fd = detach ? mount_copy(fd, false) : -ENOSYS;
	return copy_fd >= 0 ? copy_fd : take_fd(&fd);
}

int setup_host_handles(struct setup *s, const struct spec *spec, struct error *err)
{
	int fd = open_own_proc();

	if (fd < 0)
		fd = open_host_proc(err);
	if (fd < 0)
		return fd;
	s->host_proc_fd = fd;
	fd = open_dev_null(has_mount_namespace(spec), err);
	if (fd < 0)
		return fd;
	s->dev_null_fd = fd;
	return 0;
}

/*
 * What the whole tree becomes first. Always recursive: "private" for "/" alone would leave the
 * mounts below it in the host's peer groups. Unbindable comes at the end, since we bind from here.
 */
static unsigned long first_propagation(const struct spec *spec)
{
	unsigned long wanted = spec->rootfs_propagation & ~(unsigned long)MS_REC;

	if (wanted == 0)
		wanted = MS_SLAVE;
	else if (wanted == MS_UNBINDABLE)
		wanted = MS_PRIVATE;
	return MS_REC | wanted;
}

/*
 * The mount that the rootfs lies on gets the root's mount put on it, which must not travel to the
 * host, and pivot_root(2) asks for the same. Where all are slaves or private there is nothing to
 * do. Only its own root can be changed: search upwards.
 */
static int make_parent_private(const struct setup *s, int rootfs_fd, struct error *err)
{
	autofd fd = fcntl(rootfs_fd, F_DUPFD_CLOEXEC, 0);

	for (int i = 0; fd >= 0 && i < PARENTS_MAX; i++) {
		int r = mount_propagate(s, fd, MS_PRIVATE, err);
		int parent_fd;

		if (r != -EINVAL)
			return r;
		parent_fd = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close_keeping_errno(fd);
		fd = parent_fd;
	}
	return fd < 0 ? error_sys(err, "open parent of %s", s->rootfs)
		      : error_set(err, ERROR_SYSTEM, EINVAL,
				  "%s is not on a mount of its namespace", s->rootfs);
}

static int open_rootfs(const struct setup *s, struct error *err)
{
	int fd = open(s->rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* Below a directory that only the host's root may enter: the monitor can. */
	if (fd < 0 && errno == EACCES && s->errands) {
		fd = s->errands->open_source(s->errands->data, ERRAND_ROOT, err);
		if (fd != -EACCES && fd != -EPERM)
			return fd;
		errno = EACCES;
	}
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(err, ERROR_CONFIG, ENOTDIR,
				 "root.path %s is not a directory (a symlink is none)", s->rootfs);
	return fd < 0 ? error_sys(err, "open root.path %s", s->rootfs) : fd;
}

int setup_rootfs(struct setup *s, const struct spec *spec, struct error *err)
{
	const struct mount_change keep = {0};
	autofd host_fd = -EBADF, fd = -EBADF, root_fd = -EBADF;
	struct mount_place place = {.path = s->rootfs};
	bool is_shared = first_propagation(spec) & MS_SHARED;
	int r;

	if (!has_mount_namespace(spec)) {
		s->rootfs_fd = open_rootfs(s, err);
		return s->rootfs_fd < 0 ? s->rootfs_fd : 0;
	}
	/* Before the rootfs is opened: "/" by name is still ours and the host's alike. */
	if (mount(NULL, "/", NULL, first_propagation(spec), NULL) < 0)
		return error_sys(err, "change propagation of /");
	fd = open_rootfs(s, err);
	if (fd < 0)
		return fd;
	r = is_shared ? make_parent_private(s, fd, err) : 0;
	if (r < 0)
		return r;
	host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (host_fd < 0)
		return error_sys(err, "open /");
	place.root_fd = host_fd;
	place.fd = fd;
	root_fd = mount_bind(s, fd, true, &keep, &place, err);
	if (root_fd < 0)
		return error_in(err, "root.path %s", s->rootfs);
	r = is_shared ? 0 : mount_propagate(s, root_fd, MS_PRIVATE, err);
	if (r < 0)
		return r;
	s->rootfs_fd = take_fd(&root_fd);
	return 0;
}

/* A /dev that is to be read-only had to stay writable for the devices and the console. */
static int finish_dev(struct setup *s, const struct spec *spec, struct error *err)
{
	const struct mount_change change = {.set = MS_RDONLY};

	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *m = &spec->mounts[i];
		autofree char *clean = path_clean(m->destination);
		autofd fd = -EBADF;
		int r;

		if (!clean)
			return error_sys_num(err, ENOMEM, "%s", m->destination);
		if (!is_late_readonly(m, clean))
			continue;
		fd = path_open_in(s->rootfs_fd, clean, O_PATH | O_DIRECTORY, err);
		if (fd < 0)
			return fd;
		r = mount_alter(s, fd, &change, err);
		if (r < 0)
			return error_in(err, "%s", m->destination);
	}
	return 0;
}

static int enter_by_chroot(struct error *err)
{
	if (chroot(".") < 0)
		return error_sys(err, "chroot");
	return chdir("/") < 0 ? error_sys(err, "chdir to the new /") : 0;
}

/*
 * For a "/" that cannot be pivoted away (an initramfs). The host's mounts stay below; a full /proc
 * and /sys among them would let a user namespace of the container mount unmasked ones.
 */
static int enter_by_move(struct setup *s, struct error *err)
{
	struct mount_place place = {.path = "/"};
	autofd fd = -EBADF;
	int r;

	(void)umount2("/proc",
		      MNT_DETACH); /* EINVAL: not mounted; EPERM: locked, so as visible as before */
	(void)umount2("/sys", MNT_DETACH);
	if (mount(NULL, "/", NULL, MS_PRIVATE, NULL) < 0)
		return error_sys(err, "make / private");
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "open /");
	place.fd = place.root_fd = fd;
	r = mount_attach(s->rootfs_fd, &place, err);
	if (r == -ENOSYS)
		r = mount(".", "/", NULL, MS_MOVE, NULL) < 0 ? error_sys(err, "move . to /") : 0;
	return r < 0 ? r : enter_by_chroot(err);
}

static int enter_by_pivot(struct error *err)
{
	autofd host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (host_fd < 0)
		return error_sys(err, "open /");
	/* pivot_root(2), NOTES: the old root comes to lie upon the new one, at the same place. */
	if (sys_pivot_root(".", ".") < 0)
		return error_sys(err, "pivot_root");
	if (fchdir(host_fd) < 0)
		return error_sys(err, "chdir to the old /");
	/* With a shared root, our unmounting must not travel to the host. */
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return error_sys(err, "make the old / a slave");
	if (umount2(".", MNT_DETACH) < 0)
		return error_sys(err, "unmount the old /");
	return chdir("/") < 0 ? error_sys(err, "chdir to the new /") : 0;
}

int setup_pivot(struct setup *s, const struct spec *spec, struct error *err)
{
	int r = finish_dev(s, spec, err);

	if (r < 0)
		return r;
	if (fchdir(s->rootfs_fd) < 0)
		return error_sys(err, "chdir to %s", s->rootfs);
	if (!has_mount_namespace(spec))
		return enter_by_chroot(err);
	/* One joined by path is pivoted too: out of a chroot, CAP_SYS_CHROOT finds a way. */
	return s->no_pivot ? enter_by_move(s, err) : enter_by_pivot(err);
}

int setup_readonly_root(struct setup *s, const struct spec *spec, struct error *err)
{
	const struct mount_change change = {.set = MS_RDONLY};
	struct statvfs now;
	int r;

	if (!spec->root.readonly)
		return 0;
	if (!has_mount_namespace(spec))
		return error_config(err, "root.readonly needs a mount namespace");
	r = mount_alter(s, s->rootfs_fd, &change, err);
	if (r < 0)
		return error_in(err, "read-only root");
	if (fstatvfs(s->rootfs_fd, &now) < 0)
		return error_sys(err, "statvfs of the root");
	if (!(now.f_flag & ST_RDONLY))
		return error_set(err, ERROR_SYSTEM, EROFS, "the root did not become read-only");
	return 0;
}

int setup_rootfs_propagation(struct setup *s, const struct spec *spec, struct error *err)
{
	unsigned long wanted = spec->rootfs_propagation;

	/* The root's mount is private from its birth. */
	if (!(wanted & ~(unsigned long)(MS_REC | MS_PRIVATE)))
		return 0;
	if (!has_mount_namespace(spec))
		return error_config(err, "linux.rootfsPropagation needs a mount namespace");
	return mount_propagate(s, s->rootfs_fd, wanted, err);
}
