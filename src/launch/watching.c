/* SPDX-License-Identifier: Apache-2.0 */
/* A foreground run as its container's monitor and parent. */
#include "launch/watching.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/log.h"
#include "container/feed.h"
#include "launch/start.h"
#include "loop/loop.h"

struct watching {
	struct watch watch;
	struct journal journal;
	struct container_feed *feed; /* the journal's */
	struct loop *loop;
	int pidfd, lock_fd;
	struct start start;
};

int watching_new(struct launch *l, struct watching **ret, struct error *err)
{
	struct watching *w = calloc(1, sizeof(*w));

	if (!w || !(w->loop = loop_new())) {
		free(w);
		return error_sys_num(err, ENOMEM, "watch %s", l->options->id);
	}
	w->start = (struct start)START_INIT;
	w->journal = l->container.journal;
	l->container.journal.fd = -EBADF;
	w->feed = l->container.feed;
	l->container.feed = NULL;
	w->pidfd = take_fd(&l->pidfd);
	w->lock_fd = take_fd(&l->lock_fd);
	w->watch = (struct watch){.journal = &w->journal,
				  .exits = l->exits,
				  .pid = l->pid,
				  .pidfd = w->pidfd,
				  .stub_fd = take_fd(&l->init_fd)};
	memcpy(w->watch.usage_fds, l->usage_fds, sizeof(w->watch.usage_fds));
	memset(l->usage_fds, -1, sizeof(l->usage_fds));
	w->watch.lock_fd = -EBADF;
	w->watch.oom.baseline = oom_baseline_read(w->lock_fd);
	*ret = w;
	return 0;
}

int watching_pidfd(const struct watching *w)
{
	return w->pidfd;
}

struct loop *watching_loop(struct watching *w)
{
	return w->loop;
}

static void stop_relaying(struct watching *w)
{
	if (w->start.notify.fd >= 0)
		loop_remove_fd(w->loop, w->start.notify.fd);
	start_done(&w->start);
}

static void container_speaks(struct loop *loop, void *arg)
{
	struct watching *w = arg;
	struct error err = ERROR_INIT;
	int r = notify_relay(&w->start.notify, getpid(), &err);

	(void)loop;
	if (r < 0)
		log_warning("%s", err.text);
	if (r != 0)
		stop_relaying(w);
}

int watching_start(struct watching *w, const struct store *store, const char *id, struct error *err)
{
	int r = start_container(store, id, &w->start, err);

	if (r == 0 && w->start.notify.fd >= 0) {
		r = loop_add_fd(w->loop, w->start.notify.fd, container_speaks, w);
		if (r < 0)
			return error_sys_num(err, r, "notify");
	}
	return r;
}

int watching_run(struct watching *w, int *ret_status, struct error *err)
{
	int r = watch_run(&w->watch, w->loop, err);

	*ret_status = w->watch.status;
	if (!w->watch.status_known)
		return error_set(err, ERROR_SYSTEM, ENODATA,
				 "the exit status is unknown: somebody else reaped pid %d",
				 w->watch.pid);
	/* The code is all that the caller waits for, and whoever deletes tries again. */
	if (r < 0)
		log_warning("the end of %s is not on record: %s", w->journal.id, err->text);
	return 0;
}

void watching_end(struct watching *w)
{
	(void)sys_pidfd_send_signal(w->pidfd, SIGKILL); /* gone already is as good */
}

void watching_free(struct watching *w)
{
	if (!w)
		return;
	stop_relaying(w);
	close_keeping_errno(w->watch.stub_fd);
	for (int i = 0; i < USAGE_FILES; i++)
		close_keeping_errno(w->watch.usage_fds[i]);
	journal_close(&w->journal);
	container_feed_close(w->feed);
	close_keeping_errno(w->lock_fd);
	close_keeping_errno(w->pidfd);
	loop_free(w->loop);
	free(w);
}
