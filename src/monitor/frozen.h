/* SPDX-License-Identifier: Apache-2.0 */
/* Is a container as paused as its log says? */
#ifndef MONITOR_FROZEN_H
#define MONITOR_FROZEN_H

#include "container/container.h"

/*
 * frozen_settle - make log, status and freezer agree; the freezer is right
 *
 * `pause` and `resume` may be killed between the freezer and the line, and others may use the
 * freezer. What nobody is about to record is recorded here. A cgroup on its way to being
 * frozen changes nothing.
 */
void frozen_settle(struct container *c);

/* record_paused / record_resumed - the line; 1, 0 or a negative errno as lifecycle_record. */
int record_paused(struct container *c, struct error *err);
int record_resumed(struct container *c, struct error *err);

#endif
