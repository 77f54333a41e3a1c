/* SPDX-License-Identifier: Apache-2.0 */
/* Settling execs; see observed.h. */
#include "monitor/observed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/log.h"
#include "container/facts.h"
#include "container/lifecycle.h"
#include "monitor/exit_status.h"
#include "monitor/exited.h"
#include "monitor/handover.h"
#include "monitor/replace.h"

#define OPEN_MAX_SETTLED 64 /* at a time; the rest is for the next verb */

int observed_lock(int lock_fd, pid_t pid)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = pid, .l_len = 1};

	return fcntl(lock_fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

/* Shared on the file, as observers hold it: whoever deletes waits for us. */
static int open_lock(const struct container *c, pid_t pid)
{
	autofd fd =
		openat(c->state_dirfd, EXECS_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0)
		return -errno;
	r = observed_lock(fd, pid);
	return r < 0 ? r : take_fd(&fd);
}

/* The number may be another process's by now; then, and where it is gone, negative. */
static int open_process(const struct exec_facts *e)
{
	autofd pidfd = sys_pidfd_open(e->pid, 0);
	uint64_t start_time = 0;

	if (pidfd < 0 || process_start_time(e->pid, &start_time) < 0 ||
	    start_time != e->pid_start_time)
		return -ESRCH;
	return take_fd(&pidfd);
}

static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return pidfd < 0 || poll(&p, 1, 0) == 1;
}

static void record(struct container *c, const struct exec_facts *facts, int pidfd)
{
	struct error err = ERROR_INIT;
	struct event_members m;
	struct exited e = {.pid = facts->pid, .source = SOURCE_NONE};

	e.known = exit_status_witness(pidfd, facts->pid, &e.status, &e.source) == 0;
	if (!e.known)
		e.reason = REASON_UNOBSERVED;
	exec_exited_members(&m, facts->id, &e);
	if (lifecycle_record(&c->journal, CAUSE_EXEC_EXITED, &m, &err) < 0)
		log_debug("exec %s of %s: %s", facts->id, c->id, err.text);
}

static bool is_open(const struct container *c, const char *exec_id)
{
	struct exec_facts list[OPEN_MAX_SETTLED];
	size_t count = facts_open_execs(&c->journal, list, OPEN_MAX_SETTLED);

	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].id, exec_id) == 0)
			return true;
	return false;
}

static void settle(struct container *c, const struct exec_facts *e, int witness_pidfd)
{
	struct watch w = {
		.journal = &c->journal, .pid = e->pid, .exec_id = e->id, .stub_fd = -EBADF};
	autofd lock_fd = open_lock(c, e->pid), own_pidfd = -EBADF;
	struct error err = ERROR_INIT;

	if (lock_fd < 0)
		return;
	own_pidfd = witness_pidfd >= 0 ? -EBADF : open_process(e);
	w.pidfd = witness_pidfd >= 0 ? witness_pidfd : own_pidfd;
	/* Its observer may have written the line between our reading and our locking. */
	if (!is_open(c, e->id))
		return;
	if (has_ended(w.pidfd))
		record(c, e, w.pidfd);
	else if (strcmp(c->record.monitor, "none") != 0 &&
		 monitor_replace(c, &w, lock_fd, &err) < 0)
		log_debug("exec %s of %s: %s", e->id, c->id, err.text);
}

static void settle_all(struct container *c, const char *exec_id, int pidfd)
{
	struct exec_facts list[OPEN_MAX_SETTLED];
	size_t count;

	if (c->status == STATUS_CREATING || c->status == STATUS_DELETED)
		return;
	count = facts_open_execs(&c->journal, list, OPEN_MAX_SETTLED);
	for (size_t i = 0; i < count; i++)
		if (!exec_id || strcmp(list[i].id, exec_id) == 0)
			settle(c, &list[i], pidfd);
}

void observed_settle(struct container *c)
{
	settle_all(c, NULL, -EBADF);
}

void observed_settle_with(struct container *c, const char *exec_id, int pidfd)
{
	settle_all(c, exec_id, pidfd);
}
