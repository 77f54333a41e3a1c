/* SPDX-License-Identifier: Apache-2.0 */
/* The linux section (config-linux.md), as far as it has no file of its own. */
#include <string.h>
#include <sys/mount.h>

#include "spec/id_maps.h"
#include "spec/sections.h"

#define MAPPINGS   "config-linux.md#user-namespace-mappings"
#define AT(member) offsetof(struct spec, member)

/* config-linux.md#rootfs-mount-propagation, and the recursive forms that runc's users write. */
const struct word propagation_words[] = {
	{.text = "private", .value = MS_PRIVATE},
	{.text = "slave", .value = MS_SLAVE},
	{.text = "shared", .value = MS_SHARED},
	{.text = "unbindable", .value = MS_UNBINDABLE},
	{.text = "rprivate", .value = MS_PRIVATE | MS_REC},
	{.text = "rslave", .value = MS_SLAVE | MS_REC},
	{.text = "rshared", .value = MS_SHARED | MS_REC},
	{.text = "runbindable", .value = MS_UNBINDABLE | MS_REC},
	{.text = NULL},
};

static int read_propagation(struct reader *r, const struct place *at, const struct field *f,
			    const cJSON *item, void *base)
{
	uint64_t value = 0;
	int rc;

	if (cJSON_IsString(item) && item->valuestring[0] == '\0')
		return 0;
	rc = field_word(r, at, item, propagation_words, "propagation", &value);
	if (rc == 0)
		*(unsigned long *)field_target(f, base) = (unsigned long)value;
	return rc;
}

/* has_parent_component - whether some component of @path is "..". */
static bool has_parent_component(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 2 && strncmp(path, "..", 2) == 0)
			return true;
		if (path[length] == '\0')
			return false;
		path += length + 1;
	}
}

static int read_cgroups_path(struct reader *r, const struct place *at, const struct field *f,
			     const cJSON *item, void *base)
{
	const char *path = "";
	int rc = field_string(r, at, item, &path);

	if (rc < 0 || path[0] == '\0')
		return rc;
	if (has_parent_component(path))
		return field_error(r, at, "must not contain \"..\": \"%.200s\"", path);
	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return field_error(r, at, "must not contain control characters");
	}
	*(const char **)field_target(f, base) = path;
	return 0;
}

/* It becomes a quoted option of the mount. */
static int read_mount_label(struct reader *r, const struct place *at, const struct field *f,
			    const cJSON *item, void *base)
{
	int rc = read_string(r, at, f, item, base);

	for (const char *p = rc == 0 ? item->valuestring : ""; *p; p++) {
		if ((unsigned char)*p <= 0x20 || *p == 0x7f || *p == '"' || *p == '\\')
			return field_error(r, at, "is not a label: \"%.200s\"", item->valuestring);
	}
	return rc;
}

const struct field linux_fields[] = {
	APPLY("namespaces", "config-linux.md#namespaces", read_namespaces, AT(namespaces),
	      .fields = namespace_fields, .size = 1),
	APPLY("uidMappings", MAPPINGS, read_objects, AT(uid_maps), .fields = id_map_fields,
	      .check = id_map_check, .size = sizeof(struct spec_id_map),
	      .count_offset = AT(uid_map_count)),
	APPLY("gidMappings", MAPPINGS, read_objects, AT(gid_maps), .fields = id_map_fields,
	      .check = id_map_check, .size = sizeof(struct spec_id_map),
	      .count_offset = AT(gid_map_count)),
	APPLY("timeOffsets", "config-linux.md#offset-for-time-namespace", read_object, 0,
	      .fields = time_offsets_fields),
	APPLY("devices", "config-linux.md#devices", read_devices, 0, .fields = device_fields,
	      .size = 1),
	REFUSE_UNLESS_EMPTY("netDevices", "config-linux.md#network-devices"),
	APPLY("cgroupsPath", "config-linux.md#cgroups-path", read_cgroups_path, AT(cgroups_path)),
	APPLY("resources", "config-linux.md#control-groups", read_object, AT(resources),
	      .fields = resources_fields),
	REFUSE("intelRdt", "config-linux.md#intelrdt"),
	REFUSE("memoryPolicy", "config-linux.md#memory-policy"),
	APPLY("sysctl", "config-linux.md#sysctl", read_sysctl, 0),
	APPLY("seccomp", "config-linux.md#seccomp", read_seccomp, AT(seccomp),
	      .fields = seccomp_fields),
	APPLY("rootfsPropagation", "config-linux.md#rootfs-mount-propagation", read_propagation,
	      AT(rootfs_propagation)),
	APPLY("maskedPaths", "config-linux.md#masked-paths", read_paths, AT(masked_paths)),
	APPLY("readonlyPaths", "config-linux.md#readonly-paths", read_paths, AT(readonly_paths)),
	APPLY("mountLabel", "config-linux.md#mount-label", read_mount_label, AT(mount_label)),
	REFUSE("personality", "config-linux.md#personality"),
	{.key = NULL},
};

static int check_maps(const struct reader *r, const struct place *at, const struct spec *spec)
{
	const struct place *uids = MEMBER(at, "uidMappings"), *gids = MEMBER(at, "gidMappings");
	bool wanted = spec->namespaces[NAMESPACE_USER].wanted;
	int rc;

	if (!wanted && spec->uid_map_count)
		return field_error(r, uids, "needs a user namespace");
	if (!wanted && spec->gid_map_count)
		return field_error(r, gids, "needs a user namespace");
	if (spec_is_new(spec, NAMESPACE_USER) && !spec->uid_map_count)
		return field_error(r, uids, "must be given for a new user namespace");
	if (spec_is_new(spec, NAMESPACE_USER) && !spec->gid_map_count)
		return field_error(r, gids, "must be given for a new user namespace");
	rc = id_maps_check(r, uids, spec->uid_maps, spec->uid_map_count);
	if (rc == 0)
		rc = id_maps_check(r, gids, spec->gid_maps, spec->gid_map_count);
	return rc;
}

static int check_time_offsets(const struct reader *r, const struct place *at,
			      const struct spec *spec)
{
	if (!spec->monotonic_offset.has && !spec->boottime_offset.has)
		return 0;
	/* The offsets of a namespace with processes in it are fixed. */
	if (!spec_is_new(spec, NAMESPACE_TIME))
		return field_error(r, MEMBER(at, "timeOffsets"), "needs a new time namespace");
	return 0;
}

static int check_sysctls(const struct reader *r, const struct place *at, const struct spec *spec)
{
	for (size_t i = 0; i < spec->sysctl_count; i++) {
		const struct spec_sysctl *s = &spec->sysctls[i];

		if (!spec->namespaces[s->owner].wanted)
			return field_error(r, ENTRY(MEMBER(at, "sysctl"), s->name),
					   "needs a namespace of type \"%s\"",
					   namespace_name(s->owner));
	}
	return 0;
}

int linux_check(struct reader *r, const struct place *at, void *object)
{
	const struct spec *spec = object;
	int rc;

	rc = check_maps(r, at, spec);
	if (rc == 0)
		rc = check_time_offsets(r, at, spec);
	if (rc == 0)
		rc = check_sysctls(r, at, spec);
	return rc;
}
