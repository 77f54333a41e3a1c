/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event for people: local time, container, type, and in words what happened. For programs there
 * is the JSON form; nothing of this one is promised.
 */
#ifndef VERBS_PRETTY_H
#define VERBS_PRETTY_H

#include <stdbool.h>
#include <stddef.h>

#include "ocirun/events.h"

/* More than a line can become: of two bytes at most six, and the words around them. */
#define PRETTY_MAX (OCIRUN_LINE_MAX * 4)

#define PRETTY_BEGINNINGS 64

/* When something began whose end is to be told with its duration. */
struct pretty_beginning {
	uint64_t key; /* a hash; 0: free */
	int64_t time_ns;
};

struct pretty {
	int id_width;
	bool colour;
	unsigned int next; /* the beginning that makes room for a new one */
	struct pretty_beginning beginnings[PRETTY_BEGINNINGS];
};

/*
 * pretty_begin - for lines of the containers @ids (NULL-terminated; none: of all)
 * Coloured on a terminal, unless TERM says "dumb" or NO_COLOR says anything.
 */
void pretty_begin(struct pretty *p, char *const *ids);

/*
 * pretty_line - one line with its LF; returns its length
 * @event: in the order of its log, so that durations can be told
 * Whatever a container says reaches the terminal as text, never as a command.
 */
size_t pretty_line(struct pretty *p, const struct ocirun_event *event, char out[PRETTY_MAX]);

#endif
