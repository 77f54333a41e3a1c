/* SPDX-License-Identifier: Apache-2.0 */
/* --rootless. */
#include "launch/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* The initial user namespace maps every ID to itself: "0 0 4294967295". */
bool rootless_in_user_namespace(void)
{
	char text[256];
	unsigned long inside, outside, count;

	if (file_read_at(AT_FDCWD, "/proc/self/uid_map", text, sizeof(text)) < 0)
		return false;
	return sscanf(text, "%lu %lu %lu", &inside, &outside, &count) != 3 || inside != 0 ||
	       outside != 0 || count != 4294967295UL;
}

int rootless_parse(const char *text, bool *ret, struct error *err)
{
	if (strcmp(text, "true") == 0)
		*ret = true;
	else if (strcmp(text, "false") == 0)
		*ret = false;
	else if (strcmp(text, "auto") == 0)
		*ret = geteuid() != 0 || rootless_in_user_namespace();
	else
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--rootless %s: must be true, false or auto", text);
	return 0;
}
