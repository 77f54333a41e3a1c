/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the container's directory in every hierarchy. v2: its controllers are enabled in all
 * parents. v1: a cpuset without processors or memory nodes admits nobody, so they are copied from
 * the parent. What is made here is taken back when a later hierarchy fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"
#include "cgroup/limits.h"

static bool is_forbidden(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

/* Returns 1 when the last directory is new, 0 when it was there. */
static int make_path(int mount_fd, const char *path)
{
	char part[sizeof(((struct cgroup *)0)->path)];

	if (mkdirat(mount_fd, path, 0755) == 0)
		return 1;
	if (errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -errno;
	for (size_t i = 1;; i++) {
		int r;

		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		r = mkdirat(mount_fd, part, 0755);
		if (r < 0 && errno != EEXIST)
			return -errno;
		if (!path[i])
			return r == 0;
	}
}

/* Every level from the root to @path, top first; stops at the first negative answer. */
static int each_level(int mount_fd, const char *path,
		      int (*act)(int parent_dirfd, int dirfd, const void *data), const void *data)
{
	autofd parent = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0)
		return -errno;
	while (*path) {
		char part[NAME_MAX + 1];
		size_t span = strcspn(path, "/");
		int dir, r;

		memcpy(part, path, span);
		part[span] = '\0';
		dir = openat(parent, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (dir < 0)
			return -errno;
		r = act(parent, dir, data);
		(void)close(parent);
		parent = dir;
		if (r < 0)
			return r;
		path += span + strspn(path + span, "/");
	}
	return 0;
}

static int inherit_file(int parent_dirfd, int dirfd, const char *file)
{
	char text[CGROUP_TEXT_MAX];
	ssize_t n = file_read_at(dirfd, file, text, sizeof(text));

	/* Not only where we made the directory: another create may be between its mkdir and this.
	 */
	if (n != 0)
		return n < 0 ? (int)n : 0;
	n = file_read_at(parent_dirfd, file, text, sizeof(text));
	if (n <= 0)
		return (int)n;
	return file_write_at(dirfd, file, text);
}

static int inherit_cpuset(int parent_dirfd, int dirfd, const void *unused)
{
	int r = inherit_file(parent_dirfd, dirfd, "cpuset.cpus");

	(void)unused;
	return r < 0 ? r : inherit_file(parent_dirfd, dirfd, "cpuset.mems");
}

static void enable_one(int dirfd, const char *controller)
{
	char text[72];

	/*
	 * EBUSY (processes live in this cgroup), ENOENT (not given to it), EACCES: not yet a
	 * failure. A limit that needs this controller will fail by its own name when it finds no
	 * file.
	 */
	(void)snprintf(text, sizeof(text), "+%s", controller);
	(void)file_write_at(dirfd, "cgroup.subtree_control", text);
}

/* What create needs to know to enable controllers above a cgroup. */
struct enabling {
	const struct cgroup *cg;
	const struct spec_resources *resources;
};

/*
 * All on a v2 host, as its managers do: without them there is no memory.peak and no memory.events.
 * Beside v1 only what the config asks for, since an enabled controller cannot be mounted as v1
 * later.
 */
static bool is_wanted(const struct enabling *enabling, const char *controller)
{
	return enabling->cg->host->unified ||
	       cgroup_wants_controller(enabling->resources, controller);
}

static int enable_controllers(int parent_dirfd, int dirfd, const void *data)
{
	char offered[128], enabled[128], *save = NULL;

	(void)dirfd;
	if (file_read_at(parent_dirfd, "cgroup.controllers", offered, sizeof(offered)) < 0 ||
	    file_read_at(parent_dirfd, "cgroup.subtree_control", enabled, sizeof(enabled)) < 0)
		return 0;
	for (char *word = strtok_r(offered, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (is_wanted(data, word) && !cgroup_has_word(enabled, word))
			enable_one(parent_dirfd, word);
	return 0;
}

static bool has_all_wanted(const struct enabling *enabling, size_t index, const char *have)
{
	char offered[sizeof(enabling->cg->host->hierarchies[index].controllers)], *save = NULL;

	(void)snprintf(offered, sizeof(offered), "%s",
		       enabling->cg->host->hierarchies[index].controllers);
	for (char *word = strtok_r(offered, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (is_wanted(enabling, word) && !cgroup_has_word(have, word))
			return false;
	return true;
}

/* Two reads when all is as it should be; the parents are looked at only when something lacks. */
static int ensure_controllers(const struct enabling *enabling, size_t index, int mount_fd,
			      int dirfd, struct error *err)
{
	const struct cgroup *cg = enabling->cg;
	char have[128], type[32];
	int r;

	if (file_read_at(dirfd, "cgroup.type", type, sizeof(type)) > 0 && strcmp(type, "domain") &&
	    strcmp(type, "domain threaded"))
		return error_set(err, ERROR_SYSTEM, EOPNOTSUPP,
				 "cgroup %s is \"%s\"; a container needs a domain", cg->path, type);
	if (file_read_at(dirfd, "cgroup.controllers", have, sizeof(have)) >= 0 &&
	    has_all_wanted(enabling, index, have))
		return 0;
	r = each_level(mount_fd, cg->path + 1, enable_controllers, enabling);
	return r < 0 ? error_sys_num(err, r, "enable controllers above cgroup %s", cg->path) : 0;
}

int cgroup_enable(const struct cgroup *cg, const struct spec_resources *resources,
		  struct error *err)
{
	const struct enabling enabling = {.cg = cg, .resources = resources};
	int index = cgroup_find_v2(cg->host);
	autofd mount_fd = -EBADF, dir = -EBADF;

	if (index < 0 || !cgroup_is_present(cg, (size_t)index))
		return 0;
	mount_fd = cgroup_mount_open(cg, (size_t)index);
	dir = cgroup_dir_open(cg, (size_t)index);
	if (mount_fd < 0 || dir < 0)
		return error_sys_num(err, mount_fd < 0 ? mount_fd : dir, "open cgroup %s",
				     cg->path);
	return ensure_controllers(&enabling, (size_t)index, mount_fd, dir, err);
}

static int check_unused(const struct cgroup *cg, size_t index, int dirfd, struct error *err)
{
	autofree pid_t *pids = NULL;
	size_t count = 0;
	uint64_t value;
	char state[32];
	bool frozen = false;
	int r = 0;

	if (cg->host->hierarchies[index].v2) {
		if (cgroup_key_read(dirfd, "cgroup.events", "populated", &value) == 0)
			count = value != 0;
		frozen = cgroup_key_read(dirfd, "cgroup.events", "frozen", &value) == 0 && value;
	} else {
		r = cgroup_pids_below(dirfd, &pids, &count);
		frozen = file_read_at(dirfd, "freezer.state", state, sizeof(state)) > 0 &&
			 strcmp(state, "THAWED");
	}
	if (r < 0)
		return error_sys_num(err, r, "read the processes of cgroup %s", cg->path);
	if (count > 0)
		return error_set(err, ERROR_STATE, EBUSY, "container's cgroup is not empty: %s%s",
				 cg->host->hierarchies[index].mount_point, cg->path);
	if (frozen)
		return error_set(err, ERROR_STATE, EBUSY,
				 "container's cgroup unexpectedly frozen: %s%s",
				 cg->host->hierarchies[index].mount_point, cg->path);
	return 0;
}

static bool is_v1_cpuset(const struct cgroup_hierarchy *h)
{
	return !h->v2 && cgroup_has_word(h->controllers, "cpuset");
}

/* What more there is to do than mkdir. -EAGAIN: not ours to use, and we can do without. */
static int prepare(const struct cgroup *cg, size_t index, const struct enabling *enabling,
		   int mount_fd, bool is_new, struct error *err)
{
	const struct cgroup_hierarchy *h = &cg->host->hierarchies[index];
	autofd dir = cgroup_dir_open(cg, index);
	int r = 0;

	if (dir < 0)
		return error_sys_num(err, dir, "open %s%s", h->mount_point, cg->path);
	if (cg->tolerant && !is_new && faccessat(dir, "cgroup.procs", W_OK, AT_EACCESS) < 0)
		return -EAGAIN;
	if (!is_new)
		r = check_unused(cg, index, dir, err);
	if (r == 0 && h->v2)
		r = ensure_controllers(enabling, index, mount_fd, dir, err);
	if (r < 0 || !is_v1_cpuset(h))
		return r;
	r = each_level(mount_fd, cg->path + 1, inherit_cpuset, NULL);
	return r < 0 ? error_sys_num(err, r, "copy cpuset.cpus and cpuset.mems down to %s%s",
				     h->mount_point, cg->path)
		     : 0;
}

static int create_in(struct cgroup *cg, size_t index, const struct spec *spec, uint32_t *made,
		     struct error *err)
{
	const struct enabling enabling = {.cg = cg, .resources = &spec->resources};
	const struct cgroup_hierarchy *h = &cg->host->hierarchies[index];
	autofd mount_fd = cgroup_mount_open(cg, index);
	int r = mount_fd < 0 ? mount_fd : make_path(mount_fd, cg->path + 1);
	bool is_new = r == 1;

	if (cg->tolerant && is_forbidden(r))
		return 0;
	if (r < 0)
		return error_sys_num(err, r, "mkdir %s%s", h->mount_point, cg->path);
	if (is_new)
		*made |= UINT32_C(1) << index;
	if (!is_new || h->v2 || is_v1_cpuset(h))
		r = prepare(cg, index, &enabling, mount_fd, is_new, err);
	if (r == -EAGAIN)
		return 0;
	if (r >= 0)
		cg->present |= UINT32_C(1) << index;
	return r < 0 ? r : 0;
}

static void undo(struct cgroup *cg, uint32_t made)
{
	for (size_t i = 0; i < cg->host->count; i++) {
		autofd mount_fd = -EBADF;

		if (!(made & (UINT32_C(1) << i)))
			continue;
		mount_fd = cgroup_mount_open(cg, i);
		if (mount_fd >= 0)
			(void)unlinkat(mount_fd, cg->path + 1, AT_REMOVEDIR);
	}
	/* Nothing there is ours any more: whoever cleans up must leave another's cgroup alone. */
	cg->present = 0;
}

int cgroup_create(struct cgroup *cg, const struct spec *spec, struct error *err)
{
	uint32_t made = 0;
	mode_t old;
	int r = 0;

	if (cg->disabled)
		return 0;
	/* Programs in the container read their limits as any user: the directory must let them
	 * pass. */
	old = umask(022);
	cg->present = 0;
	for (size_t i = 0; r == 0 && i < cg->host->count; i++)
		r = create_in(cg, i, spec, &made, err);
	if (r == 0)
		r = cgroup_delegate(cg, spec, err);
	(void)umask(old);
	if (r < 0)
		undo(cg, made);
	return r;
}
