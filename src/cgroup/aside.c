/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where those of our processes go that outlive a verb: /ocirun.monitor in each hierarchy. A
 * container does not live in the cgroup of whoever created it, so its monitor must not be killed,
 * frozen or starved with that one. All of it is done where it may be, and else left undone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"

#define ASIDE "/ocirun.monitor"

/* The line of /proc/self/cgroup is "N:CONTROLLERS:PATH", "0::PATH" for v2. */
static bool is_line_of(const struct cgroup_hierarchy *h, const char *controllers)
{
	char word[sizeof(h->controllers)];

	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(h->controllers, ","),
		       h->controllers);
	return h->v2 ? !*controllers : *controllers && cgroup_has_word(controllers, word);
}

/* Our cgroup in @h: malloc'd, or NULL. */
static char *own_path(const struct cgroup_hierarchy *h)
{
	char text[CGROUP_TEXT_MAX], *save = NULL;

	if (file_read_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		*path = '\0';
		if (is_line_of(h, controllers + 1))
			return strdup(path + 1);
	}
	return NULL;
}

/*
 * Whoever ends or stops the root does so to all cgroups below it, the container's among them: no
 * place is safer then. A cpuset is empty when it is made, and nobody is killed by one.
 */
static bool is_worth_leaving(const struct cgroup_hierarchy *h)
{
	autofree char *path = own_path(h);

	return path && strcmp(path, "/") != 0 && strcmp(path, ASIDE) != 0 &&
	       (h->v2 || !cgroup_has_word(h->controllers, "cpuset"));
}

static int open_below(const struct cgroup_hierarchy *h, const char *path)
{
	char whole[sizeof(h->mount_point) + 512];
	int fd;

	if ((size_t)snprintf(whole, sizeof(whole), "%s%s", h->mount_point, path) >= sizeof(whole))
		return -ENAMETOOLONG;
	fd = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static int open_aside(const struct cgroup_hierarchy *h)
{
	char path[sizeof(h->mount_point) + sizeof(ASIDE)];
	int fd = open_below(h, ASIDE);

	if (fd != -ENOENT)
		return fd;
	(void)snprintf(path, sizeof(path), "%s" ASIDE, h->mount_point);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_below(h, ASIDE);
}

int cgroup_aside_open(const struct cgroup_host *host)
{
	int index = cgroup_find_v2(host);

	if (index < 0 || !is_worth_leaving(&host->hierarchies[index]))
		return -ENOENT;
	return open_aside(&host->hierarchies[index]);
}

int cgroup_own_open(const struct cgroup_host *host)
{
	int index = cgroup_find_v2(host);
	autofree char *path = index < 0 ? NULL : own_path(&host->hierarchies[index]);

	return path ? open_below(&host->hierarchies[index], path) : -ENOENT;
}

void cgroup_aside_enter(const struct cgroup_host *host)
{
	for (size_t i = 0; i < host->count; i++) {
		const struct cgroup_hierarchy *h = &host->hierarchies[i];
		autofd dir = -EBADF;

		if (h->v2 || !is_worth_leaving(h))
			continue;
		dir = open_aside(h);
		if (dir >= 0)
			(void)file_write_at(dir, "tasks", "0");
	}
}
