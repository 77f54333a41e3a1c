/* SPDX-License-Identifier: Apache-2.0 */
/* What verbs write to stdout. By write(2), since stdio learns of a full disk only at exit. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "verbs/verb.h"

/* Somebody else who holds the pipe may have made it O_NONBLOCK. */
static int wait_writable(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&out, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int print_out(const char *text, size_t length, struct error *err)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, text, length);

		if (written < 0 && errno == EAGAIN && wait_writable() == 0)
			continue;
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_sys(err, "write to standard output");
		text += written;
		length -= (size_t)written;
	}
	return 0;
}

int print_format(struct error *err, const char *format, ...)
{
	autofree char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		return error_sys_num(err, ENOMEM, "write to standard output");
	}
	return print_out(text, (size_t)length, err);
}

int print_line(const char *text, struct error *err)
{
	return print_format(err, "%s\n", text);
}
