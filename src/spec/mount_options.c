/* SPDX-License-Identifier: Apache-2.0 */
/* The words of mounts[].options that the runtime-spec knows (config.md#linux-mount-options). */
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "spec/sections.h"

/* Of these the last one given counts; the kernel's own default is relatime. */
#define ATIMES (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

#define SETS(name, bits)                              \
	{                                             \
		(name), MOUNT_OPTION_FLAGS, (bits), 0 \
	}
#define CLEARS(name, bits)                            \
	{                                             \
		(name), MOUNT_OPTION_FLAGS, 0, (bits) \
	}
#define ATIME(name, bits)                                            \
	{                                                            \
		(name), MOUNT_OPTION_FLAGS, (bits), ATIMES & ~(bits) \
	}
#define SPREADS(name, bits)                                 \
	{                                                   \
		(name), MOUNT_OPTION_PROPAGATION, (bits), 0 \
	}
/* The forms with r are for the mounts below as well: mount_setattr(2) with AT_RECURSIVE. */
#define RSETS(name, bits)                                 \
	{                                                 \
		(name), MOUNT_OPTION_RECURSIVE, (bits), 0 \
	}
#define RCLEARS(name, bits)                               \
	{                                                 \
		(name), MOUNT_OPTION_RECURSIVE, 0, (bits) \
	}
#define RATIME(name, bits)                                               \
	{                                                                \
		(name), MOUNT_OPTION_RECURSIVE, (bits), ATIMES & ~(bits) \
	}
#define EXTRA(name, bits)                             \
	{                                             \
		(name), MOUNT_OPTION_EXTRA, (bits), 0 \
	}

/* Sorted by name: mount_option_find() searches by halves, test-mounts checks the order. */
const struct mount_option mount_options[] = {
	CLEARS("async", MS_SYNCHRONOUS),
	CLEARS("atime", MS_NOATIME),
	{"bind", MOUNT_OPTION_BIND, 0, 0},
	EXTRA("copy-symlink", MOUNT_COPY_SYMLINK),
	SETS("defaults", 0),
	EXTRA("dest-nofollow", MOUNT_DESTINATION_NOFOLLOW),
	CLEARS("dev", MS_NODEV),
	CLEARS("diratime", MS_NODIRATIME),
	SETS("dirsync", MS_DIRSYNC),
	CLEARS("exec", MS_NOEXEC),
	{"idmap", MOUNT_OPTION_IDS, 0, 0},
	SETS("iversion", MS_I_VERSION),
	SETS("lazytime", MS_LAZYTIME),
	CLEARS("loud", MS_SILENT),
	SETS("mand", MS_MANDLOCK),
	ATIME("noatime", MS_NOATIME),
	SETS("nodev", MS_NODEV),
	SETS("nodiratime", MS_NODIRATIME),
	SETS("noexec", MS_NOEXEC),
	CLEARS("noiversion", MS_I_VERSION),
	CLEARS("nolazytime", MS_LAZYTIME),
	CLEARS("nomand", MS_MANDLOCK),
	CLEARS("norelatime", MS_RELATIME),
	CLEARS("nostrictatime", MS_STRICTATIME),
	SETS("nosuid", MS_NOSUID),
	SETS("nosymfollow", MS_NOSYMFOLLOW),
	SPREADS("private", MS_PRIVATE),
	RCLEARS("ratime", MS_NOATIME),
	{"rbind", MOUNT_OPTION_BIND, MS_REC, 0},
	RCLEARS("rdev", MS_NODEV),
	RCLEARS("rdiratime", MS_NODIRATIME),
	ATIME("relatime", MS_RELATIME),
	{"remount", MOUNT_OPTION_REMOUNT, 0, 0},
	RCLEARS("rexec", MS_NOEXEC),
	{"ridmap", MOUNT_OPTION_IDS, MS_REC, 0},
	RATIME("rnoatime", MS_NOATIME),
	RSETS("rnodev", MS_NODEV),
	RSETS("rnodiratime", MS_NODIRATIME),
	RSETS("rnoexec", MS_NOEXEC),
	RCLEARS("rnorelatime", MS_RELATIME),
	RCLEARS("rnostrictatime", MS_STRICTATIME),
	RSETS("rnosuid", MS_NOSUID),
	RSETS("rnosymfollow", MS_NOSYMFOLLOW),
	SETS("ro", MS_RDONLY),
	SPREADS("rprivate", MS_PRIVATE | MS_REC),
	RATIME("rrelatime", MS_RELATIME),
	RSETS("rro", MS_RDONLY),
	RCLEARS("rrw", MS_RDONLY),
	SPREADS("rshared", MS_SHARED | MS_REC),
	SPREADS("rslave", MS_SLAVE | MS_REC),
	RATIME("rstrictatime", MS_STRICTATIME),
	RCLEARS("rsuid", MS_NOSUID),
	RCLEARS("rsymfollow", MS_NOSYMFOLLOW),
	SPREADS("runbindable", MS_UNBINDABLE | MS_REC),
	CLEARS("rw", MS_RDONLY),
	SPREADS("shared", MS_SHARED),
	SETS("silent", MS_SILENT),
	SPREADS("slave", MS_SLAVE),
	EXTRA("src-nofollow", MOUNT_SOURCE_NOFOLLOW),
	ATIME("strictatime", MS_STRICTATIME),
	CLEARS("suid", MS_NOSUID),
	CLEARS("symfollow", MS_NOSYMFOLLOW),
	SETS("sync", MS_SYNCHRONOUS),
	EXTRA("tmpcopyup", MOUNT_COPY_UP),
	SPREADS("unbindable", MS_UNBINDABLE),
	{NULL, MOUNT_OPTION_FLAGS, 0, 0},
};

const struct mount_option *mount_option_find(const char *name)
{
	size_t low = 0, high = ARRAY_SIZE(mount_options) - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, mount_options[middle].name);

		if (order == 0)
			return &mount_options[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool mount_option_needs_setattr(const struct mount_option *option)
{
	return option->kind == MOUNT_OPTION_RECURSIVE || option->kind == MOUNT_OPTION_IDS;
}
