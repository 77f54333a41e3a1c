/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying a spec to THIS process. Each function here is one kernel facility, called by the step
 * table of launch/init.c, and knows nothing of IDs, state directories, logs or other processes.
 */
#ifndef SETUP_SETUP_H
#define SETUP_SETUP_H

#include "setup/step.h"

/* A cgroup hierarchy as init must show it to the container; filled from cgroup/ by launch/. */
struct cgroup_view {
	const char *name; /* directory under /sys/fs/cgroup: "memory", "cpu,cpuacct", "unified" */
	const char *data; /* v1: its mount data: "memory", "none,name=systemd"; NULL for v2 */
	const char *host_path; /* the container's own cgroup directory on the host */
};

/*
 * What init's side of a user namespace may not do, the monitor does for it: both return as the
 * setup functions. For a setup without one (NULL) there is nobody to ask.
 */
struct setup_errands {
	/* an O_PATH descriptor of the source of mount @mount, or of root.path for ERRAND_ROOT */
	int (*open_source)(void *data, size_t mount, struct error *err);
	/* map the IDs of the detached mount @mount_fd as mount @mount asks */
	int (*map_ids)(void *data, size_t mount, int mount_fd, struct error *err);
	void *data;
};
#define ERRAND_ROOT SIZE_MAX

/* What several steps share. All is borrowed; descriptors are closed by their owners or by exec. */
struct setup {
	/* given by launch/ before the first step */
	const char *bundle;  /* absolute path */
	const char *rootfs;  /* absolute path of root.path */
	bool no_pivot;	     /* --no-pivot */
	bool no_new_keyring; /* --no-new-keyring */
	bool unprivileged;   /* init cannot mknod, or was not root on the host: bind host devices */
	const char *id;	     /* for the keyring's name only */
	int console_socket;  /* connected SOCK_STREAM for the pty master, or -EBADF */
	int notify_fd;	     /* a detached mount of the readiness socket's directory, or -EBADF: */
	const char *notify_path; /* where that is on the host; NULL: no such socket */
	bool cgroup_v2;		 /* /sys/fs/cgroup itself is cgroup2 (unified mode) */
	size_t cgroup_view_count;
	const struct cgroup_view *cgroup_views;
	const struct setup_errands *errands; /* or NULL */

	/* opened by setup_host_handles(), before any mount */
	int host_proc_fd; /* detached or own procfs, verified PROC_SUPER_MAGIC (defence D3) */
	int dev_null_fd;  /* the host's /dev/null, verified char 1:3 (defence D4) */

	/* opened by setup_rootfs() */
	int rootfs_fd; /* O_PATH of the container's root mount; "/" after the pivot */

	/* opened by setup_console(): the pty's slave, for stdio */
	int console_fd;
};

#define SETUP_INIT                                                                     \
	{                                                                              \
		.console_socket = -EBADF, .notify_fd = -EBADF, .host_proc_fd = -EBADF, \
		.dev_null_fd = -EBADF, .rootfs_fd = -EBADF, .console_fd = -EBADF       \
	}

/* Each returns 0 or a negative errno with the error naming the call and its object. */
typedef int setup_function(struct setup *s, const struct spec *spec, struct error *err);

/* namespaces.c: setns into every namespace given by path except user, pid and time (those are
 * entered by launch/monitor.c before the clone); then unshare the cgroup namespace. */
setup_function setup_join_namespaces;
setup_function setup_cgroup_namespace;

/* loopback.c: bring up lo; for a new network namespace. */
setup_function setup_loopback;

/* hostname.c */
setup_function setup_hostname;

/* rootfs.c: propagation of "/", the root's own mount, pivot_root (or MS_MOVE), read-only root. */
setup_function setup_host_handles;
setup_function setup_rootfs;
setup_function setup_pivot;
setup_function setup_readonly_root;
setup_function setup_rootfs_propagation;

/* mounts.c: config.json's mounts in order, each onto a target found inside rootfs_fd. */
setup_function setup_mounts;

/* notify.c: the readiness socket's directory at /run/notify. */
setup_function setup_notify;

/* devices.c: default and listed devices, /dev links; bound from the host where mknod is not
 * allowed. */
setup_function setup_devices;

/* terminal.c: pty from the container's devpts, /dev/console, master sent to console_socket. */
setup_function setup_console;

/* masks.c, sysctl.c, keyring.c */
setup_function setup_masked_paths;
setup_function setup_readonly_paths;
setup_function setup_sysctl;
setup_function setup_keyring;

/* process.c: make a missing cwd inside the root, owned by the process's user. */
setup_function setup_cwd;

#endif
