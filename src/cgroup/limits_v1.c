/* SPDX-License-Identifier: Apache-2.0 */
/* What each field of linux.resources is on cgroup v1. Source: the kernel's admin-guide/cgroup-v1.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroup/limits.h"

/* memory.swap counts memory and swap together, as v1 does. */
static int swap(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_i64 *limit = &from->resources->memory.limit;
	const struct optional_i64 *field = &from->resources->memory.swap;
	int64_t value = field->value;
	int r = limit_check_swap(from->resources, err);

	if (r < 0 || from->index > 0)
		return r;
	/* Memory without a limit under a finite sum is not what anybody means, nor possible. */
	if (value == 0 && limit->has && limit->value < 0)
		value = -1;
	if (value == 0)
		return 0;
	/* Without swap accounting there is no file, and nothing that limits swap. */
	if (value < 0 && from->dirfd >= 0 && !limit_has_file(from, from->row->file))
		return 0;
	return limit_format(ret, "%lld", (long long)value);
}

static int swappiness(const struct limit_source *from, struct limit *ret, struct error *err)
{
	int r = limit_uint(from, ret, err), range;

	if (r <= 0)
		return r;
	range = limit_check_range(from, from->resources->memory.swappiness.value, 0, 100, err);
	return range < 0 ? range : r;
}

/* The kernel would quietly take the nearest number that it knows. */
static int shares(const struct limit_source *from, struct limit *ret, struct error *err)
{
	int r = limit_nonzero_uint(from, ret, err), range;

	if (r <= 0)
		return r;
	range = limit_check_range(from, from->resources->cpu.shares.value, CPU_SHARES_MIN,
				  CPU_SHARES_MAX, err);
	return range < 0 ? range : r;
}

/* CFQ's files went with Linux 5.0; BFQ has its own. */
static void pick_weight_file(const struct limit_source *from, struct limit *ret,
			     const char *bfq_file)
{
	if (from->dirfd >= 0 && !limit_has_file(from, ret->file))
		(void)snprintf(ret->file, sizeof(ret->file), "%s", bfq_file);
}

static int weight(const struct limit_source *from, struct limit *ret, struct error *err)
{
	int r = limit_weight(from, ret, err);

	if (r > 0)
		pick_weight_file(from, ret, "blkio.bfq.weight");
	return r;
}

static int weight_device(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct spec_throttle_device *device;
	int r = limit_weight_device(from, false, &device, err);

	if (r <= 0)
		return r;
	pick_weight_file(from, ret, "blkio.bfq.weight_device");
	return limit_format(ret, "%lld:%lld %llu", (long long)device->major,
			    (long long)device->minor, (unsigned long long)device->weight.value);
}

static int leaf_weight_device(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct spec_throttle_device *device;
	int r = limit_weight_device(from, true, &device, err);

	if (r <= 0)
		return r;
	return limit_format(ret, "%lld:%lld %llu", (long long)device->major,
			    (long long)device->minor,
			    (unsigned long long)device->leaf_weight.value);
}

static int throttle(const struct limit_source *from, enum throttle_kind kind, struct limit *ret)
{
	const struct spec_resources *resources = from->resources;
	const struct spec_throttle_device *device;

	if (from->index >= resources->block_io.throttle_count[kind])
		return 0;
	device = &resources->block_io.throttles[kind][from->index];
	return limit_format(ret, "%lld:%lld %llu", (long long)device->major,
			    (long long)device->minor, (unsigned long long)device->rate);
}

static int read_bps(const struct limit_source *from, struct limit *ret, struct error *err)
{
	(void)err;
	return throttle(from, THROTTLE_READ_BPS, ret);
}

static int write_bps(const struct limit_source *from, struct limit *ret, struct error *err)
{
	(void)err;
	return throttle(from, THROTTLE_WRITE_BPS, ret);
}

static int read_iops(const struct limit_source *from, struct limit *ret, struct error *err)
{
	(void)err;
	return throttle(from, THROTTLE_READ_IOPS, ret);
}

static int write_iops(const struct limit_source *from, struct limit *ret, struct error *err)
{
	(void)err;
	return throttle(from, THROTTLE_WRITE_IOPS, ret);
}

static int hugepages(const struct limit_source *from, const char *kind, struct limit *ret,
		     struct error *err)
{
	const struct spec_hugepage_limit *limit;
	int r;

	if (from->index >= from->resources->hugepage_count)
		return 0;
	r = limit_check_page_size(from, err);
	if (r < 0)
		return r;
	limit = &from->resources->hugepages[from->index];
	(void)snprintf(ret->file, sizeof(ret->file), "hugetlb.%s.%slimit_in_bytes",
		       limit->page_size, kind);
	return limit_format(ret, "%llu", (unsigned long long)limit->limit_bytes);
}

static int hugepages_reserved(const struct limit_source *from, struct limit *ret, struct error *err)
{
	return hugepages(from, "rsvd.", ret, err);
}

static int hugepages_used(const struct limit_source *from, struct limit *ret, struct error *err)
{
	return hugepages(from, "", ret, err);
}

static int class_id(const struct limit_source *from, struct limit *ret, struct error *err)
{
	int r = limit_uint(from, ret, err), range;

	if (r <= 0)
		return r;
	range = limit_check_range(from, from->resources->network.class_id.value, 0, UINT32_MAX,
				  err);
	return range < 0 ? range : r;
}

static int priority(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct spec_pair *pair;

	if (from->index >= from->resources->network.priority_count)
		return 0;
	pair = &from->resources->network.priorities[from->index];
	if (strpbrk(pair->key, " \t\n/") || strlen(pair->key) > 15)
		return error_config(err,
				    "linux.resources.network.priorities[%zu].name: \"%s\" is no "
				    "interface name",
				    from->index, pair->key);
	return limit_format(ret, "%s %s", pair->key, pair->value);
}

const struct limit_row limits_v1[] = {
	/* field, controller, file, conversion */
	LIMIT_ROW("memory.limit", "memory", "memory.limit_in_bytes", limit_nonzero_int,
		  LIMIT_AT(memory.limit), .hint = "more is in use, or allowed together with swap"),
	LIMIT_ROW("memory.swap", "memory", "memory.memsw.limit_in_bytes", swap),
	LIMIT_ROW("memory.reservation", "memory", "memory.soft_limit_in_bytes", limit_nonzero_int,
		  LIMIT_AT(memory.reservation)),
	LIMIT_ROW("memory.swappiness", "memory", "memory.swappiness", swappiness,
		  LIMIT_AT(memory.swappiness)),
	LIMIT_ROW("memory.disableOOMKiller", "memory", "memory.oom_control", limit_bool,
		  LIMIT_AT(memory.disable_oom_killer)),
	LIMIT_ROW("memory.useHierarchy", "memory", "memory.use_hierarchy", limit_bool,
		  LIMIT_AT(memory.use_hierarchy)),
	LIMIT_ROW("cpu.shares", "cpu", "cpu.shares", shares, LIMIT_AT(cpu.shares)),
	LIMIT_ROW("cpu.period", "cpu", "cpu.cfs_period_us", limit_nonzero_uint,
		  LIMIT_AT(cpu.period)),
	LIMIT_ROW("cpu.quota", "cpu", "cpu.cfs_quota_us", limit_nonzero_int, LIMIT_AT(cpu.quota)),
	LIMIT_ROW("cpu.burst", "cpu", "cpu.cfs_burst_us", limit_uint, LIMIT_AT(cpu.burst)),
	LIMIT_ROW("cpu.idle", "cpu", "cpu.idle", limit_int, LIMIT_AT(cpu.idle)),
	LIMIT_ROW("cpu.realtimePeriod", "cpu", "cpu.rt_period_us", limit_nonzero_uint,
		  LIMIT_AT(cpu.realtime_period)),
	LIMIT_ROW("cpu.realtimeRuntime", "cpu", "cpu.rt_runtime_us", limit_nonzero_int,
		  LIMIT_AT(cpu.realtime_runtime),
		  .hint = "the cgroups above need a realtime budget themselves"),
	LIMIT_ROW("cpu.cpus", "cpuset", "cpuset.cpus", limit_string, LIMIT_AT(cpu.cpus)),
	LIMIT_ROW("cpu.mems", "cpuset", "cpuset.mems", limit_string, LIMIT_AT(cpu.mems)),
	LIMIT_ROW("pids.limit", "pids", "pids.max", limit_max, LIMIT_AT(pids_limit)),
	LIMIT_ROW("blockIO.weight", "io", "blkio.weight", weight, LIMIT_AT(block_io.weight)),
	LIMIT_ROW("blockIO.leafWeight", "io", "blkio.leaf_weight", limit_weight,
		  LIMIT_AT(block_io.leaf_weight)),
	LIMIT_ROW("blockIO.weightDevice", "io", "blkio.weight_device", weight_device),
	LIMIT_ROW("blockIO.weightDevice.leafWeight", "io", "blkio.leaf_weight_device",
		  leaf_weight_device),
	LIMIT_ROW("blockIO.throttleReadBpsDevice", "io", "blkio.throttle.read_bps_device",
		  read_bps),
	LIMIT_ROW("blockIO.throttleWriteBpsDevice", "io", "blkio.throttle.write_bps_device",
		  write_bps),
	LIMIT_ROW("blockIO.throttleReadIOPSDevice", "io", "blkio.throttle.read_iops_device",
		  read_iops),
	LIMIT_ROW("blockIO.throttleWriteIOPSDevice", "io", "blkio.throttle.write_iops_device",
		  write_iops),
	LIMIT_ROW("hugepageLimits", "hugetlb", NULL, hugepages_used),
	LIMIT_ROW("hugepageLimits", "hugetlb", NULL, hugepages_reserved, .optional = true),
	LIMIT_ROW("network.classID", "net_cls", "net_cls.classid", class_id,
		  LIMIT_AT(network.class_id)),
	LIMIT_ROW("network.priorities", "net_prio", "net_prio.ifpriomap", priority),
};
const size_t limits_v1_count = ARRAY_SIZE(limits_v1);
