/* SPDX-License-Identifier: Apache-2.0 */
/* The state as others read it: `ocirun state`, `ocirun list --format json`, and hooks on stdin. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "container/unrecorded.h"

static void add_annotations(cJSON *root, const struct record *r)
{
	cJSON *annotations;

	if (r->annotation_count == 0)
		return;
	annotations = cJSON_AddObjectToObject(root, "annotations");
	for (size_t i = 0; i < r->annotation_count; i++)
		cJSON_AddStringToObject(annotations, r->annotations[i].key,
					r->annotations[i].value);
}

/* runtime.md#state: what the spec itself asks for. */
static cJSON *spec_state(const struct container *c, const char *status, pid_t pid)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "ociVersion", c->record.oci_version);
	cJSON_AddStringToObject(root, "id", c->id);
	cJSON_AddStringToObject(root, "status", status);
	json_add_int(root, "pid", pid);
	cJSON_AddStringToObject(root, "bundle", c->record.bundle);
	return root;
}

/* The members of the `exited` line that say how it ended, as they stand there. */
static void add_exit(cJSON *root, const char *exited_line)
{
	static const char *const members[] = {"exitCode",   "signal",	 "signalName",
					      "coreDumped", "oomKilled", "reason",
					      "source",	    "timestamp", "error"};
	struct error ignored = ERROR_INIT;
	autojson *line = NULL;
	cJSON *exit;

	if (!exited_line ||
	    json_parse(exited_line, strlen(exited_line), "exited", &line, &ignored) < 0)
		return;
	exit = cJSON_AddObjectToObject(root, "exit");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const cJSON *value = json_member(line, members[i]);

		if (value)
			cJSON_AddItemToObject(exit, members[i], cJSON_Duplicate(value, true));
	}
}

/* What is not as a reader of the log would expect (doc/events.md). */
static void add_log(cJSON *root, const struct container *c)
{
	cJSON *log;

	if (!c->unrecorded && !c->unsynced)
		return;
	log = cJSON_AddObjectToObject(root, "log");
	cJSON_AddStringToObject(log, "state", c->unrecorded ? "pending" : "degraded");
	cJSON_AddStringToObject(log, "error",
				c->unrecorded ? c->unrecorded->why.text : strerror(c->unsynced));
}

const char *container_owner_name(uint32_t uid)
{
	static const struct passwd *entry; /* libc's, until the next question */
	static uint32_t asked;

	if (!entry || asked != uid)
		entry = getpwuid(uid);
	asked = uid;
	return entry ? entry->pw_name : NULL;
}

static void add_owner(cJSON *root, uint32_t uid)
{
	const char *name = container_owner_name(uid);

	cJSON_AddStringToObject(root, "owner", name ? name : "");
}

static pid_t shown_pid(const struct container *c)
{
	bool alive = c->status == STATUS_CREATED || c->status == STATUS_RUNNING ||
		     c->status == STATUS_PAUSED;

	return alive ? c->facts.pid : 0;
}

char *container_state_json(const struct container *c, bool indent)
{
	autojson *root = spec_state(c, container_status_name(c->status), shown_pid(c));

	cJSON_AddStringToObject(root, "rootfs", c->record.rootfs);
	cJSON_AddStringToObject(root, "created", c->record.created);
	add_annotations(root, &c->record);
	add_owner(root, c->record.owner);
	if (c->status == STATUS_STOPPED)
		add_exit(root, c->unrecorded ? c->unrecorded->line : c->facts.exited_line);
	add_log(root, c);
	return indent ? cJSON_Print(root) : cJSON_PrintUnformatted(root);
}

char *container_hook_state_json(const struct container *c, const char *status, pid_t pid)
{
	autojson *root = spec_state(c, status, pid);

	add_annotations(root, &c->record);
	return cJSON_PrintUnformatted(root);
}
