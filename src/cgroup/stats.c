/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses now: the walk through the tables of stats_v1.c and stats_v2.c. */
#include "cgroup/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/stats_file.h"

/* memory.stat and usage_all of a host with thousands of CPUs. */
#define FILE_TEXT_MAX ((size_t)4 << 20)

/* What runc prints of every container. */
static const char *const objects[] = {
	"cpu.usage",   "cpu.throttling", "cpuset",	     "memory.usage",
	"memory.swap", "memory.kernel",	 "memory.kernelTCP", "pids",
	"blkio",       "hugetlb",	 "intel_rdt",
};

/* What runc prints of every container, and as 0 where this host does not count it. */
static const char *const numbers[] = {
	"cpu.usage.kernel",
	"cpu.usage.user",
	"cpuset.cpu_exclusive",
	"cpuset.mem_hardwall",
	"cpuset.mem_exclusive",
	"cpuset.memory_migrate",
	"cpuset.memory_spread_page",
	"cpuset.memory_spread_slab",
	"cpuset.memory_pressure",
	"cpuset.sched_load_balance",
	"cpuset.sched_relax_domain_level",
	"memory.usage.limit",
	"memory.usage.failcnt",
	"memory.swap.limit",
	"memory.swap.failcnt",
	"memory.kernel.limit",
	"memory.kernel.failcnt",
	"memory.kernelTCP.limit",
	"memory.kernelTCP.failcnt",
};

/* The container's directories, one per hierarchy; -EBADF where there is none. */
struct stats_dirs {
	size_t count;
	int fds[CGROUP_HIERARCHIES_MAX];
};

static void dirs_close(struct stats_dirs *dirs)
{
	for (size_t i = 0; i < dirs->count; i++)
		close_keeping_errno(dirs->fds[i]);
}

static int dirs_open(struct stats_dirs *dirs, const struct cgroup *cg, struct error *err)
{
	bool any = false;

	dirs->count = cg->host->count;
	for (size_t i = 0; i < dirs->count; i++) {
		dirs->fds[i] = cgroup_is_present(cg, i) ? cgroup_dir_open(cg, i) : -EBADF;
		any = any || dirs->fds[i] >= 0;
	}
	return any ? 0 : error_set(err, ERROR_MISSING, ENOENT, "cgroup %s is gone", cg->path);
}

/* @controller: of v1, or NULL for v2; -EBADF: not on this host. */
static int dir_of(const struct stats_dirs *dirs, const struct cgroup *cg, const char *controller)
{
	int index = controller ? cgroup_find(cg->host, controller) : cgroup_find_v2(cg->host);

	if (index < 0 || (controller && cg->host->hierarchies[index].v2))
		return -EBADF;
	return dirs->fds[index];
}

static int read_file(int dirfd, const struct stats_file *file, cJSON *data)
{
	autofd fd = openat(dirfd, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	autofree char *text = NULL;
	cJSON *object;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = fd_read_text(fd, FILE_TEXT_MAX, &text);
	if (n < 0)
		return (int)n;
	object = stats_object(data, file->object);
	return object ? file->parse(text, file, object) : -ENOMEM;
}

static int read_table(const struct stats_dirs *dirs, const struct cgroup *cg,
		      const struct stats_file *files, size_t count, cJSON *data, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		int dirfd = dir_of(dirs, cg, files[i].controller);
		int r = dirfd < 0 ? 0 : read_file(dirfd, &files[i], data);

		if (r < 0 && !stats_is_missing(r))
			return error_sys_num(err, r, "%s of cgroup %s", files[i].name, cg->path);
	}
	return 0;
}

/* Without the controller of pids, the processes are what can be counted. */
static int count_processes(const struct cgroup *cg, cJSON *data, struct error *err)
{
	cJSON *object = stats_object(data, "pids");
	autofree pid_t *pids = NULL;
	size_t count = 0;
	int r;

	if (!object || json_member(object, "current"))
		return object ? 0 : error_sys_num(err, ENOMEM, "statistics");
	r = cgroup_pids(cg, &pids, &count, err);
	if (r == 0 && stats_put(object, "current", count, false) < 0)
		return error_sys_num(err, ENOMEM, "statistics");
	return r;
}

static int read_others(const struct stats_dirs *dirs, const struct cgroup *cg, cJSON *data,
		       struct error *err)
{
	int v2_fd = dir_of(dirs, cg, NULL), v1_fd = dir_of(dirs, cg, "hugetlb");
	int r = v2_fd < 0 ? 0 : stats_v2_memory(v2_fd, data);

	if (r < 0)
		return error_sys_num(err, r, "memory of cgroup %s", cg->path);
	r = v1_fd < 0 ? 0 : stats_hugetlb(v1_fd, false, data);
	if (r == 0 && v2_fd >= 0)
		r = stats_hugetlb(v2_fd, true, data);
	if (r < 0)
		return error_sys_num(err, r, "hugetlb of cgroup %s", cg->path);
	return count_processes(cg, data, err);
}

static int read_all(const struct stats_dirs *dirs, const struct cgroup *cg, cJSON *data,
		    struct error *err)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		if (!stats_object(data, objects[i]))
			return error_sys_num(err, ENOMEM, "statistics");
	/* Those of runc's own virtual links, which no configuration asks for. */
	if (!cJSON_AddNullToObject(data, "network_interfaces"))
		return error_sys_num(err, ENOMEM, "statistics");
	r = read_table(dirs, cg, stats_v1_files, stats_v1_count, data, err);
	if (r == 0)
		r = read_table(dirs, cg, stats_v2_files, stats_v2_count, data, err);
	if (r == 0)
		r = read_others(dirs, cg, data, err);
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && r == 0; i++)
		if (stats_put(data, numbers[i], 0, true) < 0)
			r = error_sys_num(err, ENOMEM, "statistics");
	return r;
}

int cgroup_stats(const struct cgroup *cg, cJSON **ret, struct error *err)
{
	struct stats_dirs dirs = {0};
	cJSON *data;
	int r;

	if (cg->disabled)
		return error_set(err, ERROR_STATE, EOPNOTSUPP, "the container has no cgroup");
	data = cJSON_CreateObject();
	if (!data)
		return error_sys_num(err, ENOMEM, "statistics");
	r = dirs_open(&dirs, cg, err);
	if (r == 0)
		r = read_all(&dirs, cg, data, err);
	dirs_close(&dirs);
	if (r < 0)
		cJSON_Delete(data);
	else
		*ret = data;
	return r;
}
