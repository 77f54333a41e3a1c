/* SPDX-License-Identifier: Apache-2.0 */
/* mounts (config.md#mounts). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "spec/id_maps.h"
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
	bool bind, remount;
	size_t data_count, data_length;
	size_t first_data; /* index of the first option that no flag stands for */
};

#define AT(member) offsetof(struct raw_mount, member)
const struct field mount_fields[] = {
	APPLY("destination", MOUNTS, read_path, AT(mount.destination), .required = true),
	APPLY("source", MOUNTS, read_string, AT(mount.source)),
	APPLY("options", "config.md#linux-mount-options", read_strings, AT(options)),
	APPLY("type", POSIX_MOUNTS, read_string, AT(mount.type)),
	APPLY("uidMappings", POSIX_MOUNTS, read_objects, AT(mount.uid_maps),
	      .fields = id_map_fields, .check = id_map_check, .size = sizeof(struct spec_id_map),
	      .count_offset = AT(mount.uid_map_count)),
	APPLY("gidMappings", POSIX_MOUNTS, read_objects, AT(mount.gid_maps),
	      .fields = id_map_fields, .check = id_map_check, .size = sizeof(struct spec_id_map),
	      .count_offset = AT(mount.gid_map_count)),
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

static void apply_recursive_flags(struct spec_mount *m, const struct mount_option *option)
{
	m->recursive_set = (m->recursive_set & ~option->clear) | option->set;
	m->recursive_clear = (m->recursive_clear & ~option->set) | option->clear;
}

/* The container's IDs, until mappings of the mount's own are met. */
static void apply_ids(struct spec_mount *m, bool recursive)
{
	if (m->ids == MOUNT_IDS_OF_SOURCE)
		m->ids = MOUNT_IDS_OF_CONTAINER;
	if (recursive)
		m->extras |= MOUNT_RECURSIVE_IDS;
}

static int apply_known(const struct reader *r, const struct place *at, struct raw_mount *raw,
		       const struct mount_option *option)
{
	switch (option->kind) {
	case MOUNT_OPTION_FLAGS:
		apply_flags(&raw->mount, option);
		break;
	case MOUNT_OPTION_RECURSIVE:
		apply_recursive_flags(&raw->mount, option);
		break;
	case MOUNT_OPTION_PROPAGATION:
		return apply_propagation(r, at, &raw->mount, option);
	case MOUNT_OPTION_BIND:
		raw->bind = true;
		raw->mount.recursive_bind |= option->set == MS_REC;
		break;
	case MOUNT_OPTION_IDS:
		apply_ids(&raw->mount, option->set == MS_REC);
		break;
	case MOUNT_OPTION_EXTRA:
		raw->mount.extras |= (unsigned int)option->set;
		break;
	case MOUNT_OPTION_REMOUNT:
		raw->remount = true;
		break;
	}
	return 0;
}

/* find_ids - the maps in "idmap=..." or "ridmap=...", or NULL. */
static const char *find_ids(const char *text, bool *ret_recursive)
{
	*ret_recursive = text[0] == 'r';
	text += *ret_recursive;
	return strncmp(text, "idmap=", 6) == 0 ? text + 6 : NULL;
}

static int apply_option(const struct reader *r, const struct place *at, struct raw_mount *raw,
			size_t index)
{
	const char *text = raw->options.items[index], *ids;
	const struct mount_option *option = mount_option_find(text);
	bool recursive;

	/* buildah writes one where a volume was given no options: it says nothing. */
	if (text[0] == '\0')
		return 0;
	if (option)
		return apply_known(r, at, raw, option);
	ids = find_ids(text, &recursive);
	if (ids) {
		raw->mount.ids_text = ids;
		apply_ids(&raw->mount, recursive);
		return 0;
	}
	if (raw->data_count++ == 0)
		raw->first_data = index;
	raw->data_length += strlen(text) + 1;
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
		bool recursive;

		if (raw->options.items[i][0] == '\0' || mount_option_find(raw->options.items[i]) ||
		    find_ids(raw->options.items[i], &recursive))
			continue;
		if (end != data)
			*end++ = ',';
		end = stpcpy(end, raw->options.items[i]);
	}
	raw->mount.data = data;
	return 0;
}

/* Options of a bind, or of a remount of one: none of them may be the file system's. */
static int check_bind_options(const struct reader *r, const struct place *at,
			      const struct raw_mount *raw)
{
	const struct place *options = MEMBER(at, "options");

	if (raw->data_count)
		return field_error(r, ELEMENT(options, raw->first_data),
				   "a bind mount has no option \"%.100s\"",
				   raw->options.items[raw->first_data]);
	for (size_t i = 0; i < raw->options.count; i++) {
		const struct mount_option *option = mount_option_find(raw->options.items[i]);

		if (option && option->kind == MOUNT_OPTION_FLAGS && option->set & SUPERBLOCK_FLAGS)
			return field_error(r, ELEMENT(options, i),
					   "a bind mount has no option \"%s\"", option->name);
	}
	return 0;
}

static bool is_kind_bind(const struct spec_mount *m)
{
	return m->kind == MOUNT_BIND;
}

static bool is_tmpfs(const struct spec_mount *m)
{
	return m->kind == MOUNT_FILESYSTEM && strcmp(m->type, "tmpfs") == 0;
}

/* What an extra asks for makes sense for one kind of mount only. */
static int check_extras(const struct reader *r, const struct place *at, const struct spec_mount *m)
{
	static const struct {
		unsigned int extra;
		bool (*fits)(const struct spec_mount *m);
		const char *problem;
	} rows[] = {
		{MOUNT_COPY_UP, is_tmpfs, "tmpcopyup: only for a mount of type tmpfs"},
		{MOUNT_COPY_SYMLINK, is_kind_bind, "copy-symlink: only for a bind mount"},
		{MOUNT_SOURCE_NOFOLLOW, is_kind_bind, "src-nofollow: only for a bind mount"},
		{MOUNT_DESTINATION_NOFOLLOW, is_kind_bind, "dest-nofollow: only for a bind mount"},
	};
	const unsigned int nofollow = MOUNT_SOURCE_NOFOLLOW | MOUNT_DESTINATION_NOFOLLOW;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (m->extras & rows[i].extra && !rows[i].fits(m))
			return field_error(r, MEMBER(at, "options"), "%s", rows[i].problem);
	if (m->extras & MOUNT_COPY_SYMLINK && m->extras & nofollow)
		return field_error(r, MEMBER(at, "options"),
				   "copy-symlink excludes src-nofollow and dest-nofollow");
	return 0;
}

/* Mappings without an option are for the mount itself; the kernel needs both. */
static int check_ids(const struct reader *r, const struct place *at, struct spec_mount *m)
{
	if (m->uid_map_count || m->gid_map_count) {
		if (!m->uid_map_count || !m->gid_map_count)
			return field_error(r, at, "uidMappings and gidMappings must both be given");
		if (m->ids_text)
			return field_error(r, MEMBER(at, "options"),
					   "\"idmap=%.100s\": there are uidMappings already",
					   m->ids_text);
		m->ids = MOUNT_IDS_MAPPED;
	}
	if (m->ids != MOUNT_IDS_OF_SOURCE && m->kind != MOUNT_BIND)
		return field_error(r, at, "only a bind mount can be id-mapped");
	return 0;
}

static int set_kind(const struct reader *r, const struct place *at, struct raw_mount *raw)
{
	struct spec_mount *m = &raw->mount;
	bool bind = raw->bind || (m->type && strcmp(m->type, "bind") == 0);

	if (raw->remount) {
		m->kind = MOUNT_REMOUNT;
		m->extras |= bind ? MOUNT_ONLY_FLAGS : 0;
	} else if (bind) {
		m->kind = MOUNT_BIND;
		if (!m->source)
			return field_error(r, MEMBER(at, "source"), "a bind mount needs one");
	} else if (!m->type) {
		return field_error(r, MEMBER(at, "type"),
				   "must be given: the options say neither bind nor rbind");
	} else if (strcmp(m->type, "cgroup") == 0 || strcmp(m->type, "cgroup2") == 0) {
		m->kind = MOUNT_CGROUP;
	}
	return bind ? check_bind_options(r, at, raw) : 0;
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
	if (strcmp(clean, "/proc") == 0 && m->kind != MOUNT_BIND && m->kind != MOUNT_REMOUNT &&
	    strcmp(m->type, "proc") != 0)
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
		rc = check_extras(r, at, &raw.mount);
	if (rc == 0)
		rc = check_ids(r, at, &raw.mount);
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

static int check_mount_across(struct reader *r, const struct place *at, struct spec_mount *m)
{
	int rc;

	if (m->ids == MOUNT_IDS_OF_SOURCE)
		return 0;
	if (m->ids_text)
		return mount_ids_parse(r, MEMBER(at, "options"), m->ids_text, m);
	if (m->ids == MOUNT_IDS_OF_CONTAINER && !r->spec->namespaces[NAMESPACE_USER].wanted)
		return field_error(r, MEMBER(at, "options"),
				   "idmap needs uidMappings and gidMappings, or a user namespace");
	rc = id_maps_check(r, MEMBER(at, "uidMappings"), m->uid_maps, m->uid_map_count);
	if (rc == 0)
		rc = id_maps_check(r, MEMBER(at, "gidMappings"), m->gid_maps, m->gid_map_count);
	return rc;
}

int mounts_check(struct reader *r)
{
	for (size_t i = 0; i < r->spec->mount_count; i++) {
		const struct place *at = ELEMENT(MEMBER(NULL, "mounts"), i);
		int rc = check_mount_across(r, at, &r->spec->mounts[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int spec_source_flags(const struct spec_mount *m)
{
	return m->extras & (MOUNT_COPY_SYMLINK | MOUNT_SOURCE_NOFOLLOW) ? AT_SYMLINK_NOFOLLOW : 0;
}
