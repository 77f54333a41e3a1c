/* SPDX-License-Identifier: Apache-2.0 */
/* The host's hierarchies, a container's path, and making its directories. */
#include "cgroup/stand_in.h"

static struct cgroup_host host;
static struct cgroup cg;
static const struct spec nothing;

static const char *place(const char *path, const char *id, bool privileged)
{
	return cgroup_place(&cg, &host, path, id, privileged, &err) < 0 ? "(refused)" : cg.path;
}

static void probes_v2(void)
{
	stand_in_v2();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	check(host.unified);
	check_int(host.count, 1);
	check_text(host.hierarchies[0].controllers, ALL_V2);
	check_text(host.hierarchies[0].mount_point, stand_in);
	stand_in_end();
}

static void probes_v1(void)
{
	char link[96];

	stand_in_v1();
	(void)snprintf(link, sizeof(link), "%s/cpu", stand_in);
	check_int(symlink("cpu,cpuacct", link), 0);
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	check(!host.unified);
	check_int(host.count, 11);
	check_int(cgroup_find_v2(&host), -ENOENT);
	check_text(host.hierarchies[cgroup_find(&host, "cpuacct")].name, "cpu,cpuacct");
	check_text(host.hierarchies[cgroup_find(&host, "io")].name, "blkio");
	check_int(cgroup_find(&host, "name=systemd") >= 0, true);
	check_int(cgroup_find(&host, "rdma"), -ENOENT);
	stand_in_end();
}

static void probes_hybrid(void)
{
	stand_in_hybrid();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	check(!host.unified);
	check_int(host.count, 12);
	check_text(host.hierarchies[cgroup_find_v2(&host)].name, "unified");
	check_text(host.hierarchies[cgroup_find(&host, "memory")].name, "memory");
	stand_in_end();
}

static void probes_nothing(void)
{
	stand_in_begin();
	check_error(cgroup_host_probe(&host, stand_in, &err), ENOENT, "no cgroup hierarchy");
	check_error(cgroup_host_probe(&host, "/nonexistent", &err), ENOENT, "/nonexistent");
	stand_in_end();
}

static void places(void)
{
	char long_path[700];

	stand_in_v2();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	check_text(place("/a/b", "web", true), "/a/b");
	check_text(place("//a/./b//", "web", true), "/a/b");
	check_text(place("a/b", "web", true), "/ocirun/a/b");
	check_text(place(NULL, "web", true), "/ocirun/web");
	check_text(place("", "web", true), "/ocirun/web");
	check_text(place("slice:prefix:name", "web", true), "/ocirun/slice:prefix:name");
	check_text(place("/a/../b", "web", true), "(refused)");
	check_text(place("..", "web", true), "(refused)");
	check_text(place("/", "web", true), "(refused)");
	check_text(place(".", "web", true), "(refused)");
	check_text(place("/a\nb", "web", true), "(refused)");
	check_text(place(NULL, "..", true), "(refused)");
	memset(long_path, 'x', sizeof(long_path));
	long_path[0] = '/';
	long_path[200] = '/';
	long_path[400] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	check_text(place(long_path, "web", true), "(refused)");
	long_path[500] = '\0';
	check_text(place(long_path, "web", true), long_path);
	/* Beside the caller, in the parent of its own cgroup. */
	check_text(strrchr(place(NULL, "web", false), '/'), "/web");
	check(strncmp(cg.path, "/ocirun/", 8) != 0);
	stand_in_end();
}

static void knows_what_is_possible(void)
{
	stand_in_v2();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	put("a/b/cgroup.procs", "");
	put("a/file", "");
	cgroup_open(&cg, &host, "/a/b");
	check(cgroup_is_possible(&cg)); /* there, and its cgroup.procs can be written */
	cgroup_open(&cg, &host, "/a/c/d");
	check(cgroup_is_possible(&cg)); /* the nearest that is there can be written */
	cgroup_open(&cg, &host, "/a");
	check(!cgroup_is_possible(&cg)); /* there, without a cgroup.procs */
	stand_in_end();
}

static void opens_a_record(void)
{
	stand_in_v2();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	put("a/b/cgroup.procs", "");
	cgroup_open(&cg, &host, "/a/b");
	check_text(cg.path, "/a/b");
	check_int(cg.present, 1);
	cgroup_open(&cg, &host, "/a/c");
	check_int(cg.present, 0);
	check(!cg.disabled);
	cgroup_open(&cg, &host, "/");
	check(cg.disabled);
	cgroup_open(&cg, &host, "/a/../..");
	check(cg.disabled);
	cgroup_open(&cg, &host, "");
	check(cg.disabled);
	check_int(cgroup_remove(&cg, 0, &err), 0);
	check_int(cgroup_signal(&cg, 9, &err), 0);
	check_int(cgroup_holds(&cg, 1, &err), 1);
	stand_in_end();
}

static void creates_v2(void)
{
	mode_t old = umask(077);
	struct stat st;
	char path[128];

	stand_in_v2();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	check_text(place(NULL, "web", true), "/ocirun/web");
	check_int(cgroup_create(&cg, &nothing, &err), 0);
	check_int(cg.present, 1);
	/* Every controller was written; in a plain file the last one stands over the others. */
	check_int(strncmp(got("cgroup.subtree_control"), "+misc", 5), 0);
	(void)snprintf(path, sizeof(path), "%s/ocirun/web", stand_in);
	check_int(stat(path, &st), 0);
	check_int(st.st_mode & 0777, 0755);
	check_int(umask(old), 077);
	check_int(cgroup_remove(&cg, 0, &err), 0);
	check(!exists("ocirun/web"));
	check(exists("ocirun"));
	stand_in_end();
}

static void enables_less_beside_v1(void)
{
	static const struct spec_hugepage_limit pages[] = {{"2MB", 1}};
	struct spec spec = {0};

	stand_in_hybrid();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	put("cpuset/x/cpuset.cpus", "0\n");
	put("cpuset/x/cpuset.mems", "0\n");
	check_text(place("/x", "web", true), "/x");
	check_int(cgroup_create(&cg, &spec, &err), 0);
	check_text(got("unified/cgroup.subtree_control"), "");
	spec.resources.hugepages = pages;
	spec.resources.hugepage_count =
		access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) == 0;
	check_int(cgroup_create(&cg, &spec, &err), 0);
	check_text(got("unified/cgroup.subtree_control"),
		   spec.resources.hugepage_count ? "+hugetlb" : "");
	stand_in_end();
}

static void takes_an_empty_one(void)
{
	stand_in_v2();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	put("ocirun/web/cgroup.events", "populated 0\nfrozen 0\n");
	check_text(place(NULL, "web", true), "/ocirun/web");
	check_int(cgroup_create(&cg, &nothing, &err), 0);
	put("ocirun/web/cgroup.events", "populated 1\nfrozen 0\n");
	check_error(cgroup_create(&cg, &nothing, &err), EBUSY, "container's cgroup is not empty");
	check_int(cg.present, 0);
	check(exists("ocirun/web"));
	put("ocirun/web/cgroup.events", "populated 0\nfrozen 1\n");
	check_error(cgroup_create(&cg, &nothing, &err), EBUSY,
		    "container's cgroup unexpectedly frozen");
	put("ocirun/web/cgroup.events", "populated 0\nfrozen 0\n");
	put("ocirun/web/cgroup.type", "domain invalid\n");
	check_error(cgroup_create(&cg, &nothing, &err), EOPNOTSUPP, "domain invalid");
	stand_in_end();
}

static void creates_v1_and_takes_back(void)
{
	stand_in_v1();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	check_text(place("/a/b", "web", true), "/a/b");
	/* A plain directory has no cpuset files of its own: the kernel's are put there first. */
	put("cpuset/a/cpuset.cpus", "");
	put("cpuset/a/cpuset.mems", "");
	put("cpuset/a/b/cpuset.cpus", "");
	put("cpuset/a/b/cpuset.mems", "1\n");
	check_int(cgroup_create(&cg, &nothing, &err), 0);
	check_int(cg.present, (1 << 11) - 1);
	check_text(got("cpuset/a/cpuset.cpus"), "0-3");
	check_text(got("cpuset/a/b/cpuset.cpus"), "0-3");
	check_text(got("cpuset/a/b/cpuset.mems"), "1");
	/* A process in a cgroup below is a process in the cgroup. */
	put("systemd/a/b/c/cgroup.procs", "4711\n");
	check_text(place("/a/b", "web", true), "/a/b");
	check_error(cgroup_create(&cg, &nothing, &err), EBUSY, "not empty");
	/* What an attempt made in other hierarchies before the failure is taken back. */
	put("systemd/x/cgroup.procs", "4711\n");
	put("cpuset/x/cpuset.cpus", "0\n");
	put("cpuset/x/cpuset.mems", "0\n");
	check_text(place("/x", "web", true), "/x");
	check_error(cgroup_create(&cg, &nothing, &err), EBUSY, "systemd/x");
	check(!exists("memory/x"));
	check(exists("systemd/x"));
	stand_in_end();
}

static void refuses_frozen_v1(void)
{
	stand_in_hybrid();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	put("cpuset/x/cpuset.cpus", "0\n");
	put("cpuset/x/cpuset.mems", "0\n");
	put("freezer/x/freezer.state", "FREEZING\n");
	check_text(place("/x", "web", true), "/x");
	check_error(cgroup_create(&cg, &nothing, &err), EBUSY, "unexpectedly frozen");
	put("freezer/x/freezer.state", "THAWED\n");
	check_int(cgroup_create(&cg, &nothing, &err), 0);
	check_int(cgroup_is_frozen(&cg, &err), 0);
	put("freezer/x/freezer.state", "FROZEN\n");
	check_int(cgroup_is_frozen(&cg, &err), 1);
	put("unified/x/cgroup.freeze", "1\n");
	put("unified/x/cgroup.events", "populated 0\nfrozen 1\n");
	put("freezer/x/freezer.state", "THAWED\n");
	check_int(cgroup_is_frozen(&cg, &err), 1);
	stand_in_end();
}

static void removes_what_is_below(void)
{
	char path[256];

	stand_in_v2();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	check_text(place(NULL, "web", true), "/ocirun/web");
	check_int(cgroup_create(&cg, &nothing, &err), 0);
	(void)snprintf(path, sizeof(path), "mkdir -p %s/ocirun/web/a/b/c %s/ocirun/web/d", stand_in,
		       stand_in);
	check_int(system(path), 0);
	check_int(cgroup_remove(&cg, 0, &err), 0);
	check(!exists("ocirun/web"));
	check_int(cgroup_remove(&cg, 0, &err), 0);
	stand_in_end();
}

static void reads_usage(void)
{
	struct cgroup_usage usage;
	int fds[USAGE_FILES];
	char registered[32];

	stand_in_v2();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	put("x/cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\n");
	put("x/memory.peak", "4096\n");
	put("x/memory.events", "low 0\nhigh 0\nmax 1\noom 2\noom_kill 3\noom_group_kill 0\n");
	put("x/pids.peak", "9\n");
	cgroup_open(&cg, &host, "/x");
	cgroup_usage_open(&cg, fds);
	cgroup_usage_read(fds, &usage);
	check(usage.cpu_usec.has && usage.cpu_user_usec.has && usage.cpu_system_usec.has);
	check_int(usage.cpu_usec.value, 30);
	check_int(usage.cpu_user_usec.value, 20);
	check_int(usage.cpu_system_usec.value, 10);
	check_int(usage.memory_peak_bytes.value, 4096);
	check_int(usage.pids_peak.value, 9);
	check(!usage.io_read_bytes.has && !usage.io_writes.has);
	check_int(usage.oom_kills.value, 3);
	check_int(usage.oom_hits.value, 2);
	check(!usage.oom_hits_local.has);
	put("x/memory.events.local", "low 0\nhigh 0\nmax 0\noom 1\noom_kill 3\noom_group_kill 0\n");
	cgroup_usage_open(&cg, fds);
	check(cgroup_oom_read(fds, &usage));
	check(usage.oom_hits_local.has);
	check_int(usage.oom_hits_local.value, 1);
	check_int(fds[USAGE_OOM_NOTICE], -EBADF); /* a plain file gives no notice */
	check_int(fds[USAGE_CPU_ACCT_STAT], -EBADF);
	stand_in_end();

	stand_in_v1();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	put("cpu,cpuacct/x/cpuacct.usage", "5000000\n");
	put("cpu,cpuacct/x/cpuacct.stat", "user 3\nsystem 1\n");
	put("memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
	put("memory/x/cgroup.event_control", "");
	cgroup_open(&cg, &host, "/x");
	cgroup_usage_open(&cg, fds);
	cgroup_usage_read(fds, &usage);
	check_int(usage.cpu_usec.value, 5000);
	check_int(usage.cpu_user_usec.value, 3 * 1000000 / sysconf(_SC_CLK_TCK));
	check_int(usage.oom_kills.value, 7);
	check(!usage.oom_hits.has && !usage.oom_hits_local.has);
	check(fds[USAGE_OOM_NOTICE] >= 0);
	(void)snprintf(registered, sizeof(registered), "%d %d", fds[USAGE_OOM_NOTICE],
		       fds[USAGE_MEMORY_EVENTS]);
	check_text(got("memory/x/cgroup.event_control"), registered);
	check(!usage.memory_peak_bytes.has);
	stand_in_end();
}

static void read_usage(struct cgroup_usage *usage)
{
	int fds[USAGE_FILES];

	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
	cgroup_open(&cg, &host, "/x");
	cgroup_usage_open(&cg, fds);
	cgroup_usage_read(fds, usage);
	for (size_t i = 0; i < USAGE_FILES; i++)
		close_keeping_errno(fds[i]);
}

static void sums_transfers_v2(void)
{
	static char text[70000];
	struct cgroup_usage usage;
	size_t length = 0;

	stand_in_v2();
	put("x/io.stat", "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=7\n"
			 "8:0 \n"
			 "(unknown) rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
			 "253:0 rbytes=18446744073709000000 wbytes=0 rios=0 wios=1 dbytes=0 dios=0 "
			 "cost.usage=12\n");
	read_usage(&usage);
	check(usage.io_read_bytes.value == UINT64_C(18446744073709000000) + 1459201);
	check_int(usage.io_write_bytes.value, 314773506);
	check_int(usage.io_reads.value, 195);
	check_int(usage.io_writes.value, 358);
	/* Before the first transfer: nothing, and that is known. */
	put("x/io.stat", "");
	read_usage(&usage);
	check(usage.io_read_bytes.has && usage.io_reads.has && usage.io_writes.has);
	check_int(usage.io_read_bytes.value, 0);
	/* Any number of devices, whose lines end wherever a read does. */
	for (int i = 0; i < 1000; i++)
		length +=
			(size_t)snprintf(text + length, sizeof(text) - length,
					 "8:%d rbytes=3 wbytes=%d rios=1 wios=2 dbytes=0\n", i, i);
	put("x/io.stat", text);
	read_usage(&usage);
	check_int(usage.io_read_bytes.value, 3000);
	check_int(usage.io_write_bytes.value, 499500);
	check_int(usage.io_writes.value, 2000);
	/* A line without an end is no line; one that is too long ends the reading. */
	put("x/io.stat", "8:0 rbytes=1 wbytes=1 rios=1 wios=1\n8:1 rbytes=1");
	read_usage(&usage);
	check_int(usage.io_read_bytes.value, 1);
	memset(text, 'x', sizeof(text) - 1);
	put("x/io.stat", text);
	read_usage(&usage);
	check(!usage.io_read_bytes.has);
	stand_in_end();
}

static void sums_transfers_v1(void)
{
	struct cgroup_usage usage;

	stand_in_v1();
	put("blkio/x/blkio.throttle.io_service_bytes_recursive",
	    "8:0 Read 4096\n8:0 Write 512\n8:0 Sync 4608\n8:0 Async 0\n8:0 Discard 0\n"
	    "8:0 Total 4608\n8:16 Read 4\n8:16 Write 5\nTotal 4617\n");
	put("blkio/x/blkio.throttle.io_serviced_recursive",
	    "8:0 Read 2\n8:0 Write 1\n8:0 Total 3\n8:16 Read 1\nTotal 4\n");
	put("pids/x/pids.peak", "3\n");
	read_usage(&usage);
	check_int(usage.io_read_bytes.value, 4100);
	check_int(usage.io_write_bytes.value, 517);
	check_int(usage.io_reads.value, 3);
	check_int(usage.io_writes.value, 1);
	check_int(usage.pids_peak.value, 3);
	/* Recent kernels count only where there is a limit: then nothing is known. */
	put("blkio/x/blkio.throttle.io_service_bytes_recursive", "Total 0\n");
	put("blkio/x/blkio.throttle.io_serviced_recursive", "Total 0\n");
	read_usage(&usage);
	check(!usage.io_read_bytes.has && !usage.io_write_bytes.has && !usage.io_reads.has);
	stand_in_end();
}

static const struct tap_test tests[] = {
	{"a cgroup2 root is a unified host with its controllers", probes_v2},
	{"v1 hierarchies are found once, by the names of their controllers", probes_v1},
	{"a hybrid host has a v2 hierarchy beside those of v1", probes_hybrid},
	{"a directory without cgroups is an error", probes_nothing},
	{"cgroupsPath: absolute as it is, relative below /ocirun, never the root or ..", places},
	{"whether the caller may make it is told without making it", knows_what_is_possible},
	{"a recorded path is taken up; a damaged one disables every operation", opens_a_record},
	{"v2: controllers are enabled in the parents, and the umask does not matter", creates_v2},
	{"beside v1 only the controllers are enabled that the config needs",
	 enables_less_beside_v1},
	{"an existing cgroup is taken only empty and thawed", takes_an_empty_one},
	{"v1: cpusets inherit, and a failure takes back what was made", creates_v1_and_takes_back},
	{"either freezer of a hybrid host counts", refuses_frozen_v1},
	{"removal takes what the container made below, and is repeatable", removes_what_is_below},
	{"usage is read from v2's and v1's files", reads_usage},
	{"v2: transfers are summed over all devices", sums_transfers_v2},
	{"v1: transfers are summed where the kernel counts them", sums_transfers_v1},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
