/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logs of a directory, each once: those that are there, then those that come. A file is known
 * by its inode and the time that it was made, not by its name, which changes when an ID is used
 * again.
 */
#include "events/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".ndjson"

/* While a directory is being changed, readdir may leave out a file that is there. */
#define MISSED_MAX 1

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct directory_entry, missed));
}

#if defined(__linux__) && defined(STATX_BTIME)

/* What no two files have in common; false where the file system does not remember it. */
static bool identity_of(int dirfd, const char *name, struct directory_entry *ret)
{
	struct statx st;

	if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &st) < 0 ||
	    !(st.stx_mask & STATX_BTIME))
		return false;
	ret->key[0] = st.stx_ino;
	ret->key[1] = (uint64_t)st.stx_btime.tv_sec;
	ret->key[2] = st.stx_btime.tv_nsec;
	return true;
}

#else

static bool identity_of(int dirfd, const char *name, struct directory_entry *ret)
{
	(void)dirfd;
	(void)name;
	(void)ret;
	return false;
}

#endif

static bool is_log_name(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > strlen(SUFFIX) &&
	       strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

int ocirun_directory_open(struct ocirun_directory **ret, const char *path)
{
	struct ocirun_directory *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->path = strdup(path);
	if (!d->path) {
		free(d);
		return -ENOMEM;
	}
	d->watch_descriptor = -1;
	d->changed = true;
	*ret = d;
	return 0;
}

static void stop_pass(struct ocirun_directory *d)
{
	if (d->stream)
		(void)closedir(d->stream);
	d->stream = NULL;
	free(d->seen.items);
	d->seen = (struct directory_list){0};
}

void ocirun_directory_close(struct ocirun_directory *d)
{
	if (!d)
		return;
	if (d->watch)
		watch_remove_directory(d->watch, d);
	stop_pass(d);
	free(d->known.items);
	free(d->path);
	free(d);
}

static int push(struct directory_list *list, const struct directory_entry *entry)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct directory_entry *items = realloc(list->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = *entry;
	return 0;
}

/* The known ones are sorted; of those seen in this pass only the new ones are not among them. */
static bool is_known(const struct ocirun_directory *d, const struct directory_entry *entry)
{
	if (d->known.count > 0 &&
	    bsearch(entry, d->known.items, d->known.count, sizeof(*entry), compare))
		return true;
	for (size_t i = 0; i < d->seen.count; i++)
		if (compare(entry, &d->seen.items[i]) == 0)
			return true;
	return false;
}

static int begin_pass(struct ocirun_directory *d)
{
	d->changed = false;
	if (d->watch)
		watch_directory(d->watch, d); /* first, so that what comes from here on is told */
	d->stream = opendir(d->path);
	if (d->stream)
		return 0;
	return errno == ENOENT ? 0 : -errno;
}

/* What was seen is known from here on, and what was not for one pass more. */
static int end_pass(struct ocirun_directory *d)
{
	struct directory_list *seen = &d->seen;

	(void)closedir(d->stream);
	d->stream = NULL;
	if (seen->count > 0)
		qsort(seen->items, seen->count, sizeof(*seen->items), compare);
	for (size_t i = 0, count = seen->count; i < d->known.count; i++) {
		struct directory_entry *old = &d->known.items[i];

		if (old->missed++ >= MISSED_MAX ||
		    (count > 0 && bsearch(old, seen->items, count, sizeof(*old), compare)))
			continue;
		if (push(seen, old) < 0)
			return -ENOMEM;
	}
	if (seen->count > 0)
		qsort(seen->items, seen->count, sizeof(*seen->items), compare);
	free(d->known.items);
	d->known = *seen;
	*seen = (struct directory_list){0};
	return 0;
}

/* 1 with a log that is new, 0 when this is none. */
static int look_at(struct ocirun_directory *d, const char *name, struct ocirun_log **ret)
{
	struct directory_entry entry = {.missed = 0};
	bool by_file = identity_of(dirfd(d->stream), name, &entry);
	struct ocirun_log *log;
	int r;

	if (by_file && is_known(d, &entry))
		return push(&d->seen, &entry);
	r = log_open_file(&log, dirfd(d->stream), name);
	/* Swept meanwhile, or no log. */
	if (r == -ENOENT || r == -EINVAL)
		return 0;
	if (r < 0)
		return r;
	r = by_file ? 0 : log_key(log, entry.key);
	if (r == -ENODATA)
		d->changed = true; /* no line yet: to be looked at again */
	if (r == 0) {
		bool known = !by_file && is_known(d, &entry);

		r = push(&d->seen, &entry);
		if (r == 0 && !known) {
			*ret = log;
			return 1;
		}
	}
	ocirun_log_close(log);
	return r == -ENODATA ? 0 : r;
}

int ocirun_directory_next(struct ocirun_directory *d, struct ocirun_log **ret)
{
	int r = 0;

	if (!d->stream && d->watch && !d->changed)
		return 0;
	if (!d->stream)
		r = begin_pass(d);
	while (r == 0 && d->stream) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(d->stream);
		if (entry) {
			r = is_log_name(entry->d_name) ? look_at(d, entry->d_name, ret) : 0;
			continue;
		}
		r = -errno;
		if (r == 0)
			return end_pass(d);
	}
	/* What was returned stays so; the rest is for the next call. */
	if (r < 0 && d->stream) {
		(void)end_pass(d);
		d->changed = true;
	}
	return r;
}
