/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezing and thawing: v2's cgroup.freeze where the container is in a v2 hierarchy, v1's freezer
 * otherwise. v2 tells by poll(2) when it is done; v1 has to be asked again and again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"

#define FREEZE_TIMEOUT_MS 10000
#define NS_PER_MS	  1000000L
/* Most freeze within microseconds, which v2's notification, at most one in 10 ms, may not tell. */
#define FIRST_WAIT_NS (NS_PER_MS / 20)
#define V1_WAIT_NS    (5 * NS_PER_MS)
#define V2_WAIT_NS    (200 * NS_PER_MS)

/* A freezer of the container: its directory, and how it spells things. */
struct freezer {
	int dirfd;
	bool v2;
	size_t index;
};

static int freezer_open_at(const struct cgroup *cg, int index, const char *file,
			   struct freezer *ret)
{
	autofd dir = -EBADF;

	if (index < 0 || !cgroup_is_present(cg, (size_t)index))
		return -ENOENT;
	dir = cgroup_dir_open(cg, (size_t)index);
	if (dir < 0)
		return dir;
	if (faccessat(dir, file, F_OK, 0) < 0)
		return -errno;
	ret->v2 = cg->host->hierarchies[index].v2;
	ret->index = (size_t)index;
	ret->dirfd = take_fd(&dir);
	return 0;
}

static int freezer_open_v2(const struct cgroup *cg, struct freezer *ret)
{
	return freezer_open_at(cg, cgroup_find_v2(cg->host), "cgroup.freeze", ret);
}

static int freezer_open_v1(const struct cgroup *cg, struct freezer *ret)
{
	return freezer_open_at(cg, cgroup_find(cg->host, "freezer"), "freezer.state", ret);
}

static int freezer_write(const struct freezer *freezer, bool freeze)
{
	if (freezer->v2)
		return file_write_at(freezer->dirfd, "cgroup.freeze", freeze ? "1" : "0");
	return file_write_at(freezer->dirfd, "freezer.state", freeze ? "FROZEN" : "THAWED");
}

/* 1 frozen, 0 thawed, -EINPROGRESS on the way, or another negative errno. */
static int freezer_state(const struct freezer *freezer)
{
	char state[32];
	uint64_t frozen;
	ssize_t n;

	if (freezer->v2) {
		int r = cgroup_key_read(freezer->dirfd, "cgroup.events", "frozen", &frozen);

		return r < 0 ? r : frozen != 0;
	}
	n = file_read_at(freezer->dirfd, "freezer.state", state, sizeof(state));
	if (n < 0)
		return (int)n;
	if (!strcmp(state, "FREEZING"))
		return -EINPROGRESS;
	return !strcmp(state, "FROZEN");
}

/* -EINTR: the caller was told to give up, which is only right before everything is frozen. */
static int freezer_wait(const struct freezer *freezer, bool freeze, int events_fd, long *wait_ns)
{
	long longest = freezer->v2 ? V2_WAIT_NS : V1_WAIT_NS;
	struct pollfd change = {.fd = events_fd, .events = POLLPRI};
	struct timespec wait = {.tv_nsec = *wait_ns};

	if (ppoll(&change, 1, &wait, NULL) < 0 && errno == EINTR && freeze)
		return -EINTR;
	/* v1 can get stuck where a process was in vfork(2) or being traced: asking again helps. */
	if (!freezer->v2 && *wait_ns == longest)
		(void)freezer_write(freezer, freeze);
	*wait_ns = *wait_ns * 2 < longest ? *wait_ns * 2 : longest;
	return 0;
}

static int freezer_set(const struct freezer *freezer, bool freeze)
{
	int64_t deadline = cgroup_now_ms() + FREEZE_TIMEOUT_MS;
	long wait_ns = FIRST_WAIT_NS;
	autofd events = -EBADF;
	int r;

	if (freezer->v2)
		events = openat(freezer->dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	r = freezer_write(freezer, freeze);
	while (r == 0) {
		char unread[CGROUP_TEXT_MAX];

		/* The descriptor that is polled must have been read since the last change. */
		if (events >= 0)
			(void)pread(events, unread, sizeof(unread), 0);
		r = freezer_state(freezer);
		if (r == freeze)
			return 0;
		if (r < 0 && r != -EINPROGRESS)
			break;
		r = cgroup_now_ms() > deadline ? -ETIMEDOUT : 0;
		if (r == 0)
			r = freezer_wait(freezer, freeze, events, &wait_ns);
	}
	return r;
}

static int thaw(const struct cgroup *cg, struct error *err)
{
	int (*const opens[])(const struct cgroup *, struct freezer *) = {freezer_open_v2,
									 freezer_open_v1};

	for (size_t i = 0; i < ARRAY_SIZE(opens); i++) {
		struct freezer freezer = {.dirfd = -EBADF};
		int r = opens[i](cg, &freezer);

		if (r == 0)
			r = freezer_set(&freezer, false);
		close_keeping_errno(freezer.dirfd);
		if (r == -ETIMEDOUT)
			return error_set(err, ERROR_SYSTEM, ETIMEDOUT,
					 "cgroup %s stays frozen, by a cgroup above it", cg->path);
		if (r < 0 && r != -ENOENT)
			return error_sys_num(err, r, "thaw cgroup %s", cg->path);
	}
	return 0;
}

int cgroup_freeze(const struct cgroup *cg, bool freeze, struct error *err)
{
	struct freezer freezer = {.dirfd = -EBADF};
	int r;

	if (!freeze)
		return cg->disabled ? 0 : thaw(cg, err);
	r = cg->disabled ? -ENOENT : freezer_open_v2(cg, &freezer);
	if (r == -ENOENT && !cg->disabled)
		r = freezer_open_v1(cg, &freezer);
	if (r == -ENOENT)
		return error_set(err, ERROR_SYSTEM, EOPNOTSUPP,
				 "the container is in no cgroup that can be frozen");
	if (r == 0)
		r = freezer_set(&freezer, true);
	if (r < 0)
		(void)freezer_write(&freezer, false);
	close_keeping_errno(freezer.dirfd);
	if (r == -ETIMEDOUT)
		return error_set(err, ERROR_SYSTEM, ETIMEDOUT,
				 "cgroup %s did not freeze within %d s", cg->path,
				 FREEZE_TIMEOUT_MS / 1000);
	return r < 0 ? error_sys_num(err, r, "freeze cgroup %s", cg->path) : 0;
}

int cgroup_thaw_all(const struct cgroup *cg)
{
	struct freezer freezer = {.dirfd = -EBADF};
	int result = 0, r = freezer_open_v2(cg, &freezer);

	if (r == 0)
		result = freezer_write(&freezer, false);
	close_keeping_errno(freezer.dirfd);
	freezer.dirfd = -EBADF;
	r = freezer_open_v1(cg, &freezer);
	if (r == 0)
		r = freezer_write(&freezer, false);
	close_keeping_errno(freezer.dirfd);
	return result < 0 ? result : r == -ENOENT ? 0 : r;
}

/*
 * What was asked of this freezer and whether it came about; a frozen cgroup above does not count.
 */
static int freezer_own_state(const struct freezer *freezer)
{
	const char *file = freezer->v2 ? "cgroup.freeze" : "freezer.self_freezing";
	char asked[16];
	ssize_t n = file_read_at(freezer->dirfd, file, asked, sizeof(asked));
	int r;

	if (n < 0 && n != -ENOENT)
		return (int)n;
	if (n > 0 && !strcmp(asked, "0"))
		return CGROUP_THAWED;
	r = freezer_state(freezer);
	if (r == -EINPROGRESS)
		return CGROUP_FREEZING;
	if (r == 0)
		return n > 0 ? CGROUP_FREEZING : CGROUP_THAWED;
	return r < 0 ? r : CGROUP_FROZEN;
}

int cgroup_freezer(const struct cgroup *cg, struct error *err)
{
	int (*const opens[])(const struct cgroup *, struct freezer *) = {freezer_open_v2,
									 freezer_open_v1};
	int state = CGROUP_THAWED;

	/* Somebody else may have used the other freezer of a hybrid host. */
	for (size_t i = 0; !cg->disabled && i < ARRAY_SIZE(opens); i++) {
		struct freezer freezer = {.dirfd = -EBADF};
		int r = opens[i](cg, &freezer);

		if (r == 0)
			r = freezer_own_state(&freezer);
		close_keeping_errno(freezer.dirfd);
		/* ENODEV: the cgroup was removed while we read. */
		if (r < 0 && r != -ENOENT && r != -ENODEV)
			return error_sys_num(err, r, "read the freezer of cgroup %s", cg->path);
		if (r > state)
			state = r;
	}
	return state;
}

int cgroup_is_frozen(const struct cgroup *cg, struct error *err)
{
	int state = cgroup_freezer(cg, err);

	return state < 0 ? state : state != CGROUP_THAWED;
}
