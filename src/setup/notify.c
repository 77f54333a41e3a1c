/* SPDX-License-Identifier: Apache-2.0 */
/* Mounting the directory of a readiness socket, read-only. */
#include "setup/notify.h"

#include <fcntl.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "setup/mount.h"

#include <sys/mount.h>

#define DIRECTORY_MODE 0755

int notify_tree(int dirfd)
{
	return mount_copy(dirfd, false);
}

static const struct mount_change harmless = {
	.set = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
};

static int bind_path(const struct setup *s, const struct mount_place *place, struct error *err)
{
	autofd fd = open(s->notify_path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "open %s", s->notify_path);
	return mount_bind(s, fd, false, &harmless, place, err);
}

/* Attributes before anybody in the container can see it. */
static int attach_tree(const struct setup *s, const struct mount_place *place, struct error *err)
{
	int r = mount_alter(s, s->notify_fd, &harmless, err);

	return r < 0 ? r : mount_attach(s->notify_fd, place, err);
}

int setup_notify(struct setup *s, const struct spec *spec, struct error *err)
{
	autofd target_fd = path_make_dir_in(s->rootfs_fd, NOTIFY_DIRECTORY, DIRECTORY_MODE, err);
	const struct mount_place place = {
		.root_fd = s->rootfs_fd, .path = NOTIFY_DIRECTORY, .fd = target_fd};
	autofd mount_fd = -EBADF;
	int r;

	(void)spec;
	if (target_fd < 0)
		return target_fd;
	if (s->notify_fd >= 0) {
		r = attach_tree(s, &place, err);
		mount_fd = take_fd(&s->notify_fd);
	} else {
		r = mount_fd = bind_path(s, &place, err);
	}
	/* What is mounted or unmounted on one side is nothing to the other. */
	return r < 0 ? r : mount_propagate(s, mount_fd, MS_PRIVATE, err);
}
