/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is in the cgroup, and how one gets in. Writing another's pid to cgroup.procs waits for a lock
 * over all thread groups (7 to 15 ms); being cloned into v2, or writing "0" to v1's tasks oneself
 * while single-threaded, does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"

static int open_tasks(const struct cgroup *cg, size_t index, struct error *err)
{
	char path[sizeof(cg->host->hierarchies[index].mount_point) + sizeof(cg->path) + 8];
	int fd;

	(void)snprintf(path, sizeof(path), "%s%s/tasks", cg->host->hierarchies[index].mount_point,
		       cg->path);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? error_sys(err, "open %s", path) : fd;
}

static int entry_add(const struct cgroup *cg, size_t index, struct cgroup_entry *entry,
		     struct error *err)
{
	int fd;

	if (!cg->host->hierarchies[index].v2) {
		fd = open_tasks(cg, index, err);
		if (fd < 0)
			return fd;
		entry->tasks_fds[entry->tasks_count++] = fd;
		return 0;
	}
	fd = cgroup_dir_open(cg, index);
	if (fd < 0)
		return error_sys_num(err, fd, "open cgroup %s", cg->path);
	entry->v2_dirfd = fd;
	return 0;
}

int cgroup_entry_open(const struct cgroup *cg, struct cgroup_entry *entry, struct error *err)
{
	memset(entry, 0, sizeof(*entry));
	entry->v2_dirfd = -EBADF;
	if (cg->disabled)
		return 0;
	for (size_t i = 0; i < cg->host->count; i++) {
		int r = cgroup_is_present(cg, i) ? entry_add(cg, i, entry, err) : 0;

		if (r < 0) {
			cgroup_entry_close(entry);
			return r;
		}
	}
	return 0;
}

void cgroup_entry_close(struct cgroup_entry *entry)
{
	close_keeping_errno(entry->v2_dirfd);
	entry->v2_dirfd = -EBADF;
	for (size_t i = 0; i < entry->tasks_count; i++)
		close_keeping_errno(entry->tasks_fds[i]);
	entry->tasks_count = 0;
}

int cgroup_enter(const struct cgroup_entry *entry, struct error *err)
{
	for (size_t i = 0; i < entry->tasks_count; i++) {
		int r = fd_write_all(entry->tasks_fds[i], "0", 1);

		if (r < 0)
			return error_sys_num(err, r, "enter the container's cgroup");
		(void)close(entry->tasks_fds[i]);
	}
	return 0;
}

int cgroup_attach(const struct cgroup *cg, pid_t pid, struct error *err)
{
	char text[24];

	if (cg->disabled)
		return 0;
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < cg->host->count; i++) {
		autofd dir = -EBADF;
		int r;

		if (!cgroup_is_present(cg, i))
			continue;
		dir = cgroup_dir_open(cg, i);
		r = dir < 0 ? dir : file_write_at(dir, "cgroup.procs", text);
		if (r < 0)
			return error_sys_num(err, r, "move process %d to %s%s", (int)pid,
					     cg->host->hierarchies[i].mount_point, cg->path);
	}
	return 0;
}

static bool is_path_within(const char *path, const char *top)
{
	size_t length = strlen(top);

	return !strncmp(path, top, length) && (!path[length] || path[length] == '/');
}

/* "4:memory:/a/b" of a v1 hierarchy, "0::/a/b" of v2; any hierarchy will do. */
static bool any_line_within(char *text, const char *top)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		if (path && is_path_within(path + 1, top))
			return true;
	}
	return false;
}

/* Where only a part of the hierarchy is mounted, /proc speaks of other paths than the mount has. */
static int is_listed(const struct cgroup *cg, pid_t pid, struct error *err)
{
	autofree pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_pids(cg, &pids, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (pids[i] == pid)
			return 1;
	return r;
}

int cgroup_holds(const struct cgroup *cg, pid_t pid, struct error *err)
{
	char path[48], text[2 * CGROUP_TEXT_MAX];
	ssize_t n;

	if (cg->disabled)
		return 1;
	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	n = file_read_at(AT_FDCWD, path, text, sizeof(text));
	if (n == -ENOENT)
		n = -ESRCH;
	if (n < 0)
		return error_sys_num(err, (int)n, "read %s", path);
	return any_line_within(text, cg->path) ? 1 : is_listed(cg, pid, err);
}

int cgroup_pids(const struct cgroup *cg, pid_t **ret_pids, size_t *ret_count, struct error *err)
{
	int index = cg->disabled ? -ENOENT : cgroup_members_index(cg);
	autofd dir = index < 0 ? index : cgroup_dir_open(cg, (size_t)index);
	int r;

	*ret_pids = NULL;
	*ret_count = 0;
	if (dir == -ENOENT)
		return 0;
	r = dir < 0 ? dir : cgroup_pids_below(dir, ret_pids, ret_count);
	return r < 0 ? error_sys_num(err, r, "read the processes of cgroup %s", cg->path) : 0;
}
