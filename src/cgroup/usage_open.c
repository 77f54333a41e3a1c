/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the files that tell what a container used, in whichever hierarchy has them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"

static const struct {
	const char *controller; /* NULL: v2's core, which counts without a controller */
	bool v2;
	enum cgroup_usage_file slot;
	const char *file;
} files[] = {
	{NULL, true, USAGE_CPU_STAT, "cpu.stat"},
	{"cpuacct", false, USAGE_CPU_STAT, "cpuacct.usage"},
	{"cpuacct", false, USAGE_CPU_ACCT_STAT, "cpuacct.stat"},
	{"memory", true, USAGE_MEMORY_PEAK, "memory.peak"},
	{"memory", false, USAGE_MEMORY_PEAK, "memory.max_usage_in_bytes"},
	{"pids", true, USAGE_PIDS_PEAK, "pids.peak"},
	{"pids", false, USAGE_PIDS_PEAK, "pids.peak"},
	{"io", true, USAGE_IO_BYTES, "io.stat"},
	{"blkio", false, USAGE_IO_BYTES, "blkio.throttle.io_service_bytes_recursive"},
	{"blkio", false, USAGE_IO_COUNTS, "blkio.throttle.io_serviced_recursive"},
	{"memory", true, USAGE_MEMORY_EVENTS, "memory.events"},
	{"memory", false, USAGE_MEMORY_EVENTS, "memory.oom_control"},
	{"memory", true, USAGE_MEMORY_EVENTS_LOCAL, "memory.events.local"},
};

/*
 * v2: a file that changed is EPOLLPRI until it is read. As it is readable all the time, an epoll of
 * its own turns that into something whose being readable means it; it costs no inotify instance, of
 * which a user has 128.
 */
static int open_notice_v2(int events_fd)
{
	struct epoll_event event = {.events = EPOLLPRI};
	autofd fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, events_fd, &event) < 0)
		return -EBADF;
	return take_fd(&fd);
}

/* v1: an eventfd, made known by its number and that of memory.oom_control. */
static int open_notice_v1(int dirfd, int control_fd)
{
	autofd fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[32];

	(void)snprintf(text, sizeof(text), "%d %d", fd, control_fd);
	if (fd < 0 || file_write_at(dirfd, "cgroup.event_control", text) < 0)
		return -EBADF;
	return take_fd(&fd);
}

static void open_notice(const struct cgroup *cg, int fds[USAGE_FILES])
{
	int index = cgroup_find(cg->host, "memory");
	autofd dir = -EBADF;

	if (fds[USAGE_MEMORY_EVENTS] < 0)
		return;
	if (cg->host->hierarchies[index].v2) {
		fds[USAGE_OOM_NOTICE] = open_notice_v2(fds[USAGE_MEMORY_EVENTS]);
		return;
	}
	dir = cgroup_dir_open(cg, (size_t)index);
	if (dir >= 0)
		fds[USAGE_OOM_NOTICE] = open_notice_v1(dir, fds[USAGE_MEMORY_EVENTS]);
}

void cgroup_usage_open(const struct cgroup *cg, int fds[USAGE_FILES])
{
	for (size_t i = 0; i < USAGE_FILES; i++)
		fds[i] = -EBADF;
	for (size_t i = 0; !cg->disabled && i < ARRAY_SIZE(files); i++) {
		int index = files[i].controller ? cgroup_find(cg->host, files[i].controller)
						: cgroup_find_v2(cg->host);
		autofd dir = -EBADF;

		if (index < 0 || !cgroup_is_present(cg, (size_t)index) ||
		    cg->host->hierarchies[index].v2 != files[i].v2 || fds[files[i].slot] >= 0)
			continue;
		/* cpu.stat of v2 splits by itself; cpuacct.stat would only say it more coarsely. */
		if (files[i].slot == USAGE_CPU_ACCT_STAT && cgroup_find_v2(cg->host) >= 0 &&
		    cgroup_is_present(cg, (size_t)cgroup_find_v2(cg->host)))
			continue;
		dir = cgroup_dir_open(cg, (size_t)index);
		if (dir >= 0)
			fds[files[i].slot] = openat(dir, files[i].file, O_RDONLY | O_CLOEXEC);
		if (fds[files[i].slot] < 0)
			fds[files[i].slot] = -EBADF;
	}
	if (!cg->disabled)
		open_notice(cg, fds);
}
