/* SPDX-License-Identifier: Apache-2.0 */
/* --format pretty of `events`. */
#include "verbs/pretty.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define NS_PER_S   1000000000LL
#define TYPE_WIDTH 12 /* checkpointed, exec-started */

/* What is worth a colour; the rest has none. */
static const struct {
	const char *type, *colour;
} colours[] = {
	{"created", "\033[36m"}, {"started", "\033[32m"}, {"resumed", "\033[32m"},
	{"paused", "\033[33m"},	 {"oom", "\033[31m"},	  {"failed", "\033[31m"},
	{"deleted", "\033[2m"},
};

/* In front already, or the same in every line. */
static const char *const hidden[] = {"v", "type", "id", "instance", "seq", "timestamp", "status"};

static const char *colour_of(const struct ocirun_event *event)
{
	struct ocirun_exit e;

	if (ocirun_event_exit(event, &e) == 0)
		return e.code == 0 ? "\033[32m" : "\033[31m";
	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		if (strcmp(event->type, colours[i].type) == 0)
			return colours[i].colour;
	return "";
}

static bool is(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool is_hidden(const char *key, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (is(key, length, hidden[i]))
			return true;
	return false;
}

/* Local time, to the millisecond. */
static int put_head(const struct pretty *p, const struct ocirun_event *event, const char *colour,
		    char *out, size_t size)
{
	time_t seconds = (time_t)(event->time_ns / NS_PER_S);
	struct tm tm = {0};
	char time[32];

	(void)localtime_r(&seconds, &tm);
	(void)strftime(time, sizeof(time), "%Y-%m-%d %H:%M:%S", &tm);
	return snprintf(out, size, "%s.%03d  %-*s  %s%-*s%s", time,
			(int)(event->time_ns % NS_PER_S / 1000000), p->id_width, event->id, colour,
			TYPE_WIDTH, event->type, *colour ? "\033[0m" : "");
}

size_t pretty_line(const struct pretty *p, const struct ocirun_event *event, char out[PRETTY_MAX])
{
	const char *colour = p->colour ? colour_of(event) : "";
	const char *key, *value;
	size_t position = 0, key_length, value_length, length;

	/* The head takes what the fixed members of the JSON form take, or less. */
	length = (size_t)put_head(p, event, colour, out, PRETTY_MAX - 1);
	while (ocirun_event_member(event, &position, &key, &key_length, &value, &value_length)) {
		if (is_hidden(key, key_length) || is(value, value_length, "null"))
			continue;
		if (length + key_length + value_length + 4 > PRETTY_MAX)
			break;
		out[length++] = ' ';
		memcpy(out + length, key, key_length);
		length += key_length;
		out[length++] = '=';
		memcpy(out + length, value, value_length);
		length += value_length;
	}
	while (length > 0 && out[length - 1] == ' ')
		length--;
	out[length++] = '\n';
	return length;
}
