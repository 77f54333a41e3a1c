/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that puts mounts onto descriptors, by the new mount calls or through /proc/self/fd.
 */
#include "setup/mount.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/path.h"

#include <sys/mount.h>

#define FSCONFIG_VALUE_MAX 255
#define ATIME_FLAGS	   (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

/* MS_* of one mount, its name in mount_setattr(2), and in statvfs(3). */
static const struct {
	unsigned long flag;
	uint64_t attribute;
	unsigned long statvfs;
} mount_flags[] = {
	{MS_RDONLY, MOUNT_ATTR_RDONLY, ST_RDONLY},
	{MS_NOSUID, MOUNT_ATTR_NOSUID, ST_NOSUID},
	{MS_NODEV, MOUNT_ATTR_NODEV, ST_NODEV},
	{MS_NOEXEC, MOUNT_ATTR_NOEXEC, ST_NOEXEC},
	{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME, ST_NODIRATIME},
	{MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW, 0x2000 /* ST_NOSYMFOLLOW of linux/statfs.h */},
	{MS_NOATIME, MOUNT_ATTR_NOATIME, ST_NOATIME},
	{MS_RELATIME, MOUNT_ATTR_RELATIME, ST_RELATIME},
	{MS_STRICTATIME, MOUNT_ATTR_STRICTATIME, 0},
};

/* MS_* that belong to the file system as a whole, as fsconfig(2) spells them. */
static const struct {
	unsigned long flag;
	const char *key;
} superblock_flags[] = {
	{MS_SYNCHRONOUS, "sync"},
	{MS_DIRSYNC, "dirsync"},
	{MS_MANDLOCK, "mand"},
	{MS_LAZYTIME, "lazytime"},
};

/* EPERM: an outer container's filter may answer so for calls it does not know; mount(2) will tell.
 */
static bool is_unavailable(int r)
{
	return r == -ENOSYS || r == -EPERM;
}

static uint64_t attributes_of(unsigned long flags)
{
	uint64_t attributes = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mount_flags); i++)
		if (flags & mount_flags[i].flag)
			attributes |= mount_flags[i].attribute;
	return attributes;
}

/*
 * mount(2) with its target, and a bind's source, named by descriptors. Relative to our own procfs,
 * which the container cannot have covered (CVE-2026-115521).
 */
static int mount_by_proc(const struct setup *s, int source_fd, const struct mount_filesystem *fs,
			 unsigned long flags, int target_fd)
{
	autofd cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *source = fs->source ? fs->source : fs->type;
	char from[32], to[32];
	int r;

	(void)snprintf(from, sizeof(from), "self/fd/%d", source_fd);
	(void)snprintf(to, sizeof(to), "self/fd/%d", target_fd);
	if (cwd_fd < 0 || fchdir(s->host_proc_fd) < 0)
		return -errno;
	r = mount(source_fd >= 0 ? from : source, to, fs->type, flags, fs->data) < 0 ? -errno : 0;
	if (fchdir(cwd_fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/* Linux < 5.2: what is at @place now must be what we mounted; @like: a bind's source, or -EBADF. */
static int find_mounted(const struct mount_place *place, int like, struct error *err)
{
	struct stat now, before, wanted;
	autofd fd = path_open_in(place->root_fd, place->path,
				 O_PATH | (place->nofollow ? O_NOFOLLOW : 0), err);

	if (fd < 0)
		return fd;
	if (fstat(fd, &now) < 0 || fstat(place->fd, &before) < 0 ||
	    fstat(like >= 0 ? like : fd, &wanted) < 0)
		return error_sys(err, "stat %s", place->path);
	if (like < 0 ? now.st_dev == before.st_dev
		     : now.st_dev != wanted.st_dev || now.st_ino != wanted.st_ino)
		return error_set(err, ERROR_SYSTEM, EAGAIN, "%s changed while it was mounted on",
				 place->path);
	return take_fd(&fd);
}

int mount_attach(int mount_fd, const struct mount_place *place, struct error *err)
{
	int r = sys_move_mount(mount_fd, "", place->fd, "",
			       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

	return r < 0 ? error_sys(err, "move_mount onto %s", place->path) : 0;
}

/* What the file system has to say about its failure: "e tmpfs: Bad value for 'size'". */
static int filesystem_error(int fs_fd, const char *type, int errnum, struct error *err)
{
	char message[256];
	ssize_t length = read(fs_fd, message, sizeof(message) - 1);

	if (length <= 2)
		return error_sys_num(err, errnum, "mount %s", type);
	message[length] = '\0';
	message[strcspn(message, "\n")] = '\0';
	return error_sys_num(err, errnum, "mount %s: %s", type, message + 2);
}

/* One option of a data string, in place: cut at the comma (not inside quotes) and at its '='. */
static char *next_option(char **rest, char **ret_value)
{
	char *key = *rest, *p, *value = NULL;
	bool quoted = false;

	for (p = key; *p && (quoted || *p != ','); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '=' && !value)
			value = p;
	}
	*rest = *p ? p + 1 : p;
	*p = '\0';
	if (value) {
		*value++ = '\0';
		if (p - value >= 2 && *value == '"' && p[-1] == '"') {
			p[-1] = '\0';
			value++;
		}
	}
	*ret_value = value;
	return key;
}

static int configure_data(int fs_fd, const char *data)
{
	autofree char *copy = strdup(data);
	char *rest = copy, *value;

	if (!copy)
		return -ENOMEM;
	while (*rest) {
		const char *key = next_option(&rest, &value);

		if (*key && sys_fsconfig(fs_fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
					 key, value, 0) < 0)
			return -errno;
	}
	return 0;
}

/* These share one superblock among many mounts: "ro" is the mount's alone. */
static bool shares_superblock(const char *type)
{
	static const char *const types[] = {"proc", "sysfs", "cgroup", "cgroup2", "mqueue"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static int configure(int fs_fd, const struct mount_filesystem *fs)
{
	const char *source = fs->source ? fs->source : fs->type;

	if (sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return -errno;
	if ((fs->flags & MS_RDONLY) && !shares_superblock(fs->type) &&
	    sys_fsconfig(fs_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(superblock_flags); i++)
		if ((fs->flags & superblock_flags[i].flag) &&
		    sys_fsconfig(fs_fd, FSCONFIG_SET_FLAG, superblock_flags[i].key, NULL, 0) < 0)
			return -errno;
	return fs->data ? configure_data(fs_fd, fs->data) : 0;
}

/* fsconfig(2) cuts at 256 bytes (an overlay's lowerdir), and has no name for these flags. */
static bool fits_fsconfig(const struct mount_filesystem *fs)
{
	const char *p = fs->data;

	if (fs->flags & (MS_I_VERSION | MS_SILENT))
		return false;
	if (fs->source && strlen(fs->source) > FSCONFIG_VALUE_MAX)
		return false;
	while (p && *p) {
		size_t length = strcspn(p, ",");

		if (length > FSCONFIG_VALUE_MAX)
			return false;
		p += length + (p[length] == ',');
	}
	return true;
}

/* Returns -ENOSYS where mount(2) has to do it. */
static int new_detached(const struct mount_filesystem *fs, struct error *err)
{
	autofd fs_fd = -EBADF;
	int fd, r;

	if (!fits_fsconfig(fs))
		return -ENOSYS;
	fs_fd = sys_fsopen(fs->type, FSOPEN_CLOEXEC);
	if (fs_fd < 0 && is_unavailable(-errno))
		return -ENOSYS;
	if (fs_fd < 0)
		return error_sys(err, "mount %s", fs->type);
	r = configure(fs_fd, fs);
	if (r == 0 && sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0)
		return filesystem_error(fs_fd, fs->type, r, err);
	fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned int)attributes_of(fs->flags));
	return fd < 0 ? filesystem_error(fs_fd, fs->type, errno, err) : fd;
}

int mount_new(const struct setup *s, const struct mount_filesystem *fs,
	      const struct mount_place *place, struct error *err)
{
	autofd fd = new_detached(fs, err);
	int r;

	if (fd == -ENOSYS) {
		r = mount_by_proc(s, -EBADF, fs, fs->flags, place->fd);
		if (r < 0)
			return error_sys_num(err, r, "mount %s", fs->type);
		return find_mounted(place, -EBADF, err);
	}
	if (fd < 0)
		return fd;
	r = mount_attach(fd, place, err);
	return r < 0 ? r : take_fd(&fd);
}

int mount_again(const struct setup *s, const struct mount_filesystem *fs,
		const struct mount_place *place, struct error *err)
{
	int r = mount_by_proc(s, -EBADF, fs, MS_REMOUNT | fs->flags, place->fd);

	if (r == -EINVAL && !fs->data)
		return error_set(err, ERROR_SYSTEM, EINVAL, "remount: nothing is mounted there");
	return r < 0 ? error_sys_num(err, r, "remount") : 0;
}

int mount_copy(int fd, bool recursive)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
	int copy_fd = sys_open_tree(fd, "", flags | (recursive ? AT_RECURSIVE : 0));

	return copy_fd < 0 ? -errno : copy_fd;
}

static int set_attributes(int mount_fd, const struct mount_change *change, unsigned long atime)
{
	struct mount_attr attributes = {
		.attr_set = attributes_of(change->set & ~ATIME_FLAGS),
		.attr_clr = attributes_of(change->clear & ~ATIME_FLAGS),
	};
	unsigned int flags = AT_EMPTY_PATH | (change->recursive ? AT_RECURSIVE : 0);

	if (atime) {
		attributes.attr_clr |= MOUNT_ATTR__ATIME;
		attributes.attr_set |= attributes_of(change->set & ATIME_FLAGS);
	}
	if (!attributes.attr_set && !attributes.attr_clr)
		return 0;
	return sys_mount_setattr(mount_fd, "", flags, &attributes) < 0 ? -errno : 0;
}

/* Linux < 5.12 has no mount_setattr(2): a remount replaces all flags, so it repeats those there
 * are. */
static int remount(const struct setup *s, int mount_fd, const struct mount_change *change)
{
	const struct mount_filesystem none = {0};
	unsigned long flags = 0;
	struct statvfs now;

	if (fstatvfs(mount_fd, &now) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(mount_flags); i++)
		if (now.f_flag & mount_flags[i].statvfs)
			flags |= mount_flags[i].flag;
	if ((change->set | change->clear) & ATIME_FLAGS)
		flags &= ~ATIME_FLAGS;
	flags = (flags & ~change->clear) | change->set;
	return mount_by_proc(s, -EBADF, &none, MS_REMOUNT | MS_BIND | flags, mount_fd);
}

/* Returns -ENOSYS where the mount must be attached and remounted. */
static int alter_new(int mount_fd, const struct mount_change *change)
{
	unsigned long atime = (change->set | change->clear) & ATIME_FLAGS;
	int r = set_attributes(mount_fd, change, atime);

	/* In a user namespace the host's atime rule is locked, and no ground to refuse the mount.
	 */
	if (r == -EPERM && atime)
		r = set_attributes(mount_fd, change, 0);
	return r;
}

int mount_alter(const struct setup *s, int mount_fd, const struct mount_change *change,
		struct error *err)
{
	int r = alter_new(mount_fd, change);

	/* A refusal that mount(2) has no better answer to is the one to be told. */
	if (is_unavailable(r) && !change->recursive) {
		int again = remount(s, mount_fd, change);

		r = again == 0 || r == -ENOSYS ? again : r;
	}
	if (r == -ENOSYS)
		return error_set(err, ERROR_SYSTEM, ENOSYS,
				 "change the flags of all mounts below: needs Linux 5.12");
	return r < 0 ? error_sys_num(err, r, "change mount flags") : 0;
}

static int bind_by_proc(const struct setup *s, int source_fd, bool recursive,
			const struct mount_change *change, const struct mount_place *place,
			struct error *err)
{
	const struct mount_filesystem none = {0};
	autofd fd = -EBADF;
	int r;

	r = mount_by_proc(s, source_fd, &none, MS_BIND | (recursive ? MS_REC : 0), place->fd);
	if (r < 0)
		return error_sys_num(err, r, "bind mount");
	fd = find_mounted(place, source_fd, err);
	if (fd < 0)
		return fd;
	if (change->set || change->clear) {
		r = mount_alter(s, fd, change, err);
		if (r < 0)
			return r;
	}
	return take_fd(&fd);
}

int mount_bind(const struct setup *s, int source_fd, bool recursive,
	       const struct mount_change *change, const struct mount_place *place,
	       struct error *err)
{
	autofd fd = mount_copy(source_fd, recursive);
	bool late;
	int r;

	if (is_unavailable(fd))
		return bind_by_proc(s, source_fd, recursive, change, place, err);
	if (fd < 0)
		return error_sys_num(err, fd, "open_tree");
	r = alter_new(fd, change);
	late = r == -ENOSYS;
	if (r < 0 && !late)
		return error_sys_num(err, r, "change mount flags");
	r = mount_attach(fd, place, err);
	if (r == 0 && late)
		r = mount_alter(s, fd, change, err);
	return r < 0 ? r : take_fd(&fd);
}

int mount_propagate(const struct setup *s, int mount_fd, unsigned long flags, struct error *err)
{
	struct mount_attr attributes = {.propagation = flags & ~(unsigned long)MS_REC};
	const struct mount_filesystem none = {0};
	unsigned int at = AT_EMPTY_PATH | (flags & MS_REC ? AT_RECURSIVE : 0);
	int r = sys_mount_setattr(mount_fd, "", at, &attributes) < 0 ? -errno : 0;

	if (is_unavailable(r))
		r = mount_by_proc(s, -EBADF, &none, flags, mount_fd);
	return r < 0 ? error_sys_num(err, r, "change mount propagation") : 0;
}
