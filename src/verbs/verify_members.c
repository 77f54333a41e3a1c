/* SPDX-License-Identifier: Apache-2.0 */
/* The members of each type of event, as the table "Members" of doc/events.md has them. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "verbs/verify.h"

enum kind {
	KIND_INTEGER = 1,
	KIND_STRING = 2,
	KIND_BOOLEAN = 4,
	KIND_OBJECT = 8,
	KIND_NULL = 16,
	KIND_OTHER = 32,
	KIND_ABSENT = 64, /* need not be there */
};

struct member {
	const char *type, *name;
	unsigned int kinds;
	int64_t min, max; /* of an integer, where max is not 0 */
	const char *text; /* of a string, where it can be but one */
};

#define PID	    .kinds = KIND_INTEGER, .min = 1, .max = INT32_MAX
#define COUNT	    .kinds = KIND_INTEGER, .min = 0, .max = INT64_MAX
#define CODE	    .kinds = KIND_INTEGER | KIND_NULL, .min = 0, .max = 255
#define SIGNAL	    .kinds = KIND_INTEGER | KIND_NULL, .min = 1, .max = 64
#define STRING	    .kinds = KIND_STRING
#define STATUS(is)  .kinds = KIND_STRING, .text = (is)
#define IF_KNOWN(k) .kinds = (k) | KIND_NULL
#define OPTIONAL(k) .kinds = (k) | KIND_ABSENT

static const struct member members[] = {
	{"created", "pid", PID},
	{"created", "pidStartTime", COUNT},
	{"created", "bundle", STRING},
	{"created", "bootId", STRING},
	{"created", "status", STATUS("created")},
	{"started", "pid", PID},
	{"started", "status", STATUS("running")},
	{"paused", "status", STATUS("paused")},
	{"resumed", "status", STATUS("running")},
	{"updated", "resources", .kinds = KIND_OBJECT},
	{"signaled", "signal", .kinds = KIND_INTEGER, .min = 1, .max = 64},
	{"signaled", "signalName", IF_KNOWN(KIND_STRING)},
	{"signaled", "all", .kinds = KIND_BOOLEAN},
	{"oom", "oomKill", COUNT},
	{"oom", "oomKillTotal", COUNT},
	{"exec-started", "execId", STRING},
	{"exec-started", "pid", PID},
	{"exec-started", "pidStartTime", COUNT},
	{"exec-started", "args0", STRING},
	{"exec-exited", "execId", STRING},
	{"exec-exited", "pid", PID},
	{"exec-exited", "exitCode", CODE},
	{"exec-exited", "signal", SIGNAL},
	{"exec-exited", "signalName", IF_KNOWN(KIND_STRING)},
	{"exec-exited", "coreDumped", .kinds = KIND_BOOLEAN},
	{"exec-exited", "reason", STRING},
	{"exec-exited", "source", STRING},
	{"exited", "pid", PID},
	{"exited", "exitCode", CODE},
	{"exited", "signal", SIGNAL},
	{"exited", "signalName", IF_KNOWN(KIND_STRING)},
	{"exited", "coreDumped", .kinds = KIND_BOOLEAN},
	{"exited", "oomKilled", .kinds = KIND_BOOLEAN},
	{"exited", "reason", STRING},
	{"exited", "startedAt", IF_KNOWN(KIND_STRING)},
	{"exited", "usage", OPTIONAL(KIND_OBJECT)},
	{"exited", "source", STRING},
	{"exited", "error", OPTIONAL(KIND_STRING)},
	{"exited", "status", STATUS("stopped")},
	{"failed", "phase", STRING},
	{"failed", "execId", OPTIONAL(KIND_STRING)},
	{"failed", "error", STRING},
	{"failed", "hook", OPTIONAL(KIND_OBJECT)},
	{"failed", "hook.name", STRING},
	{"failed", "hook.index", COUNT},
	{"failed", "hook.path", STRING},
	{"failed", "hook.exitCode", CODE},
	{"failed", "hook.timedOut", .kinds = KIND_BOOLEAN},
	{"failed", "hook.output", STRING},
};

static unsigned int kind_of(const struct ocirun_event *event, const char *name)
{
	const char *value;
	size_t length;

	if (ocirun_event_json(event, name, &value, &length) < 0)
		return KIND_ABSENT;
	switch (value[0]) {
	case '"':
		return KIND_STRING;
	case '{':
		return KIND_OBJECT;
	case 't':
	case 'f':
		return KIND_BOOLEAN;
	case 'n':
		return KIND_NULL;
	case '[':
		return KIND_OTHER;
	default:
		return KIND_INTEGER;
	}
}

/* What follows a dot is looked for only where there is what stands before it. */
static bool has_parent(const struct ocirun_event *event, const char *name)
{
	char parent[32];
	const char *dot = strchr(name, '.');

	if (!dot)
		return true;
	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(dot - name), name);
	return kind_of(event, parent) == KIND_OBJECT;
}

static bool value_ok(const struct ocirun_event *event, const struct member *m, unsigned int kind)
{
	char text[32];
	int64_t number;
	uint64_t large;

	if (kind == KIND_STRING && m->text)
		return ocirun_event_string(event, m->name, text, sizeof(text)) >= 0 &&
		       strcmp(text, m->text) == 0;
	if (kind != KIND_INTEGER || m->max == 0)
		return true;
	if (ocirun_event_int(event, m->name, &number) == 0)
		return number >= m->min && number <= m->max;
	return m->max == INT64_MAX && ocirun_event_uint(event, m->name, &large) == 0;
}

static bool member_ok(const struct ocirun_event *event, const struct member *m, char *text)
{
	unsigned int kind = kind_of(event, m->name);
	const char *value;
	size_t length;

	if (!has_parent(event, m->name))
		return true;
	if (!(kind & m->kinds)) {
		(void)snprintf(text, VERIFY_TEXT_MAX, "\"%s\" %s", m->name,
			       kind == KIND_ABSENT ? "is not there" : "is of another type");
		return false;
	}
	if (value_ok(event, m, kind))
		return true;
	(void)ocirun_event_json(event, m->name, &value, &length);
	(void)snprintf(text, VERIFY_TEXT_MAX, "\"%s\" is %.*s", m->name,
		       length > 60 ? 60 : (int)length, value);
	return false;
}

/* A reader may take either of two members of the same name. */
static bool names_differ(const struct ocirun_event *event, char *text)
{
	const char *key, *other, *value;
	size_t length, other_length, value_length, at = 0;

	while (ocirun_event_member(event, &at, &key, &length, &value, &value_length)) {
		size_t further = at;

		while (ocirun_event_member(event, &further, &other, &other_length, &value,
					   &value_length)) {
			if (length != other_length || memcmp(key, other, length) != 0)
				continue;
			(void)snprintf(text, VERIFY_TEXT_MAX, "\"%.*s\" is there twice",
				       length > 60 ? 60 : (int)length, key);
			return false;
		}
	}
	return true;
}

bool verify_members(const struct ocirun_event *event, char text[VERIFY_TEXT_MAX])
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (strcmp(members[i].type, event->type) == 0 &&
		    !member_ok(event, &members[i], text))
			return false;
	return names_differ(event, text);
}
