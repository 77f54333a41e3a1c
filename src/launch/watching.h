/* SPDX-License-Identifier: Apache-2.0 */
/* What a foreground run keeps of its create in order to be the monitor. Private to launch/. */
#ifndef LAUNCH_WATCHING_H
#define LAUNCH_WATCHING_H

#include "launch/roles.h"

/* watching_new - takes the descriptors and the log that it needs out of @l. */
int watching_new(struct launch *l, struct watching **ret, struct error *err);

#endif
