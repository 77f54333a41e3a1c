/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of mounts that only the host's root may reach are opened by the monitor, with its own
 * rights but through init's root: what it finds is in init's mount namespace, where the flags that
 * the host has given a mount stay locked. IDs of mounts are mapped by the monitor, since that takes
 * rights over the file system itself.
 */
#include "launch/errands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/path.h"
#include "setup/id_maps.h"
#include "setup/procfs.h"

#define ROOT_PATH (-1) /* stands for root.path in place of a mount's index */

/* ---- init's side ---- */

static int ask(struct launch *l, const struct message *m, int fd, enum message_kind answer,
	       int *ret_fd, struct error *err)
{
	struct message reply;
	int r = handshake_send(l->init_end, m, fd, err);

	return r < 0 ? r
		     : handshake_receive(l->init_end, "the monitor", answer, &reply, ret_fd, err);
}

static int ask_for_source(void *data, size_t mount, struct error *err)
{
	const struct message m = {.kind = INIT_WANTS_SOURCE,
				  .value = mount == ERRAND_ROOT ? ROOT_PATH : (int32_t)mount};
	int fd = -EBADF, r = ask(data, &m, -EBADF, MONITOR_OPENED_SOURCE, &fd, err);

	if (r == 0 && fd < 0)
		return error_set(err, ERROR_SYSTEM, EPROTO, "the monitor sent no descriptor");
	return r < 0 ? r : fd;
}

static int ask_to_map_ids(void *data, size_t mount, int mount_fd, struct error *err)
{
	const struct message m = {.kind = INIT_WANTS_MOUNT_IDS, .value = (int32_t)mount};

	return ask(data, &m, mount_fd, MONITOR_MAPPED_MOUNT, NULL, err);
}

struct setup_errands errands_for_init(struct launch *l)
{
	return (struct setup_errands){
		.open_source = ask_for_source, .map_ids = ask_to_map_ids, .data = l};
}

/* ---- the monitor's side ---- */

static int open_in_init(const struct launch *l, const char *name, int flags, struct error *err)
{
	autofd proc_fd = procfs_open_host(), fd = -EBADF;
	char path[32];

	(void)snprintf(path, sizeof(path), "%d/%s", l->pid, name);
	if (proc_fd < 0)
		return error_sys_num(err, proc_fd, "open /proc");
	fd = openat(proc_fd, path, flags | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "open /proc/%s", path) : take_fd(&fd);
}

static int open_source(const struct launch *l, const struct spec_mount *m, struct error *err)
{
	autofd root_fd = open_in_init(l, "root", O_PATH | O_DIRECTORY, err);
	autofree char *path = m ? path_join(l->bundle, m->source) : strdup(l->rootfs);
	int flags = O_PATH | (m ? 0 : O_DIRECTORY | O_NOFOLLOW), fd;

	if (root_fd < 0)
		return root_fd;
	if (!path)
		return error_sys_num(err, ENOMEM, "open source");
	if (m && spec_source_flags(m))
		flags |= O_NOFOLLOW;
	fd = path_open_in(root_fd, path, flags, err);
	return fd < 0 ? error_in(err, m ? "source" : "root.path") : fd;
}

static bool are_equal(const struct spec_id_map *a, size_t a_count, const struct spec_id_map *b,
		      size_t b_count)
{
	return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof(*a)) == 0);
}

/* Kubernetes maps each volume of a pod as the pod itself: there is a namespace like that. */
static bool is_mapped_as_container(const struct spec *spec, const struct spec_mount *m)
{
	if (m->ids == MOUNT_IDS_OF_CONTAINER)
		return true;
	return spec_is_new(spec, NAMESPACE_USER) &&
	       are_equal(m->uid_maps, m->uid_map_count, spec->uid_maps, spec->uid_map_count) &&
	       are_equal(m->gid_maps, m->gid_map_count, spec->gid_maps, spec->gid_map_count);
}

static int open_user_namespace(const struct launch *l, const struct spec_mount *m,
			       struct error *err)
{
	const struct id_maps maps = {m->uid_maps, m->uid_map_count, m->gid_maps, m->gid_map_count};

	if (is_mapped_as_container(&l->spec, m))
		return open_in_init(l, "ns/user", O_RDONLY, err);
	return id_maps_new_namespace(&maps, geteuid() == 0, err);
}

static int map_ids(const struct launch *l, const struct spec_mount *m, int mount_fd,
		   struct error *err)
{
	autofd namespace_fd = open_user_namespace(l, m, err);
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP};
	unsigned int below = m->extras & MOUNT_RECURSIVE_IDS ? AT_RECURSIVE : 0;

	if (namespace_fd == -EACCES || namespace_fd == -EPERM)
		return error_set(
			err, ERROR_SYSTEM, EPERM,
			"idmap: %s: Operation not permitted: it takes CAP_SYS_ADMIN over the "
			"file system, which a rootless caller does not have",
			m->source);
	if (namespace_fd < 0)
		return error_in(err, "idmap: user namespace");
	attributes.userns_fd = (uint64_t)namespace_fd;
	if (sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH | below, &attributes) == 0)
		return 0;
	if (errno == EINVAL)
		return error_set(err, ERROR_SYSTEM, EINVAL,
				 "idmap: the file system of %s cannot be id-mapped", m->source);
	if (errno == EPERM)
		return error_set(err, ERROR_SYSTEM, EPERM,
				 "idmap: %s: Operation not permitted: it is id-mapped already, or "
				 "its file system is not this user's",
				 m->source);
	return error_sys(err, "idmap: mount_setattr %s", m->source);
}

bool errands_is_asked(enum message_kind kind)
{
	return kind == INIT_WANTS_SOURCE || kind == INIT_WANTS_MOUNT_IDS;
}

/* Init is ours still, but a number from another process is an index only when it is checked. */
static int help(const struct launch *l, const struct message *asked, int fd, int *ret_fd,
		struct error *err)
{
	const struct spec *spec = &l->spec;
	bool is_mount = asked->value >= 0 && (size_t)asked->value < spec->mount_count;
	const struct spec_mount *m = is_mount ? &spec->mounts[asked->value] : NULL;

	if (asked->kind == INIT_WANTS_SOURCE && (m ? m->kind == MOUNT_BIND : asked->value < 0)) {
		*ret_fd = open_source(l, m, err);
		return *ret_fd < 0 ? *ret_fd : 0;
	}
	if (asked->kind == INIT_WANTS_MOUNT_IDS && m && m->ids != MOUNT_IDS_OF_SOURCE && fd >= 0)
		return map_ids(l, m, fd, err);
	return error_set(err, ERROR_SYSTEM, EPROTO, "init is %s, wrongly",
			 message_name(asked->kind));
}

int errands_answer(struct launch *l, const struct message *asked, int fd, struct error *err)
{
	struct message reply = {.kind = asked->kind == INIT_WANTS_SOURCE ? MONITOR_OPENED_SOURCE
									 : MONITOR_MAPPED_MOUNT};
	autofd opened_fd = -EBADF;

	if (help(l, asked, fd, &opened_fd, &reply.error) < 0)
		reply.kind = MONITOR_FAILED;
	return handshake_send(l->init_fd, &reply, opened_fd, err);
}
