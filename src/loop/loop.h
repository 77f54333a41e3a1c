/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: readable descriptors (pidfds and signalfds among them). */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <signal.h>

struct loop;

typedef void loop_function(struct loop *loop, void *arg);

/* loop_new - NULL without memory or descriptors. loop_free may be given NULL. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/*
 * loop_add_fd - call @function whenever @fd is readable or hung up; loop_remove_fd undoes it
 * @fd: borrowed; remove it from the loop before closing it
 * Returns 0, or -ENOSPC when more than LOOP_FDS_MAX are watched.
 */
#define LOOP_FDS_MAX 16
int loop_add_fd(struct loop *loop, int fd, loop_function *function, void *arg);
void loop_remove_fd(struct loop *loop, int fd);

/* loop_set_timer - call @function once, in @ms from now: a timer for each function, LOOP_TIMERS_MAX
 * of them, and the last call counts. */
#define LOOP_TIMERS_MAX 2
void loop_set_timer(struct loop *loop, unsigned int ms, loop_function *function, void *arg);

/* loop_before_waiting - call @function each time before the loop goes to sleep; once per loop. */
void loop_before_waiting(struct loop *loop, void (*function)(void));

/* loop_run - until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/*
 * signals_open - block @set in this thread and return a signalfd for it (CLOEXEC, non-blocking)
 * @ret_previous: the mask before, for children that must not inherit ours; may be NULL
 */
int signals_open(const sigset_t *set, sigset_t *ret_previous);

/* signals_next - the next pending signal's number, or 0 when there is none. */
int signals_next(int signal_fd);

#endif
