/* SPDX-License-Identifier: Apache-2.0 */
/* What each field of linux.resources is on cgroup v2. Source: the kernel's cgroup-v2.rst. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/limits.h"

/* v2 counts swap alone, config.json memory and swap together. */
static int swap(const struct limit_source *from, struct limit *ret, struct error *err)
{
	int64_t limit = from->resources->memory.limit.value;
	int64_t value = from->resources->memory.swap.value;
	int r = limit_check_swap(from->resources, err);

	if (r < 0 || from->index > 0)
		return r;
	/* An update of the sum alone: the limit is the one in force. */
	if (limit == 0 && value > 0 && from->dirfd >= 0) {
		limit = limit_present(from->dirfd, "memory.max");
		if (limit == INT64_MAX || limit < 0)
			limit = 0;
	}
	/* "Memory without a limit" says the same of the sum, unless the sum is given. */
	if (value == 0 && limit < 0)
		value = -1;
	if (value == 0)
		return 0;
	if (value < 0) /* Without swap accounting there is no file, and nothing that limits swap. */
		return from->dirfd >= 0 && !limit_has_file(from, from->row->file)
			       ? 0
			       : limit_format(ret, "max");
	if (limit <= 0)
		return error_config(err,
				    "linux.resources.memory.swap: %lld is memory and swap "
				    "together; without memory.limit the swap in it is not known",
				    (long long)value);
	if (value < limit)
		return error_config(err,
				    "linux.resources.memory.swap: %lld is memory and swap "
				    "together, and less than the memory limit in force (%lld)",
				    (long long)value, (long long)limit);
	return limit_format(ret, "%lld", (long long)(value - limit));
}

/* What v2 does not have is refused only where it is asked for: "false" and 0 ask for nothing. */
static int oom_killer_off(const struct limit_source *from, struct limit *ret, struct error *err)
{
	return from->resources->memory.disable_oom_killer.value ? limit_bool(from, ret, err) : 0;
}

static int hierarchy_off(const struct limit_source *from, struct limit *ret, struct error *err)
{
	return from->resources->memory.use_hierarchy.value ? 0 : limit_bool(from, ret, err);
}

static int cpu_weight(const struct limit_source *from, struct limit *ret, struct error *err)
{
	int r = limit_nonzero_uint(from, ret, err);

	if (r <= 0)
		return r;
	return limit_format(
		ret, "%llu",
		(unsigned long long)weight_from_cpu_shares(from->resources->cpu.shares.value));
}

/* One file holds both; a part that is not given stays as it is. */
static int cpu_max(const struct limit_source *from, struct limit *ret, struct error *err)
{
	int64_t quota = from->resources->cpu.quota.value;
	uint64_t period = from->resources->cpu.period.value;
	char quota_text[64] = "max";

	(void)err;
	if (from->index > 0 || (quota == 0 && period == 0))
		return 0;
	if (quota > 0)
		(void)snprintf(quota_text, sizeof(quota_text), "%lld", (long long)quota);
	else if (quota == 0 && from->dirfd >= 0 &&
		 file_read_at(from->dirfd, "cpu.max", quota_text, sizeof(quota_text)) > 0)
		quota_text[strcspn(quota_text, " ")] = '\0';
	if (period == 0)
		return limit_format(ret, "%s", quota_text);
	return limit_format(ret, "%s %llu", quota_text, (unsigned long long)period);
}

/* BFQ's own file takes v1's range; io.weight has another. */
static bool has_bfq(const struct limit_source *from)
{
	return limit_has_file(from, "io.bfq.weight");
}

static void weight_file(const struct limit_source *from, struct limit *ret)
{
	(void)snprintf(ret->file, sizeof(ret->file), "%s",
		       has_bfq(from) ? "io.bfq.weight" : "io.weight");
}

static uint64_t weight_value(const struct limit_source *from, uint64_t weight)
{
	return has_bfq(from) ? weight : weight_from_blkio(weight);
}

static int io_weight(const struct limit_source *from, struct limit *ret, struct error *err)
{
	int r = limit_weight(from, ret, err);

	if (r <= 0)
		return r;
	weight_file(from, ret);
	return limit_format(
		ret, "default %llu",
		(unsigned long long)weight_value(from, from->resources->block_io.weight.value));
}

static int io_weight_device(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct spec_throttle_device *device;
	int r = limit_weight_device(from, false, &device, err);

	if (r <= 0)
		return r;
	weight_file(from, ret);
	return limit_format(ret, "%lld:%lld %llu", (long long)device->major,
			    (long long)device->minor,
			    (unsigned long long)weight_value(from, device->weight.value));
}

static int leaf_weight_device(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct spec_throttle_device *device;

	(void)ret;
	return limit_weight_device(from, true, &device, err);
}

static int throttle(const struct limit_source *from, enum throttle_kind kind, const char *key,
		    struct limit *ret)
{
	const struct spec_resources *resources = from->resources;
	const struct spec_throttle_device *device;
	char rate[32] = "max"; /* v1's 0 is "no limit" */

	if (from->index >= resources->block_io.throttle_count[kind])
		return 0;
	device = &resources->block_io.throttles[kind][from->index];
	if (device->rate > 0)
		(void)snprintf(rate, sizeof(rate), "%llu", (unsigned long long)device->rate);
	return limit_format(ret, "%lld:%lld %s=%s", (long long)device->major,
			    (long long)device->minor, key, rate);
}

static int read_bps(const struct limit_source *from, struct limit *ret, struct error *err)
{
	(void)err;
	return throttle(from, THROTTLE_READ_BPS, "rbps", ret);
}

static int write_bps(const struct limit_source *from, struct limit *ret, struct error *err)
{
	(void)err;
	return throttle(from, THROTTLE_WRITE_BPS, "wbps", ret);
}

static int read_iops(const struct limit_source *from, struct limit *ret, struct error *err)
{
	(void)err;
	return throttle(from, THROTTLE_READ_IOPS, "riops", ret);
}

static int write_iops(const struct limit_source *from, struct limit *ret, struct error *err)
{
	(void)err;
	return throttle(from, THROTTLE_WRITE_IOPS, "wiops", ret);
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
	(void)snprintf(ret->file, sizeof(ret->file), "hugetlb.%s.%smax", limit->page_size, kind);
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

static const char v1_only[] = "this needs cgroup v1";

const struct limit_row limits_v2[] = {
	/* field, controller, file, conversion */
	/* Swap first: room to swap to, before memory.max may make the kernel look for some. */
	LIMIT_ROW("memory.swap", "memory", "memory.swap.max", swap),
	LIMIT_ROW("memory.limit", "memory", "memory.max", limit_nonzero_max,
		  LIMIT_AT(memory.limit)),
	LIMIT_ROW("memory.reservation", "memory", "memory.low", limit_nonzero_max,
		  LIMIT_AT(memory.reservation)),
	LIMIT_ROW("memory.swappiness", "memory", NULL, limit_uint, LIMIT_AT(memory.swappiness),
		  .refused = v1_only),
	LIMIT_ROW("memory.disableOOMKiller", "memory", NULL, oom_killer_off,
		  LIMIT_AT(memory.disable_oom_killer), .refused = v1_only),
	LIMIT_ROW("memory.useHierarchy", "memory", NULL, hierarchy_off,
		  LIMIT_AT(memory.use_hierarchy),
		  .refused = "cgroup v2 has no mode without hierarchy"),
	LIMIT_ROW("cpu.shares", "cpu", "cpu.weight", cpu_weight, LIMIT_AT(cpu.shares)),
	LIMIT_ROW("cpu.quota", "cpu", "cpu.max", cpu_max),
	LIMIT_ROW("cpu.burst", "cpu", "cpu.max.burst", limit_uint, LIMIT_AT(cpu.burst)),
	LIMIT_ROW("cpu.idle", "cpu", "cpu.idle", limit_int, LIMIT_AT(cpu.idle)),
	LIMIT_ROW("cpu.realtimePeriod", "cpu", NULL, limit_nonzero_uint,
		  LIMIT_AT(cpu.realtime_period), .refused = v1_only),
	LIMIT_ROW("cpu.realtimeRuntime", "cpu", NULL, limit_nonzero_int,
		  LIMIT_AT(cpu.realtime_runtime), .refused = v1_only),
	LIMIT_ROW("cpu.cpus", "cpuset", "cpuset.cpus", limit_string, LIMIT_AT(cpu.cpus)),
	LIMIT_ROW("cpu.mems", "cpuset", "cpuset.mems", limit_string, LIMIT_AT(cpu.mems)),
	LIMIT_ROW("pids.limit", "pids", "pids.max", limit_max, LIMIT_AT(pids_limit)),
	LIMIT_ROW("blockIO.weight", "io", "io.weight", io_weight, LIMIT_AT(block_io.weight)),
	LIMIT_ROW("blockIO.leafWeight", "io", NULL, limit_weight, LIMIT_AT(block_io.leaf_weight),
		  .refused = v1_only),
	LIMIT_ROW("blockIO.weightDevice", "io", "io.weight", io_weight_device),
	LIMIT_ROW("blockIO.weightDevice.leafWeight", "io", NULL, leaf_weight_device,
		  .refused = v1_only),
	LIMIT_ROW("blockIO.throttleReadBpsDevice", "io", "io.max", read_bps),
	LIMIT_ROW("blockIO.throttleWriteBpsDevice", "io", "io.max", write_bps),
	LIMIT_ROW("blockIO.throttleReadIOPSDevice", "io", "io.max", read_iops),
	LIMIT_ROW("blockIO.throttleWriteIOPSDevice", "io", "io.max", write_iops),
	LIMIT_ROW("hugepageLimits", "hugetlb", NULL, hugepages_used),
	LIMIT_ROW("hugepageLimits", "hugetlb", NULL, hugepages_reserved, .optional = true),
};
const size_t limits_v2_count = ARRAY_SIZE(limits_v2);
