/* SPDX-License-Identifier: Apache-2.0 */
/* linux.devices (config-linux.md#devices). */
#include <string.h>
#include <sys/stat.h>

#include "spec/sections.h"

#define DEVICES	   "config-linux.md#devices"
#define AT(member) offsetof(struct listed, member)

/* What the kernel keeps in a dev_t. */
#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff

/* A device as written: what is optional or may say too much is judged by device_check(). */
struct listed {
	struct spec_device device;
	struct optional_i64 major, minor, mode;
};

static int read_device_type(struct reader *r, const struct place *at, const struct field *f,
			    const cJSON *item, void *base)
{
	const char *text = "";
	int rc = field_string(r, at, item, &text);

	if (rc < 0)
		return rc;
	if (text[0] == '\0' || text[1] != '\0' || !strchr("cbup", text[0]))
		return field_error(r, at, "must be c, b, u or p, not \"%.100s\"", text);
	/* mknod(1): u is an unbuffered character device, on Linux the same as c. */
	*(char *)field_target(f, base) = text[0] == 'u' ? 'c' : text[0];
	return 0;
}

static int read_device_path(struct reader *r, const struct place *at, const struct field *f,
			    const cJSON *item, void *base)
{
	int rc = read_path(r, at, f, item, base);
	const char *path;

	if (rc < 0)
		return rc;
	path = *(const char **)field_target(f, base);
	for (const char *dots = path; (dots = strstr(dots, "/..")); dots += 3) {
		if (dots[3] == '/' || dots[3] == '\0')
			return field_error(r, at, "must not contain \"..\": \"%.200s\"", path);
	}
	return 0;
}

const struct field device_fields[] = {
	APPLY("type", DEVICES, read_device_type, AT(device.type), .required = true),
	APPLY("path", DEVICES, read_device_path, AT(device.path), .required = true),
	APPLY("major", DEVICES, read_optional_i64, AT(major), .max = MAJOR_MAX),
	APPLY("minor", DEVICES, read_optional_i64, AT(minor), .max = MINOR_MAX),
	APPLY("fileMode", DEVICES, read_optional_i64, AT(mode), .max = INT32_MAX),
	APPLY("uid", DEVICES, read_id, AT(device.uid)),
	APPLY("gid", DEVICES, read_id, AT(device.gid)),
	{.key = NULL},
};

static mode_t type_bits(char type)
{
	switch (type) {
	case 'b':
		return S_IFBLK;
	case 'p':
		return S_IFIFO;
	default:
		return S_IFCHR;
	}
}

/*
 * device_mode - the permission bits of fileMode
 * Older clients copy st_mode as it is: type bits are taken when they agree with the type.
 */
static int device_mode(const struct reader *r, const struct place *at, const struct listed *l,
		       mode_t *ret)
{
	mode_t mode = (mode_t)l->mode.value;

	if (!l->mode.has) {
		*ret = 0666;
		return 0;
	}
	if ((mode & ~(mode_t)07777) && (mode & ~(mode_t)07777) != type_bits(l->device.type))
		return field_error(r, MEMBER(at, "fileMode"),
				   "must be permission bits, from 0 to 4095 (07777), not %u", mode);
	*ret = mode & 07777;
	return 0;
}

static int check_listed(const struct reader *r, const struct place *at, struct listed *l)
{
	if (l->device.type != 'p' && !l->major.has)
		return field_error(r, MEMBER(at, "major"), "must be given");
	if (l->device.type != 'p' && !l->minor.has)
		return field_error(r, MEMBER(at, "minor"), "must be given");
	l->device.major = l->major.value;
	l->device.minor = l->minor.value;
	return device_mode(r, at, l, &l->device.mode);
}

int read_devices(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
		 void *base)
{
	struct spec *spec = base;
	struct spec_device *devices;
	const cJSON *child;
	size_t count = 0;

	(void)f;
	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array", item);
	devices = arena_alloc(r->arena, (size_t)cJSON_GetArraySize(item), sizeof(*devices));
	if (!devices)
		return field_no_memory(r);
	cJSON_ArrayForEach(child, item)
	{
		const struct place *element = ELEMENT(at, count);
		struct listed listed = {0};
		int rc;

		rc = field_read_members(r, element, child, device_fields, &listed);
		if (rc == 0)
			rc = check_listed(r, element, &listed);
		if (rc < 0)
			return rc;
		devices[count++] = listed.device;
	}
	spec->devices = devices;
	spec->device_count = count;
	return 0;
}
