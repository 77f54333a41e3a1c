/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl (config-linux.md#sysctl). Which names are allowed is spec/'s to check. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "setup/procfs.h"
#include "setup/setup.h"

/* As sysctl(8): the first separator says which of '.' and '/' separates; the other is literal. */
static int sysctl_path(const char *name, char *path, size_t size)
{
	bool dots = name[strcspn(name, "./")] == '.';
	int length = snprintf(path, size, "sys/%s", name);

	if (length < 0 || (size_t)length >= size)
		return -ENAMETOOLONG;
	for (char *c = path + 4; dots && *c; c++) {
		if (*c == '.')
			*c = '/';
		else if (*c == '/')
			*c = '.';
	}
	return 0;
}

static int write_sysctl(const struct setup *s, const struct spec_sysctl *sysctl, struct error *err)
{
	char path[512];
	int r = sysctl_path(sysctl->name, path, sizeof(path));

	if (r == 0)
		r = procfs_write(s->host_proc_fd, path, sysctl->value);
	if (r == -EXDEV)
		return error_set(err, ERROR_SYSTEM, EXDEV, "%s: not on procfs", sysctl->name);
	return r < 0 ? error_sys_num(err, r, "%s: write \"%s\"", sysctl->name, sysctl->value) : 0;
}

int setup_sysctl(struct setup *s, const struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->sysctl_count; i++) {
		int r = write_sysctl(s, &spec->sysctls[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}
