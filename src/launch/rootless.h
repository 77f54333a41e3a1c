/* SPDX-License-Identifier: Apache-2.0 */
/* Is the caller rootless? Then cgroup permissions and oom_score_adj are taken as they come. */
#ifndef LAUNCH_ROOTLESS_H
#define LAUNCH_ROOTLESS_H

#include <stdbool.h>

#include "base/error.h"

/* rootless_parse - --rootless: "true", "false", "auto" (not uid 0, or in a user namespace of its
 * own) */
int rootless_parse(const char *text, bool *ret, struct error *err);

/* rootless_in_user_namespace - other than the initial one, or one that looks the same. */
bool rootless_in_user_namespace(void);

#endif
