/* SPDX-License-Identifier: Apache-2.0 */
/* Entering a cgroup inside the container's: --cgroup of exec, and where init has gone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "cgroup/dir.h"

/* Which hierarchies are meant, and where in them. */
struct below {
	const char *controllers; /* not terminated; NULL: all */
	size_t controllers_length;
	const char *path;
};

static int parse_below(const char *text, struct below *ret, struct error *err)
{
	const char *colon = strchr(text, ':');

	*ret = (struct below){.path = colon ? colon + 1 : text};
	if (colon) {
		ret->controllers = text;
		ret->controllers_length = (size_t)(colon - text);
	}
	for (const char *p = ret->path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return error_set(err, ERROR_USAGE, EINVAL,
					 "--cgroup %s: the path must not have \"..\"", text);
	}
	return 0;
}

static bool list_has(const char *list, const char *word, size_t length)
{
	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (strncmp(list, word, length) == 0 && (list[length] == ',' || !list[length]))
			return true;
	}
	return false;
}

/* All that are named must be of this hierarchy: "cpu,cpuacct" is one, "cpu,memory" is none. */
static bool is_meant(const struct below *b, const struct cgroup_hierarchy *h)
{
	const char *word = b->controllers, *end = word + b->controllers_length;

	if (!word)
		return true;
	if (h->v2)
		return b->controllers_length == 0;
	while (word < end) {
		const char *comma = memchr(word, ',', (size_t)(end - word));
		size_t length = (size_t)((comma ? comma : end) - word);

		if (!list_has(h->controllers, word, length))
			return false;
		word += length + 1;
	}
	return b->controllers_length > 0;
}

static int reopen(const struct cgroup *cg, size_t index, const char *path, int *fd,
		  struct error *err)
{
	struct cgroup sub = *cg;
	bool v2 = cg->host->hierarchies[index].v2;
	int dir, opened;

	if ((size_t)snprintf(sub.path, sizeof(sub.path), "%s/%s", cg->path, path) >=
	    sizeof(sub.path))
		return error_set(err, ERROR_USAGE, ENAMETOOLONG, "--cgroup %s", path);
	dir = cgroup_dir_open(&sub, index);
	if (dir < 0)
		return error_sys_num(err, dir, "--cgroup %s: %s%s", path,
				     cg->host->hierarchies[index].mount_point, sub.path);
	opened = v2 ? dir : openat(dir, "tasks", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (opened < 0)
		(void)error_sys(err, "--cgroup %s: tasks", path);
	if (!v2)
		close_keeping_errno(dir);
	if (opened < 0)
		return -err->errnum;
	close_keeping_errno(*fd);
	*fd = opened;
	return 0;
}

/* The tasks of v1 stand in @entry in the order of the hierarchies that are there. */
static int move_entry(const struct cgroup *cg, const struct below *b, const char *text,
		      struct cgroup_entry *entry, struct error *err)
{
	size_t task = 0, moved = 0;

	for (size_t i = 0; i < cg->host->count; i++) {
		const struct cgroup_hierarchy *h = &cg->host->hierarchies[i];
		int *fd = h->v2 ? &entry->v2_dirfd : &entry->tasks_fds[task];
		int r;

		if (!cgroup_is_present(cg, i))
			continue;
		task += !h->v2;
		if (!is_meant(b, h))
			continue;
		r = reopen(cg, i, b->path, fd, err);
		/* A path for all need not be there in each. */
		if (r < 0 && (b->controllers || r != -ENOENT))
			return r;
		moved += r == 0;
	}
	if (moved > 0)
		return 0;
	return err->kind != ERROR_NONE
		       ? -err->errnum
		       : error_set(err, ERROR_USAGE, EINVAL,
				   "--cgroup %s: no such controller or hierarchy here", text);
}

int cgroup_entry_open_below(const struct cgroup *cg, const char *const *below, size_t count,
			    struct cgroup_entry *entry, struct error *err)
{
	int r = cgroup_entry_open(cg, entry, err);

	for (size_t i = 0; i < count && r == 0; i++) {
		struct error failure = ERROR_INIT;
		struct below b;

		r = parse_below(below[i], &b, err);
		if (r == 0)
			r = move_entry(cg, &b, below[i], entry, &failure);
		if (r < 0 && failure.kind != ERROR_NONE)
			*err = failure;
	}
	if (r < 0)
		cgroup_entry_close(entry);
	return r;
}

int cgroup_entry_follow(const struct cgroup *cg, pid_t pid, struct cgroup_entry *entry)
{
	int index = cgroup_find_v2(cg->host);
	size_t length = strlen(cg->path);
	char path[48], text[2 * CGROUP_TEXT_MAX];
	struct cgroup sub = *cg;
	const char *line;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (index < 0 || file_read_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -ENOENT;
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return -ENOENT;
	line += 3 + (*line == '\n');
	if (strncmp(line, cg->path, length) != 0 || line[length] != '/')
		return -EXDEV;
	(void)snprintf(sub.path, sizeof(sub.path), "%.*s", (int)strcspn(line, "\n"), line);
	fd = cgroup_dir_open(&sub, (size_t)index);
	if (fd < 0)
		return fd;
	close_keeping_errno(entry->v2_dirfd);
	entry->v2_dirfd = fd;
	return 0;
}
