/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.md#delete: everything that create made goes, and the log says so. */
#ifndef LAUNCH_TEARDOWN_H
#define LAUNCH_TEARDOWN_H

#include <stdbool.h>

#include "base/error.h"
#include "container/store.h"

/*
 * teardown_delete - delete a stopped container, or with @force any container
 *
 * Returns 0 only when nothing of it is left but its log. ERROR_MISSING when there is none. What
 * fails half way may be repeated; `deleted` is written once. With @force also a container whose
 * record or log is damaged goes: by the cgroup that its ID stands for.
 */
int teardown_delete(const struct store *store, const char *id, bool force, struct error *err);

#endif
