/* SPDX-License-Identifier: Apache-2.0 */
/* A session keyring of the container's own, so that it cannot read its caller's. */
#include "setup/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "setup/labels.h"
#include "setup/setup.h"

#define DESCRIPTION_MAX 1024
/* Search, for the user's and for others' bits of a key's permission mask (keyctl(2)). */
#define USER_SEARCH  0x00080000UL
#define OTHER_SEARCH 0x00000008UL

/* "type;uid;gid;perm;description", perm in hexadecimal. */
static int key_permissions(long key, unsigned long *ret)
{
	char text[DESCRIPTION_MAX];
	const char *field = text;
	long length = syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, text, sizeof(text));

	if (length < 0 || (size_t)length > sizeof(text))
		return -errno;
	for (int i = 0; i < 3; i++) {
		field = strchr(field, ';');
		if (!field)
			return -EBADMSG;
		field++;
	}
	*ret = strtoul(field, NULL, 16);
	return 0;
}

/* init is not yet the workload's user, who shall find the keys in it all the same. */
static void make_searchable(long key, unsigned long search)
{
	unsigned long permissions = 0;
	int r = key_permissions(key, &permissions);

	if (r == 0 && syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions | search) < 0)
		r = -errno;
	if (r < 0)
		log_debug("keyring: cannot make it searchable: %s", strerror(-r));
}

const char *keyring_name(char buffer[KEYRING_NAME_SIZE], const char *id)
{
	(void)snprintf(buffer, KEYRING_NAME_SIZE, "_ses.%s", id);
	return buffer;
}

int setup_keyring(struct setup *s, const struct spec *spec, struct error *err)
{
	char name[KEYRING_NAME_SIZE];
	long key;
	int r;

	if (s->no_new_keyring)
		return 0;
	r = label_keyring(&spec->process, s->host_proc_fd, err);
	if (r < 0)
		return r;
	key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, keyring_name(name, s->id));
	if (key < 0 && (errno == ENOSYS || errno == EDQUOT)) {
		log_debug("keyring: %s; the caller's stays", strerror(errno));
		return 0;
	}
	if (key < 0)
		return error_sys(err, "join the session keyring %s (--no-new-keyring does without)",
				 name);
	make_searchable(key, spec->namespaces[NAMESPACE_USER].wanted ? OTHER_SEARCH : USER_SEARCH);
	return 0;
}
