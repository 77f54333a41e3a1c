/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, reserving, locking and erasing a container's state directory. */
#include "container/container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "container/facts.h"
#include "container/feed.h"
#include "container/lifecycle.h"
#include "container/unrecorded.h"

#define LOG_DIR ".events"

int container_id_check(const char *id, struct error *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_.+-";
	size_t length = strlen(id);

	if (length > 0 && length <= JOURNAL_ID_MAX && strspn(id, allowed) == length &&
	    !strchr("_.+-", id[0]))
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL,
			 "invalid container ID format: \"%.140s\" (1 to %d of A-Z a-z 0-9 _ . + -, "
			 "beginning with a letter or digit)",
			 id, JOURNAL_ID_MAX);
}

/* mkdir with its parents, all 0700. */
static int make_root(const char *root, struct error *err)
{
	autofree char *path = strdup(root);

	if (!path)
		return error_sys_num(err, ENOMEM, "--root %s", root);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return error_sys(err, "mkdir %s", path);
		*slash = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_sys(err, "mkdir %s", path);
	return 0;
}

/* Whoever can write here decides what ocirun kills and removes. */
static int check_root(int fd, const char *root, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_sys(err, "fstat %s", root);
	if (st.st_uid != geteuid())
		return error_set(err, ERROR_SYSTEM, EPERM,
				 "--root %s belongs to uid %u; it must belong to uid %u", root,
				 st.st_uid, geteuid());
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(err, ERROR_SYSTEM, EPERM,
				 "--root %s is writable by others (mode %04o); chmod go-w it", root,
				 st.st_mode & 07777U);
	return 0;
}

int container_root_open(struct container *c, const struct store *store, bool make,
			struct error *err)
{
	const char *root = store->root;
	int r;

	c->root_dirfd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->root_dirfd < 0 && errno == ENOENT && make) {
		r = make_root(root, err);
		if (r < 0)
			return r;
		c->root_dirfd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (c->root_dirfd < 0)
		return error_sys(err, "--root %s", root);
	r = check_root(c->root_dirfd, root, err);
	if (r < 0)
		return r;
	if (make && mkdirat(c->root_dirfd, LOG_DIR, 0700) < 0 && errno != EEXIST)
		return error_sys(err, "mkdir %s/" LOG_DIR, root);
	c->log_dirfd =
		openat(c->root_dirfd, LOG_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->log_dirfd < 0 && (make || errno != ENOENT))
		return error_sys(err, "%s/" LOG_DIR, root);
	if (c->log_dirfd >= 0)
		c->feed = container_feed_open(store, c->root_dirfd, c->log_dirfd);
	return 0;
}

static struct feed *feed_of(const struct container *c)
{
	return c->feed ? &c->feed->feed : NULL;
}

void container_forked(struct container *c)
{
	if (c->feed) {
		feed_reopen(&c->feed->feed, c->log_dirfd);
		return;
	}
	c->feed = container_feed_debtor(c->log_dirfd);
	c->journal.feed = feed_of(c);
}

static int missing(const char *id, struct error *err)
{
	return error_set(err, ERROR_MISSING, ENOENT, "container does not exist: \"%s\"", id);
}

static int open_state_dir(struct container *c, struct error *err)
{
	c->state_dirfd =
		openat(c->root_dirfd, c->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->state_dirfd < 0 && errno == ENOENT)
		return missing(c->id, err);
	if (c->state_dirfd < 0)
		return error_sys(err, "state directory of %s", c->id);
	return 0;
}

/* The directory may have been removed, and made again, between our open and our lock. */
static bool is_still_linked(const struct container *c)
{
	struct stat held, named;

	return fstat(c->state_dirfd, &held) == 0 &&
	       fstatat(c->root_dirfd, c->id, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static int take_lock(struct container *c, struct error *err)
{
	while (flock(c->state_dirfd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_sys(err, "lock %s", c->id);
	return is_still_linked(c) ? 0 : missing(c->id, err);
}

int container_reserve(struct container *c, const char *id, struct record *record, struct error *err)
{
	int r;

	(void)snprintf(c->id, sizeof(c->id), "%s", id);
	if (mkdirat(c->root_dirfd, id, 0700) < 0) {
		if (errno == EEXIST)
			return error_set(err, ERROR_STATE, EEXIST,
					 "container with given ID already exists: \"%s\"", id);
		return error_sys(err, "mkdir state directory of %s", id);
	}
	r = open_state_dir(c, err);
	if (r < 0)
		goto undo;
	r = take_lock(c, err);
	if (r < 0)
		goto undo;
	r = record_write(c->state_dirfd, id, record, err);
	if (r < 0)
		goto undo;
	r = journal_create(&c->journal, c->log_dirfd, id, record->instance);
	if (r < 0) {
		r = error_sys_num(err, r, "event log of %s", id);
		goto undo;
	}
	c->journal.feed = feed_of(c);
	c->record = *record;
	memset(record, 0, sizeof(*record));
	c->status = STATUS_CREATING;
	return 0;
undo:
	if (c->state_dirfd >= 0) {
		(void)unlinkat(c->state_dirfd, RECORD_FILE ".new", 0); /* may not be there */
		(void)unlinkat(c->state_dirfd, RECORD_FILE, 0);
	}
	(void)unlinkat(c->root_dirfd, id, AT_REMOVEDIR); /* ours: mkdir made it */
	return r;
}

int container_reload(struct container *c, struct error *err)
{
	int r;

	if (c->record.instance[0] == '\0') {
		r = record_read(c->state_dirfd, c->id, &c->record, err);
		if (r < 0) {
			c->status = STATUS_UNKNOWN;
			return r;
		}
	}
	if (c->journal.fd < 0) {
		r = journal_open(&c->journal, c->log_dirfd, c->id, c->record.instance);
		if (r < 0) {
			c->status = STATUS_UNKNOWN;
			return error_set(err, ERROR_STATE, -r, "event log of %s: %s", c->id,
					 r == -ESTALE ? "belongs to another instance of this ID"
						      : strerror(-r));
		}
		c->journal.feed = feed_of(c);
	}
	/* Under the lock: a line that is seen is on disk, too, before anybody is told of it. */
	r = lifecycle_lock(&c->journal, err);
	if (r < 0) {
		c->status = STATUS_UNKNOWN;
		return r;
	}
	journal_unlock(&c->journal);
	c->status = lifecycle_status(&c->journal);
	if (unrecorded_holds(c))
		c->status = STATUS_STOPPED;
	return facts_read(&c->journal, &c->facts, err);
}

int container_open(struct container *c, const struct store *store, const char *id,
		   struct error *err)
{
	int r;

	r = container_id_check(id, err);
	if (r < 0)
		return r;
	(void)snprintf(c->id, sizeof(c->id), "%s", id);
	r = container_root_open(c, store, false, err);
	if (r == -ENOENT)
		return missing(id, err);
	if (r < 0)
		return r;
	r = open_state_dir(c, err);
	if (r < 0)
		return r;
	r = container_reload(c, err);
	/* Deleted between the two opens: that is "does not exist", not damage. */
	if (r < 0 && !is_still_linked(c))
		return missing(id, err);
	return r;
}

int container_lock(struct container *c, struct error *err)
{
	int r = take_lock(c, err);

	return r < 0 ? r : container_reload(c, err);
}

/* state.json is as good as any file: it is never replaced, and goes last. */
int container_lock_cgroup(struct container *c, bool wait, struct error *err)
{
	autofd fd = openat(c->state_dirfd, RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT && !is_still_linked(c)
			       ? missing(c->id, err)
			       : error_sys(err, RECORD_FILE " of %s", c->id);
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
		if (errno == EWOULDBLOCK)
			return -EWOULDBLOCK;
		if (errno != EINTR)
			return error_sys(err, "lock the cgroup of %s", c->id);
	}
	if (!is_still_linked(c))
		return missing(c->id, err);
	r = container_reload(c, err);
	return r < 0 ? r : take_fd(&fd);
}

/* What a foreground run or `start` bound for the container (launch/notify.h). */
static int empty_folder(int dirfd, const char *name)
{
	autofd fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	(void)unlinkat(fd, "notify.sock", 0); /* if not: rmdir says so */
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int remove_entry(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR ? empty_folder(dirfd, name) : -errno;
}

/*
 * container_erase removes what ocirun itself put there, and says so when there is more. The record
 * goes last: whoever is killed on the way leaves a container, or an empty directory.
 */
static int empty_directory(int dirfd, const char *id, struct error *err)
{
	autodir *dir = NULL;
	const struct dirent *entry;
	int r, copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (copy < 0)
		return error_sys(err, "open state directory of %s", id);
	dir = fdopendir(copy);
	if (!dir) {
		(void)close(copy);
		return error_sys(err, "read state directory of %s", id);
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, RECORD_FILE) == 0)
			continue;
		r = remove_entry(dirfd, entry->d_name);
		if (r < 0)
			return error_sys_num(err, r, "unlink %s of %s", entry->d_name, id);
	}
	if (unlinkat(dirfd, RECORD_FILE, 0) < 0 && errno != ENOENT)
		return error_sys(err, "unlink " RECORD_FILE " of %s", id);
	return 0;
}

int container_erase(struct container *c, struct error *err)
{
	int r;

	if (!is_still_linked(c))
		return 0;
	r = empty_directory(c->state_dirfd, c->id, err);
	if (r < 0)
		return r;
	if (unlinkat(c->root_dirfd, c->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_sys(err, "rmdir state directory of %s", c->id);
	return 0;
}

void container_close(struct container *c)
{
	journal_close(&c->journal);
	container_feed_close(c->feed);
	c->feed = NULL;
	record_done(&c->record);
	free(c->facts.exited_line);
	c->facts.exited_line = NULL;
	free(c->unrecorded);
	c->unrecorded = NULL;
	close_keeping_errno(take_fd(&c->state_dirfd));
	close_keeping_errno(take_fd(&c->log_dirfd));
	close_keeping_errno(take_fd(&c->root_dirfd));
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names that are no IDs (.events, something foreign) are passed over. */
static bool is_id(const char *name)
{
	struct error ignored = ERROR_INIT;

	return container_id_check(name, &ignored) == 0;
}

int container_list(const struct store *store, char ***ret_ids, size_t *ret_count, struct error *err)
{
	autocontainer c = CONTAINER_CLOSED;
	autodir *dir = NULL;
	const struct dirent *entry;
	char **ids = NULL;
	size_t count = 0;
	int r = container_root_open(&c, store, false, err);

	*ret_ids = NULL;
	*ret_count = 0;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	dir = fdopendir(take_fd(&c.root_dirfd));
	if (!dir)
		return error_sys(err, "read %s", store->root);
	while ((entry = readdir(dir))) {
		char **grown;

		if (entry->d_type != DT_DIR || !is_id(entry->d_name))
			continue;
		grown = reallocarray(ids, count + 1, sizeof(*ids));
		if (!grown || !(grown[count] = strdup(entry->d_name)))
			return error_sys_num(err, ENOMEM, "read %s", store->root);
		ids = grown;
		count++;
	}
	if (count)
		qsort(ids, count, sizeof(*ids), compare_ids);
	*ret_ids = ids;
	*ret_count = count;
	return 0;
}
