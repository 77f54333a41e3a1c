/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the limits of a container that is there: all of what is asked, or nothing. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/devices.h"
#include "cgroup/dir.h"
#include "cgroup/limits.h"

/* v1 has no word for "none": it shows the largest number of pages, in bytes. */
#define V1_UNLIMITED (INT64_C(1) << 62)

int64_t limit_present(int dirfd, const char *file)
{
	char text[32], *end;
	ssize_t n = file_read_at(dirfd, file, text, sizeof(text));
	int64_t value;

	if (n < 0)
		return n;
	if (!strcmp(text, "max"))
		return INT64_MAX;
	value = strtoll(text, &end, 10);
	if (end == text)
		return -ENODATA;
	return value >= V1_UNLIMITED ? INT64_MAX : value;
}

/* The memory files of either version. */
struct memory_files {
	const char *limit, *usage;
	const char *swap_limit; /* v1: of both together */
	const char *swap_usage; /* v1: of both together */
};
static const struct memory_files files_v1 = {
	"memory.limit_in_bytes",
	"memory.usage_in_bytes",
	"memory.memsw.limit_in_bytes",
	"memory.memsw.usage_in_bytes",
};
static const struct memory_files files_v2 = {
	"memory.max",
	"memory.current",
	"memory.swap.max",
	"memory.swap.current",
};

struct memory {
	int dirfd; /* owned */
	bool v2;
	const struct memory_files *files;
};

static int memory_open(const struct cgroup *cg, struct memory *ret)
{
	int index = cgroup_find(cg->host, "memory");

	ret->dirfd = index < 0 ? index : cgroup_dir_open(cg, (size_t)index);
	ret->v2 = index >= 0 && cg->host->hierarchies[index].v2;
	ret->files = ret->v2 ? &files_v2 : &files_v1;
	return ret->dirfd;
}

/*
 * v1 keeps the limit below that of memory and swap together, whichever of them is changed. v2 has
 * them apart, and its table knows what to do with the sum alone.
 */
static int check_pair(const struct memory *memory, const struct spec_resources *resources,
		      struct error *err)
{
	int64_t limit = resources->memory.limit.value, swap = resources->memory.swap.value;
	int64_t present;

	if (memory->v2 || (limit > 0) == (swap > 0))
		return 0;
	if (limit > 0 && swap == 0) {
		present = limit_present(memory->dirfd, memory->files->swap_limit);
		if (present >= 0 && limit > present)
			return error_config(err,
					    "linux.resources.memory.limit: %lld is more than the "
					    "limit in force of memory and swap together (%lld); "
					    "give memory.swap as well",
					    (long long)limit, (long long)present);
	}
	if (swap > 0 && limit == 0) {
		present = limit_present(memory->dirfd, memory->files->limit);
		if (present >= 0 && swap < present)
			return error_config(err,
					    "linux.resources.memory.swap: %lld is memory and swap "
					    "together, and less than the memory limit in force "
					    "(%lld)",
					    (long long)swap, (long long)present);
	}
	return 0;
}

static int unknown_usage(struct error *err)
{
	return error_sys_num(
		err, ENODATA,
		"linux.resources.memory.checkBeforeUpdate: the memory usage is not known");
}

/* memory.checkBeforeUpdate: a limit below the usage is refused, instead of killing for it. */
static int check_usage(const struct memory *memory, const struct spec_resources *resources,
		       struct error *err)
{
	int64_t limit = resources->memory.limit.value, swap = resources->memory.swap.value;
	int64_t usage = limit_present(memory->dirfd, memory->files->usage), sum;

	if (usage < 0)
		return unknown_usage(err);
	if (limit > 0 && usage > limit)
		return error_set(err, ERROR_STATE, EBUSY,
				 "linux.resources.memory.limit: rejecting memory limit %lld: the "
				 "usage is %lld",
				 (long long)limit, (long long)usage);
	if (swap <= 0)
		return 0;
	sum = limit_present(memory->dirfd, memory->files->swap_usage);
	if (sum == -ENOENT) /* Nothing accounts for swap, so nothing limits it either. */
		sum = memory->v2 ? 0 : usage;
	if (sum < 0)
		return unknown_usage(err);
	sum += memory->v2 ? usage : 0;
	if (sum > swap)
		return error_set(err, ERROR_STATE, EBUSY,
				 "linux.resources.memory.swap: rejecting memory+swap limit %lld: "
				 "the usage is %lld",
				 (long long)swap, (long long)sum);
	return 0;
}

static int check_memory(const struct cgroup *cg, const struct spec_resources *resources,
			struct error *err)
{
	struct memory memory;
	int r;

	if (resources->memory.limit.value == 0 && resources->memory.swap.value == 0)
		return 0;
	r = memory_open(cg, &memory);
	if (r < 0)
		return error_sys_num(err, r, "open the memory cgroup %s", cg->path);
	r = check_pair(&memory, resources, err);
	if (r == 0 && resources->memory.check_before_update.value)
		r = check_usage(&memory, resources, err);
	close_keeping_errno(memory.dirfd);
	return r;
}

static int check(const struct cgroup *cg, const struct spec_resources *resources, struct error *err)
{
	int r = 0;

	if (resources->device_rules)
		r = cgroup_devices_check(cg, resources, err);
	if (r == 0)
		r = cgroup_enable(cg, resources, err);
	if (r == 0)
		r = limits_check(cg, resources, true, err);
	return r == 0 ? check_memory(cg, resources, err) : r;
}

int cgroup_update(const struct cgroup *cg, const struct spec_resources *resources,
		  struct error *err)
{
	autoundo undo = {0};
	int r;

	if (cg->disabled)
		return error_set(err, ERROR_STATE, EOPNOTSUPP, "the container has no cgroup");
	r = check(cg, resources, err);
	if (r < 0)
		return r;
	r = limits_apply(cg, resources, &undo, err);
	if (r == 0 && resources->device_rules)
		r = cgroup_devices_apply(cg, resources, err);
	if (r < 0 && limit_undo_all(cg, &undo) < 0)
		(void)error_in(err, "not everything could be set back");
	return r;
}
