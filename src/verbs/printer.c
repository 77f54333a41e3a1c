/* SPDX-License-Identifier: Apache-2.0 */
/* Printing events; see printer.h. */
#include "verbs/printer.h"

#include <string.h>

#include "verbs/verb.h"

static bool in_list(const char *list, const char *type)
{
	size_t length = strlen(type);

	for (;;) {
		if (strncmp(list, type, length) == 0 &&
		    (list[length] == ',' || list[length] == '\0'))
			return true;
		list = strchr(list, ',');
		if (!list)
			return false;
		list++;
	}
}

static bool matches(const struct printer *p, const struct ocirun_event *event)
{
	if (event->seq <= p->after || event->time_ns < p->since_ns || event->time_ns > p->until_ns)
		return false;
	for (size_t i = 0; i < p->types->count; i++)
		if (in_list(p->types->items[i], event->type))
			return true;
	return p->types->count == 0;
}

/* One write per line, so that lines of several writers to one pipe do not mix. */
int printer_take(struct printer *p, const struct ocirun_event *event, struct error *err)
{
	char out[PRETTY_MAX];
	size_t length = event->length + 1;
	int r;

	if (p->silent || !matches(p, event))
		return 0;
	if (p->pretty) {
		length = pretty_line(&p->style, event, out);
	} else {
		memcpy(out, event->line, event->length);
		out[event->length] = '\n';
	}
	p->printed++;
	r = print_out(out, length, err);
	return r < 0 ? r : 1;
}

bool printer_is_done(const struct printer *p)
{
	return p->first && p->printed > 0;
}
