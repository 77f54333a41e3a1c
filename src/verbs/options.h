/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line against a table of options: one or two dashes and an exact long name, else a
 * bundle of letters; --flag=value and --flag value; "--" ends the flags.
 */
#ifndef VERBS_OPTIONS_H
#define VERBS_OPTIONS_H

#include "verbs/verb.h"

struct command_line {
	const struct option_spec *table; /* ends with a NULL name; NULL: no options but --help */
	void *target;			 /* zeroed; the table's offsets point into it */
	bool stop_at_first_positional;	 /* what follows the first positional is left alone */

	char **args; /* out: the positionals, NULL-terminated; room for as many words as come in */
	size_t arg_count;
	bool help; /* out: --help or -h was among the flags */
};

/*
 * options_parse - read @words (NULL-terminated, without the program's name) into @line
 *
 * Values are borrowed from @words. A flag that is given again replaces its value; a list grows.
 * Parsing ends at --help. On failure the target holds what came before. Returns 0 or -EINVAL.
 */
int options_parse(struct command_line *line, char **words, struct error *err);

/* options_done - free what lists hold. */
void options_done(const struct option_spec *table, void *target);

/* option_takes_value - does a value belong to the flag? */
bool option_takes_value(const struct option_spec *option);

/* option_help - the row of --help, which every table has without saying so. */
extern const struct option_spec option_help;

#endif
