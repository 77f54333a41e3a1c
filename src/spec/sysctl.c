/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl (config-linux.md#sysctl): only what belongs to a namespace of the container. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "spec/sections.h"

/*
 * Whose a sysctl is, by its path below /proc/sys. A name ending in '/' stands for all below it.
 * Anything else would change the host.
 */
static const struct {
	const char *path;
	enum namespace_type owner;
} owners[] = {
	{"fs/mqueue/", NAMESPACE_IPC},	       {"kernel/auto_msgmni", NAMESPACE_IPC},
	{"kernel/msg_next_id", NAMESPACE_IPC}, {"kernel/msgmax", NAMESPACE_IPC},
	{"kernel/msgmnb", NAMESPACE_IPC},      {"kernel/msgmni", NAMESPACE_IPC},
	{"kernel/sem", NAMESPACE_IPC},	       {"kernel/sem_next_id", NAMESPACE_IPC},
	{"kernel/shm_next_id", NAMESPACE_IPC}, {"kernel/shm_rmid_forced", NAMESPACE_IPC},
	{"kernel/shmall", NAMESPACE_IPC},      {"kernel/shmmax", NAMESPACE_IPC},
	{"kernel/shmmni", NAMESPACE_IPC},      {"kernel/domainname", NAMESPACE_UTS},
	{"net/", NAMESPACE_NETWORK},	       {"user/", NAMESPACE_USER},
};

/*
 * sysctl_path - as sysctl(8) reads names: whichever of '.' and '/' comes first separates, the other
 * one stands for itself turned round (an interface "eth0.1" is net.ipv4.conf.eth0/1.forwarding)
 */
static char *sysctl_path(struct arena *arena, const char *name)
{
	char *path = arena_print(arena, "%s", name);
	size_t first = strcspn(name, "./");

	if (!path || name[first] != '.')
		return path;
	for (char *p = path; *p; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	return path;
}

/* is_clean - no empty, "." or ".." component, and only characters that names of sysctls have. */
static bool is_clean(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length <= 2 && strspn(path, ".") >= length))
			return false;
		for (size_t i = 0; i < length; i++) {
			if (!isalnum((unsigned char)path[i]) && !strchr("_-.:@", path[i]))
				return false;
		}
		if (path[length] == '\0')
			return true;
		path += length + 1;
	}
}

static int find_owner(const char *path, enum namespace_type *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		size_t length = strlen(owners[i].path);
		bool whole = owners[i].path[length - 1] != '/';

		if (strncmp(path, owners[i].path, length) == 0 && (!whole || !path[length])) {
			*ret = owners[i].owner;
			return 0;
		}
	}
	return -ENOENT;
}

static int check_sysctl(const struct reader *r, const struct place *at, const struct spec_sysctl *s,
			enum namespace_type *ret_owner)
{
	if (!is_clean(s->path))
		return field_error(r, at, "no name of a sysctl");
	if (strcmp(s->path, "kernel/hostname") == 0)
		return field_error(r, at, "use hostname instead");
	if (find_owner(s->path, ret_owner) < 0)
		return field_error(r, at, "belongs to no namespace: it would change the host");
	/* The kernel ends a value at a newline; what follows would be dropped without a word. */
	if (strpbrk(s->value, "\r\n"))
		return field_error(r, at, "must not contain a line break");
	return 0;
}

int read_sysctl(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
		void *base)
{
	struct spec *spec = base;
	struct spec_sysctl *sysctls;
	struct spec_pair *pairs = NULL;
	size_t count = 0;
	int rc;

	(void)f;
	rc = field_pairs(r, at, item, &pairs, &count);
	if (rc < 0)
		return rc;
	sysctls = arena_alloc(r->arena, count, sizeof(*sysctls));
	if (!sysctls)
		return field_no_memory(r);
	for (size_t i = 0; i < count; i++) {
		struct spec_sysctl *s = &sysctls[i];

		*s = (struct spec_sysctl){pairs[i].key, sysctl_path(r->arena, pairs[i].key),
					  pairs[i].value, 0};
		if (!s->path)
			return field_no_memory(r);
		rc = check_sysctl(r, ENTRY(at, s->name), s, &s->owner);
		if (rc < 0)
			return rc;
	}
	spec->sysctls = sysctls;
	spec->sysctl_count = count;
	return 0;
}
