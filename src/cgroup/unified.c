/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.unified: files of cgroup v2 by their own names. A name is one component below the
 * container's directory (GHSA-5g49-rx9x-qfc6) and belongs to a controller that the host has on v2.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroup/dir.h"
#include "cgroup/limits.h"

/* The core's files that limit; the others move processes, kill, freeze or change what the cgroup
 * is. */
static bool is_core_limit(const char *key)
{
	static const char *const limits[] = {"cgroup.max.depth", "cgroup.max.descendants",
					     "cgroup.pressure"};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (!strcmp(key, limits[i]))
			return true;
	return false;
}

static bool is_name(const char *key)
{
	if (!strchr(key, '.') || key[0] == '.' || strstr(key, "..") || strlen(key) > NAME_MAX)
		return false;
	for (const char *p = key; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '.' && *p != '_' && *p != '-')
			return false;
	return true;
}

static int check_key(const struct cgroup_hierarchy *v2, const char *key, struct error *err)
{
	char controller[NAME_MAX + 1];

	if (!is_name(key))
		return error_config(err,
				    "linux.resources.unified: \"%s\" is no file name of cgroup v2: "
				    "\"<controller>.<file>\", without '/' and \"..\"",
				    key);
	(void)snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(key, "."), key);
	if (!strcmp(controller, "cgroup")) {
		if (is_core_limit(key))
			return 0;
		return error_config(err, "linux.resources.unified[\"%s\"]: this is no limit", key);
	}
	if (!cgroup_has_word(v2->controllers, controller))
		return error_config(
			err,
			"linux.resources.unified[\"%s\"]: the host's cgroup v2 has no %s "
			"controller",
			key, controller);
	return 0;
}

int cgroup_unified_check(const struct cgroup *cg, const struct spec_resources *resources,
			 struct error *err)
{
	int index = cgroup_find_v2(cg->host);

	if (resources->unified_count == 0)
		return 0;
	if (index < 0)
		return error_config(err, "linux.resources.unified needs cgroup v2");
	for (size_t i = 0; i < resources->unified_count; i++) {
		int r = check_key(&cg->host->hierarchies[index], resources->unified[i].key, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_unified_apply(const struct cgroup *cg, const struct spec_resources *resources,
			 struct limit_undo *undo, struct error *err)
{
	size_t index = (size_t)cgroup_find_v2(cg->host);
	autofd dir = -EBADF;

	if (resources->unified_count == 0)
		return 0;
	dir = cgroup_dir_open(cg, index);
	if (dir < 0)
		return error_sys_num(err, dir, "linux.resources.unified: open cgroup %s", cg->path);
	for (size_t i = 0; i < resources->unified_count; i++) {
		const struct spec_pair *pair = &resources->unified[i];
		int r = limit_undo_note(undo, index, dir, pair->key, pair->value);

		if (r == 0)
			r = limit_write(dir, pair->key, pair->value);
		if (r == -ENOENT)
			return error_set(
				err, ERROR_SYSTEM, ENOENT,
				"linux.resources.unified[\"%s\"]: cgroup %s has no such file",
				pair->key, cg->path);
		if (r < 0)
			return error_sys_num(err, r,
					     "linux.resources.unified[\"%s\"]: write \"%s\"",
					     pair->key, pair->value);
	}
	return 0;
}
