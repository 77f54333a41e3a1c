/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking back what was written to limits. Most files take back what they showed; those with a line
 * for each device take that line, or a word that removes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/dir.h"
#include "cgroup/limits.h"

#define TEXT_MAX ((size_t)1 << 20)

/* The first word of a line, and what to write behind it where there was no such line. */
static const struct {
	const char *file, *unset;
} keyed[] = {
	{"io.max", "rbps=max wbps=max riops=max wiops=max"},
	{"io.weight", "default"},
	{"io.bfq.weight", "default"},
	{"io.latency", "target=0"},
	{"blkio.weight_device", "0"},
	{"blkio.bfq.weight_device", "0"},
	{"blkio.leaf_weight_device", "0"},
	{"blkio.throttle.read_bps_device", "0"},
	{"blkio.throttle.write_bps_device", "0"},
	{"blkio.throttle.read_iops_device", "0"},
	{"blkio.throttle.write_iops_device", "0"},
	{"net_prio.ifpriomap", "0"},
};

static const char *unset_word(const char *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(keyed); i++)
		if (!strcmp(keyed[i].file, file))
			return keyed[i].unset;
	return NULL;
}

static const char *find_line(const char *text, const char *key, size_t length)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ' ')
			return line;
	}
	return NULL;
}

/* For each line of @value the one in @before that it replaced. */
static int restore_lines(const char *before, const char *value, const char *unset, FILE *out)
{
	while (*value) {
		size_t key = strcspn(value, " \n");
		const char *line = find_line(before, value, key);

		if (line)
			(void)fprintf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
		else if (key > 0)
			(void)fprintf(out, "%.*s %s\n", (int)key, value, unset);
		value += strcspn(value, "\n");
		value += *value == '\n';
	}
	return 0;
}

static int restore_text(const char *file, const char *before, const char *value, char **ret)
{
	static const char oom_key[] = "oom_kill_disable ";
	const char *unset = unset_word(file);
	size_t length = 0;
	FILE *out = open_memstream(ret, &length);

	if (!out)
		return -ENOMEM;
	if (unset)
		(void)restore_lines(before, value, unset, out);
	else if (!strncmp(before, oom_key, strlen(oom_key))) /* v1's memory.oom_control */
		(void)fprintf(out, "%.1s", before + strlen(oom_key));
	else
		(void)fputs(*before ? before : "\n", out);
	if (fclose(out) != 0) {
		free(*ret);
		*ret = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int add_entry(struct limit_undo *undo, size_t hierarchy, const char *file, char *text)
{
	struct limit_undo_entry *grown =
		reallocarray(undo->entries, undo->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	undo->entries = grown;
	grown[undo->count] = (struct limit_undo_entry){.hierarchy = hierarchy, .text = text};
	(void)snprintf(grown[undo->count].file, sizeof(grown->file), "%s", file);
	undo->count++;
	return 0;
}

int limit_undo_note(struct limit_undo *undo, size_t hierarchy, int dirfd, const char *file,
		    const char *value)
{
	autofree char *before = NULL, *text = NULL;
	autofd fd = -EBADF;
	ssize_t n;
	int r;

	if (!undo)
		return 0;
	fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	/* The write will say it; or it is a file that cannot be read, and so not put back. */
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	n = fd_read_text(fd, TEXT_MAX, &before);
	if (n < 0)
		return (int)n;
	if (n > 0 && before[n - 1] == '\n')
		before[n - 1] = '\0';
	r = restore_text(file, before, value, &text);
	if (r == 0)
		r = add_entry(undo, hierarchy, file, text);
	if (r == 0)
		text = NULL;
	return r;
}

int limit_undo_all(const struct cgroup *cg, const struct limit_undo *undo)
{
	int result = 0;

	for (size_t i = undo->count; i-- > 0;) {
		const struct limit_undo_entry *entry = &undo->entries[i];
		autofd dir = cgroup_dir_open(cg, entry->hierarchy);
		int r = dir;

		if (dir >= 0 && !strcmp(entry->text, "\n"))
			r = file_write_at(dir, entry->file, entry->text);
		else if (dir >= 0)
			r = limit_write(dir, entry->file, entry->text);
		if (r < 0 && result == 0)
			result = r;
	}
	return result;
}

void limit_undo_done(struct limit_undo *undo)
{
	for (size_t i = 0; i < undo->count; i++)
		free(undo->entries[i].text);
	free(undo->entries);
	*undo = (struct limit_undo){0};
}
