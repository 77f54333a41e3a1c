/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's own cgroups, as root: processes enter, are limited, frozen, killed and counted, and
 * their cgroups removed. Each test runs on the host as it is, and those that make sense so again as
 * if it had only v1 or only v2. Everything lives below /ocirun-test-<pid>.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "base/compat.h"
#include "cgroup/stand_in.h"
#include "cgroup/devices.h"

#define ROOT "/sys/fs/cgroup"
#define SKIP 77

static struct cgroup_host host;
static struct cgroup cg;
static char top[64];
static struct spec spec;
#define resources spec.resources

static void keep_only(bool v2)
{
	size_t kept = 0;

	for (size_t i = 0; i < host.count; i++)
		if (host.hierarchies[i].v2 == v2)
			host.hierarchies[kept++] = host.hierarchies[i];
	host.count = kept;
}

static bool begin_host(void)
{
	memset(&spec, 0, sizeof(spec));
	check_int(cgroup_host_probe(&host, ROOT, &err), 0);
	return host.count > 0;
}

static void begin(void)
{
	static int number;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/%d", top, ++number);
	check_int(cgroup_place(&cg, &host, path, "web", true, &err), 0);
	check_int(cgroup_create(&cg, &spec, &err), 0);
	check_int(cgroup_apply(&cg, &resources, &err), 0);
}

static void end(void)
{
	(void)cgroup_signal(&cg, SIGKILL, &err);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	check_int(cgroup_remove(&cg, 5000, &err), 0);
}

static const char *kernel_file(const char *controller, const char *file)
{
	static char text[4096];
	int index = *controller ? cgroup_find(&host, controller) : cgroup_find_v2(&host);
	autofd dir = index < 0 ? index : cgroup_dir_open(&cg, (size_t)index);

	if (dir < 0 || file_read_at(dir, file, text, sizeof(text)) < 0)
		return "(none)";
	return text;
}

/* A child in the cgroup that runs @work and exits with what it returns. */
static pid_t child(int (*work)(void))
{
	struct cgroup_entry entry;
	struct clone_args args = {.exit_signal = SIGCHLD};
	pid_t pid;

	check_int(cgroup_entry_open(&cg, &entry, &err), 0);
	if (entry.v2_dirfd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)entry.v2_dirfd;
	}
	(void)fflush(stdout);
	pid = sys_clone3(&args);
	if (pid == 0) {
		if (cgroup_enter(&entry, &err) < 0) {
			printf("# %s\n", err.text);
			(void)fflush(stdout);
			_exit(98);
		}
		_exit(work());
	}
	check(pid > 0);
	cgroup_entry_close(&entry);
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int exit_code(pid_t pid)
{
	int status = status_of(pid);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static int ready[2];

/* Says that it is inside, then stays. */
static int stay(void)
{
	(void)write(ready[1], "r", 1);
	for (;;)
		(void)pause();
	return 0;
}

static void leave(int signal)
{
	(void)signal;
	_exit(7);
}

/* With a handler: a frozen v2 process still dies of a signal that is fatal by default. */
static int stay_until_term(void)
{
	(void)signal(SIGTERM, leave);
	return stay();
}

static pid_t resident(int (*work)(void))
{
	char byte;
	pid_t pid;

	check_int(pipe2(ready, O_CLOEXEC), 0);
	pid = child(work);
	(void)close(ready[1]);
	check_int(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static int64_t measured_ms(int (*act)(void))
{
	int64_t start = cgroup_now_ms();

	check(act() >= 0);
	return cgroup_now_ms() - start;
}

/* ---- living in it ---- */

static void live(void)
{
	pid_t pid, *pids = NULL;
	size_t count = 0;

	begin();
	pid = resident(stay);
	check_int(cgroup_holds(&cg, pid, &err), 1);
	check_int(cgroup_holds(&cg, getpid(), &err), 0);
	check_error(cgroup_holds(&cg, 4194999, &err), ESRCH, "/proc/4194999/cgroup");
	check_int(cgroup_pids(&cg, &pids, &count, &err), 0);
	check_int(count, 1);
	check_int(count ? pids[0] : 0, pid);
	free(pids);
	for (size_t i = 0; i < host.count; i++) {
		autofd dir = cgroup_dir_open(&cg, i);
		char text[64];

		check(file_read_at(dir, "cgroup.procs", text, sizeof(text)) > 0);
		check_int(atoi(text), pid);
	}
	check_error(cgroup_create(&cg, &spec, &err), EBUSY, "container's cgroup is not empty");
	cgroup_open(&cg, &host, cg.path);
	check_error(cgroup_remove(&cg, 50, &err), EBUSY, "still has processes: ");
	check_int(cgroup_signal(&cg, SIGTERM, &err), 1);
	check_int(exit_code(pid), 256 + SIGTERM);
	check_int(cgroup_signal(&cg, SIGTERM, &err), 0);
	check_int(cgroup_signal(&cg, SIGKILL, &err), 0);
	end();
	check_int(cgroup_remove(&cg, 0, &err), 0);
	check_int(cgroup_pids(&cg, &pids, &count, &err), 0);
	check_int(count, 0);
}

static void lives(void)
{
	if (begin_host())
		live();
}

static void lives_v1(void)
{
	begin_host();
	keep_only(false);
	if (host.count)
		live();
}

static void lives_v2(void)
{
	begin_host();
	keep_only(true);
	if (host.count)
		live();
}

static void attaches(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			(void)pause();
	begin_host();
	begin();
	check_int(cgroup_attach(&cg, pid, &err), 0);
	check_int(cgroup_holds(&cg, pid, &err), 1);
	check_int(cgroup_signal(&cg, SIGKILL, &err), 1);
	check_int(exit_code(pid), 256 + SIGKILL);
	end();
}

/* ---- limits, as the kernel tells them ---- */

#define SET(field, number) ((field).has = true, (field).value = (number))

static bool is_v1(const char *controller)
{
	int index = cgroup_find(&host, controller);

	return index >= 0 && !host.hierarchies[index].v2;
}

static void limits(void)
{
	begin_host();
	if (is_v1("memory")) {
		SET(resources.memory.limit, 64 << 20);
		SET(resources.memory.swap, 128 << 20);
		SET(resources.memory.reservation, 32 << 20);
		SET(resources.memory.swappiness, 10);
		SET(resources.memory.disable_oom_killer, false);
		SET(resources.memory.use_hierarchy, true);
	}
	if (is_v1("cpu")) {
		SET(resources.cpu.shares, 512);
		SET(resources.cpu.quota, 50000);
		SET(resources.cpu.period, 200000);
		SET(resources.cpu.burst, 1000);
	}
	if (is_v1("cpuset")) {
		resources.cpu.cpus = "0";
		resources.cpu.mems = "0";
	}
	if (is_v1("pids"))
		SET(resources.pids_limit, 20);
	begin();
	if (is_v1("memory")) {
		check_text(kernel_file("memory", "memory.limit_in_bytes"), "67108864");
		check_text(kernel_file("memory", "memory.memsw.limit_in_bytes"), "134217728");
		check_text(kernel_file("memory", "memory.soft_limit_in_bytes"), "33554432");
		check_text(kernel_file("memory", "memory.swappiness"), "10");
	}
	if (is_v1("cpu")) {
		check_text(kernel_file("cpu", "cpu.shares"), "512");
		check_text(kernel_file("cpu", "cpu.cfs_quota_us"), "50000");
		check_text(kernel_file("cpu", "cpu.cfs_period_us"), "200000");
		check_text(kernel_file("cpu", "cpu.cfs_burst_us"), "1000");
	}
	if (is_v1("cpuset"))
		check_text(kernel_file("cpuset", "cpuset.cpus"), "0");
	if (is_v1("pids"))
		check_text(kernel_file("pids", "pids.max"), "20");

	/* An update whose new pairs are out of order with those in force, up and down again. */
	for (int64_t i = 4; i > 0; i -= 3) {
		char limit[32], swap[32], quota[32];

		if (is_v1("memory")) {
			SET(resources.memory.limit, (int64_t)(64 << 20) * i);
			SET(resources.memory.swap, (int64_t)(96 << 20) * i);
		}
		if (is_v1("cpu")) {
			SET(resources.cpu.burst, (uint64_t)(20000 * i));
			SET(resources.cpu.quota, 20000 * i);
			SET(resources.cpu.idle, i == 4);
		}
		check_int(cgroup_apply(&cg, &resources, &err), 0);
		(void)snprintf(limit, sizeof(limit), "%lld", (long long)(64 << 20) * i);
		(void)snprintf(swap, sizeof(swap), "%lld", (long long)(96 << 20) * i);
		(void)snprintf(quota, sizeof(quota), "%lld", (long long)(20000 * i));
		if (is_v1("memory")) {
			check_text(kernel_file("memory", "memory.limit_in_bytes"), limit);
			check_text(kernel_file("memory", "memory.memsw.limit_in_bytes"), swap);
		}
		if (is_v1("cpu")) {
			check_text(kernel_file("cpu", "cpu.cfs_quota_us"), quota);
			check_text(kernel_file("cpu", "cpu.cfs_burst_us"), quota);
		}
	}
	if (is_v1("cpu"))
		check_text(kernel_file("cpu", "cpu.shares"), "512");
	end();
}

static bool is_v2(const char *controller)
{
	int index = cgroup_find(&host, controller);

	return index >= 0 && host.hierarchies[index].v2;
}

static void limits_v2(void)
{
	static const struct spec_pair pairs[] = {{"memory.high", "50331648"}};

	begin_host();
	if (!is_v2("memory") || !is_v2("cpu") || !is_v2("cpuset") || !is_v2("pids"))
		return;
	SET(resources.memory.limit, 64 << 20);
	SET(resources.memory.swap, 96 << 20);
	SET(resources.memory.reservation, 32 << 20);
	SET(resources.memory.disable_oom_killer, false);
	SET(resources.memory.use_hierarchy, true);
	SET(resources.cpu.shares, 2048);
	SET(resources.cpu.quota, 50000);
	SET(resources.cpu.period, 200000);
	SET(resources.cpu.burst, 1000);
	resources.cpu.cpus = "0";
	resources.cpu.mems = "0";
	SET(resources.pids_limit, 20);
	resources.unified = pairs;
	resources.unified_count = 1;
	begin();
	check_text(kernel_file("", "memory.max"), "67108864");
	check_text(kernel_file("", "memory.swap.max"), "33554432");
	check_text(kernel_file("", "memory.low"), "33554432");
	check_text(kernel_file("", "memory.high"), "50331648");
	check_text(kernel_file("", "cpu.weight"), "174");
	check_text(kernel_file("", "cpu.max"), "50000 200000");
	check_text(kernel_file("", "cpu.max.burst"), "1000");
	check_text(kernel_file("", "cpuset.cpus"), "0");
	check_text(kernel_file("", "cpuset.mems"), "0");
	check_text(kernel_file("", "pids.max"), "20");

	/* Updates: burst above the old quota and back, one half of cpu.max, idle and weight. */
	SET(resources.cpu.quota, 90000);
	SET(resources.cpu.burst, 80000);
	SET(resources.cpu.idle, 1);
	resources.cpu.period = (struct optional_u64){0};
	check_int(cgroup_apply(&cg, &resources, &err), 0);
	check_text(kernel_file("", "cpu.max"), "90000 200000");
	check_text(kernel_file("", "cpu.max.burst"), "80000");
	check_text(kernel_file("", "cpu.idle"), "1");
	resources.cpu.quota = (struct optional_i64){0};
	SET(resources.cpu.period, 100000);
	SET(resources.cpu.idle, 0);
	SET(resources.cpu.shares, 1024);
	SET(resources.memory.limit, -1);
	resources.memory.swap = (struct optional_i64){0};
	check_int(cgroup_apply(&cg, &resources, &err), 0);
	check_text(kernel_file("", "cpu.max"), "90000 100000");
	check_text(kernel_file("", "cpu.weight"), "100");
	check_text(kernel_file("", "memory.max"), "max");
	check_text(kernel_file("", "memory.swap.max"), "max");
	SET(resources.cpu.quota, 5000);
	SET(resources.cpu.burst, 4000);
	check_int(cgroup_apply(&cg, &resources, &err), 0);
	check_text(kernel_file("", "cpu.max"), "5000 100000");
	check_text(kernel_file("", "cpu.max.burst"), "4000");
	SET(resources.memory.swappiness, 10);
	check_error(cgroup_apply(&cg, &resources, &err), EINVAL, "memory.swappiness: this needs");
	end();
}

static void limits_io_v2(void)
{
	struct spec_throttle_device disk = {.rate = 1 << 20, .weight = {true, 500}};
	char device[32], text[96];
	struct stat st;

	begin_host();
	if (!is_v2("io") || stat("/dev/vda", &st) < 0)
		return;
	disk.major = major(st.st_rdev);
	disk.minor = minor(st.st_rdev);
	SET(resources.block_io.weight, 300);
	for (int i = 0; i < THROTTLE_KINDS; i += 3) {
		resources.block_io.throttles[i] = &disk;
		resources.block_io.throttle_count[i] = 1;
	}
	begin();
	(void)snprintf(device, sizeof(device), "%lld:%lld", (long long)disk.major,
		       (long long)disk.minor);
	(void)snprintf(text, sizeof(text), "%s rbps=1048576 wbps=max riops=max wiops=1048576",
		       device);
	check_text(kernel_file("", "io.max"), text);
	check(!strncmp(kernel_file("", "io.weight"), "default 2930", 12) ||
	      !strncmp(kernel_file("", "io.bfq.weight"), "default 300", 11));
	disk.rate = 0;
	check_int(cgroup_apply(&cg, &resources, &err), 0);
	check_text(kernel_file("", "io.max"), "");
	end();
}

static void limits_v2_core(void)
{
	static const struct spec_pair pairs[] = {{"cgroup.max.depth", "3"},
						 {"cgroup.max.descendants", "5"}};
	static const struct spec_hugepage_limit pages[] = {{"2MB", 4 << 20}};

	begin_host();
	if (cgroup_find_v2(&host) < 0)
		return;
	resources.unified = pairs;
	resources.unified_count = 2;
	if (cgroup_find(&host, "hugetlb") >= 0 &&
	    access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) == 0) {
		resources.hugepages = pages;
		resources.hugepage_count = 1;
	}
	begin();
	check_text(kernel_file("", "cgroup.max.depth"), "3");
	check_text(kernel_file("", "cgroup.max.descendants"), "5");
	if (resources.hugepage_count && !is_v1("hugetlb")) {
		check_text(kernel_file("", "hugetlb.2MB.max"), "4194304");
		check_text(kernel_file("", "hugetlb.2MB.rsvd.max"), "4194304");
	}
	end();
}

static void names_the_field(void)
{
	begin_host();
	begin();
	SET(resources.cpu.quota, 1); /* the kernel wants at least a millisecond */
	check_error(cgroup_apply(&cg, &resources, &err), EINVAL,
		    "linux.resources.cpu.quota: write \"1\" to /sys/fs/cgroup");
	memset(&resources, 0, sizeof(resources));
	SET(resources.cpu.realtime_runtime, 1000);
	if (is_v1("cpu") && !strcmp(kernel_file("cpu", "cpu.rt_runtime_us"), "0"))
		check_error(cgroup_apply(&cg, &resources, &err), EINVAL,
			    "cpu.rt_runtime_us (the cgroups above need a realtime budget");
	end();
}

/* One of two is refused by the kernel itself: the other is as before. */
static void updates_all_or_nothing(void)
{
	char before[64];

	begin_host();
	if (cgroup_find(&host, "cpu") < 0 || cgroup_find(&host, "pids") < 0)
		return;
	begin();
	SET(resources.cpu.shares, 2048);
	SET(resources.pids_limit, 30);
	check_int(cgroup_update(&cg, &resources, &err), 0);
	check_text(kernel_file("pids", "pids.max"), "30");
	(void)snprintf(before, sizeof(before), "%s",
		       kernel_file("cpu", is_v1("cpu") ? "cpu.shares" : "cpu.weight"));
	check_text(before, is_v1("cpu") ? "2048" : "174");
	SET(resources.cpu.shares, 512);
	SET(resources.cpu.quota, 1);
	SET(resources.pids_limit, 40);
	check_error(cgroup_update(&cg, &resources, &err), EINVAL, "linux.resources.cpu.quota");
	check_text(kernel_file("cpu", is_v1("cpu") ? "cpu.shares" : "cpu.weight"), before);
	check_text(kernel_file("pids", "pids.max"), "30");
	memset(&resources, 0, sizeof(resources));
	check_int(cgroup_update(&cg, &resources, &err), 0);
	check_text(kernel_file("pids", "pids.max"), "30");
	end();
}

/* ---- devices ---- */

static char nodes[64];

/* 0: it opens (or there is no such device), EPERM: the cgroup says no. */
static int try_open(int type, unsigned int major_, unsigned int minor_, int flags)
{
	char path[128];
	int fd, saved;

	(void)snprintf(path, sizeof(path), "%s/%d-%u-%u", nodes, type, major_, minor_);
	if (mknod(path, (mode_t)type | 0600, makedev(major_, minor_)) < 0 && errno != EEXIST)
		return 100;
	fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	saved = errno;
	if (fd >= 0)
		(void)close(fd);
	return fd < 0 && saved == EPERM ? EPERM : 0;
}

static int try_null(void)
{
	return try_open(S_IFCHR, 1, 3, O_RDWR);
}

static int try_zero(void)
{
	return try_open(S_IFCHR, 1, 5, O_RDONLY);
}

static int try_disk(void)
{
	return try_open(S_IFBLK, 8, 0, O_RDONLY);
}

static int try_kmsg(void)
{
	return try_open(S_IFCHR, 1, 11, O_RDONLY);
}

static int try_kmsg_write(void)
{
	return try_open(S_IFCHR, 1, 11, O_WRONLY);
}

static void set_rules(const struct spec_device_rule *rules, size_t count)
{
	resources.device_rules = rules;
	resources.device_rule_count = count;
	check_int(cgroup_apply(&cg, &resources, &err), 0);
}

#define RULES(...)                                                             \
	do {                                                                   \
		static const struct spec_device_rule rules_[] = {__VA_ARGS__}; \
		set_rules(rules_, sizeof(rules_) / sizeof(rules_[0]));         \
	} while (0)

#define DENY_ALL                                     \
	{                                            \
		false, 'a', -1, -1, true, true, true \
	}
#define ALLOW_ALL                                   \
	{                                           \
		true, 'a', -1, -1, true, true, true \
	}

static void devices(void)
{
	begin();
	/* GHSA-g54h-m393-cpwq: one allow rule does not mean that all is allowed. */
	RULES({true, 'c', 1, 3, true, true, true});
	check_int(exit_code(child(try_null)), 0);
	check_int(exit_code(child(try_zero)), 0);
	check_int(exit_code(child(try_disk)), EPERM);
	check_int(exit_code(child(try_kmsg)), EPERM);
	RULES(DENY_ALL, {true, 'c', 1, 11, true, false, false});
	check_int(exit_code(child(try_kmsg)), 0);
	check_int(exit_code(child(try_kmsg_write)), EPERM);
	check_int(exit_code(child(try_null)), 0);
	/* Read by one rule and write by another is both. */
	RULES({true, 'c', 1, 11, true, false, false}, {true, 'c', 1, 11, false, true, false});
	check_int(exit_code(child(try_kmsg_write)), 0);
	RULES({true, 'c', 1, 11, true, true, true}, {false, 'c', 1, 11, true, true, true},
	      {false, 'c', 1, 5, true, true, true});
	check_int(exit_code(child(try_kmsg)), EPERM);
	check_int(exit_code(child(try_zero)), EPERM);
	RULES(ALLOW_ALL);
	check_int(exit_code(child(try_kmsg)), 0);
	check_int(exit_code(child(try_disk)), 0);
	RULES(ALLOW_ALL, {false, 'b', 8, -1, true, true, false});
	check_int(exit_code(child(try_kmsg)), 0);
	check_int(exit_code(child(try_disk)), EPERM);
}

static void devices_of_host(void)
{
	begin_host();
	devices();
	end();
}

static void devices_v2(void)
{
	begin_host();
	keep_only(true);
	if (!host.count)
		return;
	devices();
	end();
}

/* A rule that v1 cannot say, then one that it can: the program comes and goes. */
static void holes_on_hybrid(void)
{
	begin_host();
	if (!is_v1("devices"))
		return;
	if (cgroup_find_v2(&host) >= 0) {
		begin();
		RULES({true, 'c', 1, -1, true, true, false},
		      {false, 'c', 1, 11, true, true, false});
		check_int(exit_code(child(try_null)), 0);
		check_int(exit_code(child(try_kmsg)), EPERM);
		check_int(exit_code(child(try_disk)), EPERM);
		RULES({true, 'c', 1, 11, true, true, false});
		check_int(exit_code(child(try_kmsg)), 0);
		check_int(exit_code(child(try_disk)), EPERM);
		end();
	}
	keep_only(false);
	check_error(cgroup_check(&cg,
				 &(struct spec_resources){
					 .device_rules =
						 (struct spec_device_rule[]){
							 {true, 'c', 1, -1, true, true, false},
							 {false, 'c', 1, 11, true, true, false}},
					 .device_rule_count = 2},
				 &err),
		    EOPNOTSUPP, "linux.resources.devices[1]: cgroup v1 cannot deny");
}

/* With sub-cgroups the kernel refuses to start v1's list over; an update must not need that. */
static void updates_devices_with_children(void)
{
	char path[1024];
	int index;

	begin_host();
	if (!is_v1("devices"))
		return;
	begin();
	index = cgroup_find(&host, "devices");
	(void)snprintf(path, sizeof(path), "%s%s/sub", host.hierarchies[index].mount_point,
		       cg.path);
	check_int(mkdir(path, 0755), 0);
	RULES({true, 'c', 1, 11, true, true, false});
	check_int(exit_code(child(try_kmsg)), 0);
	RULES({true, 'c', 1, 11, true, false, false});
	check_int(exit_code(child(try_kmsg_write)), EPERM);
	check_int(exit_code(child(try_kmsg)), 0);
	end();
}

/* ---- freezing and killing ---- */

static void freeze(void)
{
	pid_t pid;
	int status;

	begin();
	pid = resident(stay_until_term);
	check_int(cgroup_is_frozen(&cg, &err), 0);
	check_int(cgroup_freezer(&cg, &err), CGROUP_THAWED);
	check_int(cgroup_freeze(&cg, true, &err), 0);
	check_int(cgroup_is_frozen(&cg, &err), 1);
	check_int(cgroup_freezer(&cg, &err), CGROUP_FROZEN);
	check_int(cgroup_freeze(&cg, true, &err), 0);
	check_int(cgroup_signal(&cg, SIGTERM, &err), 1);
	check_int(waitpid(pid, &status, WNOHANG), 0);
	check_int(cgroup_freeze(&cg, false, &err), 0);
	check_int(cgroup_is_frozen(&cg, &err), 0);
	check_int(exit_code(pid), 7);
	/* F18: a frozen one dies of SIGKILL, and its cgroup is not left frozen. */
	pid = resident(stay);
	check_int(cgroup_freeze(&cg, true, &err), 0);
	check_int(cgroup_signal(&cg, SIGKILL, &err), 1);
	check_int(exit_code(pid), 256 + SIGKILL);
	check_int(cgroup_is_frozen(&cg, &err), 0);
	end();
}

static void freezes(void)
{
	begin_host();
	freeze();
}

static void freezes_v1(void)
{
	begin_host();
	keep_only(false);
	if (host.count)
		freeze();
}

/* Processes that die at once and fork before: as long as one lives there are more. */
static int bomb(void)
{
	for (int i = 0; i < 20; i++)
		if (fork() == 0)
			i = 0;
	(void)write(ready[1], "r", 1);
	for (;;) {
		pid_t pid = fork();

		if (pid > 0)
			(void)usleep(100);
		else if (pid < 0)
			(void)sched_yield();
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return 0;
}

static int kill_bomb(void)
{
	return cgroup_signal(&cg, SIGKILL, &err);
}

static int remove_bomb(void)
{
	return cgroup_remove(&cg, 5000, &err);
}

static void defuse(void)
{
	char byte;
	pid_t pid;

	if (cgroup_find(&host, "pids") >= 0)
		SET(resources.pids_limit, 60);
	else
		return;
	begin();
	check_int(pipe2(ready, O_CLOEXEC), 0);
	pid = child(bomb);
	(void)close(ready[1]);
	check_int(read(ready[0], &byte, 1), 1);
	check(measured_ms(kill_bomb) < 1000);
	check_int(exit_code(pid), 256 + SIGKILL);
	check(measured_ms(remove_bomb) < 1000);
	(void)close(ready[0]);
}

static void defuses(void)
{
	begin_host();
	defuse();
}

static void defuses_v1(void)
{
	begin_host();
	keep_only(false);
	defuse();
}

/* ---- removing ---- */

static void removes_deep_trees(void)
{
	char path[1024];

	begin_host();
	begin();
	for (size_t i = 0; i < host.count; i++) {
		int depth = host.hierarchies[i].v2 ? 60 : 4;
		int fd = cgroup_dir_open(&cg, i);

		for (int level = 0; level < depth; level++) {
			int below;

			check_int(mkdirat(fd, "a", 0755), 0);
			check_int(mkdirat(fd, "b", 0755), 0);
			below = openat(fd, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			(void)close(fd);
			fd = below;
		}
		(void)close(fd);
	}
	end();
	(void)snprintf(path, sizeof(path), "%s%s", host.hierarchies[0].mount_point, cg.path);
	check_int(access(path, F_OK), -1);
}

static int exit_soon(void)
{
	(void)write(ready[1], "r", 1);
	(void)usleep(100000);
	return 0;
}

static void waits_for_the_last(void)
{
	char byte;
	pid_t pid;
	int64_t took;

	begin_host();
	begin();
	check_int(pipe2(ready, O_CLOEXEC), 0);
	pid = child(exit_soon);
	(void)close(ready[1]);
	check_int(read(ready[0], &byte, 1), 1);
	took = measured_ms(remove_bomb);
	check(took >= 50 && took < 1500);
	check_int(exit_code(pid), 0);
	(void)close(ready[0]);
}

/* ---- usage ---- */

static int work(void)
{
	struct timespec used;
	char *memory = malloc(8 << 20);

	memset(memory, 1, 8 << 20);
	do
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	while (used.tv_sec == 0 && used.tv_nsec < 50000000);
	return memory[12345] - 1;
}

static int eat(void)
{
	for (;;) {
		char *memory = malloc(1 << 20);

		memset(memory, 1, 1 << 20);
	}
	return 0;
}

static void counts(void)
{
	struct cgroup_usage usage;
	int fds[USAGE_FILES];

	begin_host();
	if (cgroup_find(&host, "memory") >= 0) {
		SET(resources.memory.limit, 32 << 20);
		SET(resources.memory.swap, 32 << 20);
	}
	begin();
	cgroup_usage_open(&cg, fds);
	check_int(exit_code(child(work)), 0);
	cgroup_usage_read(fds, &usage);
	check(usage.cpu_usec.has && usage.cpu_usec.value >= 50000);
	check(usage.cpu_user_usec.has);
	if (cgroup_find(&host, "memory") >= 0) {
		/* memory.peak of v2 is there since Linux 5.19. */
		check(usage.memory_peak_bytes.has && usage.memory_peak_bytes.value >= 8 << 20);
		check(usage.oom_kills.has && usage.oom_kills.value == 0);
	}
	if (cgroup_find(&host, "memory") >= 0) {
		check_int(exit_code(child(eat)), 256 + SIGKILL);
		cgroup_usage_read(fds, &usage);
		check_int(usage.oom_kills.value, 1);
	}
	end();
	cgroup_usage_read(fds, &usage); /* the cgroup is gone: no value, no crash */
	for (size_t i = 0; i < USAGE_FILES; i++)
		close_keeping_errno(fds[i]);
}

/* ---- whose it is ---- */

static uid_t owner_of(const char *file)
{
	autofd dir = cgroup_dir_open(&cg, 0);
	struct stat st = {0};

	check_int(fstatat(dir, file, &st, 0), 0);
	return st.st_uid;
}

static void delegates(void)
{
	static const struct spec_id_map map = {.container_id = 0, .host_id = 100000, .size = 1000};
	struct spec_mount mount = {.destination = "/sys/fs/cgroup", .kind = MOUNT_CGROUP};

	begin_host();
	keep_only(true);
	if (!host.count)
		return;
	host.unified = true;
	spec.uid_maps = &map;
	spec.uid_map_count = 1;
	spec.has_process = true;
	spec.process.user.uid = 5;
	spec.namespaces[NAMESPACE_CGROUP].wanted = true;
	spec.mounts = &mount;
	spec.mount_count = 1;
	begin();
	check_int(owner_of("."), 100005);
	check_int(owner_of("cgroup.procs"), 100005);
	check_int(owner_of("cgroup.subtree_control"), 100005);
	check_int(owner_of("cgroup.max.depth"), 0);
	end();
	mount.flags_set = 1; /* MS_RDONLY */
	begin();
	check_int(owner_of("."), 0);
	end();
	mount.flags_set = 0;
	spec.namespaces[NAMESPACE_CGROUP].path = "/proc/1/ns/cgroup";
	begin();
	check_int(owner_of("."), 0);
	end();
}

/* As nobody: no cgroup can be made, and none is needed unless a limit is. */
static int tolerate(void)
{
	tap_failures = 0;
	begin_host();
	if (setresuid(65534, 65534, 65534) < 0)
		return 1;
	check_int(cgroup_place(&cg, &host, NULL, "ocirun-test", false, &err), 0);
	check_error(cgroup_create(&cg, &spec, &err), EACCES, "mkdir /sys/fs/cgroup");
	cg.tolerant = true;
	check_int(cgroup_create(&cg, &spec, &err), 0);
	check_int(cg.present, 0);
	check_int(cgroup_apply(&cg, &resources, &err), 0);
	RULES(DENY_ALL);
	if (cgroup_find(&host, "pids") >= 0) {
		SET(resources.pids_limit, 5);
		check_error(cgroup_apply(&cg, &resources, &err), EACCES,
			    "linux.resources.pids.limit: no cgroup could be made");
		resources.pids_limit.has = false;
	}
	resources.device_rules = &(struct spec_device_rule){true, 'c', 1, 11, true, true, true};
	resources.device_rule_count = 1;
	check_error(cgroup_apply(&cg, &resources, &err), EINVAL, "linux.resources.devices: ");
	check_int(cgroup_remove(&cg, 0, &err), 0);
	check_int(cgroup_signal(&cg, SIGKILL, &err), 0);
	(void)fflush(stdout);
	return tap_failures != 0;
}

static void tolerates(void)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(tolerate());
	check_int(exit_code(pid), 0);
}

static void refuses_a_stranger(void)
{
	struct cgroup other;

	begin_host();
	begin();
	cgroup_open(&other, &host, "/");
	check(other.disabled);
	check_int(cgroup_signal(&other, SIGTERM, &err), 0);
	other = cg;
	(void)strcpy(other.path, "/ocirun-test-nonexistent/x");
	check_int(cgroup_signal(&other, SIGKILL, &err), 0);
	check_int(cgroup_remove(&other, 0, &err), 0);
	end();
}

static const struct tap_test tests[] = {
	{"a process lives in every hierarchy and leaves them clean", lives},
	{"the same with v1 alone", lives_v1},
	{"the same with v2 alone", lives_v2},
	{"a process can be moved in", attaches},
	{"the kernel has the limits, also after updates in any order", limits},
	{"v2 has the limits, also after updates in any order", limits_v2},
	{"v2 has weights and throttles of disks", limits_io_v2},
	{"the limits of v2's core and its hugepages arrive", limits_v2_core},
	{"what the kernel refuses is told by its field, value and file", names_the_field},
	{"an update that the kernel refuses in part is none", updates_all_or_nothing},
	{"devices: deny first, last match wins", devices_of_host},
	{"devices: the same by eBPF", devices_v2},
	{"devices: a hole goes to eBPF beside v1, and is refused without", holes_on_hybrid},
	{"devices: an update with sub-cgroups below", updates_devices_with_children},
	{"freeze, thaw, and SIGKILL while frozen", freezes},
	{"the same with v1's freezer and without cgroup.kill", freezes_v1},
	{"a fork bomb is killed and removed within a second", defuses},
	{"the same with v1 alone", defuses_v1},
	{"sub-cgroups of any depth are removed", removes_deep_trees},
	{"removal waits for the last process", waits_for_the_last},
	{"CPU, memory peak and OOM kills are counted", counts},
	{"v2: the container's user gets its cgroup where it may write it", delegates},
	{"rootless: no cgroup is no failure, unless there are limits", tolerates},
	{"missing cgroups and the root are left alone", refuses_a_stranger},
};

/* What a test enabled at the host's v2 root beside v1, it would keep from being mounted as v1. */
static bool has_hugetlb_enabled(bool disable)
{
	autofd dir = open(ROOT "/unified", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[128];

	if (dir < 0 || file_read_at(dir, "cgroup.subtree_control", text, sizeof(text)) < 0)
		return false;
	if (disable)
		(void)file_write_at(dir, "cgroup.subtree_control", "-hugetlb");
	return cgroup_has_word(text, "hugetlb");
}

int main(void)
{
	bool hugetlb = has_hugetlb_enabled(false);
	int failed;

	if (geteuid() != 0 || access(ROOT "/cgroup.procs", F_OK) + access(ROOT "/unified", F_OK) +
					      access(ROOT "/memory", F_OK) ==
				      -3) {
		printf("1..0 # SKIP needs root and cgroups\n");
		return SKIP;
	}
	(void)snprintf(top, sizeof(top), "/ocirun-test-%d", (int)getpid());
	(void)snprintf(nodes, sizeof(nodes), "/tmp/ocirun-nodes-%d", (int)getpid());
	if (mkdir(nodes, 0700) < 0) {
		perror(nodes);
		return 99;
	}
	failed = tap_run(tests, sizeof(tests) / sizeof(tests[0]));
	(void)snprintf(stand_in, sizeof(stand_in), "%s", nodes);
	stand_in_end();
	if (cgroup_host_probe(&host, ROOT, &err) == 0) {
		cgroup_open(&cg, &host, top);
		failed |= cgroup_remove(&cg, 1000, &err) < 0;
	}
	if (!hugetlb)
		(void)has_hugetlb_enabled(true);
	return failed;
}
