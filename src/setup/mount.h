/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts by descriptor (defence D2): a new mount is made detached, gets its attributes, and is
 * moved onto a descriptor of its target, so that no path of the container is resolved twice. For
 * kernels without the new calls the same is done by mount(2) on /proc/self/fd/N of our own procfs.
 * For the files of setup/ only.
 */
#ifndef SETUP_MOUNT_H
#define SETUP_MOUNT_H

#include "setup/setup.h"

/* Where a mount goes. The path serves old kernels, which have to look the new mount up again. */
struct mount_place {
	int root_fd;
	const char *path; /* in root_fd */
	int fd;		  /* O_PATH of what is at path now */
	bool nofollow;	  /* it may be a link */
};

/* A file system to mount, as mount(2) takes it. */
struct mount_filesystem {
	const char *type;
	const char *source;  /* NULL: the type's name */
	const char *data;    /* comma-joined; or NULL */
	unsigned long flags; /* MS_* */
};

/* Changes to one mount's own attributes: MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_*ATIME, ...
 */
struct mount_change {
	unsigned long set, clear; /* what neither names stays, locked flags above all */
	bool recursive;
};

/*
 * mount_new - mount a file system at @place
 * Returns an O_PATH descriptor of the new mount's root, or a negative errno. The error tells what
 * the file system itself said, where the kernel lets it speak.
 */
int mount_new(const struct setup *s, const struct mount_filesystem *fs,
	      const struct mount_place *place, struct error *err);

/*
 * mount_bind - show @source_fd at @place, with @change applied before anyone can see it
 * @recursive: with the mounts below it
 * Returns an O_PATH descriptor of the new mount's root, or a negative errno.
 */
int mount_bind(const struct setup *s, int source_fd, bool recursive,
	       const struct mount_change *change, const struct mount_place *place,
	       struct error *err);

/* mount_again - remount(2) the file system at @place with the flags and the data of @fs. */
int mount_again(const struct setup *s, const struct mount_filesystem *fs,
		const struct mount_place *place, struct error *err);

/* mount_copy - a detached copy of the mount at @fd, from its directory on; -ENOSYS before 5.2. */
int mount_copy(int fd, bool recursive);

/* mount_attach - move the mount at @mount_fd (detached or not) onto @place. */
int mount_attach(int mount_fd, const struct mount_place *place, struct error *err);

/*
 * mount_alter - change a mount in place. @mount_fd: a descriptor of its root
 * A recursive change, or one of a detached mount, needs Linux 5.12.
 */
int mount_alter(const struct setup *s, int mount_fd, const struct mount_change *change,
		struct error *err);

/* mount_propagate - @flags: MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, and MS_REC. */
int mount_propagate(const struct setup *s, int mount_fd, unsigned long flags, struct error *err);

/*
 * mount_copy_up - fill the new tmpfs at @mount_fd with what it covers
 * @covered_fd: O_PATH of the directory it was mounted on
 * Content, modes, owners, times and extended attributes; the root's mode and owner are left to the
 * mount's own options.
 */
int mount_copy_up(const struct setup *s, int covered_fd, int mount_fd, struct error *err);

/* mount_cgroups - a mount of type cgroup or cgroup2: the container's view of its cgroups. */
int mount_cgroups(const struct setup *s, const struct spec *spec, const struct spec_mount *m,
		  const struct mount_place *place, struct error *err);

/* A mount under way: the row of the config, and what its paths were found to be. */
struct mounting {
	const struct setup *s;
	const struct spec *spec;
	const struct spec_mount *m;
	const char *path; /* the destination, cleaned */
	struct mount_change change, recursive_change;
	int source_fd; /* binds: O_PATH on the host */
	int parent_fd; /* dest-nofollow: the directory of the destination */
	bool source_is_directory, source_is_link;
	bool inherits; /* a tmpfs that takes mode or content from the directory it covers */
};

/* mounting_is_type - a file system of this type. */
bool mounting_is_type(const struct spec_mount *m, const char *type);

/* mounting_open_target - O_PATH of the destination, made where it is missing. mount_target.c */
int mounting_open_target(struct mounting *mg, struct error *err);

/* mounting_copy_link - copy-symlink: the same link at the destination, instead of a mount. */
int mounting_copy_link(const struct mounting *mg, struct error *err);

/* bind_open_source - fills what @mg says of the source. bind.c */
int bind_open_source(struct mounting *mg, struct error *err);

/* bind_is_link_to_copy - is there a link to be copied, and nothing to mount? */
bool bind_is_link_to_copy(const struct mounting *mg);

/* bind_mount - as mount_bind, with all that the mount's options ask for. */
int bind_mount(const struct mounting *mg, const struct mount_place *place, struct error *err);

/* is_late_readonly - a /dev that may become read-only only when devices and console are in it. */
bool is_late_readonly(const struct spec_mount *m, const char *clean_path);

/* has_mount_namespace - false: our mounts would be the host's, so nothing may be mounted. */
static inline bool has_mount_namespace(const struct spec *spec)
{
	return spec->namespaces[NAMESPACE_MOUNT].wanted;
}

#endif
