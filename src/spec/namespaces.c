/* SPDX-License-Identifier: Apache-2.0 */
/* linux.namespaces (config-linux.md#namespaces). */
#include <sched.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "spec/sections.h"

#define NAMESPACES "config-linux.md#namespaces"

/* One row per enum namespace_type. */
static const struct {
	const char *name; /* in config.json */
	const char *file; /* in /proc/PID/ns */
	int flag;
} types[] = {
	[NAMESPACE_USER] = {"user", "user", CLONE_NEWUSER},
	[NAMESPACE_PID] = {"pid", "pid", CLONE_NEWPID},
	[NAMESPACE_NETWORK] = {"network", "net", CLONE_NEWNET},
	[NAMESPACE_IPC] = {"ipc", "ipc", CLONE_NEWIPC},
	[NAMESPACE_UTS] = {"uts", "uts", CLONE_NEWUTS},
	[NAMESPACE_MOUNT] = {"mount", "mnt", CLONE_NEWNS},
	[NAMESPACE_CGROUP] = {"cgroup", "cgroup", CLONE_NEWCGROUP},
	[NAMESPACE_TIME] = {"time", "time", CLONE_NEWTIME},
};
_Static_assert(ARRAY_SIZE(types) == NAMESPACE_TYPES, "a row per namespace type");

/* The same names for field_word(), in the order that the runtime-spec lists them. */
const struct word namespace_words[] = {
	{.text = "pid", .value = NAMESPACE_PID},
	{.text = "network", .value = NAMESPACE_NETWORK},
	{.text = "mount", .value = NAMESPACE_MOUNT},
	{.text = "ipc", .value = NAMESPACE_IPC},
	{.text = "uts", .value = NAMESPACE_UTS},
	{.text = "user", .value = NAMESPACE_USER},
	{.text = "cgroup", .value = NAMESPACE_CGROUP},
	{.text = "time", .value = NAMESPACE_TIME},
	{.text = NULL},
};

int namespace_flag(enum namespace_type type)
{
	return types[type].flag;
}

const char *namespace_name(enum namespace_type type)
{
	return types[type].name;
}

const char *namespace_file(enum namespace_type type)
{
	return types[type].file;
}

/* An element as written. */
struct listed {
	uint64_t type;
	const char *path;
};

static int read_type(struct reader *r, const struct place *at, const struct field *f,
		     const cJSON *item, void *base)
{
	return field_word(r, at, item, namespace_words, "namespace", field_target(f, base));
}

/* Go's writers may leave an empty path for a new namespace. */
static int read_namespace_path(struct reader *r, const struct place *at, const struct field *f,
			       const cJSON *item, void *base)
{
	if (cJSON_IsString(item) && item->valuestring[0] == '\0')
		return 0;
	return read_path(r, at, f, item, base);
}

const struct field namespace_fields[] = {
	APPLY("type", NAMESPACES, read_type, offsetof(struct listed, type), .required = true),
	APPLY("path", NAMESPACES, read_namespace_path, offsetof(struct listed, path)),
	{.key = NULL},
};

static int read_namespace(struct reader *r, const struct place *at, const cJSON *item,
			  struct spec_namespace *namespaces)
{
	struct listed listed = {0};
	int rc;

	rc = field_read_members(r, at, item, namespace_fields, &listed);
	if (rc < 0)
		return rc;
	if (namespaces[listed.type].wanted)
		return field_error(r, MEMBER(at, "type"), "namespace \"%s\" is there twice",
				   types[listed.type].name);
	namespaces[listed.type] = (struct spec_namespace){true, listed.path};
	return 0;
}

int read_namespaces(struct reader *r, const struct place *at, const struct field *f,
		    const cJSON *item, void *base)
{
	const cJSON *child;
	size_t i = 0;

	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array", item);
	cJSON_ArrayForEach(child, item)
	{
		int rc = read_namespace(r, ELEMENT(at, i), child, field_target(f, base));

		if (rc < 0)
			return rc;
		i++;
	}
	return 0;
}
