/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes as people write them: 512m, 1.5G, 64 MiB, 1048576. */
#ifndef VERBS_SIZE_H
#define VERBS_SIZE_H

#include <stdint.h>

#include "base/error.h"

/*
 * size_parse - bytes: a number, with decimals if need be, and b, k, m, g, t or p, always in steps
 * of 1024, in any case and also as "kb" and "KiB"
 * Returns 0 with *ret >= 0, or -EINVAL that names @text.
 */
int size_parse(const char *text, int64_t *ret, struct error *err);

#endif
