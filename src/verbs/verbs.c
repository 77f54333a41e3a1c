/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs. One more is one more row here and one more file. */
#include <string.h>

#include "verbs/verb.h"

/* In the order of a container's life, then what looks at it, then what needs none. */
static const struct verb *const verbs[] = {
	&verb_create, &verb_start, &verb_run,	 &verb_exec,	 &verb_pause, &verb_resume,
	&verb_update, &verb_kill,  &verb_delete, &verb_state,	 &verb_list,  &verb_ps,
	&verb_events, &verb_wait,  &verb_spec,	 &verb_features, NULL,
};

const struct verb *const *verbs_list(void)
{
	return verbs;
}

const struct verb *verb_find(const char *name)
{
	for (const struct verb *const *v = verbs; *v; v++)
		if (strcmp((*v)->name, name) == 0)
			return *v;
	return NULL;
}
