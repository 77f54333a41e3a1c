/* SPDX-License-Identifier: Apache-2.0 */
/* Names, space and durability of a log's file. */
#include "events/journal_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void journal_file_name(char name[JOURNAL_NAME_SIZE], const char *id, const char *instance)
{
	char *p = stpcpy(name, id);

	if (instance) {
		*p++ = '@';
		p = stpcpy(p, instance);
	}
	(void)stpcpy(p, JOURNAL_SUFFIX);
}

int journal_file_check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

int journal_file_reserve(int fd, off_t offset)
{
	int r;

	do
		r = fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, JOURNAL_RESERVE);
	while (r < 0 && errno == EINTR);
	if (r == 0 || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
		return 0;
	return -errno;
}

int journal_file_sync(int fd)
{
	int r;

	do
		r = fdatasync(fd);
	while (r < 0 && errno == EINTR);
	return r == 0 || errno == EINVAL ? 0 : -errno;
}
