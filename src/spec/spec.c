/* SPDX-License-Identifier: Apache-2.0 */
/* config.json as a whole: reading the file, the document's own table, checks across sections. */
#include "spec/spec.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "spec/id_maps.h"
#include "spec/sections.h"

#define FILE_MAX   (4 * 1024 * 1024)
#define AT(member) offsetof(struct spec, member)

/* HOST_NAME_MAX is 64, and the kernel takes as much for the domain. */
#define HOSTNAME_MAX 64

/* ---- ociVersion: semver.org, 2.0.0 ---- */

/* skip_number - digits without leading zeros; NULL if there are none. */
static const char *skip_number(const char *p)
{
	const char *start = p;

	while (isdigit((unsigned char)*p))
		p++;
	return p == start || (*start == '0' && p - start > 1) ? NULL : p;
}

/* skip_identifiers - what may follow '-' and '+': parts of [0-9A-Za-z-]+ with dots between them. */
static const char *skip_identifiers(const char *p)
{
	for (;;) {
		const char *start = p;

		while (isalnum((unsigned char)*p) || *p == '-')
			p++;
		if (p == start)
			return NULL;
		if (*p != '.')
			return p;
		p++;
	}
}

static bool is_semver(const char *text)
{
	const char *p = text;

	for (int part = 0; part < 3; part++) {
		if (part > 0 && *p++ != '.')
			return false;
		p = skip_number(p);
		if (!p)
			return false;
	}
	if (*p == '-')
		p = skip_identifiers(p + 1);
	if (p && *p == '+')
		p = skip_identifiers(p + 1);
	return p && *p == '\0';
}

static int read_version(struct reader *r, const struct place *at, const struct field *f,
			const cJSON *item, void *base)
{
	const char *text = "";
	int rc = field_string(r, at, item, &text);

	if (rc < 0)
		return rc;
	if (!is_semver(text))
		return field_error(r, at, "no version such as \"1.3.0\": \"%.100s\"", text);
	if (strncmp(text, "1.", 2) != 0)
		return field_error(r, at, "only versions 1.x are supported, not \"%.100s\"", text);
	*(const char **)field_target(f, base) = text;
	return 0;
}

/* ---- the document ---- */

static int read_name(struct reader *r, const struct place *at, const struct field *f,
		     const cJSON *item, void *base)
{
	int rc = read_string(r, at, f, item, base);

	if (rc == 0 && strlen(item->valuestring) > HOSTNAME_MAX)
		return field_error(r, at, "must not be longer than %d bytes", HOSTNAME_MAX);
	return rc;
}

/* config.md#platform-specific-configuration: each is read on its own platform only. */
#define PLATFORM "config.md#platform-specific-configuration"

const struct field document_fields[] = {
	APPLY("ociVersion", "config.md#specification-version", read_version, AT(oci_version),
	      .required = true),
	APPLY("root", "config.md#root", read_object, AT(root), .required = true,
	      .fields = root_fields),
	APPLY("mounts", "config.md#mounts", read_mounts, 0, .fields = mount_fields, .size = 1),
	APPLY("process", "config.md#process", read_object, AT(process), .required = true,
	      .fields = process_fields, .check = process_check),
	APPLY("hostname", "config.md#hostname", read_name, AT(hostname)),
	APPLY("domainname", "config.md#domainname", read_name, AT(domainname)),
	APPLY("linux", "config-linux.md#linux-container-configuration", read_object, 0,
	      .fields = linux_fields, .check = linux_check),
	IGNORE("solaris", PLATFORM),
	IGNORE("windows", PLATFORM),
	IGNORE("vm", PLATFORM),
	IGNORE("zos", PLATFORM),
	IGNORE("freebsd", PLATFORM),
	APPLY("hooks", "config.md#posix-platform-hooks", read_object, AT(hooks),
	      .fields = hooks_fields),
	APPLY("annotations", "config.md#annotations", read_annotations, 0),
	{.key = NULL},
};

/* ---- checks across sections ---- */

static int check_names(const struct reader *r, const struct spec *spec)
{
	if (spec->namespaces[NAMESPACE_UTS].wanted)
		return 0;
	if (spec->hostname)
		return field_error(r, MEMBER(NULL, "hostname"),
				   "needs a namespace of type \"uts\"");
	if (spec->domainname)
		return field_error(r, MEMBER(NULL, "domainname"),
				   "needs a namespace of type \"uts\"");
	return 0;
}

int user_check_uid(const struct reader *r, const struct place *at, uint32_t uid)
{
	const struct spec *spec = r->spec;

	if (!spec_is_new(spec, NAMESPACE_USER) ||
	    id_maps_hold(spec->uid_maps, spec->uid_map_count, uid))
		return 0;
	return field_error(r, at, "%u is not in linux.uidMappings", uid);
}

int user_check_gid(const struct reader *r, const struct place *at, uint32_t gid)
{
	const struct spec *spec = r->spec;

	if (!spec_is_new(spec, NAMESPACE_USER) ||
	    id_maps_hold(spec->gid_maps, spec->gid_map_count, gid))
		return 0;
	return field_error(r, at, "%u is not in linux.gidMappings", gid);
}

int user_check(const struct reader *r, const struct place *at, const struct spec_user *user)
{
	int rc = user_check_uid(r, MEMBER(at, "uid"), user->uid);

	if (rc == 0)
		rc = user_check_gid(r, MEMBER(at, "gid"), user->gid);
	for (size_t i = 0; rc == 0 && i < user->additional_gid_count; i++)
		rc = user_check_gid(r, MEMBER(at, "additionalGids"), user->additional_gids[i]);
	return rc;
}

static int check_needs_mounts(const struct reader *r, const struct spec *spec)
{
	if (spec->namespaces[NAMESPACE_MOUNT].wanted)
		return 0;
	/* Everything that init mounts would appear on the host and stay there. */
	return field_error(r, MEMBER(MEMBER(NULL, "linux"), "namespaces"),
			   "a mount namespace must be among them");
}

static int check_across(struct reader *r, const struct spec *spec)
{
	int rc = check_names(r, spec);

	if (rc == 0)
		rc = check_needs_mounts(r, spec);
	if (rc == 0)
		rc = mounts_check(r);
	if (rc == 0)
		rc = user_check(r, MEMBER(MEMBER(NULL, "process"), "user"), &spec->process.user);
	return rc;
}

/* ---- reading ---- */

static int read_document(struct reader *r, const char *text, size_t length)
{
	cJSON *document = NULL;
	int rc;

	rc = json_parse(text, length, r->name, &document, r->err);
	if (rc < 0)
		return rc;
	arena_adopt(r->arena, document);
	rc = field_read_members(r, NULL, document, document_fields, r->spec);
	if (rc == 0)
		rc = check_across(r, r->spec);
	return rc;
}

static int parse(const char *text, size_t length, const char *name, bool quiet, struct spec *spec,
		 struct error *err)
{
	struct spec fresh = {.arena = arena_new()};
	struct reader r = {
		.name = name, .arena = fresh.arena, .spec = &fresh, .err = err, .quiet = quiet};
	int rc;

	if (!r.arena)
		return field_no_memory(&r);
	rc = read_document(&r, text, length);
	if (rc < 0) {
		arena_free(r.arena);
		return rc;
	}
	*spec = fresh;
	return 0;
}

int spec_parse(const char *text, size_t length, const char *name, struct spec *spec,
	       struct error *err)
{
	return parse(text, length, name, false, spec, err);
}

ssize_t spec_read_file(int dirfd, const char *file, bool may_be_pipe, char **ret_text,
		       struct error *err)
{
	struct stat status;
	autofd fd = openat(dirfd, file,
			   O_RDONLY | O_CLOEXEC | O_NOCTTY | (may_be_pipe ? 0 : O_NONBLOCK));
	ssize_t length;

	if (fd < 0)
		return error_set(err, ERROR_CONFIG, errno, "%s: %s", file, strerror(errno));
	if (fstat(fd, &status) < 0)
		return error_sys(err, "fstat %s", file);
	if (!S_ISREG(status.st_mode) && !(may_be_pipe && S_ISFIFO(status.st_mode)))
		return error_config(err, "%s: must be a regular file%s", file,
				    may_be_pipe ? " or a pipe" : "");
	length = fd_read_text(fd, FILE_MAX, ret_text);
	if (length == -EFBIG)
		return error_set(err, ERROR_CONFIG, EFBIG, "%s: must not be larger than 4 MiB",
				 file);
	if (length < 0)
		return error_sys_num(err, (int)length, "read %s", file);
	return length;
}

int spec_load(int bundle_dirfd, const char *file, struct spec *spec, char **ret_text,
	      size_t *ret_length, struct error *err)
{
	autofree char *text = NULL;
	ssize_t length;
	int rc;

	length = spec_read_file(bundle_dirfd, file, false, &text, err);
	if (length < 0)
		return (int)length;
	rc = parse(text, (size_t)length, file, !ret_text, spec, err);
	if (rc < 0)
		return rc;
	if (ret_text)
		*ret_text = take_ptr(text);
	if (ret_length)
		*ret_length = (size_t)length;
	return 0;
}

void spec_done(struct spec *spec)
{
	arena_free(spec->arena);
	*spec = (struct spec){0};
}
