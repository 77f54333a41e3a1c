/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the create's messages, good and bad, without a fork. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/tap.h"
#include "launch/handshake.h"

static const struct spec_hook hook = {.path = "/bin/true"};

static struct spec spec_with(bool user_namespace, bool hooks)
{
	struct spec spec = {0};

	spec.namespaces[NAMESPACE_USER].wanted = user_namespace;
	if (hooks) {
		spec.hooks.count[HOOK_CREATE_CONTAINER] = 1;
		spec.hooks.list[HOOK_CREATE_CONTAINER] = &hook;
	}
	return spec;
}

static void full_order(void)
{
	static const enum message_kind asked[] = {INIT_WANTS_ID_MAPS, INIT_WANTS_HOOKS,
						  INIT_WANTS_PLAN};
	struct spec spec = spec_with(true, true);
	size_t position = 0;

	for (size_t i = 0; i < 3; i++) {
		const struct exchange *e = handshake_next(&position, &spec, asked[i]);

		check(e && e->asks == asked[i]);
	}
	check(!handshake_next(&position, &spec, INIT_WANTS_PLAN));
}

static void unwanted_are_passed_over(void)
{
	struct spec spec = spec_with(false, false);
	size_t position = 0;

	check(handshake_next(&position, &spec, INIT_WANTS_PLAN));
	check(!handshake_next(&position, &spec, INIT_WANTS_PLAN));
}

static void unwanted_are_refused(void)
{
	struct spec spec = spec_with(false, false);
	size_t position = 0;

	check(!handshake_next(&position, &spec, INIT_WANTS_ID_MAPS));
	check(!handshake_next(&position, &spec, INIT_WANTS_HOOKS));
	check_int(position, 0);
}

static void skipping_is_refused(void)
{
	struct spec spec = spec_with(true, true);
	size_t position = 0;

	check(!handshake_next(&position, &spec, INIT_WANTS_HOOKS));
	check(!handshake_next(&position, &spec, INIT_WANTS_PLAN));
	check(handshake_next(&position, &spec, INIT_WANTS_ID_MAPS));
	check(!handshake_next(&position, &spec, INIT_WANTS_ID_MAPS));
	check(!handshake_next(&position, &spec, INIT_WANTS_PLAN));
}

static void end_of_file_is_an_error(void)
{
	struct error err = ERROR_INIT;
	struct message m;
	int pair[2];

	check_int(message_pair(pair), 0);
	(void)close(pair[1]);
	check_int(handshake_receive(pair[0], "init", INIT_WANTS_PLAN, &m, NULL, &err), -ECONNRESET);
	check_text(err.text, "init died before asking for its plan");
	(void)close(pair[0]);
}

static void failure_carries_the_error(void)
{
	struct error err = ERROR_INIT;
	struct message sent = {.kind = INIT_FAILED}, m;
	int pair[2];

	(void)error_set(&sent.error, ERROR_SYSTEM, ENOENT, "mounts: /data: gone");
	check_int(message_pair(pair), 0);
	check_int(handshake_send(pair[1], &sent, -EBADF, &err), 0);
	check_int(handshake_receive(pair[0], "init", INIT_WANTS_PLAN, &m, NULL, &err), -ENOENT);
	check_text(err.text, "mounts: /data: gone");
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void short_message_is_an_error(void)
{
	struct error err = ERROR_INIT;
	struct message m;
	int pair[2];

	check_int(message_pair(pair), 0);
	check_int(message_send(pair[1], "boo", 3, NULL, 0), 0);
	check_int(handshake_receive(pair[0], "init", INIT_WANTS_PLAN, &m, NULL, &err), -EPROTO);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void descriptors_travel(void)
{
	struct error err = ERROR_INIT;
	const struct message sent = {.kind = MONITOR_SENT_PLAN};
	struct message m;
	int pair[2], fd;

	check_int(message_pair(pair), 0);
	check_int(handshake_send(pair[1], &sent, pair[0], &err), 0);
	check_int(handshake_receive(pair[0], "the monitor", MONITOR_SENT_PLAN, &m, &fd, &err), 0);
	check(fd > pair[0]);
	(void)close(fd);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"id maps, hooks and plan come in this order", full_order},
		{"what the spec does not call for is passed over", unwanted_are_passed_over},
		{"asking for what the spec does not call for is refused", unwanted_are_refused},
		{"an exchange cannot be skipped or repeated", skipping_is_refused},
		{"end of file names who died, and before what", end_of_file_is_an_error},
		{"a failure carries its error across", failure_carries_the_error},
		{"a message of the wrong length is refused", short_message_is_an_error},
		{"a descriptor travels with its message", descriptors_travel},
	};

	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
