/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed copy of ocirun itself. */
#include "launch/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "stub/stub.h"

#define COMMAND_LINE_MAX (2 * 1024 * 1024)

static int open_copy(struct error *err)
{
	autofd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *image;
	int fd;

	if (self < 0 || fstat(self, &st) < 0)
		return error_sys(err, "open /proc/self/exe");
	image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, self, 0);
	if (image == MAP_FAILED)
		return error_sys(err, "map /proc/self/exe");
	fd = sealed_program("ocirun", image, (size_t)st.st_size, err);
	(void)munmap(image, (size_t)st.st_size);
	return fd;
}

/* The words of our own command line; argv[0] becomes @program, so that the copy knows its home. */
static char **own_arguments(char *text, size_t length, char *program)
{
	char **argv, *word = text;
	size_t count = 0, at = 0;

	for (size_t i = 0; i < length; i++)
		count += text[i] == '\0';
	argv = calloc(count + 2, sizeof(*argv));
	for (; argv && at < count; word += strlen(word) + 1)
		argv[at++] = word;
	if (argv)
		argv[0] = program;
	return argv;
}

static int exec_copy(int copy_fd, int preserved_fds, char *program, struct error *err)
{
	autofd fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	autofree char *text = NULL;
	autofree char **argv = NULL;
	ssize_t length = fd < 0 ? -errno : fd_read_text(fd, COMMAND_LINE_MAX, &text);

	if (length < 0)
		return error_sys_num(err, (int)length, "read /proc/self/cmdline");
	argv = own_arguments(text, (size_t)length, program);
	if (!argv)
		return error_sys_num(err, ENOMEM, "run from a sealed copy");
	for (int kept = 3; kept < 3 + preserved_fds; kept++)
		(void)fd_keep(kept); /* they were there a moment ago */
	(void)fexecve(copy_fd, argv, environ);
	return error_sys(err, "run from a sealed copy");
}

int become_sealed(int preserved_fds, struct error *err)
{
	char program[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	autofd copy_fd = -EBADF;

	if (n < 0)
		return error_sys(err, "readlink /proc/self/exe");
	program[n] = '\0';
	if (strncmp(program, "/memfd:", 7) == 0)
		return 0;
	copy_fd = open_copy(err);
	return copy_fd < 0 ? copy_fd : exec_copy(copy_fd, preserved_fds, program, err);
}
