/* SPDX-License-Identifier: Apache-2.0 */
/* Which files of cgroup v1 become which statistics. Source: kernel admin-guide/cgroup-v1/. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/stats_file.h"

#define NS_PER_SEC UINT64_C(1000000000)

static int add_to_list(cJSON *object, const char *member, uint64_t value)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(object, member), *number;
	char text[32];

	if (!list)
		list = cJSON_AddArrayToObject(object, member);
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	number = list ? cJSON_CreateRaw(text) : NULL;
	return number && cJSON_AddItemToArray(list, number) ? 0 : -ENOMEM;
}

/* "1000 2000 \n", one for each CPU */
static int parse_per_cpu(char *text, const struct stats_file *file, cJSON *object)
{
	char *save = NULL;

	for (char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		uint64_t value;
		int r = stats_number_parse(word, &value);

		if (r == 0)
			r = add_to_list(object, file->numbers[0].member, value);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "cpu user system", then "0 1000 2000": the columns are the numbers of the table's row. */
static int parse_usage_all(char *text, const struct stats_file *file, cJSON *object)
{
	char *lines = NULL, *words;
	int r = 0;

	(void)strtok_r(text, "\n", &lines);
	for (char *line; r == 0 && (line = strtok_r(NULL, "\n", &lines));) {
		char *word = strtok_r(line, " ", &words);

		for (size_t i = 0; r == 0 && word && file->numbers[i].member; i++) {
			uint64_t value;

			word = strtok_r(NULL, " ", &words);
			r = word ? stats_number_parse(word, &value) : 0;
			if (word && r == 0)
				r = add_to_list(object, file->numbers[i].member, value);
		}
	}
	return r;
}

/* The kernel counts these two in clock ticks. */
static int parse_ticks(char *text, const struct stats_file *file, cJSON *object)
{
	uint64_t per_sec = (uint64_t)sysconf(_SC_CLK_TCK);

	for (const struct stats_number *n = file->numbers; n->member; n++) {
		uint64_t ticks;
		int r = cgroup_key_parse(text, n->key, &ticks);

		if (r == 0)
			r = stats_put(object, n->member, ticks * (NS_PER_SEC / per_sec), true);
		if (r < 0)
			return r == -ENODATA ? -EBADMSG : r;
	}
	return 0;
}

static int parse_signed(char *text, const struct stats_file *file, cJSON *object)
{
	char *end;
	int64_t value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text)
		return -EBADMSG;
	return json_add_int(object, file->numbers[0].member, value) ? 0 : -ENOMEM;
}

/* "8:0 Read 1282048", or "8:0 6792"; the sum of all devices, "Total 3477504", is not for us. */
static int io_line(char *line, const char *member, cJSON *blkio)
{
	char *save = NULL, *device_text = strtok_r(line, " ", &save);
	char *second = strtok_r(NULL, " ", &save), *third = strtok_r(NULL, " ", &save);
	uint64_t device[2], value;
	char *end;

	if (!device_text || !strchr(device_text, ':'))
		return 0;
	device[0] = strtoull(device_text, &end, 10);
	if (*end != ':' || !second || stats_number_parse(end + 1, &device[1]) < 0 ||
	    stats_number_parse(third ? third : second, &value) < 0)
		return -EBADMSG;
	return stats_add_io(blkio, member, device, third ? second : "", value);
}

/* Several files tell the same, as the scheduler has it: the first that knows a device counts. */
static int parse_io(char *text, const struct stats_file *file, cJSON *object)
{
	const char *member = file->numbers[0].member;
	char *save = NULL;
	int r = 0;

	if (json_member(object, member))
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		r = io_line(line, member, object);
	return r;
}

#define MEMORY(prefix, to)                                                                     \
	{"memory", prefix "usage_in_bytes", to, stats_parse_numbers, {{NULL, "usage", 0, 0}}}, \
		{"memory",                                                                     \
		 prefix "max_usage_in_bytes",                                                  \
		 to,                                                                           \
		 stats_parse_numbers,                                                          \
		 {{NULL, "max", 0, 0}}},                                                       \
		{"memory",                                                                     \
		 prefix "limit_in_bytes",                                                      \
		 to,                                                                           \
		 stats_parse_numbers,                                                          \
		 {{NULL, "limit", 0, 1}}},                                                     \
	{                                                                                      \
		"memory", prefix "failcnt", to, stats_parse_numbers,                           \
		{                                                                              \
			{                                                                      \
				NULL, "failcnt", 0, 1                                          \
			}                                                                      \
		}                                                                              \
	}
#define CPUSET(name)                                                     \
	{                                                                \
		"cpuset", "cpuset." name, "cpuset", stats_parse_numbers, \
		{                                                        \
			{                                                \
				NULL, name, 0, true                      \
			}                                                \
		}                                                        \
	}
#define IO(name, to)                                                                    \
	{"blkio", "blkio.bfq." name "_recursive", "blkio", parse_io, {{.member = to}}}, \
	{                                                                               \
		"blkio", "blkio." name "_recursive", "blkio", parse_io,                 \
		{                                                                       \
			{                                                               \
				.member = to                                            \
			}                                                               \
		}                                                                       \
	}
#define IO_THROTTLE(name, to)                                                                \
	{"blkio", "blkio.throttle." name "_recursive", "blkio", parse_io, {{.member = to}}}, \
	{                                                                                    \
		"blkio", "blkio.throttle." name, "blkio", parse_io,                          \
		{                                                                            \
			{                                                                    \
				.member = to                                                 \
			}                                                                    \
		}                                                                            \
	}

/* clang-format off */
const struct stats_file stats_v1_files[] = {
	{"cpuacct", "cpuacct.usage", "cpu.usage", stats_parse_numbers, {{NULL, "total", 0, false}}},
	{"cpuacct", "cpuacct.usage_percpu", "cpu.usage", parse_per_cpu, {{.member = "percpu"}}},
	{"cpuacct", "cpuacct.usage_all", "cpu.usage", parse_usage_all,
	 {{.member = "percpu_user"}, {.member = "percpu_kernel"}}},
	{"cpuacct", "cpuacct.stat", "cpu.usage", parse_ticks,
	 {{"system", "kernel", 0, true}, {"user", "user", 0, true}}},
	{"cpu", "cpu.stat", "cpu.throttling", stats_parse_numbers,
	 {{"nr_periods", "periods", 0, false}, {"nr_throttled", "throttledPeriods", 0, false},
	  {"throttled_time", "throttledTime", 0, false}}},
	{"cpuset", "cpuset.cpus", "cpuset", stats_parse_cpu_list, {{.member = "cpus"}}},
	{"cpuset", "cpuset.mems", "cpuset", stats_parse_cpu_list, {{.member = "mems"}}},
	CPUSET("cpu_exclusive"), CPUSET("mem_hardwall"), CPUSET("mem_exclusive"),
	CPUSET("memory_migrate"), CPUSET("memory_spread_page"), CPUSET("memory_spread_slab"),
	CPUSET("memory_pressure"), CPUSET("sched_load_balance"),
	{"cpuset", "cpuset.sched_relax_domain_level", "cpuset", parse_signed,
	 {{.member = "sched_relax_domain_level"}}},
	MEMORY("memory.", "memory.usage"),
	MEMORY("memory.memsw.", "memory.swap"),
	MEMORY("memory.kmem.", "memory.kernel"),
	MEMORY("memory.kmem.tcp.", "memory.kernelTCP"),
	{"memory", "memory.stat", "memory", stats_parse_memory_stat, {{"cache", "cache", 0, false}}},
	{"pids", "pids.current", "pids", stats_parse_numbers, {{NULL, "current", 0, false}}},
	{"pids", "pids.max", "pids", stats_parse_limit, {{.member = "limit"}}},
	IO("io_service_bytes", "ioServiceBytesRecursive"),
	IO_THROTTLE("io_service_bytes", "ioServiceBytesRecursive"),
	IO("io_serviced", "ioServicedRecursive"),
	IO_THROTTLE("io_serviced", "ioServicedRecursive"),
	IO("io_queued", "ioQueueRecursive"),
	IO("io_service_time", "ioServiceTimeRecursive"),
	IO("io_wait_time", "ioWaitTimeRecursive"),
	IO("io_merged", "ioMergedRecursive"),
	IO("time", "ioTimeRecursive"),
	IO("sectors", "sectorsRecursive"),
};
/* clang-format on */
const size_t stats_v1_count = sizeof(stats_v1_files) / sizeof(stats_v1_files[0]);
