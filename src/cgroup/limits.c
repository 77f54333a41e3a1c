/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking and writing limits by the tables. What is wrong in the config or missing on the host is
 * told before anything is written; the words always name the JSON field.
 */
#include "cgroup/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/devices.h"
#include "cgroup/dir.h"

struct table {
	bool v2;
	const struct limit_row *rows;
	const size_t *count;
};

static const struct table tables[] = {
	{false, limits_v1, &limits_v1_count},
	{true, limits_v2, &limits_v2_count},
};

int limit_write(int dirfd, const char *file, const char *value)
{
	int r = strchr(value, '\n') ? 0 : file_write_at(dirfd, file, value);

	for (const char *line = strchr(value, '\n') ? value : ""; r == 0 && *line;) {
		char text[256];
		size_t span = strcspn(line, "\n");

		if (span >= sizeof(text))
			return -E2BIG;
		memcpy(text, line, span);
		text[span] = '\0';
		if (span > 0)
			r = file_write_at(dirfd, file, text);
		line += span + (line[span] == '\n');
	}
	return r;
}

static int convert(struct limit_source *from, struct limit *ret, struct error *err)
{
	memset(ret, 0, sizeof(*ret));
	ret->value = ret->text;
	if (from->row->file)
		(void)snprintf(ret->file, sizeof(ret->file), "%s", from->row->file);
	return from->row->convert(from, ret, err);
}

/* ---- before anything is touched ---- */

/*
 * The nearest cgroup above the container's that is there already and is not the root: on v1 it has
 * all files that the container's will have. -EBADF when there is none to ask.
 */
static int nearest_open(const struct cgroup *cg, size_t index)
{
	const char *missing;
	autofd dir = cgroup_nearest_open(cg, index, &missing);

	return missing > cg->path + 1 ? take_fd(&dir) : -EBADF;
}

static int no_file(const struct limit_source *from, const char *file, const char *where,
		   struct error *err)
{
	if (where)
		return error_config(err,
				    "linux.resources.%s: %s has no %s: the kernel lacks it, or the "
				    "%s controller is not enabled there",
				    from->row->field, where, file, from->row->controller);
	return error_config(err, "linux.resources.%s: the host's %s controller has no %s",
			    from->row->field, from->row->controller, file);
}

/* @where: the container's cgroup, if from->dirfd is that. */
static int check_row(struct limit_source *from, int index, const char *where, struct error *err)
{
	const struct limit_row *row = from->row;
	struct limit limit;
	int r;

	while ((r = convert(from, &limit, err)) > 0) {
		if (row->refused)
			return error_config(err, "linux.resources.%s: %s", row->field,
					    row->refused);
		if (index < 0 && row->optional)
			return 0;
		if (index < 0)
			return error_config(err,
					    "linux.resources.%s: the host has no %s controller",
					    row->field, row->controller);
		if (from->dirfd >= 0 && !row->optional && !limit_has_file(from, limit.file))
			return no_file(from, limit.file, where, err);
		from->index++;
	}
	return r;
}

static int check_table(const struct cgroup *cg, const struct table *table,
		       const struct spec_resources *resources, bool made, struct error *err)
{
	for (size_t i = 0; i < *table->count; i++) {
		const struct limit_row *row = &table->rows[i];
		int index = cgroup_find(cg->host, row->controller);
		autofd dir = -EBADF;
		struct limit_source from = {.row = row, .resources = resources, .dirfd = -EBADF};
		struct limit limit;
		int r;

		/* A controller that nobody mounted is told of once, by v1's row. */
		if (index < 0 ? table->v2 : cg->host->hierarchies[index].v2 != table->v2)
			continue;
		if (index >= 0 && made)
			dir = cgroup_dir_open(cg, (size_t)index);
		from.dirfd = dir;
		r = convert(&from, &limit, err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (index >= 0 && !made && !table->v2)
			from.dirfd = dir = nearest_open(cg, (size_t)index);
		r = check_row(&from, index, made ? cg->path : NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int limits_check(const struct cgroup *cg, const struct spec_resources *resources, bool made,
		 struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tables); i++)
		r = check_table(cg, &tables[i], resources, made, err);
	return r == 0 ? cgroup_unified_check(cg, resources, err) : r;
}

int cgroup_check(const struct cgroup *cg, const struct spec_resources *resources, struct error *err)
{
	int r;

	if (cg->disabled)
		return 0;
	r = cgroup_devices_check(cg, resources, err);
	return r == 0 ? limits_check(cg, resources, false, err) : r;
}

bool cgroup_wants_controller(const struct spec_resources *resources, const char *controller)
{
	size_t length = strlen(controller);

	for (size_t i = 0; i < limits_v2_count; i++) {
		struct limit_source from = {
			.row = &limits_v2[i], .resources = resources, .dirfd = -EBADF};
		struct limit limit;
		struct error unused;

		if (!strcmp(limits_v2[i].controller, controller) &&
		    convert(&from, &limit, &unused) != 0)
			return true;
	}
	for (size_t i = 0; i < resources->unified_count; i++)
		if (!strncmp(resources->unified[i].key, controller, length) &&
		    resources->unified[i].key[length] == '.')
			return true;
	return false;
}

/* ---- writing ---- */

static int write_limit(const struct cgroup *cg, const struct limit_source *from, size_t index,
		       const struct limit *limit, struct error *err)
{
	const struct limit_row *row = from->row;
	int r = limit_write(from->dirfd, limit->file, limit->value);
	bool hinted = (r == -EINVAL || r == -EBUSY) && row->hint;

	if (r == -ENOENT && row->optional)
		return 0;
	if (r == -ENOENT)
		return error_set(
			err, ERROR_SYSTEM, ENOENT,
			"linux.resources.%s: %s%s has no %s: the kernel lacks it, or the %s "
			"controller is not enabled for this cgroup",
			row->field, cg->host->hierarchies[index].mount_point, cg->path, limit->file,
			row->controller);
	if (r < 0)
		return error_sys_num(err, r, "linux.resources.%s: write \"%s\" to %s%s/%s%s%s%s",
				     row->field, limit->value,
				     cg->host->hierarchies[index].mount_point, cg->path,
				     limit->file, hinted ? " (" : "", hinted ? row->hint : "",
				     hinted ? ")" : "");
	return 0;
}

static int apply_row(const struct cgroup *cg, size_t index, struct limit_source *from,
		     struct limit_undo *undo, struct error *err)
{
	autofd dir = cgroup_dir_open(cg, index);
	struct limit limit;
	int r;

	from->index = 0;
	from->dirfd = dir;
	if (dir < 0)
		return error_sys_num(err, dir, "linux.resources.%s: open %s%s", from->row->field,
				     cg->host->hierarchies[index].mount_point, cg->path);
	while ((r = convert(from, &limit, err)) > 0) {
		r = limit_undo_note(undo, index, dir, limit.file, limit.value);
		if (r < 0)
			return error_sys_num(
				err, r, "linux.resources.%s: read %s%s/%s", from->row->field,
				cg->host->hierarchies[index].mount_point, cg->path, limit.file);
		r = write_limit(cg, from, index, &limit, err);
		if (r < 0)
			return r;
		from->index++;
	}
	return r;
}

static int try_row(const struct cgroup *cg, const struct table *table, size_t row_index,
		   const struct spec_resources *resources, struct limit_undo *undo,
		   struct error *err)
{
	const struct limit_row *row = &table->rows[row_index];
	struct limit_source from = {.row = row, .resources = resources, .dirfd = -EBADF};
	struct limit limit;
	int index = cgroup_find(cg->host, row->controller);

	if (index < 0 || cg->host->hierarchies[index].v2 != table->v2)
		return 0;
	/* A failure may be for want of the cgroup's files, which apply_row can ask. */
	if (convert(&from, &limit, err) == 0)
		return 0;
	if (!cgroup_is_present(cg, (size_t)index))
		return error_set(err, ERROR_SYSTEM, EACCES,
				 "linux.resources.%s: no cgroup could be made in %s", row->field,
				 cg->host->hierarchies[index].mount_point);
	return apply_row(cg, (size_t)index, &from, undo, err);
}

/*
 * Pairs bound each other (limit and swap, quota and period, quota and burst, weight and idle), and
 * which must be written first depends on the values in force. So what the kernel calls invalid is
 * tried again when the others stand.
 */
static int apply_table(const struct cgroup *cg, const struct table *table,
		       const struct spec_resources *resources, struct limit_undo *undo,
		       struct error *err)
{
	uint64_t again = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < *table->count; i++) {
		r = try_row(cg, table, i, resources, undo, err);
		if (r == -EINVAL) {
			again |= UINT64_C(1) << i;
			r = 0;
		}
	}
	for (size_t i = 0; r == 0 && i < *table->count; i++)
		if (again & (UINT64_C(1) << i))
			r = try_row(cg, table, i, resources, undo, err);
	return r;
}

int limits_apply(const struct cgroup *cg, const struct spec_resources *resources,
		 struct limit_undo *undo, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tables); i++)
		r = apply_table(cg, &tables[i], resources, undo, err);
	/* Last, because they are the user's last word on files that the fields above write too. */
	return r == 0 ? cgroup_unified_apply(cg, resources, undo, err) : r;
}

int cgroup_apply(struct cgroup *cg, const struct spec_resources *resources, struct error *err)
{
	int r;

	if (cg->disabled)
		return 0;
	r = cgroup_check(cg, resources, err);
	if (r == 0)
		r = cgroup_devices_apply(cg, resources, err);
	return r == 0 ? limits_apply(cg, resources, NULL, err) : r;
}
