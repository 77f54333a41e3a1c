/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun delete: runtime.md#delete. The work is launch/teardown.c's. */
#include <stddef.h>

#include "launch/teardown.h"
#include "verbs/matching.h"
#include "verbs/verb.h"

struct delete_options {
	bool force;
	bool regex;
};

static const struct option_spec options_table[] = {
	{.name = "force",
	 .letter = 'f',
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct delete_options, force),
	 .help = "kill the container first; a container that is not there is no error"},
	{.name = "regex",
	 .letter = 'r',
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct delete_options, regex),
	 .help = "delete every container whose ID matches a POSIX extended regular expression"},
	{0},
};

static int delete_one(const struct store *store, const char *id, const void *detail,
		      struct error *err)
{
	const struct delete_options *opt = detail;
	struct error failure = ERROR_INIT;
	int r = teardown_delete(store, id, opt->force, &failure);

	/* Engines clean up after a create that may have left nothing. */
	if (r < 0 && opt->force && failure.kind == ERROR_MISSING)
		return 0;
	if (r < 0)
		*err = failure;
	return r;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct delete_options *opt = options;

	if (opt->regex)
		return matching_each(&g->store, args[0], delete_one, opt, err);
	return delete_one(&g->store, args[0], opt, err);
}

const struct verb verb_delete = {
	.name = "delete",
	.arguments = "<container-id>",
	.summary = "delete a stopped container and all that it holds",
	.description = "The event log stays for its retention time, so that ocirun wait and ocirun "
		       "events still\n"
		       "answer.",
	.min_args = 1,
	.max_args = 1,
	.options_size = sizeof(struct delete_options),
	.options = options_table,
	.run = run,
};
