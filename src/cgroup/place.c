/* SPDX-License-Identifier: Apache-2.0 */
/* Where a container's cgroup is: from linux.cgroupsPath and the ID, or from a record. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"

#define OWN_PARENT "/ocirun"

static int check_component(const char *name, size_t length)
{
	if (length > NAME_MAX || (length == 2 && !strncmp(name, "..", 2)))
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)name[i]))
			return -EINVAL;
	return 0;
}

int cgroup_clean_path(const char *path, char *ret_path, size_t size)
{
	size_t used = 0;

	for (;;) {
		size_t span;

		path += strspn(path, "/");
		span = strcspn(path, "/");
		if (span == 0)
			break;
		if (check_component(path, span) < 0 || used + span + 2 > size)
			return -EINVAL;
		if (span != 1 || *path != '.') {
			ret_path[used++] = '/';
			memcpy(ret_path + used, path, span);
			used += span;
		}
		path += span;
	}
	if (used == 0)
		return -EINVAL; /* The root is everybody's: never freeze, kill or remove it. */
	ret_path[used] = '\0';
	return 0;
}

/* The parent of the caller's own cgroup: the one place where a user may have been given rights. */
static int own_parent(const struct cgroup_host *host, char *ret_path, size_t size,
		      struct error *err)
{
	char text[CGROUP_TEXT_MAX];
	ssize_t n = file_read_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
	bool has_v2 = cgroup_find_v2(host) >= 0;
	char *line, *path, *slash;

	if (n < 0)
		return error_sys_num(err, (int)n, "read /proc/self/cgroup");
	line = has_v2 && strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text;
	line = line ? line + (*line == '\n') : text;
	line[strcspn(line, "\n")] = '\0';
	path = strchr(line, '/');
	if (!path)
		return error_set(err, ERROR_SYSTEM, EBADMSG, "/proc/self/cgroup: no path in \"%s\"",
				 line);
	slash = strrchr(path, '/');
	*slash = '\0';
	if ((size_t)snprintf(ret_path, size, "%s", path) >= size)
		return error_sys_num(err, ENAMETOOLONG, "own cgroup %s", path);
	return 0;
}

int cgroup_place(struct cgroup *cg, const struct cgroup_host *host, const char *cgroups_path,
		 const char *id, bool privileged, struct error *err)
{
	bool given = cgroups_path && *cgroups_path;
	bool absolute = given && *cgroups_path == '/';
	char parent[sizeof(cg->path)] = "", path[2 * sizeof(cg->path)];
	int r = 0;

	memset(cg, 0, sizeof(*cg));
	cg->host = host;
	if (!absolute && privileged)
		(void)snprintf(parent, sizeof(parent), "%s", OWN_PARENT);
	else if (!absolute)
		r = own_parent(host, parent, sizeof(parent), err);
	if (r < 0)
		return r;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", parent, given ? cgroups_path : id) >=
		    sizeof(path) ||
	    cgroup_clean_path(path, cg->path, sizeof(cg->path)) < 0 ||
	    (!absolute && !strcmp(cg->path, parent)))
		return error_config(
			err,
			"linux.cgroupsPath: \"%s\" must name a cgroup below the root in "
			"less than %zu bytes, without \"..\" or control characters",
			given ? cgroups_path : id, sizeof(cg->path));
	return 0;
}

/* May the caller make or take the directory in this hierarchy? */
static bool is_possible_in(const struct cgroup *cg, size_t index)
{
	const char *missing;
	autofd dir = cgroup_nearest_open(cg, index, &missing);

	return dir >= 0 && faccessat(dir, *missing ? "." : "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

bool cgroup_is_possible(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->host->count; i++)
		if (is_possible_in(cg, i))
			return true;
	return false;
}

void cgroup_open(struct cgroup *cg, const struct cgroup_host *host, const char *path)
{
	struct cgroup opened = {.host = host};

	/* A record without a path is a container without cgroups; a damaged one must do no harm. */
	opened.disabled = !path || cgroup_clean_path(path, opened.path, sizeof(opened.path)) < 0;
	if (opened.disabled)
		opened.path[0] = '\0';
	for (size_t i = 0; !opened.disabled && i < host->count; i++) {
		autofd dir = cgroup_dir_open(&opened, i);

		/* Out of descriptors or memory is not absent. */
		if (dir >= 0 || (dir != -ENOENT && dir != -EACCES))
			opened.present |= UINT32_C(1) << i;
	}
	*cg = opened; /* only now: @path may be the one in @cg */
}
