/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bind mounts: the source is opened on the host's side, by the monitor where a user namespace may
 * not, and shown with its flags, and its IDs mapped, before anybody can see it.
 * Source: config.md#mounts, #posix-platform-mounts.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/mount.h"

static bool is_user_namespaced(const struct mounting *mg)
{
	return mg->spec->namespaces[NAMESPACE_USER].wanted;
}

/* The container's root is nobody to a directory that only the host's root may enter. */
static int ask_for_source(const struct mounting *mg, struct error *err)
{
	const struct setup_errands *errands = mg->s->errands;

	return errands->open_source(errands->data, (size_t)(mg->m - mg->spec->mounts), err);
}

static int open_path(const struct mounting *mg, struct error *err)
{
	autofree char *path = path_join(mg->s->bundle, mg->m->source);
	int fd, nofollow = spec_source_flags(mg->m) ? O_NOFOLLOW : 0;

	if (!path)
		return error_sys_num(err, ENOMEM, "open %s", mg->m->source);
	fd = open(path, O_PATH | O_CLOEXEC | nofollow);
	if (fd < 0 && errno == EACCES && mg->s->errands) {
		fd = ask_for_source(mg, err);
		/* A monitor without more rights than ours has nothing better to say. */
		if (fd != -EACCES && fd != -EPERM)
			return fd;
		errno = EACCES;
	}
	return fd < 0 ? error_sys(err, "open source %s", path) : fd;
}

int bind_open_source(struct mounting *mg, struct error *err)
{
	struct stat st;

	if (!mg->m->source)
		return error_config(err, "bind mount without a source");
	mg->source_fd = open_path(mg, err);
	if (mg->source_fd < 0)
		return mg->source_fd;
	if (fstat(mg->source_fd, &st) < 0)
		return error_sys(err, "stat %s", mg->m->source);
	mg->source_is_directory = S_ISDIR(st.st_mode);
	mg->source_is_link = S_ISLNK(st.st_mode);
	return 0;
}

bool bind_is_link_to_copy(const struct mounting *mg)
{
	return mg->m->extras & MOUNT_COPY_SYMLINK && mg->source_is_link;
}

/* One more descriptor for the monitor to work on: in no place yet, so nobody can use it. */
static int map_ids(const struct mounting *mg, int mount_fd, struct error *err)
{
	const struct setup_errands *errands = mg->s->errands;

	if (mg->m->ids == MOUNT_IDS_OF_SOURCE)
		return 0;
	if (!errands)
		return error_set(err, ERROR_SYSTEM, ENOSYS, "idmap: nobody can map the IDs");
	return errands->map_ids(errands->data, (size_t)(mg->m - mg->spec->mounts), mount_fd, err);
}

/* What mount(2) cannot do: Linux 5.12 has all of these calls. */
static int bind_detached(const struct mounting *mg, const struct mount_place *place,
			 struct error *err)
{
	autofd fd = mount_copy(mg->source_fd, mg->m->recursive_bind);
	int r;

	if (fd < 0)
		return error_sys_num(err, fd, "open_tree");
	r = map_ids(mg, fd, err);
	if (r == 0)
		r = mount_alter(mg->s, fd, &mg->change, err);
	if (r == 0)
		r = mount_alter(mg->s, fd, &mg->recursive_change, err);
	if (r == 0)
		r = mount_attach(fd, place, err);
	return r < 0 ? r : take_fd(&fd);
}

static bool needs_detached(const struct mounting *mg)
{
	return mg->m->ids != MOUNT_IDS_OF_SOURCE || mg->recursive_change.set ||
	       mg->recursive_change.clear;
}

int bind_mount(const struct mounting *mg, const struct mount_place *place, struct error *err)
{
	bool recursive = mg->m->recursive_bind;
	int fd;

	if (mg->m->data && mg->m->data[0])
		return error_config(err, "a bind mount takes no option \"%s\"", mg->m->data);
	fd = needs_detached(mg)
		     ? bind_detached(mg, place, err)
		     : mount_bind(mg->s, mg->source_fd, recursive, &mg->change, place, err);
	if (fd == -EINVAL && !recursive && is_user_namespaced(mg))
		return error_set(err, ERROR_SYSTEM, EINVAL,
				 "bind %s: a user namespace cannot leave out the mounts below it: "
				 "it needs rbind",
				 mg->m->source);
	return fd < 0 ? error_in(err, "bind %s", mg->m->source) : fd;
}
