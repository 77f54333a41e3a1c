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
#define REFUSES(name)                              \
	{                                          \
		(name), MOUNT_OPTION_REFUSED, 0, 0 \
	}

/* Sorted by name: mount_option_find() searches by halves, test-mounts checks the order. */
const struct mount_option mount_options[] = {
	CLEARS("async", MS_SYNCHRONOUS),
	CLEARS("atime", MS_NOATIME),
	{"bind", MOUNT_OPTION_BIND, 0, 0},
	SETS("defaults", 0),
	CLEARS("dev", MS_NODEV),
	CLEARS("diratime", MS_NODIRATIME),
	SETS("dirsync", MS_DIRSYNC),
	CLEARS("exec", MS_NOEXEC),
	REFUSES("idmap"),
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
	REFUSES("ratime"),
	{"rbind", MOUNT_OPTION_BIND, MS_REC, 0},
	REFUSES("rdev"),
	REFUSES("rdiratime"),
	ATIME("relatime", MS_RELATIME),
	REFUSES("remount"),
	REFUSES("rexec"),
	REFUSES("ridmap"),
	REFUSES("rnoatime"),
	REFUSES("rnodev"),
	REFUSES("rnodiratime"),
	REFUSES("rnoexec"),
	REFUSES("rnorelatime"),
	REFUSES("rnostrictatime"),
	REFUSES("rnosuid"),
	REFUSES("rnosymfollow"),
	SETS("ro", MS_RDONLY),
	SPREADS("rprivate", MS_PRIVATE | MS_REC),
	REFUSES("rrelatime"),
	REFUSES("rro"),
	REFUSES("rrw"),
	SPREADS("rshared", MS_SHARED | MS_REC),
	SPREADS("rslave", MS_SLAVE | MS_REC),
	REFUSES("rstrictatime"),
	REFUSES("rsuid"),
	REFUSES("rsymfollow"),
	SPREADS("runbindable", MS_UNBINDABLE | MS_REC),
	CLEARS("rw", MS_RDONLY),
	SPREADS("shared", MS_SHARED),
	SETS("silent", MS_SILENT),
	SPREADS("slave", MS_SLAVE),
	ATIME("strictatime", MS_STRICTATIME),
	CLEARS("suid", MS_NOSUID),
	CLEARS("symfollow", MS_NOSYMFOLLOW),
	SETS("sync", MS_SYNCHRONOUS),
	REFUSES("tmpcopyup"),
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
