/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before the verb: the global flags, their defaults and the values that they take. */
#ifndef VERBS_GLOBALS_H
#define VERBS_GLOBALS_H

#include "base/log.h"
#include "verbs/store_settings.h"
#include "verbs/verb.h"

extern const struct option_spec global_options[];

struct invocation {
	struct globals globals;
	bool version;
	bool help;
	char **words; /* the verb and what follows it, NULL-terminated; malloc'd */
	size_t word_count;
	const char *settings[SETTINGS]; /* as given; NULL: not on the command line */
	char *root, *feed;		/* owned: what globals.store points to */
};

/*
 * globals_parse - read the flags before the verb
 * @argv: main's, with the program's name
 *
 * On failure the flags before the bad one stand, so that the log they name can be told.
 * globals_done frees in every case. Returns 0 or a negative errno.
 */
int globals_parse(char **argv, struct invocation *invocation, struct error *err);

/*
 * globals_settle - fill in the defaults and refuse values that mean nothing
 * Not part of globals_parse, because --help and --version work whatever else is wrong.
 */
int globals_settle(struct invocation *invocation, struct error *err);

/* globals_open_log - as --log, --log-format, --log-level and --debug ask. */
int globals_open_log(const struct globals *globals, struct error *err);

void globals_done(struct invocation *invocation);

#endif
