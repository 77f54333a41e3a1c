/* SPDX-License-Identifier: Apache-2.0 */
/* What init does, one kernel facility at a time, as rows of a table. */
#ifndef SETUP_STEP_H
#define SETUP_STEP_H

#include <stdbool.h>

#include "base/error.h"
#include "spec/spec.h"

struct setup;

struct step {
	const char *name;						/* prefix of its errors */
	bool (*wanted)(const struct setup *s, const struct spec *spec); /* NULL: always */
	int (*apply)(struct setup *s, const struct spec *spec, struct error *err);
	const char *source; /* runtime-spec section */
};

/*
 * steps_run - apply the wanted steps in order; a row with a NULL name ends the table
 *
 * Stops at the first failure, with the step's name in front of the error. In a build with
 * --enable-failpoints, OCIRUN_FAIL_AT=init:NAME makes the step fail, and
 * OCIRUN_FAIL_AT=init:NAME:kill kills the process before it.
 */
int steps_run(const struct step *steps, struct setup *s, const struct spec *spec,
	      struct error *err);

#endif
