/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that release what they hold when they leave scope, and the words that hand it on. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* close_keeping_errno - close @fd if it is one; errno survives, so that error paths may call it. */
static inline void close_keeping_errno(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
	}
}

static inline void cleanup_fd(int *fd)
{
	close_keeping_errno(*fd);
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

#define autofd	 __attribute__((cleanup(cleanup_fd))) int
#define autofree __attribute__((cleanup(cleanup_free)))
#define autodir	 __attribute__((cleanup(cleanup_dir))) DIR

/* take_fd - the caller of this owns the descriptor from now on; the variable forgets it. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

#define take_ptr(pointer)                               \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
