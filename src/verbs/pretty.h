/* SPDX-License-Identifier: Apache-2.0 */
/* An event for people: time, container, type, and what else its line says. */
#ifndef VERBS_PRETTY_H
#define VERBS_PRETTY_H

#include <stdbool.h>
#include <stddef.h>

#include "ocirun/events.h"

/* Whatever a line of OCIRUN_LINE_MAX bytes holds, with the colour and the local time. */
#define PRETTY_MAX (OCIRUN_LINE_MAX + 256)

struct pretty {
	int id_width;
	bool colour;
};

/*
 * pretty_line - one line with its LF; returns its length
 * Values stand as in the JSON, where control characters are escaped: nothing a container says
 * reaches the terminal as a command. Members that are null are left out.
 */
size_t pretty_line(const struct pretty *p, const struct ocirun_event *event, char out[PRETTY_MAX]);

#endif
