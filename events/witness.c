/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's own hold on a container's init: a pidfd that is certainly of the process that
 * `created` named, and what the kernel says through it. Elsewhere than on Linux there is none.
 */
#include "config.h"

#include "events/log.h"

#ifdef __linux__

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* ioctl(PIDFD_GET_INFO) with PIDFD_INFO_EXIT, Linux 6.15; the first published size. */
struct pidfd_exit_info {
	uint64_t mask, cgroupid;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_EXIT_INFO _IOWR(0xFF, 11, struct pidfd_exit_info)
#define INFO_EXIT     (1ULL << 3)

/* For tests: doc/testing.md, "Failpoints". */
#ifdef WITH_FAILPOINTS
static bool plays_old_kernel(void)
{
	const char *lacks = getenv("OCIRUN_KERNEL_LACKS");

	return lacks && strstr(lacks, "pidfd-exit");
}
#else
static bool plays_old_kernel(void)
{
	return false;
}
#endif

#define STAT_STATE	3 /* fields of /proc/PID/stat, counted from 1 */
#define STAT_START_TIME 22
#define STAT_EXIT_CODE	52

struct process_stat {
	char state;
	uint64_t start_time;
	int exit_code;
};

static int read_small(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buffer, size - 1);
	(void)close(fd);
	if (n <= 0)
		return -EIO;
	buffer[n] = '\0';
	return 0;
}

/* The command's name may hold spaces and brackets: fields are counted from the last bracket. */
static int read_stat(int64_t pid, struct process_stat *ret)
{
	char path[40], text[1024], *p, *save = NULL;
	int r, field = STAT_STATE;

	(void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	r = read_small(path, text, sizeof(text));
	if (r < 0)
		return r;
	p = strrchr(text, ')');
	if (!p)
		return -EINVAL;
	for (p = strtok_r(p + 1, " \n", &save); p; p = strtok_r(NULL, " \n", &save), field++) {
		if (field == STAT_STATE)
			ret->state = *p;
		else if (field == STAT_START_TIME)
			ret->start_time = strtoull(p, NULL, 10);
		else if (field == STAT_EXIT_CODE)
			ret->exit_code = (int)strtol(p, NULL, 10);
	}
	return field > STAT_EXIT_CODE ? 0 : -EINVAL;
}

static bool is_this_boot(const char *boot_id)
{
	char now[64];

	if (read_small("/proc/sys/kernel/random/boot_id", now, sizeof(now)) < 0)
		return false;
	now[strcspn(now, "\n")] = '\0';
	return strcmp(now, boot_id) == 0;
}

int witness_open(const struct ocirun_log *log)
{
	struct process_stat stat = {0};
	int pidfd;

	if (log->pid <= 0 || log->pid > INT32_MAX || !is_this_boot(log->boot_id))
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)log->pid, 0);
	if (pidfd < 0)
		return -errno;
	/* After the open: what has the number now is what we hold. */
	if (read_stat(log->pid, &stat) < 0 || stat.start_time != log->pid_start_time) {
		(void)close(pidfd);
		return -ESRCH;
	}
	return pidfd;
}

/* Such a link is shown to whoever field 52 is shown to, and a zombie has it, too. */
static bool may_trace(int64_t pid)
{
	char path[48], target[64];

	(void)snprintf(path, sizeof(path), "/proc/%lld/ns/user", (long long)pid);
	return readlink(path, target, sizeof(target)) > 0;
}

/* Before Linux 5.17 the field is the first thread's, who may have ended by itself. */
static bool is_of_process(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 17));
}

/*
 * A zombie's field 52 reads 0 to a process that may not trace it, which looks like success: so a 0
 * may be believed only by who may, the rest by everybody. The question comes first: if the zombie
 * is still there afterwards, the answer was about it.
 */
static bool zombie_status(const struct ocirun_log *log, int *ret_status)
{
	bool believe_zero = is_of_process() && may_trace(log->pid);
	struct process_stat stat = {0};

	if (read_stat(log->pid, &stat) < 0 || stat.start_time != log->pid_start_time)
		return false;
	if (stat.state != 'Z' || (stat.exit_code == 0 && !believe_zero))
		return false;
	*ret_status = stat.exit_code;
	return true;
}

static bool reaped_status(int pidfd, int *ret_status)
{
	struct pidfd_exit_info info = {.mask = INFO_EXIT};

	if (plays_old_kernel())
		return false;
	if (ioctl(pidfd, GET_EXIT_INFO, &info) < 0 || !(info.mask & INFO_EXIT))
		return false;
	*ret_status = info.exit_code;
	return true;
}

enum ocirun_witness ocirun_log_witness(struct ocirun_log *log, int *ret_status)
{
	struct pollfd p = {.fd = log->pidfd, .events = POLLIN};

	if (log->pidfd < 0)
		return OCIRUN_WITNESS_NONE;
	/* Who watches a thousand must not ask for each of them whenever one has ended. */
	if (log->pidfd_quiet)
		return OCIRUN_WITNESS_ALIVE;
	if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLIN | POLLHUP)))
		return OCIRUN_WITNESS_ALIVE;
	/* In this order: between the two questions it can only go from zombie to reaped. */
	if (!log->ended_by && zombie_status(log, &log->ended_status))
		log->ended_by = "zombie";
	if (!log->ended_by && reaped_status(log->pidfd, &log->ended_status))
		log->ended_by = "pidfd";
	if (!log->ended_by)
		return OCIRUN_WITNESS_ENDED;
	*ret_status = log->ended_status;
	return OCIRUN_WITNESS_STATUS;
}

#else

int witness_open(const struct ocirun_log *log)
{
	(void)log;
	return -ENOSYS;
}

enum ocirun_witness ocirun_log_witness(struct ocirun_log *log, int *ret_status)
{
	(void)log;
	(void)ret_status;
	return OCIRUN_WITNESS_NONE;
}

#endif

const char *ocirun_log_witness_source(const struct ocirun_log *log)
{
	return log->ended_by ? log->ended_by : "none";
}

void witness_begin(struct ocirun_log *log)
{
	if (!log->watch || log->pid <= 0 || log->exited || log->pidfd >= 0)
		return;
	log->ended_by = NULL;
	log->pidfd = witness_open(log);
	if (log->pidfd < 0)
		log->pidfd = -1;
	else
		watch_pidfd(log);
}
