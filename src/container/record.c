/* SPDX-License-Identifier: Apache-2.0 */
/* state.json <-> struct record. */
#include "container/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"

#define RECORD_MAX_BYTES (8 * 1024 * 1024)
#define TEMPORARY_FILE	 RECORD_FILE ".new"

/* The string members, so that writing, reading and freeing cannot disagree. */
static const struct text_member {
	const char *key;
	size_t offset;
	bool required;
} text_members[] = {
	{"ociVersion", offsetof(struct record, oci_version), true},
	{"bundle", offsetof(struct record, bundle), true},
	{"rootfs", offsetof(struct record, rootfs), true},
	{"cgroupPath", offsetof(struct record, cgroup_path), false},
	{"bootId", offsetof(struct record, boot_id), true},
	{"created", offsetof(struct record, created), true},
	{"monitor", offsetof(struct record, monitor), true},
};

static char **text_of(const struct record *r, const struct text_member *member)
{
	return (char **)((char *)r + member->offset);
}

void record_done(struct record *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_members); i++)
		free(*text_of(r, &text_members[i]));
	for (size_t i = 0; i < r->annotation_count; i++) {
		free((char *)r->annotations[i].key);
		free((char *)r->annotations[i].value);
	}
	free(r->annotations);
	memset(r, 0, sizeof(*r));
}

static char *record_text(const char *id, const struct record *r)
{
	autojson *root = cJSON_CreateObject();
	cJSON *annotations;

	json_add_int(root, "version", RECORD_VERSION);
	cJSON_AddStringToObject(root, "id", id);
	cJSON_AddStringToObject(root, "instance", r->instance);
	for (size_t i = 0; i < ARRAY_SIZE(text_members); i++) {
		const char *text = *text_of(r, &text_members[i]);

		if (text)
			cJSON_AddStringToObject(root, text_members[i].key, text);
	}
	json_add_int(root, "owner", r->owner);
	cJSON_AddBoolToObject(root, "rootless", r->rootless);
	cJSON_AddBoolToObject(root, "noNewKeyring", r->no_new_keyring);
	cJSON_AddBoolToObject(root, "hasPoststart", r->has_poststart);
	cJSON_AddBoolToObject(root, "hasPoststop", r->has_poststop);
	annotations = cJSON_AddObjectToObject(root, "annotations");
	for (size_t i = 0; i < r->annotation_count; i++)
		cJSON_AddStringToObject(annotations, r->annotations[i].key,
					r->annotations[i].value);
	return cJSON_PrintUnformatted(root);
}

int record_write(int state_dirfd, const char *id, const struct record *r, struct error *err)
{
	autofree char *text = record_text(id, r);
	autofd fd = -EBADF;
	int written;

	if (!text)
		return error_sys_num(err, ENOMEM, "write " RECORD_FILE);
	fd = openat(state_dirfd, TEMPORARY_FILE,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_sys(err, "open " TEMPORARY_FILE);
	written = fd_write_all(fd, text, strlen(text));
	if (written < 0)
		return error_sys_num(err, written, "write " TEMPORARY_FILE);
	if (renameat(state_dirfd, TEMPORARY_FILE, state_dirfd, RECORD_FILE) < 0)
		return error_sys(err, "rename " TEMPORARY_FILE);
	return 0;
}

static int read_texts(const cJSON *root, struct record *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_members); i++) {
		const struct text_member *member = &text_members[i];
		const char *text = json_string(root, member->key);

		if (!text && member->required)
			return -EINVAL;
		if (text && !(*text_of(r, member) = strdup(text)))
			return -ENOMEM;
	}
	return 0;
}

static int read_annotations(const cJSON *root, struct record *r)
{
	const cJSON *list = json_member(root, "annotations"), *item;
	int count = cJSON_GetArraySize(list);

	r->annotations = calloc((size_t)count + 1, sizeof(*r->annotations));
	if (!r->annotations)
		return -ENOMEM;
	cJSON_ArrayForEach(item, list)
	{
		struct spec_pair *pair = &r->annotations[r->annotation_count++];

		if (!cJSON_IsString(item))
			return -EINVAL;
		pair->key = strdup(item->string);
		pair->value = strdup(item->valuestring);
		if (!pair->key || !pair->value)
			return -ENOMEM;
	}
	return 0;
}

static int read_fixed(const cJSON *root, const char *id, struct record *r)
{
	const char *instance = json_string(root, "instance"), *own_id = json_string(root, "id");
	uint64_t owner;

	if (!instance || strlen(instance) != JOURNAL_INSTANCE_LEN || !own_id ||
	    strcmp(own_id, id) != 0 || json_uint(json_member(root, "owner"), &owner) < 0 ||
	    owner > UINT32_MAX)
		return -EINVAL;
	memcpy(r->instance, instance, JOURNAL_INSTANCE_LEN + 1);
	r->owner = (uint32_t)owner;
	r->rootless = cJSON_IsTrue(json_member(root, "rootless"));
	r->no_new_keyring = cJSON_IsTrue(json_member(root, "noNewKeyring"));
	r->has_poststart = cJSON_IsTrue(json_member(root, "hasPoststart"));
	r->has_poststop = cJSON_IsTrue(json_member(root, "hasPoststop"));
	return 0;
}

static int parse(const char *text, size_t length, const char *id, struct record *r,
		 struct error *err)
{
	autojson *root = NULL;
	int64_t version;
	int p;

	p = json_parse(text, length, RECORD_FILE, &root, err);
	if (p < 0) {
		err->kind = ERROR_STATE;
		return p;
	}
	if (!cJSON_IsObject(root) || json_int(json_member(root, "version"), &version) < 0)
		return error_set(err, ERROR_STATE, EINVAL, RECORD_FILE ": not a state of ocirun");
	if (version > RECORD_VERSION)
		return error_set(err, ERROR_STATE, ENOTSUP,
				 RECORD_FILE ": version %lld is newer than this ocirun's %d",
				 (long long)version, RECORD_VERSION);
	if (read_fixed(root, id, r) < 0 || read_texts(root, r) < 0 || read_annotations(root, r) < 0)
		return error_set(err, ERROR_STATE, EINVAL,
				 RECORD_FILE ": members are missing or wrong");
	return 0;
}

int record_read(int state_dirfd, const char *id, struct record *r, struct error *err)
{
	autofree char *text = NULL;
	struct record found = {0};
	autofd fd = -EBADF;
	ssize_t length;
	int p;

	fd = openat(state_dirfd, RECORD_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return error_set(err, ERROR_STATE, errno, "%s: %s: %s", id, RECORD_FILE,
				 strerror(errno));
	length = fd_read_text(fd, RECORD_MAX_BYTES, &text);
	if (length < 0)
		return error_set(err, ERROR_STATE, (int)-length, "%s: %s: %s", id, RECORD_FILE,
				 strerror((int)-length));
	p = parse(text, (size_t)length, id, &found, err);
	if (p < 0) {
		record_done(&found);
		return error_in(err, "%s", id);
	}
	*r = found;
	return 0;
}
