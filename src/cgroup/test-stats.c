/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics of cgroup v2, v1 and both, from plain files that stand in for them. */
#include "cgroup/stand_in.h"
#include "cgroup/stats.h"

/* What runc prints as 0 where it is not counted. */
#define NO_MEMORY "{\"limit\":0,\"failcnt\":0}"
#define REST_OF_CPUSET                                                            \
	"\"memory_migrate\":0,\"memory_spread_page\":0,\"memory_spread_slab\":0," \
	"\"memory_pressure\":0,\"sched_load_balance\":0"
#define NO_CPUSET                                                                    \
	"\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0," REST_OF_CPUSET \
	",\"sched_relax_domain_level\":0"

static struct cgroup_host host;
static struct cgroup cg;
static cJSON *data;

static int read_stats(void)
{
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	cgroup_open(&cg, &host, "/x");
	data = NULL;
	return cgroup_stats(&cg, &data, &err);
}

/* What is at "memory.usage": its text, or "(none)". */
static const char *at(const char *path)
{
	static char text[2048];
	const cJSON *item = data;
	char name[64];

	while (item && *path) {
		size_t length = strcspn(path, ".");

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, path);
		item = json_member(item, name);
		path += length + (path[length] == '.');
	}
	if (!item || !cJSON_PrintPreallocated((cJSON *)(uintptr_t)item, text, sizeof(text), false))
		return "(none)";
	return text;
}

static void done(void)
{
	cJSON_Delete(data);
	data = NULL;
	stand_in_end();
}

static void tells_v2_cpu(void)
{
	stand_in_v2();
	put("x/cgroup.procs", "");
	put("x/cpu.stat", "usage_usec 3500\nuser_usec 2000\nsystem_usec 1500\nnice_usec 0\n"
			  "nr_periods 7\nnr_throttled 3\nthrottled_usec 12\n");
	put("x/cpu.pressure", "some avg10=1.50 avg60=0.25 avg300=0.00 total=18446744073709551615\n"
			      "full avg10=0.00 avg60=0.00 avg300=0.00 total=9007199254740993\n");
	put("x/cpuset.cpus.effective", "0-2,5\n");
	put("x/cpuset.mems.effective", "0\n");
	check_int(read_stats(), 0);
	check_text(at("cpu.usage"), "{\"total\":3500000,\"user\":2000000,\"kernel\":1500000}");
	check_text(at("cpu.throttling"),
		   "{\"periods\":7,\"throttledPeriods\":3,\"throttledTime\":12000}");
	check_text(at("cpu.psi.some"),
		   "{\"avg10\":1.5,\"avg60\":0.25,\"avg300\":0,\"total\":18446744073709551615}");
	check_text(at("cpu.psi.full.total"), "9007199254740993");
	check_text(at("cpuset"), "{\"cpus\":[0,1,2,5],\"mems\":[0]," NO_CPUSET "}");
	done();
}

static void put_v2_memory(void)
{
	put("x/memory.stat", "anon 4096\nfile 8192\nkernel 9007199254740993\n");
	put("x/memory.current", "20480\n");
	put("x/memory.max", "65536\n");
	put("x/memory.peak", "40960\n");
	put("x/memory.events", "low 0\nhigh 0\nmax 6\noom 1\noom_kill 1\n");
	put("x/memory.swap.current", "1024\n");
	put("x/memory.swap.max", "2048\n");
	put("x/memory.swap.peak", "2000\n");
	put("x/memory.swap.events", "high 0\nmax 2\nfail 0\n");
	put("x/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");
}

static void tells_v2_memory(void)
{
	stand_in_v2();
	put_v2_memory();
	check_int(read_stats(), 0);
	check_text(at("memory.cache"), "8192");
	check_text(at("memory.usage"),
		   "{\"usage\":20480,\"limit\":65536,\"max\":40960,\"failcnt\":6}");
	/* With memory in it, as v1 counts; nobody knows the peak of both. */
	check_text(at("memory.swap"), "{\"usage\":21504,\"limit\":67584,\"failcnt\":2}");
	check_text(at("memory.raw"), "{\"anon\":4096,\"file\":8192,\"kernel\":9007199254740993}");
	check_text(at("memory.psi"),
		   "{\"some\":{\"avg10\":0,\"avg60\":0,\"avg300\":0,\"total\":3}}");
	check_text(at("memory.kernel"), NO_MEMORY);
	cJSON_Delete(data);

	/* No limit, neither of the sum when only one has it. */
	put("x/memory.max", "max\n");
	check_int(read_stats(), 0);
	check_text(at("memory.usage.limit"), "18446744073709551615");
	check_text(at("memory.swap.limit"), "18446744073709551615");
	done();
}

static void tells_v2_others(void)
{
	stand_in_v2();
	put("x/pids.current", "4\n");
	put("x/pids.max", "100\n");
	put("x/io.stat", "8:0 rbytes=1459200 wbytes=0 rios=192 wios=353 dbytes=5 dios=6\n"
			 "253:1 \n(unknown) rbytes=1\n");
	put("x/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
	put("x/hugetlb.2MB.current", "4194304\n");
	put("x/hugetlb.2MB.max", "max\n");
	put("x/hugetlb.2MB.events", "max 5\n");
	put("x/hugetlb.1GB.current", "1\n");
	put("x/hugetlb.1GB.rsvd.current", "0\n");
	check_int(read_stats(), 0);
	check_text(at("pids"), "{\"current\":4,\"limit\":100}");
	check_text(at("blkio.ioServiceBytesRecursive"),
		   "[{\"major\":8,\"op\":\"Read\",\"value\":1459200},"
		   "{\"major\":8,\"op\":\"Write\"}]");
	check_text(at("blkio.ioServicedRecursive"),
		   "[{\"major\":8,\"op\":\"Read\",\"value\":192},"
		   "{\"major\":8,\"op\":\"Write\",\"value\":353}]");
	check_text(at("blkio.psi.some.total"), "1");
	check_text(at("hugetlb.2MB"), "{\"usage\":4194304,\"failcnt\":5}");
	/* What is reserved counts before what is used. */
	check_text(at("hugetlb.1GB"), "{\"failcnt\":0}");
	done();
}

/* Nothing is known but who is in it; what runc always prints is 0. */
static void leaves_out(void)
{
	stand_in_v2();
	put("x/cgroup.procs", "17\n18\n");
	check_int(read_stats(), 0);
	check_text(at(""), "{\"cpu\":{\"usage\":{\"kernel\":0,\"user\":0},\"throttling\":{}},"
			   "\"cpuset\":{" NO_CPUSET "},"
			   "\"memory\":{\"usage\":" NO_MEMORY ",\"swap\":" NO_MEMORY
			   ",\"kernel\":" NO_MEMORY ",\"kernelTCP\":" NO_MEMORY "},"
			   "\"pids\":{\"current\":2},\"blkio\":{},\"hugetlb\":{},\"intel_rdt\":{},"
			   "\"network_interfaces\":null}");
	cJSON_Delete(data);

	/* No swap accounting; pids without a limit. */
	put("x/memory.current", "1\n");
	put("x/memory.max", "2\n");
	put("x/pids.current", "2\n");
	put("x/pids.max", "max\n");
	put("x/cpuset.cpus.effective", "\n");
	check_int(read_stats(), 0);
	check_text(at("memory.usage"), "{\"usage\":1,\"limit\":2,\"failcnt\":0}");
	check_text(at("memory.swap"), NO_MEMORY);
	check_text(at("pids"), "{\"current\":2}");
	check_text(at("cpuset"), "{" NO_CPUSET "}");
	done();
}

static void put_v1_memory(const char *prefix, const char *usage, const char *limit)
{
	static const char *const names[] = {"usage_in_bytes", "limit_in_bytes",
					    "max_usage_in_bytes", "failcnt"};
	const char *const texts[] = {usage, limit, "30\n", "4\n"};
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "memory/x/%s%s", prefix, names[i]);
		put(path, texts[i]);
	}
}

static void put_v1(void)
{
	put("cpu,cpuacct/x/cpuacct.usage", "123456789\n");
	put("cpu,cpuacct/x/cpuacct.usage_percpu", "100 23 \n");
	put("cpu,cpuacct/x/cpuacct.usage_all", "cpu user system\n0 60 40\n1 20 3\n");
	put("cpu,cpuacct/x/cpuacct.stat", "user 5\nsystem 7\n");
	put("cpu,cpuacct/x/cpu.stat", "nr_periods 9\nnr_throttled 2\nthrottled_time 77\n");
	put("cpuset/x/cpuset.cpus", "1,3\n");
	put("cpuset/x/cpuset.sched_relax_domain_level", "-1\n");
	put("cpuset/x/cpuset.cpu_exclusive", "0\n");
	put_v1_memory("memory.", "10\n", "9223372036854771712\n");
	put_v1_memory("memory.memsw.", "11\n", "200\n");
	put_v1_memory("memory.kmem.tcp.", "0\n", "300\n");
	put("memory/x/memory.stat", "cache 5\nrss 6\ntotal_cache 50\n");
	put("pids/x/pids.current", "1\n");
	put("pids/x/pids.max", "max\n");
	put("hugetlb/x/hugetlb.2MB.usage_in_bytes", "1\n");
	put("hugetlb/x/hugetlb.2MB.max_usage_in_bytes", "2\n");
	put("hugetlb/x/hugetlb.2MB.failcnt", "0\n");
}

static void tells_v1(void)
{
	stand_in_v1();
	put_v1();
	check_int(read_stats(), 0);
	check_text(at("cpu.usage"),
		   "{\"total\":123456789,\"percpu\":[100,23],\"percpu_user\":[60,20],"
		   "\"percpu_kernel\":[40,3],\"kernel\":70000000,\"user\":50000000}");
	check_text(at("cpu.throttling"),
		   "{\"periods\":9,\"throttledPeriods\":2,\"throttledTime\":77}");
	check_text(at("cpu.psi"), "(none)");
	check_text(at("cpuset"),
		   "{\"cpus\":[1,3],\"cpu_exclusive\":0,\"sched_relax_domain_level\":-1,"
		   "\"mem_hardwall\":0,\"mem_exclusive\":0," REST_OF_CPUSET "}");
	check_text(at("memory"),
		   "{\"usage\":{\"usage\":10,\"max\":30,\"limit\":9223372036854771712,"
		   "\"failcnt\":4},\"swap\":{\"usage\":11,\"max\":30,\"limit\":200,\"failcnt\":4},"
		   "\"kernel\":" NO_MEMORY
		   ",\"kernelTCP\":{\"max\":30,\"limit\":300,\"failcnt\":4},"
		   "\"raw\":{\"cache\":5,\"rss\":6,\"total_cache\":50},\"cache\":5}");
	check_text(at("pids"), "{\"current\":1}");
	check_text(at("hugetlb"), "{\"2MB\":{\"usage\":1,\"max\":2,\"failcnt\":0}}");
	done();
}

static void tells_v1_io(void)
{
	stand_in_v1();
	put("blkio/x/blkio.bfq.io_service_bytes_recursive", "Total 0\n");
	put("blkio/x/blkio.throttle.io_service_bytes_recursive",
	    "8:16 Read 1\n8:16 Total 1\nTotal 1\n");
	put("blkio/x/blkio.throttle.io_service_bytes", "8:16 Read 99\nTotal 99\n");
	put("blkio/x/blkio.bfq.sectors_recursive", "8:0 6792\n");
	put("blkio/x/blkio.sectors_recursive", "8:0 1\n");
	check_int(read_stats(), 0);
	check_text(at("blkio"), "{\"ioServiceBytesRecursive\":["
				"{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":1},"
				"{\"major\":8,\"minor\":16,\"op\":\"Total\",\"value\":1}],"
				"\"sectorsRecursive\":[{\"major\":8,\"value\":6792}]}");
	done();
}

/* The controllers are v1's, the pressure is v2's; v2's cpu.stat does not count again. */
static void tells_hybrid(void)
{
	stand_in_hybrid();
	put_v1();
	put("unified/x/cpu.stat", "usage_usec 3500\nuser_usec 2000\nsystem_usec 1500\n");
	put("unified/x/cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=8\n");
	put("unified/x/hugetlb.1GB.current", "3\n");
	check_int(read_stats(), 0);
	check_text(at("cpu.usage"),
		   "{\"total\":123456789,\"percpu\":[100,23],\"percpu_user\":[60,20],"
		   "\"percpu_kernel\":[40,3],\"kernel\":70000000,\"user\":50000000}");
	check_text(at("cpu.psi.some.total"), "8");
	check_text(at("hugetlb.1GB"), "{\"usage\":3,\"failcnt\":0}");
	done();
}

static void fails(void)
{
	stand_in_v2();
	check_error(read_stats(), ENOENT, "cgroup /x is gone");
	cgroup_open(&cg, &host, NULL);
	check_error(cgroup_stats(&cg, &data, &err), EOPNOTSUPP, "no cgroup");
	put("x/cpu.stat", "usage_usec 1\n");
	put("x/pids.current", "many\n");
	check_error(read_stats(), EBADMSG, "pids.current of cgroup /x");
	check(!data);
	stand_in_end();
}

static const struct tap_test tests[] = {
	{"v2: cpu", tells_v2_cpu},
	{"v2: memory", tells_v2_memory},
	{"v2: pids, io, hugetlb", tells_v2_others},
	{"what is not known is left out, or 0 as runc has it", leaves_out},
	{"v1", tells_v1},
	{"v1: io", tells_v1_io},
	{"hybrid", tells_hybrid},
	{"errors", fails},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
