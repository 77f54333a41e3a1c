/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation between parent, monitor and init: its messages and their order. */
#ifndef LAUNCH_HANDSHAKE_H
#define LAUNCH_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "setup/hooks.h"
#include "spec/spec.h"
#include "stub/plan.h"

enum message_kind {
	MESSAGE_NONE = 100, /* the stub's reports have small numbers: plan.h */
	/* init and monitor */
	INIT_WANTS_ID_MAPS,
	MONITOR_WROTE_ID_MAPS,
	INIT_WANTS_HOOKS,
	MONITOR_RAN_HOOKS, /* value: init's pid on the host, for the hooks that init runs itself */
	INIT_WANTS_PLAN,
	MONITOR_SENT_PLAN, /* with the plan's descriptor */
	INIT_FAILED,	   /* with the error; legal at any time */
	/* legal at any time between the id maps and the hooks: helper.h */
	INIT_WANTS_SOURCE,     /* value: index of the mount, -1: root.path */
	MONITOR_OPENED_SOURCE, /* with its descriptor */
	INIT_WANTS_MOUNT_IDS,  /* value: index of the mount; with the detached mount */
	MONITOR_MAPPED_MOUNT,
	/* monitor and parent */
	PARENT_SAW_KERNEL, /* value: can the kernel tell a reaped process's status? */
	MONITOR_IS_READY,  /* value: init's pid; with its pidfd */
	PARENT_COMMITS,
	MONITOR_CREATED,
	MONITOR_FAILED, /* with the error; everything is undone, or, from the parent, must be */
};

const char *message_name(enum message_kind kind);

/* One datagram. Fixed size, no pointers; read only when the length fits exactly. */
struct message {
	uint32_t kind;
	int32_t value;
	struct error error;
	uint64_t ungranted; /* with MONITOR_IS_READY: capabilities that the process cannot have */
	bool hook_failed;
	struct hook_failure hook; /* with INIT_FAILED and MONITOR_FAILED of a hook */
};

int handshake_send(int fd, const struct message *message, int passed_fd, struct error *err);

/*
 * handshake_receive - wait for @expected from @peer ("init", "the monitor")
 *
 * End-of-file is an error: "init died before <expected>". INIT_FAILED and MONITOR_FAILED become
 * *err.
 * @message: what came, for value and hook; @ret_fd: a passed descriptor or -EBADF; may be NULL.
 */
int handshake_receive(int fd, const char *peer, enum message_kind expected, struct message *message,
		      int *ret_fd, struct error *err);

/* What init asks and what the monitor answers, in the only order that is accepted. */
struct exchange {
	enum message_kind asks, answer;
	bool (*wanted)(const struct spec *spec);
};
extern const struct exchange create_exchanges[];

/* handshake_has_hooks - does the create run any? prestart, createRuntime, createContainer. */
bool handshake_has_hooks(const struct spec *spec);

/*
 * handshake_next - is @kind the message that comes next for this spec?
 * @position: 0 at first; advanced past the exchange that @kind belongs to
 * Returns the exchange, or NULL: out of order.
 */
const struct exchange *handshake_next(size_t *position, const struct spec *spec,
				      enum message_kind kind);

#endif
