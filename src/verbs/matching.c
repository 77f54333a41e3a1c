/* SPDX-License-Identifier: Apache-2.0 */
/* --regex, for kill and delete. */
#include "verbs/matching.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>

#include "container/container.h"

static int compile(regex_t *regex, const char *pattern, struct error *err)
{
	char why[128];
	int r = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (r == 0)
		return 0;
	(void)regerror(r, regex, why, sizeof(why));
	return error_set(err, ERROR_USAGE, EINVAL, "regular expression \"%s\": %s", pattern, why);
}

static int act_on_one(const struct store *store, const char *id, matching_act *act,
		      const void *detail, struct error *err)
{
	struct error failure = ERROR_INIT;
	int r = act(store, id, detail, &failure);

	if (r >= 0 || failure.kind == ERROR_MISSING)
		return 0;
	if (err->kind == ERROR_NONE) {
		*err = failure;
		(void)error_in(err, "%s", id);
	}
	return r;
}

int matching_each(const struct store *store, const char *pattern, matching_act *act,
		  const void *detail, struct error *err)
{
	regex_t regex;
	char **ids = NULL;
	size_t count = 0;
	int r, result = 0;

	r = compile(&regex, pattern, err);
	if (r < 0)
		return r;
	r = container_list(store, &ids, &count, err);
	for (size_t i = 0; i < count; i++) {
		if (regexec(&regex, ids[i], 0, NULL, 0) == 0) {
			int failed = act_on_one(store, ids[i], act, detail, err);

			result = result < 0 ? result : failed;
		}
		free(ids[i]);
	}
	free(ids);
	regfree(&regex);
	return r < 0 ? r : result;
}
