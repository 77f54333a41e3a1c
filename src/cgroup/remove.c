/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing the cgroup and what the container made below it. The last process may still be dying
 * when we come: the kernel says EBUSY until then, and v2 tells by cgroup.events when it is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"

#define RETRY_MIN_MS 1
#define RETRY_MAX_MS 100
#define PIDS_NAMED   8

static int remove_dir(int parent_dirfd, const char *name)
{
	if (unlinkat(parent_dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

static int remove_below(int dirfd, char *path)
{
	char *slash = strrchr(path, '/');
	autofd parent = -EBADF;

	if (slash)
		*slash = '\0';
	parent = cgroup_tree_open(dirfd, slash ? path : "");
	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	return remove_dir(parent, slash ? slash + 1 : path);
}

/* Children come after their parents in the list, so from its end all are empty when met. */
static int remove_children(int mount_fd, const char *path)
{
	autofd dir = openat(mount_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	autotree tree = {0};
	int result = 0, r;

	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = cgroup_tree_list(dir, &tree);
	if (r < 0)
		return r;
	for (size_t i = tree.count; i-- > 1;) {
		r = remove_below(dir, tree.paths[i]);
		if (r < 0)
			result = r;
	}
	return result;
}

static int remove_once(int mount_fd, const char *path)
{
	int r = remove_dir(mount_fd, path);

	if (r != -EBUSY && r != -ENOTEMPTY)
		return r;
	(void)remove_children(mount_fd, path);
	return remove_dir(mount_fd, path);
}

/* Until the cgroup may have become empty, or @wait_ms are over. */
static void wait_for_change(const struct cgroup *cg, size_t index, int wait_ms)
{
	autofd dir = cgroup_dir_open(cg, index);
	autofd events = -EBADF;
	struct pollfd change = {.events = POLLPRI};
	char text[CGROUP_TEXT_MAX];
	uint64_t populated;
	ssize_t n = -1;

	if (dir >= 0 && cg->host->hierarchies[index].v2)
		events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (events >= 0)
		n = fd_read_all(events, text, sizeof(text) - 1);
	if (n > 0) {
		text[n] = '\0';
		if (cgroup_key_parse(text, "populated", &populated) == 0 && !populated)
			wait_ms =
				RETRY_MIN_MS; /* Empty already: only the last references linger. */
	}
	change.fd = events;
	(void)poll(&change, 1, wait_ms);
}

static int busy_error(const struct cgroup *cg, size_t index, struct error *err)
{
	autofd dir = cgroup_dir_open(cg, index);
	autofree pid_t *pids = NULL;
	char text[PIDS_NAMED * 12 + 8] = "";
	size_t count = 0, used = 0;

	if (dir >= 0)
		(void)cgroup_pids_below(dir, &pids, &count);
	for (size_t i = 0; i < count && i < PIDS_NAMED; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d", i ? ", " : "",
					 (int)pids[i]);
	if (count == 0)
		return error_set(err, ERROR_SYSTEM, EBUSY, "cgroup %s%s cannot be removed yet",
				 cg->host->hierarchies[index].mount_point, cg->path);
	return error_set(err, ERROR_SYSTEM, EBUSY, "cgroup %s%s still has processes: %s%s",
			 cg->host->hierarchies[index].mount_point, cg->path, text,
			 count > PIDS_NAMED ? ", ..." : "");
}

static int remove_from(const struct cgroup *cg, size_t index, int64_t deadline, struct error *err)
{
	autofd mount_fd = cgroup_mount_open(cg, index);
	int wait_ms = RETRY_MIN_MS, r;

	if (mount_fd < 0)
		return error_sys_num(err, mount_fd, "open %s",
				     cg->host->hierarchies[index].mount_point);
	while ((r = remove_once(mount_fd, cg->path + 1)) == -EBUSY) {
		int64_t left = deadline - cgroup_now_ms();

		if (left <= 0)
			return busy_error(cg, index, err);
		/* With cgroup.events the wait ends when there is news: no need to begin shortly. */
		if (cg->host->hierarchies[index].v2)
			wait_ms = RETRY_MAX_MS;
		wait_for_change(cg, index, left < wait_ms ? (int)left : wait_ms);
		wait_ms = 2 * wait_ms < RETRY_MAX_MS ? 2 * wait_ms : RETRY_MAX_MS;
	}
	if (r < 0)
		return error_sys_num(err, r, "rmdir %s%s", cg->host->hierarchies[index].mount_point,
				     cg->path);
	return 0;
}

int cgroup_remove(const struct cgroup *cg, int timeout_ms, struct error *err)
{
	int64_t deadline = cgroup_now_ms() + timeout_ms;
	int v2, result = 0;

	if (cg->disabled || !cg->path[0])
		return 0;
	/* v2 first: its news says when the last process is gone from the others too. */
	v2 = cgroup_find_v2(cg->host);
	if (v2 >= 0 && cgroup_is_present(cg, (size_t)v2))
		result = remove_from(cg, (size_t)v2, deadline, err);
	for (size_t i = 0; i < cg->host->count; i++) {
		struct error other;
		int r;

		if ((int)i == v2 || !cgroup_is_present(cg, i))
			continue;
		/* Go on after a failure: what can be removed is, and the first error stands. */
		r = remove_from(cg, i, deadline, result < 0 ? &other : err);
		if (result == 0)
			result = r;
	}
	return result;
}
