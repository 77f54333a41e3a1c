/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a hostile tree, always by descriptor (defence D1). openat2(RESOLVE_IN_ROOT |
 * RESOLVE_NO_MAGICLINKS) with retry on EAGAIN; where the kernel has no openat2, a walk of
 * components with O_PATH|O_NOFOLLOW that resolves symlinks inside the root itself. No other file
 * may open, make or mount anything in the rootfs by a joined string.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * path_open_in - open @path inside @root_fd; symlinks are followed but cannot leave the root
 * @flags: as open(2); O_CLOEXEC is added; O_CREAT is not allowed (use path_make_file_in)
 * Returns a descriptor or a negative errno. The error is for the caller to drop where a missing
 * file is no failure.
 */
int path_open_in(int root_fd, const char *path, int flags, struct error *err);

/*
 * path_walk_in - what path_open_in does where the kernel has no openat2 (Linux < 5.6)
 * By itself only so that a test can hold it against the kernel. Returns as path_open_in.
 */
int path_walk_in(int root_fd, const char *path, int flags, struct error *err);

/*
 * path_make_dir_in - open the directory @path, making what is missing with exactly @mode
 *
 * Symlinks are resolved inside the root, also those that dangle: what they name is made. The umask
 * does not count (it is process-wide: not for threads). Returns an O_PATH descriptor or a negative
 * errno.
 */
int path_make_dir_in(int root_fd, const char *path, mode_t mode, struct error *err);

/*
 * path_make_file_in - the same for a regular file of @mode; missing directories get 0755
 * mknodat, never O_CREAT through a symlink. Something other than a directory that is there already
 * is opened as it is; a directory is -EISDIR. O_PATH.
 */
int path_make_file_in(int root_fd, const char *path, mode_t mode, struct error *err);

/*
 * path_open_parent_in - O_PATH descriptor of the directory that holds the last component, made with
 * @mode when missing; @ret_name: the last component, pointing into @path. For mknodat, symlinkat,
 * unlinkat. -EINVAL when the path ends in '/', "." or "..".
 */
int path_open_parent_in(int root_fd, const char *path, mode_t mode, const char **ret_name,
			struct error *err);

/* path_clean - lexically: one leading '/', no "//", "." or ".."; ".." never leaves "/". malloc'd.
 */
char *path_clean(const char *path);

/* path_join - "a/b" with exactly one slash; @b absolute gives @b. malloc'd. */
char *path_join(const char *a, const char *b);

#endif
