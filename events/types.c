/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the event types, in the order of the enum. */
#include "events/journal.h"

#include <string.h>

#include "ocirun/events.h"

/* One more, which is NULL: the end of the public list. */
static const char *const names[EVENT_TYPES + 1] = {
	[EVENT_CREATED] = "created",
	[EVENT_STARTED] = "started",
	[EVENT_PAUSED] = "paused",
	[EVENT_RESUMED] = "resumed",
	[EVENT_UPDATED] = "updated",
	[EVENT_SIGNALED] = "signaled",
	[EVENT_CHECKPOINTED] = "checkpointed",
	[EVENT_RESTORED] = "restored",
	[EVENT_OOM] = "oom",
	[EVENT_EXEC_STARTED] = "exec-started",
	[EVENT_EXEC_EXITED] = "exec-exited",
	[EVENT_EXITED] = "exited",
	[EVENT_DELETED] = "deleted",
	[EVENT_FAILED] = "failed",
};

const char *event_type_name(enum event_type type)
{
	return type >= 0 && type < EVENT_TYPES ? names[type] : "unknown";
}

enum event_type event_type_parse(const char *name, size_t length)
{
	for (int type = 0; type < EVENT_TYPES; type++) {
		if (strlen(names[type]) == length && memcmp(names[type], name, length) == 0)
			return (enum event_type)type;
	}
	return EVENT_TYPES;
}

const char *const *ocirun_event_types(void)
{
	return names;
}
