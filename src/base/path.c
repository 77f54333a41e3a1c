/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolution of paths inside a root by descriptor. The walk keeps a stack of open directories, so
 * that ".." is the directory that we came through and not what the tree's owner has made of it
 * meanwhile: no rename can lead it outside.
 */
#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/compat.h"

#define LINKS_MAX	    40 /* as the kernel's MAXSYMLINKS */
#define AGAIN_MAX	    128
#define MAKE_TRIES_MAX	    64
#define PROC_ROOT_INODE	    1
#define MADE_DIRECTORY_MODE 0755

enum make_kind {
	MAKE_NOTHING,
	MAKE_DIRECTORY,
	MAKE_FILE,
};

struct walk {
	int root_fd; /* borrowed */
	int flags;   /* of the last open */
	enum make_kind make;
	mode_t mode;

	int *dirs; /* opened below the root, outermost first; the current directory is the last */
	size_t depth, room;
	char *rest;	  /* what is still to be resolved; owned */
	const char *next; /* into rest */
	int links, tries;
};

static void walk_done(struct walk *w)
{
	while (w->depth > 0)
		close_keeping_errno(w->dirs[--w->depth]);
	free(w->dirs);
	free(w->rest);
}

static int walk_here(const struct walk *w)
{
	return w->depth > 0 ? w->dirs[w->depth - 1] : w->root_fd;
}

static int walk_enter(struct walk *w, int *dirfd)
{
	if (w->depth == w->room) {
		size_t room = w->room ? w->room * 2 : 16;
		int *dirs = realloc(w->dirs, room * sizeof(*dirs));

		if (!dirs)
			return -ENOMEM;
		w->dirs = dirs;
		w->room = room;
	}
	w->dirs[w->depth++] = take_fd(dirfd);
	return 0;
}

static void walk_leave(struct walk *w, size_t depth)
{
	while (w->depth > depth)
		close_keeping_errno(w->dirs[--w->depth]);
}

/* Links of procfs below its root (exe, cwd, fd/3) are doors, not texts: RESOLVE_NO_MAGICLINKS. */
static bool is_magic_link(int dirfd)
{
	struct statfs fs;
	struct stat st;

	return fstatfs(dirfd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
	       fstat(dirfd, &st) == 0 && st.st_ino != PROC_ROOT_INODE;
}

static int walk_follow(struct walk *w, int link_fd)
{
	char target[PATH_MAX];
	autofree char *rest = NULL;
	ssize_t length;

	if (is_magic_link(walk_here(w)) || ++w->links > LINKS_MAX)
		return -ELOOP;
	length = readlinkat(link_fd, "", target, sizeof(target));
	if (length < 0)
		return -errno;
	if ((size_t)length == sizeof(target))
		return -ENAMETOOLONG;
	target[length] = '\0';
	if (asprintf(&rest, "%s%s", target, w->next) < 0)
		return -ENOMEM;
	free(w->rest);
	w->rest = take_ptr(rest);
	w->next = w->rest;
	if (target[0] == '/')
		walk_leave(w, 0);
	return 0;
}

/* The next component, or "" at the end. */
static int walk_component(struct walk *w, char name[NAME_MAX + 1])
{
	size_t length;

	w->next += strspn(w->next, "/");
	length = strcspn(w->next, "/");
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, w->next, length);
	name[length] = '\0';
	w->next += length;
	return 0;
}

static bool walk_is_last(const struct walk *w)
{
	return w->next[strspn(w->next, "/")] == '\0';
}

/* Makes what is missing here; somebody else's making it first is as good. */
static int walk_make(struct walk *w, const char *name)
{
	bool last = walk_is_last(w);
	mode_t saved;
	int r;

	if (w->make == MAKE_NOTHING || ++w->tries > MAKE_TRIES_MAX)
		return -ENOENT;
	saved = umask(0);
	if (last && w->make == MAKE_FILE)
		r = mknodat(walk_here(w), name, S_IFREG | w->mode, 0);
	else
		r = mkdirat(walk_here(w), name,
			    w->make == MAKE_FILE ? MADE_DIRECTORY_MODE : w->mode);
	if (r < 0 && errno != EEXIST)
		r = -errno;
	else
		r = 0;
	(void)umask(saved);
	return r;
}

/* The end of the walk: a file called @name in the current directory, held open by @found_fd. */
static int walk_finish(const struct walk *w, const char *name, int *found_fd)
{
	int fd;

	if (w->flags & O_DIRECTORY)
		return -ENOTDIR;
	if (w->flags & O_PATH)
		return take_fd(found_fd);
	fd = openat(walk_here(w), name, w->flags | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int walk_finish_directory(const struct walk *w)
{
	int fd = openat(walk_here(w), ".", (w->flags & ~O_NOFOLLOW) | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Returns a descriptor when @name was the last component, -EAGAIN when the walk goes on. */
static int walk_step(struct walk *w, const char *name)
{
	autofd fd = openat(walk_here(w), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT) {
		r = walk_make(w, name);
		if (r < 0)
			return r;
		w->next -= strlen(name);
		return -EAGAIN;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		r = walk_enter(w, &fd);
		return r < 0 ? r : -EAGAIN;
	}
	if (S_ISLNK(st.st_mode) && (*w->next || !(w->flags & O_NOFOLLOW))) {
		r = walk_follow(w, fd);
		return r < 0 ? r : -EAGAIN;
	}
	return *w->next ? -ENOTDIR : walk_finish(w, name, &fd);
}

static int walk_run(struct walk *w)
{
	char name[NAME_MAX + 1];
	int r;

	do {
		r = walk_component(w, name);
		if (r < 0)
			return r;
		if (!name[0])
			return w->make == MAKE_FILE ? -EISDIR : walk_finish_directory(w);
		r = -EAGAIN;
		if (strcmp(name, "..") == 0)
			walk_leave(w, w->depth > 0 ? w->depth - 1 : 0);
		else if (strcmp(name, ".") != 0)
			r = walk_step(w, name);
	} while (r == -EAGAIN);
	return r;
}

static int walk(int root_fd, const char *path, int flags, enum make_kind make, mode_t mode)
{
	struct walk w = {.root_fd = root_fd,
			 .flags = flags,
			 .make = make,
			 .mode = mode,
			 .rest = strdup(path)};
	int r;

	if (!w.rest)
		return -ENOMEM;
	w.next = w.rest;
	if (!path[0])
		r = -ENOENT;
	else if (strlen(path) >= PATH_MAX)
		r = -ENAMETOOLONG;
	else
		r = walk_run(&w);
	walk_done(&w);
	return r;
}

int path_walk_in(int root_fd, const char *path, int flags, struct error *err)
{
	int fd = walk(root_fd, path, flags, MAKE_NOTHING, 0);

	return fd < 0 ? error_sys_num(err, fd, "open %s", path) : fd;
}

int path_open_in(int root_fd, const char *path, int flags, struct error *err)
{
	const struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	/* EAGAIN: somewhere on the machine a rename or mount happened while ".." was resolved. */
	do
		fd = sys_openat2(root_fd, path, &how);
	while (fd < 0 && errno == EAGAIN && ++tries < AGAIN_MAX);

	if (fd >= 0)
		return fd;
	/* EPERM: an outer container's seccomp filter of the days before openat2. */
	if (errno == ENOSYS || errno == EPERM || errno == EAGAIN)
		return path_walk_in(root_fd, path, flags, err);
	return error_sys(err, "open %s", path);
}

int path_make_dir_in(int root_fd, const char *path, mode_t mode, struct error *err)
{
	int fd = path_open_in(root_fd, path, O_PATH | O_DIRECTORY, err);

	if (fd != -ENOENT)
		return fd;
	fd = walk(root_fd, path, O_PATH | O_DIRECTORY, MAKE_DIRECTORY, mode);
	return fd < 0 ? error_sys_num(err, fd, "make directory %s", path) : fd;
}

int path_make_file_in(int root_fd, const char *path, mode_t mode, struct error *err)
{
	int fd = walk(root_fd, path, O_PATH, MAKE_FILE, mode);

	return fd < 0 ? error_sys_num(err, fd, "make file %s", path) : fd;
}

int path_open_parent_in(int root_fd, const char *path, mode_t mode, const char **ret_name,
			struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	autofree char *parent = NULL;
	int fd;

	if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, ERROR_CONFIG, EINVAL, "%s does not name a file", path);
	parent = slash && slash > path ? strndup(path, (size_t)(slash - path)) : strdup("/");
	if (!parent)
		return error_sys_num(err, ENOMEM, "open %s", path);
	fd = path_make_dir_in(root_fd, parent, mode, err);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

char *path_clean(const char *path)
{
	char *clean = malloc(strlen(path) + 2), *end = clean;

	if (!clean)
		return NULL;
	while (*path) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length == 2 && strncmp(path, "..", 2) == 0) {
			while (end > clean && *--end != '/')
				;
		} else if (length > 0 && !(length == 1 && *path == '.')) {
			*end++ = '/';
			memcpy(end, path, length);
			end += length;
		}
		path += length;
	}
	if (end == clean)
		*end++ = '/';
	*end = '\0';
	return clean;
}

char *path_join(const char *a, const char *b)
{
	size_t length = strlen(a);
	char *joined;

	if (b[0] == '/')
		return strdup(b);
	while (length > 0 && a[length - 1] == '/')
		length--;
	return asprintf(&joined, "%.*s/%s", (int)length, a, b) < 0 ? NULL : joined;
}
