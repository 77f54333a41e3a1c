/* SPDX-License-Identifier: Apache-2.0 */
/* Hierarchies by controller, directories by descriptor, trees of cgroups, "key value" files. */
#include "cgroup/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* cgroup.procs of a cgroup with as many processes as pid_max allows. */
#define PROCS_TEXT_MAX ((size_t)64 << 20)

bool cgroup_has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	while (*list) {
		size_t span = strcspn(list, ", ");

		if (span == length && !strncmp(list, word, length))
			return true;
		list += span + strspn(list + span, ", ");
	}
	return false;
}

int cgroup_find(const struct cgroup_host *host, const char *controller)
{
	for (size_t i = 0; i < host->count; i++) {
		const struct cgroup_hierarchy *h = &host->hierarchies[i];
		bool is_blkio = !h->v2 && !strcmp(controller, "io");

		if (cgroup_has_word(h->controllers, is_blkio ? "blkio" : controller))
			return (int)i;
	}
	return -ENOENT;
}

int cgroup_find_v2(const struct cgroup_host *host)
{
	for (size_t i = 0; i < host->count; i++)
		if (host->hierarchies[i].v2)
			return (int)i;
	return -ENOENT;
}

int cgroup_members_index(const struct cgroup *cg)
{
	/* The freezer and pids hold everything that a runtime put there; others may be co-owned. */
	static const char *const preferred[] = {"freezer", "pids", "devices", "memory"};
	int index = cgroup_find_v2(cg->host);

	if (index >= 0 && cgroup_is_present(cg, (size_t)index))
		return index;
	for (size_t i = 0; i < ARRAY_SIZE(preferred); i++) {
		index = cgroup_find(cg->host, preferred[i]);
		if (index >= 0 && cgroup_is_present(cg, (size_t)index))
			return index;
	}
	for (size_t i = 0; i < cg->host->count; i++)
		if (cgroup_is_present(cg, i))
			return (int)i;
	return -ENOENT;
}

int cgroup_mount_open(const struct cgroup *cg, size_t index)
{
	int fd = open(cg->host->hierarchies[index].mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_dir_open(const struct cgroup *cg, size_t index)
{
	char path[sizeof(cg->host->hierarchies[index].mount_point) + sizeof(cg->path)];
	int fd;

	/* Not O_PATH: bpf(2) and poll(2) want a real descriptor. */
	(void)snprintf(path, sizeof(path), "%s%s", cg->host->hierarchies[index].mount_point,
		       cg->path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int cgroup_nearest_open(const struct cgroup *cg, size_t index, const char **ret_missing)
{
	autofd dir = cgroup_mount_open(cg, index);
	const char *path = cg->path + 1;

	while (dir >= 0 && *path) {
		char part[NAME_MAX + 1];
		size_t span = strcspn(path, "/");
		int next;

		memcpy(part, path, span);
		part[span] = '\0';
		next = openat(dir, part, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (next < 0)
			break;
		(void)close(dir);
		dir = next;
		path += span + strspn(path + span, "/");
	}
	*ret_missing = path;
	return take_fd(&dir);
}

int cgroup_key_parse(const char *text, const char *key, uint64_t *ret_value)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char *end;
		uint64_t value;

		line += *line == '\n';
		if (strncmp(line, key, length) || line[length] != ' ')
			continue;
		errno = 0;
		value = strtoull(line + length + 1, &end, 10);
		if (errno || end == line + length + 1)
			return -ENODATA;
		*ret_value = value;
		return 0;
	}
	return -ENODATA;
}

int cgroup_key_read(int dirfd, const char *file, const char *key, uint64_t *ret_value)
{
	char text[CGROUP_TEXT_MAX];
	ssize_t n = file_read_at(dirfd, file, text, sizeof(text));

	return n < 0 ? (int)n : cgroup_key_parse(text, key, ret_value);
}

int64_t cgroup_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void cgroup_tree_done(struct cgroup_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->paths[i]);
	free(tree->paths);
	tree->paths = NULL;
	tree->count = 0;
}

static int tree_add(struct cgroup_tree *tree, const char *parent, const char *name)
{
	char **grown = realloc(tree->paths, (tree->count + 1) * sizeof(*grown));
	int n;

	if (!grown)
		return -ENOMEM;
	tree->paths = grown;
	n = asprintf(&grown[tree->count], "%s%s%s", parent, *parent ? "/" : "", name);
	if (n < 0)
		return -ENOMEM;
	tree->count++;
	return 0;
}

int cgroup_tree_open(int dirfd, const char *path)
{
	autofd fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (*path) {
		char part[NAME_MAX + 1];
		size_t span = strcspn(path, "/");
		int next;

		if (span >= sizeof(part))
			return -ENAMETOOLONG;
		memcpy(part, path, span);
		part[span] = '\0';
		next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (next < 0)
			return -errno;
		(void)close(fd);
		fd = next;
		path += span + strspn(path + span, "/");
	}
	return take_fd(&fd);
}

static bool is_directory(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_name[0] == '.' && (!entry->d_name[1] || !strcmp(entry->d_name, "..")))
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int tree_add_children(struct cgroup_tree *tree, int top_dirfd, size_t parent)
{
	int fd = cgroup_tree_open(top_dirfd, tree->paths[parent]);
	autodir *dir = NULL;
	const struct dirent *entry;

	if (fd == -ENOENT)
		return 0; /* Gone meanwhile: it has no children. */
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close_keeping_errno(fd);
		return -errno;
	}
	while ((entry = readdir(dir))) {
		int r;

		if (!is_directory(fd, entry))
			continue;
		r = tree_add(tree, tree->paths[parent], entry->d_name);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_tree_list(int dirfd, struct cgroup_tree *ret_tree)
{
	autotree tree = {0};
	int r = tree_add(&tree, "", "");

	/* The list is its own queue, so no depth that a container makes can exhaust descriptors. */
	for (size_t i = 0; r == 0 && i < tree.count; i++)
		r = tree_add_children(&tree, dirfd, i);
	if (r < 0)
		return r;
	*ret_tree = tree;
	tree.count = 0;
	tree.paths = NULL;
	return 0;
}

static int pids_of(int dirfd, const char *path, pid_t **pids, size_t *count)
{
	autofd dir = cgroup_tree_open(dirfd, path);
	autofd procs = -EBADF;
	autofree char *text = NULL;
	ssize_t n;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	n = procs < 0 ? -errno : fd_read_text(procs, PROCS_TEXT_MAX, &text);
	/* A threaded cgroup lists its processes in its domain; ENODEV: removed while we read. */
	if (n == -EOPNOTSUPP || n == -ENOENT || n == -ENODEV)
		return 0;
	if (n < 0)
		return (int)n;
	for (char *p = text, *end; p && *p; p = end) {
		long pid = strtol(p, &end, 10);
		pid_t *grown;

		if (end == p)
			break;
		if (pid <= 0) /* 0: not visible in our pid namespace */
			continue;
		grown = realloc(*pids, (*count + 1) * sizeof(**pids));
		if (!grown)
			return -ENOMEM;
		*pids = grown;
		grown[(*count)++] = (pid_t)pid;
	}
	return 0;
}

int cgroup_pids_below(int dirfd, pid_t **ret_pids, size_t *ret_count)
{
	autotree tree = {0};
	autofree pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_tree_list(dirfd, &tree);

	for (size_t i = 0; r == 0 && i < tree.count; i++)
		r = pids_of(dirfd, tree.paths[i], &pids, &count);
	if (r < 0)
		return r;
	*ret_pids = take_ptr(pids);
	*ret_count = count;
	return 0;
}
