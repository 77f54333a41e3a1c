/* SPDX-License-Identifier: Apache-2.0 */
/*
 * annotations (config.md#annotations): all are kept for `state` and the hooks; those of the table
 * also change what is done. doc/annotations.md describes them.
 */
#include <ctype.h>
#include <string.h>

#include "spec/sections.h"

#define SOCKET_PATH_MAX 107 /* of a sockaddr_un */

/* Readers of values: each checks @value, and stores it at @target unless that is NULL. */

static int annotation_flag(const struct reader *r, const struct place *at, const char *key,
			   const char *value, void *target)
{
	bool yes = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;

	(void)key;
	if (!yes && strcmp(value, "0") != 0 && strcmp(value, "false") != 0)
		return field_error(r, at, "must be \"1\" or \"0\", not \"%.100s\"", value);
	*(bool *)target = yes;
	return 0;
}

static int annotation_path(const struct reader *r, const struct place *at, const char *key,
			   const char *value, void *target)
{
	(void)key;
	if (value[0] != '/')
		return field_error(r, at, "must be an absolute path, not \"%.200s\"", value);
	if (target)
		*(const char **)target = value;
	return 0;
}

static int annotation_socket(const struct reader *r, const struct place *at, const char *key,
			     const char *value, void *target)
{
	int rc = annotation_path(r, at, key, value, target);

	if (rc == 0 && strlen(value) > SOCKET_PATH_MAX)
		return field_error(r, at,
				   "must not be longer than %d bytes, the limit of a socket's path",
				   SOCKET_PATH_MAX);
	return rc;
}

/* One component of a cgroup's path; "" asks for none. */
static int annotation_subgroup(const struct reader *r, const struct place *at, const char *key,
			       const char *value, void *target)
{
	(void)key;
	(void)target;
	if (strchr(value, '/') || strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return field_error(r, at, "must be a single name, not \"%.200s\"", value);
	return 0;
}

static int annotation_mount_context(const struct reader *r, const struct place *at, const char *key,
				    const char *value, void *target)
{
	static const char *const types[] = {"context", "fscontext", "defcontext", "rootcontext"};

	(void)key;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(value, types[i]) == 0) {
			*(const char **)target = value;
			return 0;
		}
	}
	return field_error(r, at,
			   "must be \"context\", \"fscontext\", \"defcontext\" or \"rootcontext\", "
			   "not \"%.100s\"",
			   value);
}

/* org.systemd.property.NAME, as runc has it: letters, at least three. */
static int annotation_property(const struct reader *r, const struct place *at, const char *key,
			       const char *value, void *target)
{
	const char *name = strrchr(key, '.') + 1;
	size_t length = 0;

	(void)target;
	while (isalpha((unsigned char)name[length]))
		length++;
	if (name[length] || length < 3)
		return field_error(r, at, "\"%.100s\" is not the name of a unit's property", name);
	return value[0] ? 0 : field_error(r, at, "must not be empty");
}

#define AT(member) offsetof(struct spec, annotated.member)
#define NOWHERE	   SIZE_MAX

const struct annotation annotations_taken[] = {
	{"run.oci.keep_original_groups", annotation_flag, AT(keep_original_groups)},
	{"run.oci.hooks.stdout", annotation_path, AT(hooks_stdout)},
	{"run.oci.hooks.stderr", annotation_path, AT(hooks_stderr)},
	{"run.oci.pidfd_receiver", annotation_socket, AT(pidfd_receiver)},
	{"run.oci.mount_context_type", annotation_mount_context, AT(mount_context_type)},
	/* Checked, and without effect until what they belong to is there. */
	{"run.oci.seccomp.receiver", annotation_socket, NOWHERE}, /* SCMP_ACT_NOTIFY */
	{"org.systemd.property.", annotation_property, NOWHERE},  /* the systemd cgroup driver */
	{"run.oci.systemd.subgroup", annotation_subgroup, NOWHERE},
	{"run.oci.delegate-cgroup", annotation_subgroup, NOWHERE},
	{"org.criu.config", annotation_path, NOWHERE}, /* checkpoint and restore */
	{.key = NULL},
};
#undef AT

static bool matches(const struct annotation *a, const char *key)
{
	size_t length = strlen(a->key);

	return a->key[length - 1] == '.' ? strncmp(key, a->key, length) == 0
					 : strcmp(key, a->key) == 0;
}

static int take(const struct reader *r, const struct place *at, struct spec *spec,
		const struct spec_pair *pair)
{
	for (const struct annotation *a = annotations_taken; a->key; a++) {
		void *target = a->offset == NOWHERE ? NULL : (char *)spec + a->offset;

		if (matches(a, pair->key))
			return a->read(r, ENTRY(at, pair->key), pair->key, pair->value, target);
	}
	return 0;
}

int read_annotations(struct reader *r, const struct place *at, const struct field *f,
		     const cJSON *item, void *base)
{
	struct spec *spec = base;
	struct spec_pair *pairs = NULL;
	int rc = field_pairs(r, at, item, &pairs, &spec->annotation_count);

	(void)f;
	spec->annotations = pairs;
	for (size_t i = 0; rc == 0 && i < spec->annotation_count; i++)
		rc = take(r, at, spec, &pairs[i]);
	return rc;
}

const char *spec_annotation(const struct spec *spec, const char *key)
{
	for (size_t i = 0; i < spec->annotation_count; i++) {
		if (strcmp(spec->annotations[i].key, key) == 0)
			return spec->annotations[i].value;
	}
	return NULL;
}
