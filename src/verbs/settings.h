/* SPDX-License-Identifier: Apache-2.0 */
/* What pause, resume and update begin with: the container, its cgroup, and the lock on both. */
#ifndef VERBS_SETTINGS_H
#define VERBS_SETTINGS_H

#include "cgroup/cgroup.h"
#include "container/container.h"

struct settings {
	struct container c;
	struct cgroup_host host;
	struct cgroup cgroup;		/* disabled: the container was created without one */
	enum container_status recorded; /* before the freezer was asked: see monitor/frozen.h */
	int lock_fd;
};

#define SETTINGS_CLOSED                                  \
	{                                                \
		.c = CONTAINER_CLOSED, .lock_fd = -EBADF \
	}

/*
 * settings_open - until settings_close nobody else changes the cgroup's freezer and limits, and
 * nobody deletes it. "container does not exist" also while it is being deleted.
 */
int settings_open(struct settings *s, const struct store *store, const char *id, struct error *err);
void settings_close(struct settings *s);

#define autosettings __attribute__((cleanup(settings_close))) struct settings

#endif
