/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host mounts below /sys/fs/cgroup. Told by the files that the kernel puts at a
 * hierarchy's root (cgroup.controllers: v2, tasks: v1), so that a plain directory can stand in for
 * it in tests.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"

static bool is_controller(const char *name, size_t length)
{
	static const char *const known[] = {
		"cpu",	      "cpuacct", "cpuset", "memory",  "devices",
		"freezer",    "blkio",	 "pids",   "net_cls", "net_prio",
		"perf_event", "hugetlb", "rdma",   "misc",    "debug",
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i]) == length && !strncmp(known[i], name, length))
			return true;
	return false;
}

/* v1 hierarchies are mounted by the names of their controllers; any other name is a named one. */
static void v1_controllers(struct cgroup_hierarchy *h)
{
	bool named = false;

	for (const char *word = h->name; *word;) {
		size_t span = strcspn(word, ",");

		named |= !is_controller(word, span);
		word += span + (word[span] == ',');
	}
	(void)snprintf(h->controllers, sizeof(h->controllers), "%s%s", named ? "name=" : "",
		       h->name);
}

/* 1 or 0; any other failure than its absence is no answer. */
static int has_file(int dirfd, const char *name)
{
	if (faccessat(dirfd, name, F_OK, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

static int add_hierarchy(struct cgroup_host *host, int dirfd, const char *root, const char *name,
			 struct error *err)
{
	struct cgroup_hierarchy h = {0};
	int n, length, v1 = 0, v2;

	length = snprintf(h.name, sizeof(h.name), "%s", name);
	n = snprintf(h.mount_point, sizeof(h.mount_point), "%s%s%s", root, *name ? "/" : "", name);
	if (length >= (int)sizeof(h.name) || n >= (int)sizeof(h.mount_point))
		return error_sys_num(err, ENAMETOOLONG, "%s/%s", root, name);

	v2 = has_file(dirfd, "cgroup.controllers");
	if (v2 == 0)
		v1 = has_file(dirfd, "tasks");
	if (v2 < 0 || v1 < 0)
		return error_sys_num(err, v2 < 0 ? v2 : v1, "%s", h.mount_point);
	if (v2) {
		ssize_t r = file_read_at(dirfd, "cgroup.controllers", h.controllers,
					 sizeof(h.controllers));

		if (r < 0)
			return error_sys_num(err, (int)r, "read %s/cgroup.controllers",
					     h.mount_point);
		h.v2 = true;
	} else if (v1) {
		v1_controllers(&h);
	} else {
		return 0;
	}
	if (host->count == CGROUP_HIERARCHIES_MAX)
		return error_sys_num(err, E2BIG, "%s has more than %d hierarchies", root,
				     CGROUP_HIERARCHIES_MAX);
	host->hierarchies[host->count++] = h;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct cgroup_hierarchy *)a)->name,
		      ((const struct cgroup_hierarchy *)b)->name);
}

/* 1 when it is a directory, whatever is in it; 0 when it is something else, or not there. */
static int add_entry(struct cgroup_host *host, int rootfd, const char *root, const char *name,
		     struct error *err)
{
	/* "cpu" and "cpuacct" may be links to "cpu,cpuacct": one hierarchy, met once. */
	autofd fd = openat(rootfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP || errno == ENOENT))
		return 0;
	if (fd < 0)
		return error_sys(err, "open %s/%s", root, name);
	r = add_hierarchy(host, fd, root, name, err);
	return r < 0 ? r : 1;
}

static int add_entries(struct cgroup_host *host, int rootfd, const char *root, struct error *err)
{
	int listfd = openat(rootfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir *dir = listfd < 0 ? NULL : fdopendir(listfd);
	const struct dirent *entry;

	if (!dir) {
		int r = error_sys(err, "open %s", root);

		close_keeping_errno(listfd);
		return r;
	}
	while (errno = 0, (entry = readdir(dir))) {
		int r;

		if (entry->d_name[0] == '.')
			continue;
		r = add_entry(host, rootfd, root, entry->d_name, err);
		if (r < 0)
			return r;
	}
	if (errno != 0)
		return error_sys(err, "read %s", root);
	qsort(host->hierarchies, host->count, sizeof(host->hierarchies[0]), by_name);
	return 0;
}

/* The two that freeze; a freezer that is mounted together with others is found by its whole name.
 */
static int add_freezers(struct cgroup_host *host, int rootfd, const char *root, struct error *err)
{
	int r = add_entry(host, rootfd, root, "freezer", err);

	if (r > 0)
		r = add_entry(host, rootfd, root, "unified", err);
	else if (r == 0)
		r = add_entries(host, rootfd, root, err);
	return r < 0 ? r : 0;
}

static int probe(struct cgroup_host *host, const char *root,
		 int (*add)(struct cgroup_host *host, int rootfd, const char *root,
			    struct error *err),
		 struct error *err)
{
	autofd rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	memset(host, 0, sizeof(*host));
	if (rootfd < 0)
		return error_sys(err, "open %s", root);
	r = add_hierarchy(host, rootfd, root, "", err);
	if (r < 0)
		return r;
	host->unified = host->count > 0;
	if (!host->unified)
		r = add(host, rootfd, root, err);
	if (r == 0 && host->count == 0)
		r = error_set(err, ERROR_SYSTEM, ENOENT, "%s: no cgroup hierarchy is mounted there",
			      root);
	return r;
}

int cgroup_host_probe(struct cgroup_host *host, const char *root, struct error *err)
{
	return probe(host, root, add_entries, err);
}

int cgroup_host_probe_freezers(struct cgroup_host *host, const char *root, struct error *err)
{
	return probe(host, root, add_freezers, err);
}
