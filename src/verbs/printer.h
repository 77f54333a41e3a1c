/* SPDX-License-Identifier: Apache-2.0 */
/* Which events `ocirun events` prints, and in which form. */
#ifndef VERBS_PRINTER_H
#define VERBS_PRINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ocirun/events.h"
#include "verbs/options.h"
#include "verbs/pretty.h"

struct printer {
	uint64_t after; /* seq */
	int64_t since_ns, until_ns;
	const struct option_list *types; /* each "a,b"; none: all. Borrowed */
	bool first, pretty;
	bool silent; /* nothing for now */
	struct pretty style;
	size_t printed;
};

/* printer_take - print @event if it is wanted: 1, 0 when it is not, or a negative errno. */
int printer_take(struct printer *p, const struct ocirun_event *event, struct error *err);

/* printer_is_done - nothing more is to be printed. */
bool printer_is_done(const struct printer *p);

#endif
