/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing whole things through descriptors: EINTR-safe, CLOEXEC from birth. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

/* fd_write_all - 0, or a negative errno after a partial write. */
int fd_write_all(int fd, const void *data, size_t length);

/* fd_read_all - up to @size bytes or end of file; returns the count or a negative errno. */
ssize_t fd_read_all(int fd, void *buffer, size_t size);

/*
 * fd_read_text - the whole of @fd, NUL-terminated, malloc'd
 * Returns its length, -EFBIG when longer than @max, or a negative errno.
 */
ssize_t fd_read_text(int fd, size_t max, char **ret_text);

/* file_write_at - open (O_WRONLY|O_CLOEXEC|O_NOFOLLOW), one write(2), close. 0 or a negative errno.
 */
int file_write_at(int dirfd, const char *path, const char *text);

/* file_read_at - a small file's text (at most @size - 1 bytes), NUL-terminated, last newline cut.
 */
ssize_t file_read_at(int dirfd, const char *path, char *buffer, size_t size);

/*
 * fd_standard_streams - open /dev/null on every missing one of 0, 1, 2 (defence D7)
 * Must come before any other open. Returns 0 or a negative errno.
 */
int fd_standard_streams(void);

/* fd_cloexec_from / fd_close_from - every descriptor >= @first; falls back without close_range(2).
 */
void fd_cloexec_from(int first);
void fd_close_from(int first);

/* fd_keep - clear CLOEXEC. fd_raise - move to a number >= @minimum (CLOEXEC kept); returns it. */
int fd_keep(int fd);
int fd_raise(int *fd, int minimum);

#endif
