/* SPDX-License-Identifier: Apache-2.0 */
/* The last line of a log. */
#include "events/over.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/log.h"

bool log_is_over(int fd, off_t size)
{
	char buffer[JOURNAL_LINE_MAX + 1];
	off_t from = size > (off_t)sizeof(buffer) ? size - (off_t)sizeof(buffer) : 0;
	ssize_t n = pread(fd, buffer, sizeof(buffer), from);
	const char *start;
	struct line line;

	if (n <= 0 || buffer[n - 1] != '\n')
		return false;
	n--;
	start = memrchr(buffer, '\n', (size_t)n);
	start = start ? start + 1 : buffer;
	return line_parse(start, (size_t)(buffer + n - start), &line) &&
	       event_type_parse(line.type.at, line.type.length) == EVENT_DELETED;
}

int ocirun_log_ended(const struct ocirun_log *log, int64_t *ret_ns)
{
	struct stat st;

	if (fstat(log->fd, &st) < 0)
		return -errno;
	if (!log_is_over(log->fd, st.st_size))
		return 0;
	*ret_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return 1;
}
