/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a followed container whose monitor may have been killed: it is recorded by whoever
 * knows it (doc/events.md, "Guarantees", 7 and 9).
 */
#ifndef VERBS_FOLLOW_SETTLE_H
#define VERBS_FOLLOW_SETTLE_H

#include "verbs/follow.h"

/* follow_plan - by what our pidfd says, set @f->settle_ms, where it is not set. */
void follow_plan(struct follow *f);

/* follow_settle - look at the container itself, and at its monitor; says failures by log_warning.
 */
void follow_settle(struct follow *f);

#endif
