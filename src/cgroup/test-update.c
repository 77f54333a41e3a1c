/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other limits for a container that is there: only what is asked changes, all of it or nothing. The
 * plain files that stand in for the kernel's keep what is longer than what is written over it.
 */
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
}

static int update(void)
{
	cgroup_open(&cg, &host, "/x");
	return cgroup_update(&cg, &r, &err);
}

static void container_v2(void)
{
	begin(stand_in_v2);
	put("x/cgroup.controllers", ALL_V2 "\n");
	put("x/memory.max", "5000000\n");
	put("x/memory.swap.max", "1000000\n");
	put("x/memory.current", "4000000\n");
	put("x/memory.swap.current", "500000\n");
	put("x/memory.low", "0\n");
	put("x/cpu.max", "max 900000\n");
	put("x/cpu.weight", "100\n");
	put("x/pids.max", "300\n");
	put("x/io.weight", "default 100\n8:0 200\n");
	put("x/io.max", "8:0 rbps=1000 wbps=max riops=max wiops=max\n");
	put("x/cpuset.cpus", "\n");
}

static void container_v1(void)
{
	begin(stand_in_v1);
	put("memory/x/memory.limit_in_bytes", "5000000\n");
	put("memory/x/memory.memsw.limit_in_bytes", "6000000\n");
	put("memory/x/memory.usage_in_bytes", "4000000\n");
	put("memory/x/memory.memsw.usage_in_bytes", "4500000\n");
	put("memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	put("cpu,cpuacct/x/cpu.shares", "1024\n");
	put("pids/x/pids.max", "300\n");
	put("blkio/x/blkio.throttle.read_bps_device", "8:0 1000\n");
	put("devices/x/devices.list", "c 1:3 rwm\n");
}

static void only_what_is_there(void)
{
	container_v2();
	SET(r.pids_limit, 400);
	check_int(update(), 0);
	check_text(got("x/pids.max"), "400");
	check_text(got("x/memory.max"), "5000000");
	check_text(got("x/cpu.weight"), "100");
	/* A plain directory takes no eBPF program: that nothing was asked of it, is what this says.
	 */
	r.device_rules = &(const struct spec_device_rule){true, 'c', 1, 3, true, true, true};
	r.device_rule_count = 1;
	check(update() < 0);
	stand_in_end();

	container_v1();
	SET(r.pids_limit, 400);
	check_int(update(), 0);
	check_text(got("pids/x/pids.max"), "400");
	check(!exists("devices/x/devices.allow") && !exists("devices/x/devices.deny"));
	memset(&r, 0, sizeof(r));
	check_int(update(), 0);
	cg.disabled = true;
	check_error(cgroup_update(&cg, &r, &err), EOPNOTSUPP, "no cgroup");
	stand_in_end();
}

static void swap_alone(void)
{
	container_v2();
	SET(r.memory.swap, 7000000);
	check_int(update(), 0);
	check_text(got("x/memory.swap.max"), "2000000");
	SET(r.memory.swap, 4999999);
	check_error(update(), EINVAL, "less than the memory limit in force (5000000)");
	SET(r.memory.limit, 4999999);
	SET(r.memory.swap, 5999999);
	check_int(update(), 0);
	check_text(got("x/memory.swap.max"), "1000000");
	put("x/memory.max", "max\n");
	r.memory.limit = (struct optional_i64){0};
	check_error(update(), EINVAL, "without memory.limit the swap in it is not known");
	stand_in_end();
}

static void pairs_v1(void)
{
	container_v1();
	SET(r.memory.limit, 6000001);
	check_error(update(), EINVAL,
		    "linux.resources.memory.limit: 6000001 is more than the limit in force of "
		    "memory and swap together (6000000)");
	SET(r.memory.swap, 6000001);
	check_int(update(), 0);
	check_text(got("memory/x/memory.limit_in_bytes"), "6000001");
	r.memory.limit = (struct optional_i64){0};
	SET(r.memory.swap, 6000000);
	check_error(update(), EINVAL, "less than the memory limit in force (6000001)");
	put("memory/x/memory.memsw.limit_in_bytes", "9223372036854771712\n");
	SET(r.memory.limit, 9000000);
	r.memory.swap = (struct optional_i64){0};
	check_int(update(), 0);
	stand_in_end();
}

static void check_before_update(void)
{
	container_v2();
	SET(r.memory.check_before_update, true);
	SET(r.memory.limit, 3999999);
	check_error(update(), EBUSY, "rejecting memory limit 3999999: the usage is 4000000");
	check_text(got("x/memory.max"), "5000000");
	SET(r.memory.limit, 4000000);
	SET(r.memory.swap, 4499999);
	check_error(update(), EBUSY, "rejecting memory+swap limit 4499999: the usage is 4500000");
	SET(r.memory.swap, 4500000);
	check_int(update(), 0);
	SET(r.memory.check_before_update, false);
	SET(r.memory.limit, 1000000);
	check_int(update(), 0);
	stand_in_end();

	container_v1();
	SET(r.memory.check_before_update, true);
	SET(r.memory.limit, 3999999);
	check_error(update(), EBUSY, "rejecting memory limit 3999999");
	SET(r.memory.limit, 4000000);
	SET(r.memory.swap, 4499999);
	check_error(update(), EBUSY, "rejecting memory+swap limit 4499999: the usage is 4500000");
	check_text(got("memory/x/memory.limit_in_bytes"), "5000000");
	stand_in_end();
}

static void missing_files(void)
{
	container_v2();
	SET(r.pids_limit, 400);
	SET(r.cpu.burst, 5);
	check_error(update(), EINVAL,
		    "linux.resources.cpu.burst: /x has no cpu.max.burst: the kernel lacks it, or "
		    "the cpu controller is not enabled there");
	check_text(got("x/pids.max"), "300");
	SET(r.memory.swappiness, 5);
	check_error(update(), EINVAL, "swappiness: this needs cgroup v1");
	stand_in_end();
}

/* A file that cannot be written: a link, which is not followed. */
static void break_file(const char *path)
{
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", stand_in, path);
	check_int(unlink(full), 0);
	check_int(symlink("/dev/null", full), 0);
}

static void nothing_after_a_failure(void)
{
	container_v2();
	break_file("x/pids.max");
	SET(r.memory.limit, 1000000);
	SET(r.cpu.shares, 2048);
	SET(r.pids_limit, 400);
	check_error(update(), ELOOP, "linux.resources.pids.limit");
	check_text(got("x/memory.max"), "5000000");
	check_text(got("x/cpu.weight"), "100");
	stand_in_end();

	container_v1();
	break_file("pids/x/pids.max");
	SET(r.memory.limit, 1000000);
	SET(r.memory.swap, 1000000);
	SET(r.memory.disable_oom_killer, true);
	SET(r.cpu.shares, 2048);
	SET(r.pids_limit, 400);
	check_error(update(), ELOOP, "linux.resources.pids.limit");
	check_text(got("memory/x/memory.limit_in_bytes"), "5000000");
	check_text(got("memory/x/memory.memsw.limit_in_bytes"), "6000000");
	check(!strncmp(got("memory/x/memory.oom_control"), "0om_kill_disable", 16));
	check_text(got("cpu,cpuacct/x/cpu.shares"), "1024");
	stand_in_end();
}

/* What would be written back for a file and a value that was written to it. */
static const char *undone(const char *file, const char *before, const char *value)
{
	static char text[512];
	autoundo undo = {0};
	char path[96];
	int dir;

	(void)snprintf(path, sizeof(path), "x/%s", file);
	put(path, before);
	cgroup_open(&cg, &host, "/x");
	dir = cgroup_dir_open(&cg, 0);
	check_int(limit_undo_note(&undo, 0, dir, file, value), 0);
	(void)close(dir);
	check_int(undo.count, 1);
	(void)snprintf(text, sizeof(text), "%s", undo.count ? undo.entries[0].text : "");
	return text;
}

static void knows_what_was(void)
{
	container_v2();
	check_text(undone("cpu.max", "max 100000\n", "50000"), "max 100000");
	check_text(undone("cpuset.cpus", "\n", "0"), "\n");
	check_text(undone("io.weight", "default 100\n8:0 200\n", "default 300"), "default 100\n");
	check_text(undone("io.weight", "default 100\n8:0 200\n", "8:0 300"), "8:0 200\n");
	check_text(undone("io.weight", "default 100\n8:0 200\n", "8:16 300"), "8:16 default\n");
	check_text(undone("io.max", "8:0 rbps=1 wbps=max\n", "8:0 wbps=5\n8:1 wbps=5\n"),
		   "8:0 rbps=1 wbps=max\n8:1 rbps=max wbps=max riops=max wiops=max\n");
	check_text(undone("blkio.throttle.read_bps_device", "8:0 5\n", "8:16 9"), "8:16 0\n");
	check_text(undone("net_prio.ifpriomap", "lo 0\neth0 3\n", "eth0 4"), "eth0 3\n");
	check_text(undone("memory.oom_control", "oom_kill_disable 1\nunder_oom 0\n", "0"), "1");
	stand_in_end();
}

static const struct tap_test tests[] = {
	{"what is not asked for stays, devices too", only_what_is_there},
	{"v2: memory and swap together go with the limit in force", swap_alone},
	{"v1: limit and sum must agree with what is in force", pairs_v1},
	{"memory.checkBeforeUpdate refuses limits below the usage", check_before_update},
	{"a file that is missing is told before anything is written", missing_files},
	{"after a failed write everything is as it was", nothing_after_a_failure},
	{"each kind of file is told what it said before", knows_what_was},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
