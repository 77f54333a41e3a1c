/* SPDX-License-Identifier: Apache-2.0 */
/* Sending, receiving and ordering the messages. */
#include "launch/handshake.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/message.h"

static bool has_new_user_namespace(const struct spec *spec)
{
	return spec_is_new(spec, NAMESPACE_USER);
}

bool handshake_has_hooks(const struct spec *spec)
{
	return spec->hooks.count[HOOK_PRESTART] || spec->hooks.count[HOOK_CREATE_RUNTIME] ||
	       spec->hooks.count[HOOK_CREATE_CONTAINER];
}

const struct exchange create_exchanges[] = {
	/* init asks          monitor answers        wanted                 */
	{INIT_WANTS_ID_MAPS, MONITOR_WROTE_ID_MAPS, has_new_user_namespace},
	{INIT_WANTS_HOOKS, MONITOR_RAN_HOOKS, handshake_has_hooks},
	{INIT_WANTS_PLAN, MONITOR_SENT_PLAN, NULL},
	{MESSAGE_NONE, MESSAGE_NONE, NULL},
};

const struct exchange *handshake_next(size_t *position, const struct spec *spec,
				      enum message_kind kind)
{
	const struct exchange *e;

	for (e = &create_exchanges[*position]; e->asks != MESSAGE_NONE; e++) {
		if (e->wanted && !e->wanted(spec))
			continue;
		if (e->asks != kind)
			return NULL;
		*position = (size_t)(e - create_exchanges) + 1;
		return e;
	}
	return NULL;
}

const char *message_name(enum message_kind kind)
{
	static const char *const names[] = {
		[INIT_WANTS_ID_MAPS - MESSAGE_NONE] = "asking for its id maps",
		[MONITOR_WROTE_ID_MAPS - MESSAGE_NONE] = "writing the id maps",
		[INIT_WANTS_HOOKS - MESSAGE_NONE] = "asking for the hooks",
		[MONITOR_RAN_HOOKS - MESSAGE_NONE] = "running the hooks",
		[INIT_WANTS_PLAN - MESSAGE_NONE] = "asking for its plan",
		[MONITOR_SENT_PLAN - MESSAGE_NONE] = "sending the plan",
		[INIT_FAILED - MESSAGE_NONE] = "failing",
		[INIT_WANTS_SOURCE - MESSAGE_NONE] = "asking for a mount's source",
		[MONITOR_OPENED_SOURCE - MESSAGE_NONE] = "opening a mount's source",
		[INIT_WANTS_MOUNT_IDS - MESSAGE_NONE] = "asking for a mount's ids to be mapped",
		[MONITOR_MAPPED_MOUNT - MESSAGE_NONE] = "mapping a mount's ids",
		[PARENT_SAW_KERNEL - MESSAGE_NONE] = "telling what the kernel can do",
		[MONITOR_IS_READY - MESSAGE_NONE] = "the container was ready",
		[PARENT_COMMITS - MESSAGE_NONE] = "committing the create",
		[MONITOR_CREATED - MESSAGE_NONE] = "recording the create",
		[MONITOR_FAILED - MESSAGE_NONE] = "failing",
	};
	size_t index = (size_t)kind - MESSAGE_NONE;

	return index < ARRAY_SIZE(names) && names[index] ? names[index] : "an unknown message";
}

int handshake_send(int fd, const struct message *message, int passed_fd, struct error *err)
{
	int r = message_send(fd, message, sizeof(*message), &passed_fd, passed_fd >= 0);

	if (r < 0)
		return error_sys_num(err, r, "%s: send", message_name(message->kind));
	return 0;
}

static int take_failure(const struct message *message, struct error *err)
{
	*err = message->error;
	err->text[sizeof(err->text) - 1] = '\0';
	return err->errnum > 0 ? -err->errnum : -EIO;
}

int handshake_receive(int fd, const char *peer, enum message_kind expected, struct message *message,
		      int *ret_fd, struct error *err)
{
	int fds[MESSAGE_MAX_FDS];
	size_t fd_count = 0;
	ssize_t n = message_receive(fd, message, sizeof(*message), fds, &fd_count);

	if (ret_fd)
		*ret_fd = -EBADF;
	for (size_t i = 0; i < fd_count; i++) {
		if (i == 0 && ret_fd)
			*ret_fd = fds[0];
		else
			close_keeping_errno(fds[i]);
	}
	if (n < 0)
		return error_sys_num(err, (int)n, "receive from %s", peer);
	if (n == 0)
		return error_set(err, ERROR_SYSTEM, ECONNRESET, "%s died before %s", peer,
				 message_name(expected));
	if (n != (ssize_t)sizeof(*message))
		return error_set(err, ERROR_SYSTEM, EPROTO, "%s sent %zd bytes instead of %s", peer,
				 n, message_name(expected));
	if (message->kind == INIT_FAILED || message->kind == MONITOR_FAILED)
		return take_failure(message, err);
	if (message->kind != (uint32_t)expected)
		return error_set(err, ERROR_SYSTEM, EPROTO, "%s is %s instead of %s", peer,
				 message_name(message->kind), message_name(expected));
	return 0;
}
