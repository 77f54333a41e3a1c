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
	int64_t min, max;  /* of an integer, where max is not 0 */
	const char *words; /* of a string, where it can be only these */
};

#define PID	    .kinds = KIND_INTEGER, .min = 1, .max = INT32_MAX
#define COUNT	    .kinds = KIND_INTEGER, .min = 0, .max = INT64_MAX
#define CODE	    .kinds = KIND_INTEGER | KIND_NULL, .min = 0, .max = 255
#define SIGNAL	    .kinds = KIND_INTEGER | KIND_NULL, .min = 1, .max = 64
#define STRING	    .kinds = KIND_STRING
#define BOOLEAN	    .kinds = KIND_BOOLEAN
#define ONE_OF(w)   .kinds = KIND_STRING, .words = (w)
#define IF_KNOWN(k) .kinds = (k) | KIND_NULL
#define OPTIONAL(k) .kinds = (k) | KIND_ABSENT
#define USED	    OPTIONAL(KIND_INTEGER), .min = 0, .max = INT64_MAX

#define SOURCES	     "pidfd netlink zombie parent ptrace none"
#define EXEC_REASONS "exited signaled unobserved"
#define REASONS	     EXEC_REASONS " exec-failed never-started monitor-lost host-restarted"

static const struct member members[] = {
	{"created", "pid", PID},
	{"created", "pidStartTime", COUNT},
	{"created", "bundle", STRING},
	{"created", "bootId", STRING},
	{"created", "status", ONE_OF("created")},
	{"started", "pid", PID},
	{"started", "status", ONE_OF("running")},
	{"paused", "status", ONE_OF("paused")},
	{"resumed", "status", ONE_OF("running")},
	{"updated", "resources", .kinds = KIND_OBJECT},
	{"signaled", "signal", .kinds = KIND_INTEGER, .min = 1, .max = 64},
	{"signaled", "signalName", IF_KNOWN(KIND_STRING)},
	{"signaled", "all", BOOLEAN},
	{"checkpointed", "image", STRING},
	{"checkpointed", "status", ONE_OF("running paused stopped")},
	{"restored", "image", STRING},
	{"restored", "pid", PID},
	{"restored", "pidStartTime", COUNT},
	{"restored", "status", ONE_OF("running")},
	{"oom", "oomKill", COUNT},
	{"oom", "oomKillTotal", COUNT},
	{"oom", "level", OPTIONAL(KIND_STRING), .words = "container below above"},
	{"exec-started", "execId", STRING},
	{"exec-started", "pid", PID},
	{"exec-started", "pidStartTime", COUNT},
	{"exec-started", "args0", STRING},
	{"exec-exited", "execId", STRING},
	{"exec-exited", "pid", PID},
	{"exec-exited", "exitCode", CODE},
	{"exec-exited", "signal", SIGNAL},
	{"exec-exited", "signalName", IF_KNOWN(KIND_STRING)},
	{"exec-exited", "coreDumped", BOOLEAN},
	{"exec-exited", "reason", ONE_OF(EXEC_REASONS)},
	{"exec-exited", "source", ONE_OF(SOURCES)},
	{"exited", "pid", PID},
	{"exited", "exitCode", CODE},
	{"exited", "signal", SIGNAL},
	{"exited", "signalName", IF_KNOWN(KIND_STRING)},
	{"exited", "coreDumped", BOOLEAN},
	{"exited", "oomKilled", BOOLEAN},
	{"exited", "reason", ONE_OF(REASONS)},
	{"exited", "startedAt", IF_KNOWN(KIND_STRING)},
	{"exited", "usage", OPTIONAL(KIND_OBJECT)},
	{"exited", "usage.cpuUsec", USED},
	{"exited", "usage.cpuUserUsec", USED},
	{"exited", "usage.cpuSystemUsec", USED},
	{"exited", "usage.memoryPeakBytes", USED},
	{"exited", "usage.pidsPeak", USED},
	{"exited", "usage.ioReadBytes", USED},
	{"exited", "usage.ioWriteBytes", USED},
	{"exited", "usage.ioReads", USED},
	{"exited", "usage.ioWrites", USED},
	{"exited", "source", ONE_OF(SOURCES)},
	{"exited", "error", OPTIONAL(KIND_STRING)},
	{"exited", "status", ONE_OF("stopped")},
	{"failed", "phase", ONE_OF("create start exec")},
	{"failed", "execId", OPTIONAL(KIND_STRING)},
	{"failed", "error", STRING},
	{"failed", "hook", OPTIONAL(KIND_OBJECT)},
	{"failed", "hook.name",
	 ONE_OF("prestart createRuntime createContainer startContainer poststart")},
	{"failed", "hook.index", COUNT},
	{"failed", "hook.path", STRING},
	{"failed", "hook.exitCode", CODE},
	{"failed", "hook.timedOut", BOOLEAN},
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

static bool is_word_of(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (*words) {
		size_t one = strcspn(words, " ");

		if (one == length && memcmp(words, word, one) == 0)
			return true;
		words += one + (words[one] ? 1 : 0);
	}
	return false;
}

static bool value_ok(const struct ocirun_event *event, const struct member *m, unsigned int kind)
{
	char text[32];
	int64_t number;
	uint64_t large;

	if (kind == KIND_STRING && m->words)
		return ocirun_event_string(event, m->name, text, sizeof(text)) >= 0 &&
		       is_word_of(m->words, text);
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
