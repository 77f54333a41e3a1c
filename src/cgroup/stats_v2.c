/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files of cgroup v2 become which statistics. Beside v1, its core still has the pressure.
 * Source: kernel admin-guide/cgroup-v2.rst, accounting/psi.rst.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroup/stats_file.h"

#define NS_PER_USEC 1000

/* What has a place in v1's form; the rest of io.stat has none. */
static const struct {
	const char *key, *member, *operation;
} io_counts[] = {
	{"rbytes", "ioServiceBytesRecursive", "Read"},
	{"wbytes", "ioServiceBytesRecursive", "Write"},
	{"rios", "ioServicedRecursive", "Read"},
	{"wios", "ioServicedRecursive", "Write"},
};

static int io_count(char *word, const uint64_t device[2], cJSON *blkio)
{
	char *text = strchr(word, '=');
	uint64_t value;

	if (!text)
		return 0;
	*text++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(io_counts); i++) {
		if (strcmp(word, io_counts[i].key) != 0)
			continue;
		if (stats_number_parse(text, &value) < 0)
			return -EBADMSG;
		return stats_add_io(blkio, io_counts[i].member, device, io_counts[i].operation,
				    value);
	}
	return 0;
}

/* "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0" */
static int io_line(char *line, cJSON *blkio)
{
	char *save = NULL, *word = strtok_r(line, " ", &save), *end;
	uint64_t device[2];
	int r = 0;

	/* Some kernels print "(unknown)" where the device has gone. */
	if (!word || *word < '0' || *word > '9')
		return 0;
	device[0] = strtoull(word, &end, 10);
	if (*end != ':' || stats_number_parse(end + 1, &device[1]) < 0)
		return -EBADMSG;
	while (r == 0 && (word = strtok_r(NULL, " ", &save)))
		r = io_count(word, device, blkio);
	return r;
}

static int parse_io(char *text, const struct stats_file *file, cJSON *object)
{
	char *save = NULL;
	int r = 0;

	(void)file;
	for (char *line = strtok_r(text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		r = io_line(line, object);
	return r;
}

/* clang-format off */
const struct stats_file stats_v2_files[] = {
	{NULL, "cpu.stat", "cpu", stats_parse_numbers,
	 {{"usage_usec", "usage.total", NS_PER_USEC, false},
	  {"user_usec", "usage.user", NS_PER_USEC, true},
	  {"system_usec", "usage.kernel", NS_PER_USEC, true},
	  {"nr_periods", "throttling.periods", 0, false},
	  {"nr_throttled", "throttling.throttledPeriods", 0, false},
	  {"throttled_usec", "throttling.throttledTime", NS_PER_USEC, false}}},
	{NULL, "cpu.pressure", "cpu.psi", stats_parse_pressure, {{0}}},
	{NULL, "cpuset.cpus.effective", "cpuset", stats_parse_cpu_list, {{.member = "cpus"}}},
	{NULL, "cpuset.mems.effective", "cpuset", stats_parse_cpu_list, {{.member = "mems"}}},
	{NULL, "memory.stat", "memory", stats_parse_memory_stat, {{"file", "cache", 0, false}}},
	{NULL, "memory.pressure", "memory.psi", stats_parse_pressure, {{0}}},
	{NULL, "pids.current", "pids", stats_parse_numbers, {{NULL, "current", 0, false}}},
	{NULL, "pids.max", "pids", stats_parse_limit, {{.member = "limit"}}},
	{NULL, "io.stat", "blkio", parse_io, {{0}}},
	{NULL, "io.pressure", "blkio.psi", stats_parse_pressure, {{0}}},
};
/* clang-format on */
const size_t stats_v2_count = ARRAY_SIZE(stats_v2_files);

/* ---- memory ---- */

struct amount {
	uint64_t usage, limit, peak, failures;
	bool has_failures;
};

/* One that lacks usage or limit is not accounted for: -ENOENT. */
static int amount_read(int dirfd, const char *const names[4], struct amount *ret)
{
	int r = stats_number_read(dirfd, names[0], &ret->usage);

	if (r == 0)
		r = stats_number_read(dirfd, names[1], &ret->limit);
	if (r < 0)
		return r;
	/* Linux 5.19, for swap 6.5 */
	if (stats_number_read(dirfd, names[2], &ret->peak) < 0)
		ret->peak = 0;
	ret->has_failures = cgroup_key_read(dirfd, names[3], "max", &ret->failures) == 0;
	return 0;
}

static int amount_put(const struct amount *a, cJSON *object)
{
	int r = object ? stats_put(object, "usage", a->usage, false) : -ENOMEM;

	if (r == 0)
		r = stats_put(object, "limit", a->limit, true);
	if (r == 0)
		r = stats_put(object, "max", a->peak, false);
	if (r == 0 && a->has_failures)
		r = stats_put(object, "failcnt", a->failures, true);
	return r;
}

/* As v1 counts: memory is in the sum, whose peak is not known. */
static void add_memory(struct amount *swap, const struct amount *memory)
{
	swap->usage += memory->usage;
	swap->limit =
		swap->limit > UINT64_MAX - memory->limit ? UINT64_MAX : swap->limit + memory->limit;
	swap->peak = 0;
}

int stats_v2_memory(int dirfd, cJSON *data)
{
	static const char *const memory_names[] = {"memory.current", "memory.max", "memory.peak",
						   "memory.events"};
	static const char *const swap_names[] = {"memory.swap.current", "memory.swap.max",
						 "memory.swap.peak", "memory.swap.events"};
	struct amount memory = {0}, swap = {0};
	int r = amount_read(dirfd, memory_names, &memory);

	if (r == 0)
		r = amount_put(&memory, stats_object(data, "memory.usage"));
	if (r == 0)
		r = amount_read(dirfd, swap_names, &swap);
	if (r < 0)
		return stats_is_missing(r) ? 0 : r;
	add_memory(&swap, &memory);
	return amount_put(&swap, stats_object(data, "memory.swap"));
}
