/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table reader: a row per key of config.json says where its value goes, whether it must be
 * there, what becomes of it, and which section of the runtime-spec asks for it. `features`,
 * doc/spec-coverage.md and the readers all work from the same rows.
 */
#ifndef SPEC_FIELD_H
#define SPEC_FIELD_H

#include <stdbool.h>
#include <stddef.h>

enum field_status {
	APPLIED, /* some step uses it */
	REFUSED, /* known to the spec; present means an error that names it */
	IGNORED, /* read by nobody: documented as without effect on Linux */
};

/* A section as spec-coverage walks it. The list ends with a row whose path is NULL. */
struct field_row {
	const char *path; /* "process.user.uid", "mounts[].destination" */
	enum field_status status;
	const char *anchor; /* "config.md#user" */
};

/* field_rows - every key that the tables hold, in the spec's order; static storage. */
const struct field_row *field_rows(void);

#endif
