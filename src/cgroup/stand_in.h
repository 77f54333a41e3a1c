/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For test-*.c: a directory tree that stands in for /sys/fs/cgroup, where plain files take what the
 * kernel's would.
 */
#ifndef CGROUP_STAND_IN_H
#define CGROUP_STAND_IN_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/tap.h"
#include "cgroup/dir.h"

static struct error err;

/* check_error - the call failed with @errnum, and the text holds @part. */
#define check_error(call, errnum, part)                                                   \
	do {                                                                              \
		err.text[0] = '\0';                                                       \
		check_int(call, -(errnum));                                               \
		if (!strstr(err.text, part)) {                                            \
			tap_failures++;                                                   \
			printf("# %s:%d: error is '%s', expected '%s' in it\n", __FILE__, \
			       __LINE__, err.text, part);                                 \
		}                                                                         \
	} while (0)

/* ---- the stand-in ---- */

static char stand_in[64];

/* put - make @path (below the stand-in) a file that holds @text; directories are made. */
static inline void put(const char *path, const char *text)
{
	char full[512];
	int fd;

	(void)snprintf(full, sizeof(full), "%s/%s", stand_in, path);
	for (char *slash = full + strlen(stand_in) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0) {
		perror(full);
		exit(99);
	}
	(void)close(fd);
}

/* got - what the file holds now, up to the last newline; "(none)" without one. */
static inline const char *got(const char *path)
{
	static char text[4096];
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", stand_in, path);
	if (file_read_at(AT_FDCWD, full, text, sizeof(text)) < 0)
		return "(none)";
	return text;
}

static inline bool exists(const char *path)
{
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", stand_in, path);
	return access(full, F_OK) == 0;
}

static inline void stand_in_begin(void)
{
	(void)snprintf(stand_in, sizeof(stand_in), "/tmp/ocirun-cgroup.XXXXXX");
	if (!mkdtemp(stand_in)) {
		perror("mkdtemp");
		exit(99);
	}
}

static inline void stand_in_end(void)
{
	char command[96];

	(void)snprintf(command, sizeof(command), "rm -rf %s", stand_in);
	if (system(command) != 0)
		exit(99);
}

#define ALL_V2 "cpuset cpu io memory hugetlb pids rdma misc"

static inline void stand_in_v2(void)
{
	stand_in_begin();
	put("cgroup.controllers", ALL_V2 "\n");
	put("cgroup.subtree_control", "");
	put("cgroup.procs", "1\n");
}

/* stand_in_v1 - the hierarchies of a host of old. */
static inline void stand_in_v1(void)
{
	static const char *const names[] = {"blkio",	"cpu,cpuacct", "cpuset", "devices",
					    "freezer",	"hugetlb",     "memory", "net_cls",
					    "net_prio", "pids",	       "systemd"};
	char path[64];

	stand_in_begin();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/tasks", names[i]);
		put(path, "1\n");
		(void)snprintf(path, sizeof(path), "%s/cgroup.procs", names[i]);
		put(path, "1\n");
	}
	put("cpuset/cpuset.cpus", "0-3\n");
	put("cpuset/cpuset.mems", "0\n");
}

static inline void stand_in_hybrid(void)
{
	stand_in_v1();
	put("unified/cgroup.controllers", "hugetlb\n");
	put("unified/cgroup.subtree_control", "");
	put("unified/cgroup.procs", "1\n");
}

#endif
