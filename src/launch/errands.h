/* SPDX-License-Identifier: Apache-2.0 */
/* What init asks of the monitor while it mounts, because a user namespace may not. */
#ifndef LAUNCH_ERRANDS_H
#define LAUNCH_ERRANDS_H

#include "launch/roles.h"
#include "setup/setup.h"

/* errands_for_init - the functions that ask; @l and the result live as long as init. */
struct setup_errands errands_for_init(struct launch *l);

/* errands_is_asked - is this message for errands_answer? */
bool errands_is_asked(enum message_kind kind);

/*
 * errands_answer - do it, and tell init how it went
 * @fd: what came with the message, or -EBADF; borrowed
 * Returns 0 also when it failed: then init has the error, and knows what it was for.
 */
int errands_answer(struct launch *l, const struct message *asked, int fd, struct error *err);

#endif
