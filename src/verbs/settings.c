/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a container to change its cgroup. */
#include "verbs/settings.h"

#include <errno.h>

#include "base/cleanup.h"
#include "monitor/adopt.h"

int settings_open(struct settings *s, const struct store *store, const char *id, struct error *err)
{
	struct container *c = &s->c;
	int r;

	r = container_open(c, store, id, err);
	s->recorded = c->status;
	if (r == 0)
		r = monitor_adopt(c, err);
	if (r == 0)
		r = s->lock_fd = container_lock_cgroup(c, true, err);
	if (r < 0)
		return r;
	if (c->status == STATUS_DELETED)
		return error_set(err, ERROR_MISSING, ENOENT, "container does not exist: \"%s\"",
				 id);
	r = cgroup_host_probe(&s->host, "/sys/fs/cgroup", err);
	if (r == 0)
		cgroup_open(&s->cgroup, &s->host, c->record.cgroup_path);
	return r;
}

void settings_close(struct settings *s)
{
	close_keeping_errno(take_fd(&s->lock_fd));
	container_close(&s->c);
}
