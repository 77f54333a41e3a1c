/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezers that never come to an end: plain files stand in for them. What a process cannot be made
 * to do here, test-cgroup-root does with real ones.
 */
#include <signal.h>
#include <sys/time.h>

#include "cgroup/stand_in.h"

static struct cgroup_host host;
static struct cgroup cg;

static void begin(void (*make)(void))
{
	make();
	check_int(cgroup_host_probe(&host, stand_in, &err), 0);
}

static void open_x(void)
{
	cgroup_open(&cg, &host, "/x");
}

static void ring(int signal)
{
	(void)signal;
}

/* Again and again, since one that comes outside of the wait is lost. */
static void set_alarm(bool on)
{
	const struct sigaction action = {.sa_handler = ring};
	const struct itimerval timer = {{0, on ? 20000 : 0}, {0, on ? 20000 : 0}};

	check_int(sigaction(SIGALRM, &action, NULL), 0);
	check_int(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void gives_up_v2(void)
{
	begin(stand_in_v2);
	put("x/cgroup.freeze", "0\n");
	put("x/cgroup.events", "populated 1\nfrozen 0\n");
	open_x();
	set_alarm(true);
	check_error(cgroup_freeze(&cg, true, &err), EINTR, "freeze cgroup /x: Interrupted");
	set_alarm(false);
	check_text(got("x/cgroup.freeze"), "0");
	stand_in_end();
}

static void gives_up_v1(void)
{
	begin(stand_in_v1);
	/* Longer than what is written over it, so that it never becomes FROZEN. */
	put("freezer/x/freezer.state", "THAWED--");
	open_x();
	set_alarm(true);
	check_error(cgroup_freeze(&cg, true, &err), EINTR, "freeze cgroup /x: Interrupted");
	set_alarm(false);
	check_text(got("freezer/x/freezer.state"), "THAWED--");
	stand_in_end();
}

static int state_v2(const char *freeze, const char *events)
{
	put("x/cgroup.freeze", freeze);
	put("x/cgroup.events", events);
	open_x();
	return cgroup_freezer(&cg, &err);
}

static void tells_v2(void)
{
	begin(stand_in_v2);
	check_int(state_v2("0\n", "populated 1\nfrozen 0\n"), CGROUP_THAWED);
	check_int(state_v2("1\n", "populated 1\nfrozen 0\n"), CGROUP_FREEZING);
	check_int(state_v2("1\n", "populated 1\nfrozen 1\n"), CGROUP_FROZEN);
	/* By a cgroup above it. */
	check_int(state_v2("0\n", "populated 1\nfrozen 1\n"), CGROUP_THAWED);
	check_int(cgroup_is_frozen(&cg, &err), 0);
	cgroup_open(&cg, &host, "/nobody");
	check_int(cgroup_freezer(&cg, &err), CGROUP_THAWED);
	cgroup_open(&cg, &host, NULL);
	check_int(cgroup_freezer(&cg, &err), CGROUP_THAWED);
	stand_in_end();
}

static int state_v1(const char *self, const char *state)
{
	put("freezer/x/freezer.self_freezing", self);
	put("freezer/x/freezer.state", state);
	open_x();
	return cgroup_freezer(&cg, &err);
}

static void tells_v1(void)
{
	begin(stand_in_hybrid);
	check_int(state_v1("0\n", "THAWED\n"), CGROUP_THAWED);
	check_int(state_v1("1\n", "FREEZING\n"), CGROUP_FREEZING);
	check_int(state_v1("1\n", "FROZEN\n"), CGROUP_FROZEN);
	check_int(state_v1("0\n", "FROZEN\n"), CGROUP_THAWED);
	/* Either of the two. */
	put("unified/x/cgroup.freeze", "1\n");
	put("unified/x/cgroup.events", "frozen 0\n");
	check_int(state_v1("0\n", "THAWED\n"), CGROUP_FREEZING);
	check_int(state_v1("1\n", "FROZEN\n"), CGROUP_FROZEN);
	stand_in_end();
}

static void finds_freezers(void)
{
	struct cgroup_host all;

	stand_in_hybrid();
	check_int(cgroup_host_probe_freezers(&host, stand_in, &err), 0);
	check_int(host.count, 2);
	check_text(host.hierarchies[0].name, "freezer");
	check_text(host.hierarchies[1].name, "unified");
	check(!host.unified);
	stand_in_end();

	stand_in_v2();
	check_int(cgroup_host_probe_freezers(&host, stand_in, &err), 0);
	check(host.unified && host.count == 1);
	stand_in_end();

	/* No freezer by that name: everything is looked at. */
	stand_in_begin();
	put("cpuset,freezer/tasks", "1\n");
	put("memory/tasks", "1\n");
	check_int(cgroup_host_probe_freezers(&host, stand_in, &err), 0);
	check_int(cgroup_host_probe(&all, stand_in, &err), 0);
	check_int(host.count, all.count);
	check(cgroup_find(&host, "freezer") >= 0);
	stand_in_end();
}

static const struct tap_test tests[] = {
	{"v2: a freeze that a signal ends is taken back", gives_up_v2},
	{"v1: the same", gives_up_v1},
	{"v2: thawed, on the way, frozen, and what is above does not count", tells_v2},
	{"v1 and hybrid: the same", tells_v1},
	{"the freezers are found without the rest", finds_freezers},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
