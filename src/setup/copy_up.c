/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup: a new tmpfs gets what it covers. The tree belongs to somebody hostile who may change
 * it meanwhile, so each entry is opened once, as it is and without following it; what it is, is
 * asked of that descriptor; and nothing but a regular file or a directory is ever opened to be
 * read.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "setup/mount.h"

#define DEPTH_MAX	128   /* four descriptors are open per level */
#define XATTR_BYTES_MAX 65536 /* XATTR_LIST_MAX and XATTR_SIZE_MAX of the kernel */

/* One directory on the way down. */
struct level {
	const struct setup *s;
	int from_fd, to_fd; /* both open for reading */
	int depth;
};

static int copy_directory(const struct level *level, struct error *err);

/* ---- what belongs to an inode of any type ---- */

/* An owner that has no ID in this user namespace stays behind: the copy is its root's. */
static int copy_owner(int fd, const struct stat *st)
{
	return fchownat(fd, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0 && errno != EINVAL
		       ? -errno
		       : 0;
}

/* EPERM: trusted.* in a user namespace; EOPNOTSUPP: a tmpfs built without these. */
static bool is_xattr_refusal(int errnum)
{
	return errnum == EPERM || errnum == EOPNOTSUPP;
}

static int copy_xattr(int from_fd, int to_fd, const char *name, char *value)
{
	ssize_t size = fgetxattr(from_fd, name, value, XATTR_BYTES_MAX);

	if (size < 0)
		return errno == ENODATA || is_xattr_refusal(errno) ? 0 : -errno;
	if (fsetxattr(to_fd, name, value, (size_t)size, 0) < 0 && !is_xattr_refusal(errno))
		return -errno;
	return 0;
}

static int copy_xattrs(int from_fd, int to_fd)
{
	autofree char *names = NULL, *value = NULL;
	ssize_t length = flistxattr(from_fd, NULL, 0);

	if (length <= 0)
		return length == 0 || errno == EOPNOTSUPP ? 0 : -errno;
	names = malloc(XATTR_BYTES_MAX);
	value = malloc(XATTR_BYTES_MAX);
	if (!names || !value)
		return -ENOMEM;
	length = flistxattr(from_fd, names, XATTR_BYTES_MAX);
	for (const char *name = names; length > 0; name += strlen(name) + 1) {
		int r = copy_xattr(from_fd, to_fd, name, value);

		if (r < 0)
			return r;
		length -= (ssize_t)strlen(name) + 1;
	}
	return length < 0 ? -errno : 0;
}

/* In this order: a new owner clears the set-id bits and the file's capabilities. */
static int copy_attributes(int from_fd, int to_fd, const struct stat *st)
{
	const struct timespec times[] = {st->st_atim, st->st_mtim};
	int r = copy_owner(to_fd, st);

	if (r == 0 && fchmod(to_fd, st->st_mode & 07777) < 0)
		r = -errno;
	if (r == 0)
		r = copy_xattrs(from_fd, to_fd);
	if (r == 0 && futimens(to_fd, times) < 0)
		r = -errno;
	return r;
}

/* ---- regular files ---- */

static int copy_range(int from_fd, int to_fd, off_t start, off_t end)
{
	if (lseek(to_fd, start, SEEK_SET) < 0)
		return -errno;
	while (start < end) {
		ssize_t n = sendfile(to_fd, from_fd, &start, (size_t)(end - start));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break; /* it became shorter meanwhile */
	}
	return 0;
}

/* Holes stay holes: the copy lives in memory. */
static int copy_sparse(int from_fd, int to_fd, off_t size)
{
	off_t start, end = 0;
	int r = 0;

	while (r == 0 && end < size && (start = lseek(from_fd, end, SEEK_DATA)) >= 0) {
		end = lseek(from_fd, start, SEEK_HOLE);
		r = end < 0 ? -errno : copy_range(from_fd, to_fd, start, end < size ? end : size);
	}
	if (r == 0 && ftruncate(to_fd, size) < 0)
		r = -errno;
	return r;
}

static int copy_content(int from_fd, int to_fd, const struct stat *st)
{
	if (st->st_blocks * (off_t)512 < st->st_size)
		return copy_sparse(from_fd, to_fd, st->st_size);
	return copy_range(from_fd, to_fd, 0, st->st_size);
}

/* Through our own procfs the very file that @fd names is opened, whatever has its name now. */
static int open_to_read(const struct setup *s, int fd)
{
	char path[32];
	int read_fd;

	(void)snprintf(path, sizeof(path), "self/fd/%d", fd);
	read_fd = openat(s->host_proc_fd, path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return read_fd < 0 ? -errno : read_fd;
}

static int copy_file(const struct level *level, int fd, const char *name, const struct stat *st)
{
	autofd from_fd = open_to_read(level->s, fd);
	autofd to_fd = -EBADF;
	int r;

	if (from_fd < 0)
		return from_fd;
	to_fd = openat(level->to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	if (to_fd < 0)
		return -errno;
	r = copy_content(from_fd, to_fd, st);
	return r < 0 ? r : copy_attributes(from_fd, to_fd, st);
}

/* ---- what has no content of its own ---- */

static int copy_times(int to_dirfd, const char *name, const struct stat *st)
{
	const struct timespec times[] = {st->st_atim, st->st_mtim};

	return utimensat(to_dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_owner_of_name(int to_dirfd, const char *name, const struct stat *st)
{
	autofd fd = openat(to_dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : copy_owner(fd, st);
}

static int copy_link(const struct level *level, int fd, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(fd, "", target, sizeof(target) - 1);
	int r;

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (symlinkat(target, level->to_fd, name) < 0)
		return -errno;
	r = copy_owner_of_name(level->to_fd, name, st);
	return r < 0 ? r : copy_times(level->to_fd, name, st);
}

static bool is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* Devices, FIFOs and sockets. A user namespace can make no devices, and could not use them. */
static int copy_node(const struct level *level, const char *name, const struct stat *st)
{
	int r;

	if (mknodat(level->to_fd, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0) {
		if (errno != EPERM || !is_device(st))
			return -errno;
		log_debug("tmpcopyup: the device %s is left out: mknod is not permitted", name);
		return 0;
	}
	r = copy_owner_of_name(level->to_fd, name, st);
	/* The tmpfs is nobody else's yet: the name is what we have just made. */
	if (r == 0 && fchmodat(level->to_fd, name, st->st_mode & 07777, 0) < 0)
		r = -errno;
	return r < 0 ? r : copy_times(level->to_fd, name, st);
}

/* ---- directories ---- */

/* Its times come last: each entry that is made changes them. */
static int copy_subdirectory(const struct level *up, int fd, const char *name,
			     const struct stat *st, struct error *err)
{
	autofd from_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofd to_fd = -EBADF;
	const struct level level = {.s = up->s, .from_fd = from_fd, .depth = up->depth + 1};
	struct level down = level;
	int r;

	if (from_fd < 0)
		return error_sys(err, "open %s", name);
	if (up->depth == DEPTH_MAX)
		return error_set(err, ERROR_SYSTEM, ELOOP, "%s is more than %d directories deep",
				 name, DEPTH_MAX);
	if (mkdirat(up->to_fd, name, 0700) < 0)
		return error_sys(err, "mkdir %s", name);
	to_fd = openat(up->to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0)
		return error_sys(err, "open %s", name);
	down.to_fd = to_fd;
	r = copy_directory(&down, err);
	if (r < 0)
		return error_in(err, "%s", name);
	r = copy_attributes(from_fd, to_fd, st);
	return r < 0 ? error_sys_num(err, r, "%s", name) : 0;
}

static int copy_entry(const struct level *level, const char *name, struct error *err)
{
	autofd fd = openat(level->from_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0; /* gone since we read the directory */
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "open %s", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subdirectory(level, fd, name, &st, err);
	case S_IFREG:
		r = copy_file(level, fd, name, &st);
		break;
	case S_IFLNK:
		r = copy_link(level, fd, name, &st);
		break;
	default:
		r = copy_node(level, name, &st);
		break;
	}
	return r < 0 ? error_sys_num(err, r, "%s", name) : 0;
}

static int copy_directory(const struct level *level, struct error *err)
{
	autofd fd = fcntl(level->from_fd, F_DUPFD_CLOEXEC, 0);
	autodir *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return error_sys(err, "read directory");
	(void)take_fd(&fd); /* the stream's now */
	while ((errno = 0, entry = readdir(dir))) {
		int r = 0;

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = copy_entry(level, entry->d_name, err);
		if (r < 0)
			return r;
	}
	return errno ? error_sys(err, "read directory") : 0;
}

int mount_copy_up(const struct setup *s, int covered_fd, int mount_fd, struct error *err)
{
	autofd from_fd = openat(covered_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofd to_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct level level = {.s = s, .from_fd = from_fd, .to_fd = to_fd};
	struct stat st;
	int r;

	if (from_fd < 0 || to_fd < 0 || fstat(from_fd, &st) < 0)
		return error_sys(err, "tmpcopyup: open");
	r = copy_directory(&level, err);
	if (r < 0)
		return error_in(err, "tmpcopyup");
	r = copy_xattrs(from_fd, to_fd);
	if (r == 0)
		r = copy_times(to_fd, ".", &st);
	return r < 0 ? error_sys_num(err, r, "tmpcopyup") : 0;
}
