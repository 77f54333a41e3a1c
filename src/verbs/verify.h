/* SPDX-License-Identifier: Apache-2.0 */
/* `ocirun events --verify`: do logs keep what doc/events.md promises? */
#ifndef VERBS_VERIFY_H
#define VERBS_VERIFY_H

#include "base/error.h"
#include "container/store.h"
#include "ocirun/events.h"

/*
 * verify_run - print a line for each problem in the logs of @ids, or of all there are
 * @ids: NULL-terminated; may be empty
 * @instance: of the one ID, or of any when there is none; or NULL
 *
 * Returns the exit status: 0, or 1 after a problem; or a negative errno when one could not be
 * looked at.
 */
int verify_run(const struct store *store, char **ids, const char *instance, struct error *err);

#define VERIFY_TEXT_MAX 160

/*
 * verify_members - is each member of @event there that its type has, once, and of the right kind?
 * Returns true; or false with a phrase in @text about the first one that is not.
 */
bool verify_members(const struct ocirun_event *event, char text[VERIFY_TEXT_MAX]);

#endif
