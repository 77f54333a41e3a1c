/* SPDX-License-Identifier: Apache-2.0 */
/* --preserve-fds and LISTEN_FDS. */
#include "launch/preserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define FDS_MAX 65536

/* A decimal number without sign or blanks, at most @max; or -EINVAL. */
static int parse_number(const char *text, long max)
{
	char *end;
	long value;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	value = strtol(text, &end, 10);
	return *end || errno || value > max ? -EINVAL : (int)value;
}

/* NULL: there is none, or it is inherited and was meant for a process whose sockets we lack. */
static const char *listen_fds(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");

	if (!count || count[0] == '\0')
		return NULL;
	if (pid && strcmp(pid, "1") != 0 && parse_number(pid, INT32_MAX) != getpid())
		return NULL;
	return count;
}

static int not_open(int preserve_fds, int activated, int fd, struct error *err)
{
	if (activated > 0)
		return error_set(err, ERROR_USAGE, EBADF,
				 "--preserve-fds %d, LISTEN_FDS=%d: descriptor %d is not open",
				 preserve_fds, activated, fd);
	return error_set(err, ERROR_USAGE, EBADF, "--preserve-fds %d: descriptor %d is not open",
			 preserve_fds, fd);
}

int preserve_count(int preserve_fds, int *ret, struct error *err)
{
	const char *text = listen_fds();
	int activated = text ? parse_number(text, FDS_MAX) : 0;

	if (activated < 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "LISTEN_FDS=%.100s: must be a number of descriptors", text);
	/* Ends at the first that is missing, whatever the numbers. */
	for (int i = 0; i < activated || i - activated < preserve_fds; i++)
		if (fcntl(3 + i, F_GETFD) < 0 || 3 + i == log_descriptor())
			return not_open(preserve_fds, activated, 3 + i, err);
	*ret = preserve_fds + activated;
	return 0;
}

bool preserve_activates(void)
{
	const char *count = listen_fds();

	return count && parse_number(count, FDS_MAX) > 0;
}

int preserve_announce(struct spec *spec, struct error *err)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int r;

	if (!preserve_activates())
		return 0;
	r = spec_set_env(spec, "LISTEN_FDS", listen_fds(), err);
	if (r == 0)
		r = spec_set_env(spec, "LISTEN_PID", "1", err);
	if (r == 0 && names)
		r = spec_set_env(spec, "LISTEN_FDNAMES", names, err);
	return r;
}
