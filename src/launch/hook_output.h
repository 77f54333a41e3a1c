/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the annotations run.oci.hooks.stdout and run.oci.hooks.stderr. */
#ifndef LAUNCH_HOOK_OUTPUT_H
#define LAUNCH_HOOK_OUTPUT_H

#include "base/error.h"
#include "setup/hooks.h"
#include "spec/spec.h"

/*
 * hook_output_open - open for appending, or make, the files that annotations name
 * On the side of the host, as all hooks write there. Does nothing without hooks. On failure
 * nothing stays open.
 */
int hook_output_open(const struct spec *spec, struct hook_output *ret, struct error *err);
void hook_output_close(struct hook_output *output);

#endif
