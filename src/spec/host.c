/* SPDX-License-Identifier: Apache-2.0 */
/* What the host says to a spec that is well-formed: do the files exist, are they what they should
 * be. */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "spec/sections.h"

/* What every check here needs; no reading is done. */
struct host {
	struct reader reader;
	const struct spec *spec;
	int bundle_dirfd;
};

/* namespace_place - the element of linux.namespaces that has this type; they are no list any more.
 */
static int namespace_error(const struct host *h, enum namespace_type type, const char *problem)
{
	const struct place *namespaces = MEMBER(MEMBER(NULL, "linux"), "namespaces");

	return field_error(&h->reader, MEMBER(ENTRY(namespaces, namespace_name(type)), "path"),
			   "\"%.200s\": %s", h->spec->namespaces[type].path, problem);
}

static int check_namespace(const struct host *h, enum namespace_type type)
{
	const char *path = h->spec->namespaces[type].path;
	autofd fd = -EBADF;
	int kind;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return namespace_error(h, type, strerror(errno));
	kind = ioctl(fd, NS_GET_NSTYPE);
	if (kind < 0)
		return namespace_error(h, type, "is not a namespace");
	if (kind != namespace_flag(type))
		return namespace_error(h, type, "is a namespace of another type");
	return 0;
}

static int check_namespaces(const struct host *h)
{
	for (int type = 0; type < NAMESPACE_TYPES; type++) {
		int rc = check_namespace(h, (enum namespace_type)type);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_proc_source(const struct host *h, const struct place *at,
			     const struct spec_mount *m)
{
	autofree char *clean = path_clean(m->destination);
	struct statfs fs;
	autofd fd = -EBADF;

	if (!clean)
		return field_no_memory(&h->reader);
	if (strcmp(clean, "/proc") != 0)
		return 0;
	fd = openat(h->bundle_dirfd, m->source, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return field_error(&h->reader, MEMBER(at, "destination"),
				   "only a proc file system may be at /proc");
	return 0;
}

static int check_sources(const struct host *h)
{
	for (size_t i = 0; i < h->spec->mount_count; i++) {
		const struct spec_mount *m = &h->spec->mounts[i];
		const struct place *at = ELEMENT(MEMBER(NULL, "mounts"), i);
		struct stat status;
		int rc;

		if (m->kind != MOUNT_BIND)
			continue;
		if (fstatat(h->bundle_dirfd, m->source, &status, spec_source_flags(m)) < 0)
			return field_error(&h->reader, MEMBER(at, "source"), "\"%.200s\": %s",
					   m->source, strerror(errno));
		rc = check_proc_source(h, at, m);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* is_our_own - whether the namespace at @path is the one that the caller is in. */
static bool is_our_own(enum namespace_type type, const char *path)
{
	struct stat theirs, ours;
	char own[64];

	(void)snprintf(own, sizeof(own), "/proc/self/ns/%s", namespace_file(type));
	return stat(path, &theirs) == 0 && stat(own, &ours) == 0 && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

static int check_sysctl_owners(const struct host *h)
{
	const struct place *at = MEMBER(MEMBER(NULL, "linux"), "sysctl");

	for (size_t i = 0; i < h->spec->sysctl_count; i++) {
		const struct spec_sysctl *s = &h->spec->sysctls[i];
		const char *path = h->spec->namespaces[s->owner].path;

		if (path && is_our_own(s->owner, path))
			return field_error(&h->reader, ENTRY(at, s->name),
					   "the namespace \"%.200s\" is the host's own", path);
	}
	return 0;
}

/* Without SELinux a file system would refuse the option, in words that nobody understands. */
static int check_mount_label(const struct host *h)
{
	const struct place *at = MEMBER(MEMBER(NULL, "linux"), "mountLabel");
	struct statfs fs;

	if (!h->spec->mount_label)
		return 0;
	if (statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC)
		return 0;
	return field_error(&h->reader, at, "\"%.200s\": SELinux is not enabled on this host",
			   h->spec->mount_label);
}

int spec_check_host(const struct spec *spec, int bundle_dirfd, const char *name, struct error *err)
{
	const struct host h = {{.name = name, .err = err}, spec, bundle_dirfd};
	int rc;

	rc = check_namespaces(&h);
	if (rc == 0)
		rc = check_sources(&h);
	if (rc == 0)
		rc = check_sysctl_owners(&h);
	if (rc == 0)
		rc = check_mount_label(&h);
	return rc;
}
