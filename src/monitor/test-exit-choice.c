/* SPDX-License-Identifier: Apache-2.0 */
/* Which way is taken, by wish, kernel and adopter; and which wishes exclude each other. */
#include <errno.h>

#include "base/tap.h"
#include "monitor/exit_choice.h"

#define SUBREAPER 4711

struct row {
	const char *monitor, *source;
	bool kernel_tells, connector;
	pid_t adopter;
	enum watch_mode expected;
};

static const struct row rows[] = {
	/* nobody asked for anything */
	{"auto", "auto", true, true, SUBREAPER, WATCH_SIBLING},
	{"auto", "auto", true, false, SUBREAPER, WATCH_SIBLING},
	{"auto", "auto", false, true, SUBREAPER, WATCH_NETLINK},
	{"auto", "auto", false, false, SUBREAPER, WATCH_HAND_OVER},
	{"auto", "auto", true, true, 1, WATCH_PARENT},
	{"auto", "auto", false, true, 1, WATCH_PARENT},
	{"auto", "auto", false, false, 1, WATCH_PARENT},
	/* who watches */
	{"sibling", "auto", true, true, 1, WATCH_SIBLING},
	{"sibling", "auto", false, true, 1, WATCH_NETLINK},
	{"parent", "auto", true, true, SUBREAPER, WATCH_HAND_OVER},
	{"parent", "auto", true, true, 1, WATCH_PARENT},
	{"none", "auto", true, true, SUBREAPER, WATCH_NONE},
	/* the source */
	{"auto", "pidfd", true, true, 1, WATCH_SIBLING},
	{"auto", "netlink", true, true, SUBREAPER, WATCH_NETLINK},
	{"auto", "netlink", true, true, 1, WATCH_NETLINK},
	{"auto", "parent", true, true, SUBREAPER, WATCH_HAND_OVER},
	{"auto", "parent", true, true, 1, WATCH_PARENT},
	{"auto", "ptrace", true, true, SUBREAPER, WATCH_PTRACE},
	{"sibling", "ptrace", true, true, 1, WATCH_PTRACE},
};

static void choices(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		const struct exit_wish wish = {r->monitor, r->source};
		enum watch_mode mode =
			exit_choice_mode(&wish, r->kernel_tells, r->connector, r->adopter);

		if (mode != r->expected)
			printf("# row %zu: monitor %s, source %s\n", i, r->monitor, r->source);
		check_text(watch_mode_name(mode), watch_mode_name(r->expected));
	}
}

static void check_refused(const char *monitor, const char *source, const char *text)
{
	const struct exit_wish wish = {monitor, source};
	struct error err = ERROR_INIT;

	check_int(exit_choice_check(&wish, &err), -EINVAL);
	check_int(err.kind, ERROR_USAGE);
	check_text(err.text, text);
}

static void contradictions(void)
{
	static const struct exit_wish fine[] = {
		{"auto", "auto"}, {"parent", "auto"}, {"none", "auto"}, {"parent", "parent"}};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		check_int(exit_choice_check(&fine[i], &err), 0);
	check_refused("none", "pidfd",
		      "--monitor=none and --exit-source=pidfd: nothing watches, so nothing is "
		      "learnt");
	check_refused("sibling", "parent",
		      "--monitor=sibling and --exit-source=parent: a sibling cannot reap");
	check_refused("parent", "netlink",
		      "--monitor=parent and --exit-source=netlink: a parent learns it by reaping");
}

static void siblings(void)
{
	check(watch_mode_is_sibling(WATCH_SIBLING));
	check(watch_mode_is_sibling(WATCH_NETLINK));
	check(watch_mode_is_sibling(WATCH_PTRACE));
	check(!watch_mode_is_sibling(WATCH_PARENT));
	check(!watch_mode_is_sibling(WATCH_HAND_OVER));
	check(!watch_mode_is_sibling(WATCH_NONE));
}

static const struct tap_test tests[] = {
	{"each wish, kernel and adopter has its mode", choices},
	{"wishes that exclude each other are refused by name", contradictions},
	{"init is the adopter's child unless the monitor reaps it", siblings},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
