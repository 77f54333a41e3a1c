/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources: what is written where on v1 and v2, and what is refused before that. */
#include "cgroup/stand_in.h"
#include "cgroup/limits.h"

static struct cgroup_host host;
static struct cgroup cg;
static struct spec_resources r;

#define SET(field, number) ((field).has = true, (field).value = (number))

static void begin(void (*make)(void))
{
	memset(&r, 0, sizeof(r));
	make();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	check_int(cgroup_place(&cg, &host, "/x", "web", true, &err), 0);
}

/* The kernel's files in /x of @hierarchy ("memory/", or "" on v2). */
static void put_files(const char *hierarchy, const char *const *files)
{
	char path[256];

	for (; *files; files++) {
		(void)snprintf(path, sizeof(path), "%sx/%s", hierarchy, *files);
		put(path, "");
	}
}

#define PUT(hierarchy, ...) put_files(hierarchy, (const char *const[]){__VA_ARGS__, NULL})

/* On v1, with every device allowed before and after: devices have a test of their own. */
static int apply(void)
{
	static const struct spec_device_rule all = {true, 'a', -1, -1, true, true, true};

	r.device_rules = &all;
	r.device_rule_count = 1;
	put("devices/x/devices.list", "a *:* rwm\n");
	cgroup_open(&cg, &host, "/x");
	return cgroup_apply(&cg, &r, &err);
}

static void weights(void)
{
	static const uint64_t table[][2] = {{0, 1},
					    {1, 1},
					    {2, 1},
					    {3, 2},
					    {100, 17},
					    {512, 59},
					    {1024, 100},
					    {2048, 174},
					    {10240, 639},
					    {100000, 4340},
					    {262143, 10000},
					    {262144, 10000},
					    {UINT64_MAX, 10000}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_int(weight_from_cpu_shares(table[i][0]), table[i][1]);
	for (uint64_t shares = 2, last = 0; shares < CPU_SHARES_MAX; shares += 97) {
		uint64_t weight = weight_from_cpu_shares(shares);

		check(weight >= last);
		last = weight;
	}
	check_int(weight_from_blkio(10), 1);
	check_int(weight_from_blkio(1000), 10000);
	check_int(weight_from_blkio(500), 4950);
}

/* One row of a table against a value, without any directory. */
static const char *converted(const struct limit_row *rows, size_t count, const char *field,
			     size_t index)
{
	static char text[512];

	for (size_t i = 0; i < count; i++) {
		struct limit_source from = {
			.row = &rows[i], .resources = &r, .index = index, .dirfd = -EBADF};
		struct limit limit = {0};
		int n;

		if (strcmp(rows[i].field, field))
			continue;
		(void)snprintf(limit.file, sizeof(limit.file), "%s",
			       rows[i].file ? rows[i].file : "");
		limit.value = limit.text;
		n = rows[i].convert(&from, &limit, &err);
		if (n < 0)
			return "(error)";
		if (n == 0)
			return "(none)";
		if (rows[i].refused)
			return "(refused)";
		(void)snprintf(text, sizeof(text), "%s=%s", limit.file, limit.value);
		return text;
	}
	return "(no row)";
}

static const char *v1(const char *field)
{
	return converted(limits_v1, limits_v1_count, field, 0);
}

static const char *v2(const char *field)
{
	return converted(limits_v2, limits_v2_count, field, 0);
}

static void memory(void)
{
	memset(&r, 0, sizeof(r));
	check_text(v1("memory.limit"), "(none)");
	check_text(v2("memory.swap"), "(none)");
	SET(r.memory.limit, 1000);
	SET(r.memory.swap, 1500);
	SET(r.memory.reservation, 500);
	check_text(v1("memory.limit"), "memory.limit_in_bytes=1000");
	check_text(v1("memory.swap"), "memory.memsw.limit_in_bytes=1500");
	check_text(v1("memory.reservation"), "memory.soft_limit_in_bytes=500");
	check_text(v2("memory.limit"), "memory.max=1000");
	check_text(v2("memory.swap"), "memory.swap.max=500");
	check_text(v2("memory.reservation"), "memory.low=500");
	SET(r.memory.swap, 1000);
	check_text(v2("memory.swap"), "memory.swap.max=0");
	SET(r.memory.swap, -1);
	check_text(v1("memory.swap"), "memory.memsw.limit_in_bytes=-1");
	check_text(v2("memory.swap"), "memory.swap.max=max");
	SET(r.memory.limit, -1);
	r.memory.swap.has = false;
	r.memory.swap.value = 0;
	check_text(v1("memory.limit"), "memory.limit_in_bytes=-1");
	check_text(v1("memory.swap"), "memory.memsw.limit_in_bytes=-1");
	check_text(v2("memory.limit"), "memory.max=max");
	check_text(v2("memory.swap"), "memory.swap.max=max");
	SET(r.memory.limit, 1000);
	SET(r.memory.swap, 999);
	check_text(v1("memory.swap"), "(error)");
	check_text(v2("memory.swap"), "(error)");
	memset(&r, 0, sizeof(r));
	SET(r.memory.swap, 1000);
	check_text(v2("memory.swap"), "(error)");
	check(strstr(err.text, "linux.resources.memory.swap") != NULL);
	SET(r.memory.limit, INT64_MAX);
	check_text(v2("memory.limit"), "memory.max=9223372036854775807");
}

static void memory_v1_only(void)
{
	memset(&r, 0, sizeof(r));
	SET(r.memory.swappiness, 60);
	SET(r.memory.disable_oom_killer, true);
	SET(r.memory.use_hierarchy, true);
	check_text(v1("memory.swappiness"), "memory.swappiness=60");
	check_text(v1("memory.disableOOMKiller"), "memory.oom_control=1");
	check_text(v1("memory.useHierarchy"), "memory.use_hierarchy=1");
	check_text(v2("memory.swappiness"), "(refused)");
	check_text(v2("memory.disableOOMKiller"), "(refused)");
	check_text(v2("memory.useHierarchy"), "(none)");
	SET(r.memory.swappiness, 101);
	SET(r.memory.disable_oom_killer, false);
	SET(r.memory.use_hierarchy, false);
	check_text(v1("memory.swappiness"), "(error)");
	check_text(v1("memory.disableOOMKiller"), "memory.oom_control=0");
	check_text(v2("memory.disableOOMKiller"), "(none)");
	check_text(v2("memory.useHierarchy"), "(refused)");
}

static void cpu(void)
{
	memset(&r, 0, sizeof(r));
	SET(r.cpu.shares, 2048);
	SET(r.cpu.quota, 50000);
	SET(r.cpu.period, 100000);
	SET(r.cpu.burst, 1000);
	SET(r.cpu.idle, 1);
	SET(r.cpu.realtime_runtime, 10);
	SET(r.cpu.realtime_period, 20);
	r.cpu.cpus = "0-1";
	r.cpu.mems = "0";
	check_text(v1("cpu.shares"), "cpu.shares=2048");
	check_text(v1("cpu.quota"), "cpu.cfs_quota_us=50000");
	check_text(v1("cpu.period"), "cpu.cfs_period_us=100000");
	check_text(v1("cpu.burst"), "cpu.cfs_burst_us=1000");
	check_text(v1("cpu.idle"), "cpu.idle=1");
	check_text(v1("cpu.realtimeRuntime"), "cpu.rt_runtime_us=10");
	check_text(v1("cpu.realtimePeriod"), "cpu.rt_period_us=20");
	check_text(v1("cpu.cpus"), "cpuset.cpus=0-1");
	check_text(v1("cpu.mems"), "cpuset.mems=0");
	check_text(v2("cpu.shares"), "cpu.weight=174");
	check_text(v2("cpu.quota"), "cpu.max=50000 100000");
	check_text(v2("cpu.burst"), "cpu.max.burst=1000");
	check_text(v2("cpu.idle"), "cpu.idle=1");
	check_text(v2("cpu.realtimeRuntime"), "(refused)");
	check_text(v2("cpu.cpus"), "cpuset.cpus=0-1");
	check_text(v2("cpu.mems"), "cpuset.mems=0");
	SET(r.cpu.quota, -1);
	check_text(v1("cpu.quota"), "cpu.cfs_quota_us=-1");
	check_text(v2("cpu.quota"), "cpu.max=max 100000");
	memset(&r.cpu.period, 0, sizeof(r.cpu.period));
	check_text(v2("cpu.quota"), "cpu.max=max");
	/* Zero means "not set" where zero could not be meant. */
	SET(r.cpu.shares, 0);
	SET(r.cpu.quota, 0);
	SET(r.cpu.realtime_runtime, 0);
	check_text(v1("cpu.shares"), "(none)");
	check_text(v1("cpu.quota"), "(none)");
	check_text(v2("cpu.shares"), "(none)");
	check_text(v2("cpu.quota"), "(none)");
	check_text(v2("cpu.realtimeRuntime"), "(none)");
	SET(r.cpu.shares, 1);
	check_text(v1("cpu.shares"), "(error)");
	SET(r.cpu.shares, 262145);
	check_text(v1("cpu.shares"), "(error)");
}

static void pids(void)
{
	memset(&r, 0, sizeof(r));
	check_text(v1("pids.limit"), "(none)");
	SET(r.pids_limit, 0);
	check_text(v1("pids.limit"), "pids.max=0");
	check_text(v2("pids.limit"), "pids.max=0");
	SET(r.pids_limit, -1);
	check_text(v1("pids.limit"), "pids.max=max");
	check_text(v2("pids.limit"), "pids.max=max");
}

static void block_io(void)
{
	static const struct spec_throttle_device weighted[] = {
		{.major = 8, .minor = 0, .leaf_weight = {true, 20}},
		{.major = 8, .minor = 16, .weight = {true, 500}},
	};
	static const struct spec_throttle_device limited[] = {{.major = 8, .minor = 0, .rate = 100},
							      {.major = 8, .minor = 1}};

	memset(&r, 0, sizeof(r));
	SET(r.block_io.weight, 100);
	SET(r.block_io.leaf_weight, 10);
	r.block_io.weight_devices = weighted;
	r.block_io.weight_device_count = 2;
	for (int i = 0; i < THROTTLE_KINDS; i++) {
		r.block_io.throttles[i] = limited;
		r.block_io.throttle_count[i] = 2;
	}
	check_text(v1("blockIO.weight"), "blkio.weight=100");
	check_text(v1("blockIO.leafWeight"), "blkio.leaf_weight=10");
	check_text(v1("blockIO.weightDevice"), "blkio.weight_device=8:16 500");
	check_text(v1("blockIO.weightDevice.leafWeight"), "blkio.leaf_weight_device=8:0 20");
	check_text(v1("blockIO.throttleReadBpsDevice"), "blkio.throttle.read_bps_device=8:0 100");
	check_text(v1("blockIO.throttleWriteIOPSDevice"),
		   "blkio.throttle.write_iops_device=8:0 100");
	check_text(v2("blockIO.weight"), "io.weight=default 910");
	check_text(v2("blockIO.leafWeight"), "(refused)");
	check_text(v2("blockIO.weightDevice"), "io.weight=8:16 4950");
	check_text(v2("blockIO.weightDevice.leafWeight"), "(refused)");
	check_text(v2("blockIO.throttleReadBpsDevice"), "io.max=8:0 rbps=100");
	check_text(v2("blockIO.throttleWriteBpsDevice"), "io.max=8:0 wbps=100");
	check_text(v2("blockIO.throttleReadIOPSDevice"), "io.max=8:0 riops=100");
	check_text(v2("blockIO.throttleWriteIOPSDevice"), "io.max=8:0 wiops=100");
	check_text(converted(limits_v2, limits_v2_count, "blockIO.throttleReadBpsDevice", 1),
		   "io.max=8:1 rbps=max");
	check_text(converted(limits_v2, limits_v2_count, "blockIO.throttleReadBpsDevice", 2),
		   "(none)");
	check_text(converted(limits_v1, limits_v1_count, "blockIO.weightDevice", 1), "(none)");
	SET(r.block_io.weight, 9);
	check_text(v1("blockIO.weight"), "(error)");
	SET(r.block_io.weight, 1001);
	check_text(v2("blockIO.weight"), "(error)");
}

static void network_and_hugepages(void)
{
	static const struct spec_pair priorities[] = {{"eth0", "5"}, {"eth 1", "6"}};
	static const struct spec_hugepage_limit bad[] = {{"2MB/../x", 1}};

	memset(&r, 0, sizeof(r));
	SET(r.network.class_id, 0x100001);
	r.network.priorities = priorities;
	r.network.priority_count = 2;
	check_text(v1("network.classID"), "net_cls.classid=1048577");
	check_text(v1("network.priorities"), "net_prio.ifpriomap=eth0 5");
	check_text(converted(limits_v1, limits_v1_count, "network.priorities", 1), "(error)");
	SET(r.network.class_id, UINT64_C(1) << 32);
	check_text(v1("network.classID"), "(error)");
	r.hugepages = bad;
	r.hugepage_count = 1;
	check_text(v1("hugepageLimits"), "(error)");
	check_text(v2("hugepageLimits"), "(error)");
}

static void writes_v1(void)
{
	begin(stand_in_v1);
	PUT("memory/", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes");
	PUT("cpu,cpuacct/", "cpu.shares", "cpu.cfs_quota_us");
	PUT("pids/", "pids.max");
	PUT("blkio/", "blkio.bfq.weight");
	PUT("devices/", "devices.allow", "devices.deny");
	SET(r.memory.limit, 1000);
	SET(r.memory.swap, 2000);
	SET(r.cpu.shares, 512);
	SET(r.cpu.quota, -1);
	SET(r.pids_limit, 20);
	SET(r.block_io.weight, 300);
	check_int(apply(), 0);
	check_text(got("memory/x/memory.limit_in_bytes"), "1000");
	check_text(got("memory/x/memory.memsw.limit_in_bytes"), "2000");
	check_text(got("cpu,cpuacct/x/cpu.shares"), "512");
	check_text(got("cpu,cpuacct/x/cpu.cfs_quota_us"), "-1");
	check_text(got("pids/x/pids.max"), "20");
	check_text(got("blkio/x/blkio.bfq.weight"), "300");
	stand_in_end();
}

static void refuses_before_writing(void)
{
	begin(stand_in_v1);
	PUT("memory/", "memory.limit_in_bytes");
	PUT("pids/", "pids.max");
	PUT("devices/", "devices.allow", "devices.deny");
	SET(r.memory.limit, 1000);
	SET(r.cpu.burst, 5);
	PUT("cpu,cpuacct/", "cpu.shares");
	/* The file is missing in a cgroup that is there: it would be in the container's too. */
	check_error(apply(), EINVAL, "linux.resources.cpu.burst: the host's cpu controller has no");
	check_text(got("memory/x/memory.limit_in_bytes"), "");
	stand_in_end();

	begin(stand_in_hybrid);
	host.count--; /* no unified */
	SET(r.memory.limit, 1000);
	host.hierarchies[cgroup_find(&host, "memory")].controllers[0] = 'X';
	check_error(cgroup_check(&cg, &r, &err), EINVAL,
		    "linux.resources.memory.limit: the host has no memory controller");
	SET(r.memory.limit, 0);
	check_int(cgroup_check(&cg, &r, &err), 0);
	stand_in_end();
}

static void checks_v2(void)
{
	begin(stand_in_v2);
	SET(r.network.class_id, 5);
	check_error(cgroup_check(&cg, &r, &err), EINVAL,
		    "linux.resources.network.classID: the host has no net_cls controller");
	r.network.class_id.has = false;
	SET(r.memory.swappiness, 5);
	check_error(cgroup_check(&cg, &r, &err), EINVAL,
		    "linux.resources.memory.swappiness: this needs cgroup v1");
	cg.disabled = true;
	check_int(cgroup_check(&cg, &r, &err), 0);
	stand_in_end();
}

static void unified(void)
{
	static const struct {
		const char *key, *error;
	} keys[] = {
		{"memory.high", NULL},
		{"cgroup.max.depth", NULL},
		{"hugetlb.2MB.rsvd.max", NULL},
		{"../../x", "is no file name"},
		{"memory.max/../y", "is no file name"},
		{"memory", "is no file name"},
		{"", "is no file name"},
		{".hidden", "is no file name"},
		{"memory..max", "is no file name"},
		{"cgroup.procs", "this is no limit"},
		{"cgroup.kill", "this is no limit"},
		{"nosuch.max", "has no nosuch controller"},
	};

	begin(stand_in_v2);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct spec_pair pair = {keys[i].key, "1"};

		r.unified = &pair;
		r.unified_count = 1;
		if (keys[i].error)
			check_error(cgroup_check(&cg, &r, &err), EINVAL, keys[i].error);
		else
			check_int(cgroup_check(&cg, &r, &err), 0);
	}
	stand_in_end();

	begin(stand_in_v1);
	r.unified = &(struct spec_pair){"memory.high", "1"};
	r.unified_count = 1;
	check_error(cgroup_check(&cg, &r, &err), EINVAL, "linux.resources.unified needs cgroup v2");
	stand_in_end();

	begin(stand_in_hybrid);
	r.unified = &(struct spec_pair){"memory.high", "1"};
	r.unified_count = 1;
	check_error(cgroup_check(&cg, &r, &err), EINVAL,
		    "unified[\"memory.high\"]: the host's cgroup v2 has no memory controller");
	stand_in_end();
}

static void writes_unified(void)
{
	static const struct spec_pair pairs[] = {{"memory.high", "1000"},
						 {"io.max", "8:0 rbps=1\n8:16 rbps=2\n"}};

	begin(stand_in_v2);
	PUT("", "memory.high", "io.max");
	cgroup_open(&cg, &host, "/x");
	r.unified = pairs;
	r.unified_count = 2;
	check_int(cgroup_unified_apply(&cg, &r, NULL, &err), 0);
	check_text(got("x/memory.high"), "1000");
	check_text(got("x/io.max"), "8:16 rbps=2");
	r.unified = &(struct spec_pair){"memory.min", "1"};
	r.unified_count = 1;
	check_error(cgroup_unified_apply(&cg, &r, NULL, &err), ENOENT, "unified[\"memory.min\"]");
	stand_in_end();
}

static const struct tap_test tests[] = {
	{"cpu shares and blkio weights become v2's weights", weights},
	{"memory: limit, reservation and swap on both versions", memory},
	{"memory: what only v1 has is refused on v2 where it is asked for", memory_v1_only},
	{"cpu: shares, quota, period, burst, idle, realtime and sets", cpu},
	{"pids: zero is a limit, -1 is none", pids},
	{"blockIO: weights and throttles, for each device", block_io},
	{"network and hugepages: names cannot leave the file name", network_and_hugepages},
	{"v1: the values reach their files", writes_v1},
	{"what is missing is told by its field before anything is written", refuses_before_writing},
	{"v2: fields of v1 controllers are refused by name", checks_v2},
	{"unified: only files of v2 controllers and limits of the core", unified},
	{"unified: values are written line by line", writes_unified},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
