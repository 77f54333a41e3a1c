/* SPDX-License-Identifier: Apache-2.0 */
/* Entering namespaces that others made, and the cgroup namespace (config-linux.md#namespaces). */
#include "setup/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "setup/setup.h"

/* The mount namespace comes last: it changes what the other paths would name. */
static const enum namespace_type join_order[] = {
	NAMESPACE_NETWORK, NAMESPACE_IPC, NAMESPACE_UTS, NAMESPACE_CGROUP, NAMESPACE_MOUNT,
};

int namespace_open(const struct spec *spec, enum namespace_type type, struct error *err)
{
	const char *path = spec->namespaces[type].path, *name = namespace_name(type);
	autofd fd = -EBADF;
	int kind;

	if (!spec_is_joined(spec, type))
		return -ENOENT;
	if (path[0] != '/')
		return error_config(err, "%s namespace: %s is not an absolute path", name, path);
	/* O_NONBLOCK: should it be a FIFO, do not wait for its other end. */
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_sys(err, "%s namespace: open %s", name, path);
	kind = ioctl(fd, NS_GET_NSTYPE);
	if (kind < 0)
		return error_config(err, "%s namespace: %s is not a namespace", name, path);
	if (kind != namespace_flag(type))
		return error_config(err, "%s namespace: %s is a namespace of another type", name,
				    path);
	return take_fd(&fd);
}

static int open_all(const struct spec *spec, int *fds, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(join_order); i++) {
		if (!spec_is_joined(spec, join_order[i]))
			continue;
		fds[i] = namespace_open(spec, join_order[i], err);
		if (fds[i] < 0)
			return fds[i];
	}
	return 0;
}

static int join_all(const struct spec *spec, const int *fds, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(join_order); i++) {
		enum namespace_type type = join_order[i];

		if (fds[i] >= 0 && setns(fds[i], namespace_flag(type)) < 0)
			return error_sys(err, "%s namespace: setns %s", namespace_name(type),
					 spec->namespaces[type].path);
	}
	return 0;
}

int setup_join_namespaces(struct setup *s, const struct spec *spec, struct error *err)
{
	int fds[ARRAY_SIZE(join_order)], r;

	(void)s;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = -EBADF;
	r = open_all(spec, fds, err);
	if (r == 0)
		r = join_all(spec, fds, err);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close_keeping_errno(fds[i]);
	return r;
}

int setup_cgroup_namespace(struct setup *s, const struct spec *spec, struct error *err)
{
	(void)s;
	if (!spec_is_new(spec, NAMESPACE_CGROUP))
		return 0;
	return unshare(CLONE_NEWCGROUP) < 0 ? error_sys(err, "unshare CLONE_NEWCGROUP") : 0;
}
