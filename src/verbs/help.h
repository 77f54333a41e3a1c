/* SPDX-License-Identifier: Apache-2.0 */
/* --help and --version, printed from the descriptors. */
#ifndef VERBS_HELP_H
#define VERBS_HELP_H

#include "verbs/verb.h"

/* Each writes to stdout; 0 or a negative errno. */
int help_print(struct error *err);
int help_print_verb(const struct verb *verb, struct error *err);
int help_print_version(struct error *err);

#endif
