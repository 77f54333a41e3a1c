/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing whole things through descriptors. */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"

int fd_write_all(int fd, const void *data, size_t length)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = write(fd, p, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		length -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_all(int fd, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)buffer + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t fd_read_text(int fd, size_t max, char **ret_text)
{
	struct stat st;
	size_t size = 4096, length = 0;
	autofree char *text = NULL;

	if (fstat(fd, &st) == 0 && st.st_size > 0)
		size = (size_t)st.st_size + 1;
	if (size > max + 1)
		size = max + 1;
	for (;;) {
		char *grown = realloc(text, size + 1);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		text = grown;
		n = fd_read_all(fd, text + length, size - length);
		if (n < 0)
			return n;
		length += (size_t)n;
		if (length < size)
			break;
		if (length > max)
			return -EFBIG;
		size = size * 2 > max + 1 ? max + 1 : size * 2;
	}
	text[length] = '\0';
	*ret_text = take_ptr(text);
	return (ssize_t)length;
}

int file_write_at(int dirfd, const char *path, const char *text)
{
	autofd fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, strlen(text));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == strlen(text) ? 0 : -EIO;
}

ssize_t file_read_at(int dirfd, const char *path, char *buffer, size_t size)
{
	autofd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = fd_read_all(fd, buffer, size - 1);
	if (n < 0)
		return n;
	if (n > 0 && buffer[n - 1] == '\n')
		n--;
	buffer[n] = '\0';
	return n;
}

int fd_standard_streams(void)
{
	for (;;) {
		int fd = open("/dev/null", O_RDWR);

		if (fd < 0)
			return -errno;
		if (fd > STDERR_FILENO) {
			(void)close(fd);
			return 0;
		}
	}
}

/* Linux < 5.9 (5.11 for CLOEXEC) has no close_range(2): walk /proc/self/fd. */
static void each_fd_from(int first, void (*act)(int fd))
{
	autodir *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd >= first && fd != dirfd(dir))
			act(fd);
	}
}

static void set_cloexec(int fd)
{
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void just_close(int fd)
{
	(void)close(fd);
}

void fd_cloexec_from(int first)
{
	if (sys_close_range((unsigned int)first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		each_fd_from(first, set_cloexec);
}

void fd_close_from(int first)
{
	if (sys_close_range((unsigned int)first, ~0U, 0) < 0)
		each_fd_from(first, just_close);
}

int fd_keep(int fd)
{
	return fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
}

int fd_raise(int *fd, int minimum)
{
	int raised;

	if (*fd >= minimum)
		return *fd;
	raised = fcntl(*fd, F_DUPFD_CLOEXEC, minimum);
	if (raised < 0)
		return -errno;
	(void)close(*fd);
	*fd = raised;
	return raised;
}
