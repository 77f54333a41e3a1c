/* SPDX-License-Identifier: Apache-2.0 */
/* A foreground run as its container's monitor and parent. */
#include "launch/watching.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "loop/loop.h"

struct watching {
	struct watch watch;
	struct journal journal;
	struct loop *loop;
	int pidfd, lock_fd;
};

int watching_new(struct launch *l, struct watching **ret, struct error *err)
{
	struct watching *w = calloc(1, sizeof(*w));

	if (!w || !(w->loop = loop_new())) {
		free(w);
		return error_sys_num(err, ENOMEM, "watch %s", l->options->id);
	}
	w->journal = l->container.journal;
	l->container.journal.fd = -EBADF;
	w->pidfd = take_fd(&l->pidfd);
	w->lock_fd = take_fd(&l->lock_fd);
	w->watch = (struct watch){.journal = &w->journal,
				  .mode = l->mode,
				  .pid = l->pid,
				  .pidfd = w->pidfd,
				  .stub_fd = take_fd(&l->init_fd)};
	memcpy(w->watch.usage_fds, l->usage_fds, sizeof(w->watch.usage_fds));
	memset(l->usage_fds, -1, sizeof(l->usage_fds));
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

int watching_run(struct watching *w, int *ret_status, struct error *err)
{
	int r = watch_run(&w->watch, w->loop, err);

	*ret_status = w->watch.status;
	if (!w->watch.status_known)
		return error_set(err, ERROR_SYSTEM, ENODATA,
				 "the exit status is unknown: somebody else reaped pid %d",
				 w->watch.pid);
	return r;
}

void watching_end(struct watching *w)
{
	(void)sys_pidfd_send_signal(w->pidfd, SIGKILL); /* gone already is as good */
}

void watching_free(struct watching *w)
{
	if (!w)
		return;
	close_keeping_errno(w->watch.stub_fd);
	for (int i = 0; i < USAGE_FILES; i++)
		close_keeping_errno(w->watch.usage_fds[i]);
	journal_close(&w->journal);
	close_keeping_errno(w->lock_fd);
	close_keeping_errno(w->pidfd);
	loop_free(w->loop);
	free(w);
}
