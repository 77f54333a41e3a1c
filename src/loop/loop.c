/* SPDX-License-Identifier: Apache-2.0 */
/* The only user of libev. */
#include "loop/loop.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>

struct fd_watch {
	ev_io io; /* first: libev hands this back */
	struct loop *loop;
	loop_function *function;
	void *arg;
};

struct timer {
	ev_timer ev; /* first: libev hands this back */
	struct loop *loop;
	loop_function *function;
	void *arg;
};

struct before_waiting {
	ev_prepare ev; /* first: libev hands this back */
	void (*function)(void);
};

struct loop {
	struct ev_loop *ev;
	struct before_waiting before_waiting;
	struct timer timers[LOOP_TIMERS_MAX];
	struct fd_watch fds[LOOP_FDS_MAX];
};

static void fd_is_ready(struct ev_loop *ev, ev_io *io, int events)
{
	struct fd_watch *watch = (struct fd_watch *)io;

	(void)ev;
	(void)events;
	watch->function(watch->loop, watch->arg);
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	/* Signals are ours, by signalfd; the environment must not choose the back end. */
	loop->ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV | EVFLAG_NOSIGMASK);
	if (!loop->ev) {
		free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	ev_loop_destroy(loop->ev);
	free(loop);
}

int loop_add_fd(struct loop *loop, int fd, loop_function *function, void *arg)
{
	for (int i = 0; i < LOOP_FDS_MAX; i++) {
		struct fd_watch *watch = &loop->fds[i];

		if (watch->function)
			continue;
		watch->loop = loop;
		watch->function = function;
		watch->arg = arg;
		ev_io_init(&watch->io, fd_is_ready, fd, EV_READ);
		ev_io_start(loop->ev, &watch->io);
		return 0;
	}
	return -ENOSPC;
}

void loop_remove_fd(struct loop *loop, int fd)
{
	for (int i = 0; i < LOOP_FDS_MAX; i++) {
		struct fd_watch *watch = &loop->fds[i];

		if (watch->function && watch->io.fd == fd) {
			ev_io_stop(loop->ev, &watch->io);
			watch->function = NULL;
		}
	}
}

static void timer_is_due(struct ev_loop *ev, ev_timer *ev_timer, int events)
{
	struct timer *timer = (struct timer *)ev_timer;

	(void)ev;
	(void)events;
	timer->function(timer->loop, timer->arg);
}

static struct timer *timer_of(struct loop *loop, loop_function *function)
{
	int i = 0;

	while (i < LOOP_TIMERS_MAX - 1 && loop->timers[i].function &&
	       loop->timers[i].function != function)
		i++;
	return &loop->timers[i];
}

void loop_set_timer(struct loop *loop, unsigned int ms, loop_function *function, void *arg)
{
	struct timer *timer = timer_of(loop, function);

	if (timer->function)
		ev_timer_stop(loop->ev, &timer->ev);
	timer->loop = loop;
	timer->function = function;
	timer->arg = arg;
	ev_now_update(loop->ev);
	ev_timer_init(&timer->ev, timer_is_due, ms / 1000.0, 0);
	ev_timer_start(loop->ev, &timer->ev);
}

static void is_about_to_wait(struct ev_loop *ev, ev_prepare *prepare, int events)
{
	(void)ev;
	(void)events;
	((struct before_waiting *)prepare)->function();
}

void loop_before_waiting(struct loop *loop, void (*function)(void))
{
	loop->before_waiting.function = function;
	ev_prepare_init(&loop->before_waiting.ev, is_about_to_wait);
	ev_prepare_start(loop->ev, &loop->before_waiting.ev);
}

void loop_run(struct loop *loop)
{
	ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop)
{
	ev_break(loop->ev, EVBREAK_ALL);
}
