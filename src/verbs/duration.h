/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths of time and points in time as people write them: 500ms, 10m, 1h30m, 2026-01-02T03:04:05Z.
 */
#ifndef VERBS_DURATION_H
#define VERBS_DURATION_H

#include <stdint.h>

#include "base/error.h"

/*
 * duration_parse - numbers, with decimals if need be, each with its unit: ns us ms s m h d; a
 * single number without one counts seconds Returns 0 with *ret_ns >= 0, or -EINVAL that names
 * @text.
 */
int duration_parse(const char *text, int64_t *ret_ns, struct error *err);

/*
 * duration_parse_time - a point in time as nanoseconds since the Epoch: RFC 3339, or a duration,
 * which is taken to be that long ago. Returns 0 or -EINVAL.
 */
int duration_parse_time(const char *text, int64_t *ret_ns, struct error *err);

#endif
