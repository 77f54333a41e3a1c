/* SPDX-License-Identifier: Apache-2.0 */
/* state.json: written once, whole, before init is cloned. */
#ifndef CONTAINER_RECORD_H
#define CONTAINER_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "events/journal.h"
#include "spec/spec.h"

#define RECORD_VERSION 1
#define RECORD_FILE    "state.json"

/* Strings are owned; record_done frees them. */
struct record {
	char instance[JOURNAL_INSTANCE_LEN + 1];
	char *oci_version;
	char *bundle, *rootfs; /* absolute */
	char *cgroup_path;     /* relative to each hierarchy; NULL with cgroups disabled */
	char *boot_id;
	char *created;	/* RFC 3339: when create began */
	char *monitor;	/* --monitor as asked for: "none" is never adopted */
	uint32_t owner; /* effective uid of the creator */
	bool rootless;
	bool no_new_keyring;		  /* so that exec joins none either */
	bool has_poststart, has_poststop; /* so that start and delete need not parse config.json */
	size_t annotation_count;
	struct spec_pair *annotations; /* keys and values owned */
};

void record_done(struct record *r);

/* record_write - <state_dirfd>/state.json by a temporary file and rename, mode 0600. */
int record_write(int state_dirfd, const char *id, const struct record *r, struct error *err);

/*
 * record_read - fill @r from the file
 * A damaged or missing one is ERROR_STATE naming the file; a newer version is refused by number.
 */
int record_read(int state_dirfd, const char *id, struct record *r, struct error *err);

#endif
