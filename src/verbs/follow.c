/* SPDX-License-Identifier: Apache-2.0 */
/* Following logs for `events` and `wait`; see follow.h. */
#include "verbs/follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/container.h"
#include "container/store.h"
#include "verbs/duration.h"
#include "verbs/follow_live.h"
#include "verbs/follow_settle.h"

#define NS_PER_S INT64_C(1000000000)

#define FDS_PER_CONTAINER 3 /* log, pidfd, and what says that we hold it */
#define FDS_OTHER	  32

/* Most logs of a root are over: with a few at a time, few descriptors are needed. */
#define BATCH 128

int64_t follow_now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A thousand containers need more descriptors than the usual soft limit. */
static void raise_descriptor_limit(size_t count)
{
	struct rlimit limit;
	rlim_t wanted = count * FDS_PER_CONTAINER + FDS_OTHER;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* else open says so */
}

/* Kept for long enough: as if it were not there, also when nobody has swept since. */
static bool has_expired(const struct ocirun_log *log, const struct store *store)
{
	struct timespec now = {0};
	int64_t ended_ns;

	if (ocirun_log_ended(log, &ended_ns) != 1)
		return false;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec - ended_ns > store->log_age_s * NS_PER_S;
}

static int find_log(struct follow *f, const char *directory, const char *instance)
{
	int r = ocirun_log_open(&f->log, directory, f->id, instance);

	if (r < 0 || !has_expired(f->log, f->store))
		return r;
	ocirun_log_close(f->log);
	f->log = NULL;
	return -ENOENT;
}

static int open_log(struct follow *f, const char *directory, const char *instance,
		    struct error *err)
{
	int r;

	r = f->id ? container_id_check(f->id, err) : 0;
	if (r < 0)
		return r;
	r = find_log(f, directory, instance);
	if (r == -EINVAL && instance)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--instance \"%s\": 32 lower-case hex digits are expected",
				 instance);
	if (r == -ENOENT && instance)
		return error_set(err, ERROR_MISSING, ENOENT, "no container with instance %s",
				 instance);
	if (r == -ENOENT)
		return error_set(err, ERROR_MISSING, ENOENT, "container does not exist: \"%s\"",
				 f->id);
	if (r < 0)
		return error_sys_num(err, r, "event log of %s", f->id ? f->id : instance);
	return 0;
}

int follow_set_deadline(struct follow_set *set, const char *timeout, struct error *err)
{
	int64_t ns;
	int r;

	set->deadline_ms = -1;
	if (!timeout)
		return 0;
	r = duration_parse(timeout, &ns, err);
	if (r < 0)
		return error_in(err, "--timeout");
	/* Rounded up: never too early. */
	set->deadline_ms = follow_now_ms() + ns / 1000000 + (ns % 1000000 ? 1 : 0);
	return 0;
}

char *follow_directory(const struct store *store)
{
	char *directory = malloc(strlen(store->root) + sizeof("/.events"));

	if (directory)
		(void)stpcpy(stpcpy(directory, store->root), "/.events");
	return directory;
}

static int open_logs(struct follow_set *set, const char *instance, struct error *err)
{
	autofree char *directory = follow_directory(set->store);
	int r = 0;

	if (!directory)
		return error_sys_num(err, ENOMEM, "%s", set->store->root);
	for (size_t i = 0; i < set->count && r == 0; i++)
		r = open_log(&set->items[i], directory, instance, err);
	return r;
}

static int watch_logs(struct follow_set *set, bool only_exit, struct error *err)
{
	int r = ocirun_watch_new(&set->watch, only_exit ? OCIRUN_WATCH_EXIT : 0);

	if (r == 0 && set->directory)
		r = ocirun_watch_add_directory(set->watch, set->directory);
	for (size_t i = 0; i < set->count && r == 0; i++)
		r = ocirun_watch_add(set->watch, set->items[i].log);
	return r < 0 ? error_sys_num(err, r, "watch the event logs") : 0;
}

static size_t count_ids(char **ids)
{
	size_t count = 0;

	while (ids[count])
		count++;
	return count;
}

int follow_open(struct follow_set *set, const struct store *store, char **ids, const char *instance,
		const char *timeout, struct error *err)
{
	size_t id_count = count_ids(ids);
	int r;

	*set = (struct follow_set){.count = id_count ? id_count : 1, .store = store, .wake_fd = -1};
	if (instance && set->count > 1)
		return error_set(err, ERROR_USAGE, EINVAL, "--instance goes with one container");
	r = follow_set_deadline(set, timeout, err);
	if (r < 0)
		return r;
	set->items = calloc(set->count, sizeof(*set->items));
	if (!set->items)
		return error_sys_num(err, ENOMEM, "event logs");
	for (size_t i = 0; i < set->count; i++)
		set->items[i] = (struct follow){
			.store = store, .id = ids[0] ? ids[i] : NULL, .witness_fd = -1};
	raise_descriptor_limit(set->count);
	return open_logs(set, instance, err);
}

int follow_resume(struct follow *f, const char *instance, uint64_t seq, bool over,
		  struct error *err)
{
	autofree char *directory = follow_directory(f->store);
	struct ocirun_log *log;
	int r;

	f->after = seq;
	(void)stpncpy(f->after_instance, instance, sizeof(f->after_instance) - 1);
	if (over)
		return 0;
	if (!directory)
		return error_sys_num(err, ENOMEM, "%s", f->store->root);
	r = ocirun_log_open(&log, directory, f->id, instance);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return error_sys_num(err, r, "event log of %s", f->id ? f->id : instance);
	ocirun_log_close(f->log);
	f->log = log;
	return 0;
}

int follow_open_all(struct follow_set *set, const struct store *store, const char *timeout,
		    struct error *err)
{
	autofree char *directory = follow_directory(store);
	int r;

	*set = (struct follow_set){.store = store, .wake_fd = -1};
	r = follow_set_deadline(set, timeout, err);
	if (r < 0)
		return r;
	r = directory ? ocirun_directory_open(&set->directory, directory) : -ENOMEM;
	return r < 0 ? error_sys_num(err, r, "event logs of %s", store->root) : 0;
}

int follow_add(struct follow_set *set, struct ocirun_log *log)
{
	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 64;
		struct follow *items = realloc(set->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		set->items = items;
		set->room = room;
		raise_descriptor_limit(room);
	}
	set->items[set->count++] = (struct follow){
		.store = set->store, .log = log, .one_of_all = true, .witness_fd = -1};
	return set->watch ? ocirun_watch_add(set->watch, log) : 0;
}

void follow_done(struct follow *f)
{
	ocirun_log_close(f->log);
	free(f->unrecorded);
	close_keeping_errno(take_fd(&f->witness_fd));
}

/* Of all containers those stay of which there is more to come. */
static void drop_finished(struct follow_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct follow *f = &set->items[i];

		if (!ocirun_log_is_over(f->log) && !f->lost) {
			set->items[kept++] = *f;
			continue;
		}
		if (f->lost && !f->newer && !ocirun_log_is_over(f->log))
			log_warning("container %s is gone, and its event log has no end",
				    ocirun_log_id(f->log));
		set->gap = set->gap || f->gap;
		follow_done(f);
	}
	set->count = kept;
}

int follow_more(struct follow_set *set, struct error *err)
{
	struct ocirun_log *log;
	int r = 0;

	if (!set->directory)
		return 0;
	drop_finished(set);
	for (int taken = 0; taken < BATCH; taken++) {
		size_t count = set->count;

		r = ocirun_directory_next(set->directory, &log);
		if (r <= 0)
			break;
		if (has_expired(log, set->store)) {
			ocirun_log_close(log);
			continue;
		}
		r = follow_add(set, log);
		if (r < 0 && set->count == count)
			ocirun_log_close(log);
		if (r < 0)
			break;
		r = 1;
	}
	return r < 0 ? error_sys_num(err, r, "event logs of %s", set->store->root) : r;
}

void follow_close(struct follow_set *set)
{
	for (size_t i = 0; set->items && i < set->count; i++)
		follow_done(&set->items[i]);
	free(set->items);
	set->items = NULL;
	ocirun_directory_close(set->directory);
	set->directory = NULL;
	ocirun_watch_free(set->watch);
	set->watch = NULL;
}

void follow_note(struct follow *f, const struct ocirun_event *event)
{
	if (strcmp(event->type, "created") == 0) {
		f->created = true;
	} else if (strcmp(event->type, "started") == 0) {
		(void)stpncpy(f->started_at, event->timestamp, sizeof(f->started_at) - 1);
	} else if (strcmp(event->type, "exited") == 0) {
		f->exited = true;
		f->settle_ms = -1;
		close_keeping_errno(take_fd(&f->witness_fd));
	}
}

static void warn(struct follow *f, const struct ocirun_damage *damage)
{
	char text[128];

	ocirun_damage_text(damage, text, sizeof(text));
	log_warning("event log of %s is damaged: %s", ocirun_log_id(f->log), text);
	f->newer = damage->kind == OCIRUN_DAMAGE_NEWER ? damage->found : f->newer;
	if (damage->kind == OCIRUN_DAMAGE_GAP || damage->kind == OCIRUN_DAMAGE_SHRUNK)
		f->gap = true;
}

/* What follows is not for us to understand: its end, for one. Of many logs it is one. */
static int refuse_newer(struct follow *f, struct error *err)
{
	if (f->one_of_all) {
		f->lost = true;
		return 0;
	}
	return error_set(
		err, ERROR_STATE, ENOTSUP,
		"the event log of %s ends in lines of version %llu, which this ocirun does "
		"not know",
		ocirun_log_id(f->log), (unsigned long long)f->newer);
}

static bool was_read(const struct follow *f, const struct ocirun_event *event)
{
	return event->seq <= f->after && strcmp(event->instance, f->after_instance) == 0;
}

/* The log is gone; our pidfd may know what it would have told. */
static bool ask_witness(struct follow *f)
{
	f->witnessed = ocirun_log_witness(f->log, &f->status) == OCIRUN_WITNESS_STATUS;
	return f->witnessed;
}

int follow_next(struct follow *f, struct ocirun_event *ret, struct error *err)
{
	for (;;) {
		struct ocirun_damage damage;
		int r = ocirun_log_next(f->log, ret, &damage);

		if (r == -ESTALE && (f->one_of_all || ask_witness(f))) {
			f->lost = true;
			return 0;
		}
		if (r == -ESTALE)
			return error_set(err, ERROR_SYSTEM, ESTALE,
					 "the event log of %s was removed before its end",
					 ocirun_log_id(f->log));
		if (r < 0)
			return error_sys_num(err, r, "event log of %s", ocirun_log_id(f->log));
		if (r == OCIRUN_NOTHING)
			return f->newer ? refuse_newer(f, err) : 0;
		if (r == OCIRUN_EVENT)
			f->newer = 0;
		if (r == OCIRUN_EVENT)
			follow_note(f, ret);
		if (r == OCIRUN_EVENT && !was_read(f, ret))
			return 1;
		if (r == OCIRUN_DAMAGED)
			warn(f, &damage);
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

/* -1: no limit. */
static int poll_timeout(const struct follow_set *set, int64_t until_ms)
{
	int64_t until = earlier(set->deadline_ms, until_ms), left;
	int own = set->silent ? -1 : ocirun_watch_timeout_ms(set->watch);

	for (size_t i = 0; i < set->count; i++)
		until = earlier(until, set->items[i].settle_ms);
	if (until < 0)
		return own;
	left = until - follow_now_ms();
	if (left < 0)
		left = 0;
	if (own >= 0 && own < left)
		return own;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Nobody reads: end as a write would have ended us. */
static void die_of_sigpipe(void)
{
	(void)signal(SIGPIPE, SIG_DFL);
	(void)raise(SIGPIPE);
}

/* A look at each pidfd: of a thousand containers not for each line of one. */
static void plan(struct follow_set *set)
{
	for (size_t i = 0; i < set->count && set->replan; i++)
		follow_plan(&set->items[i]);
	set->replan = false;
}

static void settle_due(struct follow_set *set)
{
	for (size_t i = set->count; i > 0; i--) {
		struct follow *f = &set->items[i - 1];

		if (!f->created)
			f->settle_ms = -1; /* being created: its parent and monitor settle that */
		if (!f->created || f->settle_ms < 0 || f->settle_ms > follow_now_ms())
			continue;
		set->replan = true;
		if (set->silent)
			follow_settle_live(set, f);
		else
			follow_settle(f);
	}
}

int follow_wait(struct follow_set *set, bool only_exit, int64_t until_ms, bool stdout_too,
		struct error *err)
{
	struct pollfd fds[] = {
		{.fd = -1, .events = POLLIN},
		{.fd = stdout_too ? STDOUT_FILENO : -1, .events = 0},
		{.fd = set->wake_fd, .events = POLLIN},
	};
	int r;

	/* Not before: much of what is asked for has happened already. What came in between is read
	 * before the first sleep. */
	if (!set->watch) {
		r = watch_logs(set, only_exit, err);
		return r < 0 ? r : 1;
	}
	fds[0].fd = ocirun_watch_fd(set->watch);
	plan(set);
	r = poll(fds, ARRAY_SIZE(fds), poll_timeout(set, until_ms));
	if (r < 0 && errno != EINTR)
		return error_sys(err, "poll");
	if (fds[1].revents & (POLLERR | POLLHUP))
		die_of_sigpipe();
	set->replan = !only_exit || r == 0 || (fds[0].revents & POLLIN);
	ocirun_watch_clear(set->watch);
	settle_due(set);
	return set->deadline_ms >= 0 && follow_now_ms() >= set->deadline_ms ? 0 : 1;
}
