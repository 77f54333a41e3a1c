/* SPDX-License-Identifier: Apache-2.0 */
/* The feed's directory: made, checked, and opened to its group. */
#include "container/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/path.h"
#include "container/facts.h"

#define FEED_DIR     ".feed"
#define GROUP_MODE   02750 /* the group is that of new files, too */
#define PRIVATE_MODE 0700
#define PASS_MODE    0710 /* of the root, on the group's way to the feed */

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static bool has_group(const struct store *store)
{
	return store->feed_group != STORE_NO_GROUP;
}

/* Missing parents are everybody's, as mkdir -p makes them: the feed's own mode guards it. */
static int make_parents(const char *path)
{
	autofree char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* Returns a descriptor or a negative errno. */
static int open_directory(const struct store *store, int root_dirfd)
{
	const char *path = store->feed ? store->feed : FEED_DIR;
	int fd = openat(root_dirfd, path, DIRECTORY_FLAGS), r;

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	r = store->feed ? make_parents(path) : 0;
	if (r < 0)
		return r;
	if (mkdirat(root_dirfd, path, PRIVATE_MODE) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(root_dirfd, path, DIRECTORY_FLAGS);
	return fd < 0 ? -errno : fd;
}

/* Whoever can write here decides where our lines go, and what is unlinked in rotation. */
static int check_owner(const struct stat *st, const char *name, struct error *err)
{
	if (st->st_uid != geteuid())
		return error_set(err, ERROR_SYSTEM, EPERM,
				 "feed %s belongs to uid %u; it must belong to uid %u", name,
				 st->st_uid, geteuid());
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_set(err, ERROR_SYSTEM, EPERM,
				 "feed %s is writable by others (mode %04o); chmod go-w it", name,
				 st->st_mode & 07777U);
	return 0;
}

static int set_mode(int fd, const struct stat *st, gid_t group, mode_t mode)
{
	if (group != STORE_NO_GROUP && st->st_gid != group && fchown(fd, (uid_t)-1, group) < 0)
		return -errno;
	if ((st->st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		return -errno;
	return 0;
}

/* A directory of the administrator's keeps its mode, as long as no group is asked for. */
static int admit_group(const struct store *store, int root_dirfd, int fd, const struct stat *st)
{
	gid_t group = store->feed_group;
	struct stat root;
	int r;

	if (!has_group(store))
		return store->feed ? 0 : set_mode(fd, st, STORE_NO_GROUP, PRIVATE_MODE);
	r = set_mode(fd, st, group, GROUP_MODE);
	if (r < 0 || store->feed)
		return r;
	return fstat(root_dirfd, &root) < 0 ? -errno
					    : set_mode(root_dirfd, &root, group, PASS_MODE);
}

static int open_checked(struct container_feed *f, const struct store *store, int root_dirfd)
{
	autofd fd = open_directory(store, root_dirfd);
	struct stat st;
	int r;

	if (fd < 0)
		return error_sys_num(&f->problem, fd, "feed %s", f->name);
	if (fstat(fd, &st) < 0)
		return error_sys(&f->problem, "feed %s", f->name);
	r = check_owner(&st, f->name, &f->problem);
	if (r < 0)
		return r;
	r = admit_group(store, root_dirfd, fd, &st);
	if (r < 0 && has_group(store))
		(void)error_sys_num(&f->problem, r, "feed %s: give it to group %u", f->name,
				    store->feed_group);
	return take_fd(&fd);
}

struct container_feed *container_feed_open(const struct store *store, int root_dirfd, int log_dirfd)
{
	const struct feed_settings settings = {
		.size = store->feed_size,
		.count = store->feed_count,
		.mode = has_group(store) ? 0640 : 0600,
	};
	struct error ignored = ERROR_INIT;
	struct container_feed *f;
	char boot[40] = "";
	int r;

	if (store->feed_off) {
		feed_forget(log_dirfd);
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->name = store->feed ? strdup(store->feed) : path_join(store->root, FEED_DIR);
	if (!f->name) {
		free(f);
		return NULL;
	}
	feed_open(&f->feed, log_dirfd, open_checked(f, store, root_dirfd), &settings);
	(void)boot_id(boot, &ignored);
	r = feed_settle(&f->feed, log_dirfd, boot);
	if (r < 0)
		log_debug("feed %s: what is owed to it: %s", f->name, strerror(-r));
	return f;
}

struct container_feed *container_feed_debtor(int log_dirfd)
{
	const struct feed_settings none = {0};
	struct container_feed *f = calloc(1, sizeof(*f));

	if (f)
		feed_open(&f->feed, log_dirfd, -ENOENT, &none);
	return f;
}

static void tell(const struct container_feed *f)
{
	static const char later[] = "the lines are in their logs, and come to the feed later";

	if (f->feed.error < 0 && f->feed.dirfd < 0)
		log_warning("%s (%s)", f->problem.text, later);
	else if (f->feed.error < 0)
		log_warning("feed %s: %s (%s)", f->name, strerror(-f->feed.error), later);
	else if (f->feed.used && f->problem.kind != ERROR_NONE)
		log_warning("%s", f->problem.text);
}

void container_feed_close(struct container_feed *f)
{
	if (!f)
		return;
	tell(f);
	feed_close(&f->feed);
	free(f->name);
	free(f);
}
