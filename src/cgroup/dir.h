/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside src/cgroup: hierarchies by controller, directories by descriptor, what is below one, and
 * the kernel's "key value" files. Every function here returns a negative errno and leaves the words
 * to its caller, who knows why it asked.
 */
#ifndef CGROUP_DIR_H
#define CGROUP_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/cgroup.h"

/* Room for any of the kernel's short files: cgroup.events, memory.events, /proc/PID/cgroup lines.
 */
#define CGROUP_TEXT_MAX 4096

/* cgroup_has_word - is @word one of @list's words? They are parted by commas or spaces. */
bool cgroup_has_word(const char *list, const char *word);

/* cgroup_find - the hierarchy of @controller; "io" also finds v1's blkio. Index or -ENOENT. */
int cgroup_find(const struct cgroup_host *host, const char *controller);

/* cgroup_find_v2 - the v2 hierarchy, be it the whole host or beside v1's. Index or -ENOENT. */
int cgroup_find_v2(const struct cgroup_host *host);

static inline bool cgroup_is_present(const struct cgroup *cg, size_t index)
{
	return cg->present & (UINT32_C(1) << index);
}

/* cgroup_members_index - the hierarchy that tells who is in the cgroup: v2 if it is there. */
int cgroup_members_index(const struct cgroup *cg);

/* cgroup_clean_path - "/a/b" from any spelling; -EINVAL for "..", a control character, the root. */
int cgroup_clean_path(const char *path, char *ret_path, size_t size);

/* cgroup_mount_open / cgroup_dir_open - a hierarchy's root, the container's directory in it. */
int cgroup_mount_open(const struct cgroup *cg, size_t index);
int cgroup_dir_open(const struct cgroup *cg, size_t index);

/*
 * cgroup_nearest_open - the container's directory, or the nearest above it that is there
 * @ret_missing: what of cg->path is not; "" when all is, cg->path + 1 when only the root is
 */
int cgroup_nearest_open(const struct cgroup *cg, size_t index, const char **ret_missing);

/* cgroup_key_read - the number that follows @key in a "key value" file; -ENODATA without the key.
 */
int cgroup_key_read(int dirfd, const char *file, const char *key, uint64_t *ret_value);
int cgroup_key_parse(const char *text, const char *key, uint64_t *ret_value);

/* All cgroups below a directory, itself first as "", each before its children. */
struct cgroup_tree {
	size_t count;
	char **paths;
};
int cgroup_tree_list(int dirfd, struct cgroup_tree *ret_tree);
void cgroup_tree_done(struct cgroup_tree *tree);
#define autotree __attribute__((cleanup(cgroup_tree_done))) struct cgroup_tree

/* cgroup_tree_open - @path below @dirfd, which may be longer than PATH_MAX: a container made it. */
int cgroup_tree_open(int dirfd, const char *path);

/* cgroup_pids_below - the processes of @dirfd and all below it; malloc'd; none is not an error. */
int cgroup_pids_below(int dirfd, pid_t **ret_pids, size_t *ret_count);

/* cgroup_thaw_all - undo any freeze, v1's and v2's, without waiting; used after SIGKILL. */
int cgroup_thaw_all(const struct cgroup *cg);

/* cgroup_enable - v2: enable what the resources need in all parents of a cgroup that is there. */
int cgroup_enable(const struct cgroup *cg, const struct spec_resources *resources,
		  struct error *err);

/* now_ms - CLOCK_MONOTONIC, for deadlines. */
int64_t cgroup_now_ms(void);

/* cgroup_delegate - give a v2 cgroup to the container's user (config-linux.md, ownership). */
int cgroup_delegate(const struct cgroup *cg, const struct spec *spec, struct error *err);

#endif
