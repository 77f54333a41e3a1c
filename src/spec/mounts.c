/* SPDX-License-Identifier: Apache-2.0 */
/* mounts (config.md#mounts). */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "spec/sections.h"

#define MOUNTS	     "config.md#mounts"
#define POSIX_MOUNTS "config.md#posix-platform-mounts"

/* Flags of a file system as a whole: a bind mount has no say in them, the kernel drops them. */
#define SUPERBLOCK_FLAGS \
	(MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_SILENT | MS_I_VERSION | MS_LAZYTIME)

/* A mount as written, before its options have said what kind it is. */
struct raw_mount {
	struct spec_mount mount;
	struct string_list options;
	bool bind;
	size_t data_count, data_length;
	size_t first_data; /* index of the first option that no flag stands for */
};

#define AT(member) offsetof(struct raw_mount, member)
const struct field mount_fields[] = {
	APPLY("destination", MOUNTS, read_path, AT(mount.destination), .required = true),
	APPLY("source", MOUNTS, read_string, AT(mount.source)),
	APPLY("options", "config.md#linux-mount-options", read_strings, AT(options)),
	APPLY("type", POSIX_MOUNTS, read_string, AT(mount.type)),
	REFUSE_UNLESS_EMPTY("uidMappings", POSIX_MOUNTS),
	REFUSE_UNLESS_EMPTY("gidMappings", POSIX_MOUNTS),
	{.key = NULL},
};
#undef AT

static void apply_flags(struct spec_mount *m, const struct mount_option *option)
{
	m->flags_set = (m->flags_set & ~option->clear) | option->set;
	m->flags_clear = (m->flags_clear & ~option->set) | option->clear;
}

static int apply_propagation(const struct reader *r, const struct place *at, struct spec_mount *m,
			     const struct mount_option *option)
{
	if (m->propagation && m->propagation != option->set)
		return field_error(r, at, "\"%s\" contradicts an earlier option", option->name);
	m->propagation = (unsigned long)option->set;
	return 0;
}

/* is_option_refused - also podman's "idmap=...", which carries its mapping in the option. */
static bool is_option_refused(const char *text)
{
	const struct mount_option *option = mount_option_find(text);

	if (option)
		return option->kind == MOUNT_OPTION_REFUSED;
	return strncmp(text, "idmap=", 6) == 0 || strncmp(text, "ridmap=", 7) == 0;
}

static int apply_option(const struct reader *r, const struct place *at, struct raw_mount *raw,
			size_t index)
{
	const char *text = raw->options.items[index];
	const struct mount_option *option = mount_option_find(text);

	if (text[0] == '\0')
		return field_error(r, at, "must not be empty");
	if (is_option_refused(text))
		return field_error(r, at, "%.100s: not supported by this version of ocirun", text);
	if (!option) {
		if (raw->data_count++ == 0)
			raw->first_data = index;
		raw->data_length += strlen(text) + 1;
		return 0;
	}
	if (option->kind == MOUNT_OPTION_PROPAGATION)
		return apply_propagation(r, at, &raw->mount, option);
	if (option->kind == MOUNT_OPTION_FLAGS) {
		apply_flags(&raw->mount, option);
		return 0;
	}
	raw->bind = true;
	raw->mount.recursive_bind |= option->set == MS_REC;
	return 0;
}

static int apply_options(const struct reader *r, const struct place *at, struct raw_mount *raw)
{
	const struct place *options = MEMBER(at, "options");

	for (size_t i = 0; i < raw->options.count; i++) {
		int rc = apply_option(r, ELEMENT(options, i), raw, i);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int join_data(const struct reader *r, struct raw_mount *raw)
{
	char *data, *end;

	if (raw->data_count == 0)
		return 0;
	data = end = arena_alloc(r->arena, raw->data_length, 1);
	if (!data)
		return field_no_memory(r);
	for (size_t i = raw->first_data; i < raw->options.count; i++) {
		if (mount_option_find(raw->options.items[i]))
			continue;
		if (end != data)
			*end++ = ',';
		end = stpcpy(end, raw->options.items[i]);
	}
	raw->mount.data = data;
	return 0;
}

static int check_bind(const struct reader *r, const struct place *at, const struct raw_mount *raw)
{
	const struct place *options = MEMBER(at, "options");

	if (!raw->mount.source)
		return field_error(r, MEMBER(at, "source"), "a bind mount needs one");
	if (raw->data_count)
		return field_error(r, ELEMENT(options, raw->first_data),
				   "a bind mount has no option \"%.100s\"",
				   raw->options.items[raw->first_data]);
	for (size_t i = 0; i < raw->options.count; i++) {
		const struct mount_option *option = mount_option_find(raw->options.items[i]);

		if (option->kind == MOUNT_OPTION_FLAGS && option->set & SUPERBLOCK_FLAGS)
			return field_error(r, ELEMENT(options, i),
					   "a bind mount has no option \"%s\"", option->name);
	}
	return 0;
}

static int set_kind(const struct reader *r, const struct place *at, struct raw_mount *raw)
{
	struct spec_mount *m = &raw->mount;

	if (raw->bind || (m->type && strcmp(m->type, "bind") == 0)) {
		m->kind = MOUNT_BIND;
		return check_bind(r, at, raw);
	}
	if (!m->type)
		return field_error(r, MEMBER(at, "type"),
				   "must be given: the options say neither bind nor rbind");
	if (strcmp(m->type, "cgroup") == 0 || strcmp(m->type, "cgroup2") == 0)
		m->kind = MOUNT_CGROUP;
	return 0;
}

/* Files of /proc that lxcfs and the like cover with their own (setup/mounts.c has the same list).
 */
static bool may_cover(const char *path)
{
	static const char *const files[] = {
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/loadavg",
		"/proc/meminfo",
		"/proc/net/dev",
		"/proc/slabinfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/sys/crypto/fips_enabled",
		"/proc/sys/kernel/ns_last_pid",
		"/proc/uptime",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (strcmp(files[i], path) == 0)
			return true;
	}
	return false;
}

/*
 * check_destination - what no mount may do to the root and to /proc
 * What is written below /proc must reach the kernel (CVE-2019-16884, CVE-2025-52881). A bind over
 * /proc itself is judged by its source, in spec_check_host().
 */
static int check_destination(const struct reader *r, const struct place *at,
			     const struct spec_mount *m)
{
	const struct place *destination = MEMBER(at, "destination");
	autofree char *clean = path_clean(m->destination);

	if (!clean)
		return field_no_memory(r);
	if (strcmp(clean, "/") == 0)
		return field_error(r, destination, "must not be the root itself");
	if (strcmp(clean, "/proc") == 0 && m->kind != MOUNT_BIND && strcmp(m->type, "proc") != 0)
		return field_error(r, destination, "only a proc file system may be at /proc");
	if (strncmp(clean, "/proc/", 6) == 0 && !may_cover(clean))
		return field_error(r, destination, "%.200s is inside /proc and must stay visible",
				   clean);
	return 0;
}

static int read_mount(struct reader *r, const struct place *at, const cJSON *item,
		      struct spec_mount *ret)
{
	struct raw_mount raw = {0};
	int rc;

	rc = field_read_members(r, at, item, mount_fields, &raw);
	if (rc == 0)
		rc = apply_options(r, at, &raw);
	if (rc == 0)
		rc = set_kind(r, at, &raw);
	if (rc == 0)
		rc = check_destination(r, at, &raw.mount);
	if (rc == 0)
		rc = join_data(r, &raw);
	if (rc == 0)
		*ret = raw.mount;
	return rc;
}

int read_mounts(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
		void *base)
{
	struct spec *spec = base;
	struct spec_mount *mounts;
	const cJSON *child;
	size_t count = 0;
	int rc;

	(void)f;
	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array", item);
	mounts = arena_alloc(r->arena, (size_t)cJSON_GetArraySize(item), sizeof(*mounts));
	if (!mounts)
		return field_no_memory(r);
	cJSON_ArrayForEach(child, item)
	{
		rc = read_mount(r, ELEMENT(at, count), child, &mounts[count]);
		if (rc < 0)
			return rc;
		count++;
	}
	spec->mounts = mounts;
	spec->mount_count = count;
	return 0;
}
