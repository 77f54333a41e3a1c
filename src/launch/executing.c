/* SPDX-License-Identifier: Apache-2.0 */
/* A foreground exec: the verb is the process's parent and observer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "launch/exec_roles.h"
#include "loop/loop.h"
#include "monitor/watch.h"

struct executing {
	struct exec exec; /* taken over whole */
	struct loop *loop;
	bool gone; /* it runs: its end is its own */
};

int executing_new(struct exec *e, struct executing **ret, struct error *err)
{
	struct executing *x = calloc(1, sizeof(*x));

	if (!x || !(x->loop = loop_new())) {
		free(x);
		return error_sys_num(err, ENOMEM, "exec in %s", e->container.id);
	}
	x->exec = *e;
	*ret = x;
	return 0;
}

int executing_pidfd(const struct executing *x)
{
	return x->exec.pidfd;
}

struct loop *executing_loop(struct executing *x)
{
	return x->loop;
}

int executing_go(struct executing *x, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r = exec_go(&x->exec, err);

	if (r < 0) {
		exec_undo(&x->exec);
		publish_undo(&x->exec.publication);
		(void)exec_record_failed(&x->exec, err, &ignored);
		return r;
	}
	x->gone = true;
	return 0;
}

int executing_run(struct executing *x, int *ret_status, struct error *err)
{
	struct watch w = {.journal = &x->exec.container.journal,
			  .exec_id = x->exec.recorded ? x->exec.id : "",
			  .exits = x->exec.exits,
			  .pid = x->exec.pid,
			  .pidfd = x->exec.pidfd,
			  .stub_fd = -EBADF};
	int r;

	memset(w.usage_fds, -1, sizeof(w.usage_fds));
	r = watch_run(&w, x->loop, err);
	*ret_status = w.status;
	if (!w.status_known)
		return error_set(err, ERROR_SYSTEM, ENODATA,
				 "the exit status is unknown: somebody else reaped pid %d", w.pid);
	return r;
}

void executing_free(struct executing *x)
{
	if (!x)
		return;
	if (!x->gone) {
		exec_undo(&x->exec);
		publish_undo(&x->exec.publication);
	}
	loop_free(x->loop);
	exec_done(&x->exec);
	free(x);
}
