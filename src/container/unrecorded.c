/* SPDX-License-Identifier: Apache-2.0 */
/* Ends that are held in memory. */
#include "container/unrecorded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "container/lifecycle.h"

static void make_line(struct unrecorded *u, const struct journal *j)
{
	(void)snprintf(u->line, sizeof(u->line),
		       "{\"v\":1,\"type\":\"exited\",\"id\":\"%s\",\"instance\":\"%s\",%s}", j->id,
		       j->instance, u->members.text);
}

static int hold(struct container *c, const struct event_members *members, const struct error *why)
{
	if (!c->unrecorded)
		c->unrecorded = malloc(sizeof(*c->unrecorded));
	if (!c->unrecorded)
		return -ENOMEM;
	c->unrecorded->why = *why;
	c->unrecorded->members = *members;
	make_line(c->unrecorded, &c->journal);
	c->status = STATUS_STOPPED;
	return 0;
}

/* A line that is there, and not on stable storage: its writer may be the only one who knows. */
static bool is_only_unsynced(struct container *c, const struct error *why)
{
	if (!journal_has_seen(&c->journal, EVENT_EXITED))
		return false;
	c->unsynced = why->errnum;
	return true;
}

int unrecorded_end(struct container *c, const struct event_members *members, struct error *err)
{
	struct error why = ERROR_INIT;
	int r = lifecycle_record(&c->journal, CAUSE_INIT_EXITED, members, &why);

	if (r >= 0 || is_only_unsynced(c, &why))
		return container_reload(c, err);
	if (r == -EBUSY || r == -EMSGSIZE || r == -EINVAL) {
		*err = why;
		return r;
	}
	r = hold(c, members, &why);
	return r < 0 ? error_sys_num(err, r, "end of %s", c->id) : 0;
}

int unrecorded_retry(struct container *c, struct error *err)
{
	int r;

	if (!c->unrecorded)
		return 0;
	r = lifecycle_record(&c->journal, CAUSE_INIT_EXITED, &c->unrecorded->members, err);
	if (r >= 0 || is_only_unsynced(c, err)) {
		(void)unrecorded_holds(c);
		return 0;
	}
	c->unrecorded->why = *err;
	return r;
}

bool unrecorded_holds(struct container *c)
{
	if (!c->unrecorded)
		return false;
	if (!journal_has_seen(&c->journal, EVENT_EXITED))
		return true;
	free(c->unrecorded);
	c->unrecorded = NULL;
	return false;
}

void unrecorded_code(const struct container *c, char *text, size_t size)
{
	const char *line = c->unrecorded ? c->unrecorded->line : "";
	struct error ignored = ERROR_INIT;
	autojson *root = NULL;
	int64_t code;

	(void)snprintf(text, size, "exit code unknown");
	if (json_parse(line, strlen(line), "exited", &root, &ignored) == 0 &&
	    json_int(json_member(root, "exitCode"), &code) == 0)
		(void)snprintf(text, size, "exit code %d", (int)code);
}
