/* SPDX-License-Identifier: Apache-2.0 */
/* Printing statistics for `events --stats` and `events --interval`; see stats.h. */
#include "verbs/stats.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroup/stats.h"
#include "container/container.h"
#include "monitor/adopt.h"
#include "ocirun/exit-status.h"
#include "verbs/duration.h"
#include "verbs/follow.h"
#include "verbs/verb.h"

#define NS_PER_MS 1000000

/* Whose. */
struct subject {
	const char *id;
	char instance[JOURNAL_INSTANCE_LEN + 1];
	struct cgroup_host host;
	struct cgroup cgroup;
};

static int check_status(const struct container *c, struct error *err)
{
	switch (c->status) {
	case STATUS_CREATED:
	case STATUS_RUNNING:
	case STATUS_PAUSED:
		return 0;
	case STATUS_DELETED:
		return error_set(err, ERROR_MISSING, ENOENT, "container does not exist: \"%s\"",
				 c->id);
	default:
		return error_set(err, ERROR_STATE, EBUSY, "container not running: it is %s",
				 container_status_name(c->status));
	}
}

static int find_subject(struct subject *s, const struct store *store, const char *id,
			struct error *err)
{
	autocontainer c = CONTAINER_CLOSED;
	int r;

	r = container_open(&c, store, id, err);
	if (r == 0)
		r = monitor_adopt(&c, err);
	if (r == 0)
		r = check_status(&c, err);
	if (r == 0 && !c.record.cgroup_path)
		r = error_set(err, ERROR_STATE, ENOTSUP,
			      "only a cgroup counts what a container uses, and this one was "
			      "created without");
	if (r == 0)
		r = cgroup_host_probe(&s->host, "/sys/fs/cgroup", err);
	if (r < 0)
		return r;
	s->id = id;
	memcpy(s->instance, c.record.instance, sizeof(s->instance));
	cgroup_open(&s->cgroup, &s->host, c.record.cgroup_path);
	return 0;
}

/* {"type":TYPE,"id":ID,"data":DATA}; takes @data, which is NULL for no such member. */
static int print_record(const struct subject *s, const char *type, cJSON *data, struct error *err)
{
	autojson *record = cJSON_CreateObject();
	autofree char *text = NULL;

	if (!cJSON_AddStringToObject(record, "type", type) ||
	    !cJSON_AddStringToObject(record, "id", s->id) ||
	    (data && !cJSON_AddItemToObject(record, "data", data)))
		cJSON_Delete(data);
	else
		text = cJSON_PrintUnformatted(record);
	return text ? print_line(text, err) : error_sys_num(err, ENOMEM, "statistics");
}

static int print_stats(const struct subject *s, struct error *err)
{
	cJSON *data;
	int r = cgroup_stats(&s->cgroup, &data, err);

	return r < 0 ? r : print_record(s, "stats", data, err);
}

/* What its log says since the last look. */
static int read_log(const struct subject *s, struct follow *f, bool silent, struct error *err)
{
	struct ocirun_event event;
	int r;

	while ((r = follow_next(f, &event, err)) > 0)
		if (!silent && strcmp(event.type, "oom") == 0) {
			r = print_record(s, "oom", NULL, err);
			if (r < 0)
				return r;
		}
	return r;
}

/* Its cgroup may go before its log says that it has ended. */
static int print_if_there(const struct subject *s, struct error *err)
{
	int r = print_stats(s, err);

	return r == -ENOENT ? 0 : r;
}

/* The first ones after one interval, as runc does. */
static int print_periodically(const struct subject *s, struct follow_set *set, int64_t interval_ms,
			      struct error *err)
{
	struct follow *f = &set->items[0];
	int64_t due_ms = follow_now_ms() + interval_ms;
	int r = read_log(s, f, true, err);

	while (r == 0 && !f->exited && !f->lost) {
		r = follow_wait(set, false, due_ms, true, err);
		if (r == 0)
			return OCIRUN_EXIT_TIMEOUT;
		if (r > 0)
			r = read_log(s, f, false, err);
		if (r < 0 || f->exited || follow_now_ms() < due_ms)
			continue;
		r = print_if_there(s, err);
		/* Those that were missed are not made up for. */
		while (due_ms <= follow_now_ms())
			due_ms += interval_ms;
	}
	return r;
}

static int parse_interval(const char *text, int64_t *ret_ms, struct error *err)
{
	int64_t ns;
	int r = duration_parse(text, &ns, err);

	if (r == 0 && ns == 0)
		r = error_set(err, ERROR_USAGE, EINVAL, "it must be greater than 0");
	if (r < 0)
		return error_in(err, "--interval");
	*ret_ms = ns < NS_PER_MS ? 1 : ns / NS_PER_MS;
	return 0;
}

int stats_run(const struct store *store, char *id, const struct stats_options *options,
	      struct error *err)
{
	char *ids[] = {id, NULL};
	struct subject s = {0};
	autofollow set = {0};
	int64_t interval_ms = 0;
	int r = 0;

	if (options->interval)
		r = parse_interval(options->interval, &interval_ms, err);
	if (r == 0)
		r = find_subject(&s, store, id, err);
	if (r < 0)
		return r;
	(void)signal(SIGPIPE, SIG_DFL);
	if (options->once)
		return print_stats(&s, err);
	r = follow_open(&set, store, ids, s.instance, options->timeout, err);
	return r < 0 ? r : print_periodically(&s, &set, interval_ms, err);
}
