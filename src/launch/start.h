/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a container, and what is left to do then. Private to launch/. */
#ifndef LAUNCH_START_H
#define LAUNCH_START_H

#include "launch/launch.h"
#include "launch/notify.h"

struct start {
	struct notify notify; /* closed: nobody awaits readiness */
	pid_t pid;
	int pidfd; /* init's, where readiness is awaited; or a negative errno */
};

#define START_INIT                                       \
	{                                                \
		.notify = NOTIFY_CLOSED, .pidfd = -EBADF \
	}

/* start_container - as launch_start, but for the waiting for readiness; start_done in any case. */
int start_container(const struct store *store, const char *id, struct start *s, struct error *err);
void start_done(struct start *s);

#endif
