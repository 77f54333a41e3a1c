/* SPDX-License-Identifier: Apache-2.0 */
/* Sibling, netlink, parent, hand-over, ptrace or none. */
#include "monitor/exit_choice.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "monitor/exit_ptrace.h"
#include "monitor/exit_zombie.h"

static bool is(const char *word, const char *value)
{
	return strcmp(word, value) == 0;
}

/* Parenthood goes with one source each; beside it is place for the other three. */
static int check_agreement(const struct exit_wish *wish, struct error *err)
{
	bool by_parent = is(wish->source, "parent");

	if (is(wish->monitor, "auto") || is(wish->source, "auto") ||
	    (is(wish->monitor, "sibling") && !by_parent) ||
	    (is(wish->monitor, "parent") && by_parent))
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL, "--monitor=%s and --exit-source=%s: %s",
			 wish->monitor, wish->source,
			 is(wish->monitor, "none")	? "nothing watches, so nothing is learnt"
			 : is(wish->monitor, "sibling") ? "a sibling cannot reap"
							: "a parent learns it by reaping");
}

/* What the kernel keeps of a process that has been reaped can only be seen at one. */
static bool kernel_tells_pidfd(void)
{
	autofd pidfd = -EBADF;
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child < 0)
		return false;
	pidfd = sys_pidfd_open(child, 0);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return pidfd >= 0 && exit_status_probe(pidfd);
}

static int no_pidfd_source(const char *option, struct error *err)
{
	return error_set(err, ERROR_SYSTEM, ENOTSUP, "%s needs PIDFD_INFO_EXIT (Linux 6.15)",
			 option);
}

static int check_connector(struct error *err)
{
	autofd fd = exit_netlink_open(err);

	return fd < 0 ? error_in(err, "--exit-source=netlink") : 0;
}

/* --monitor=sibling leaves the source open: any that needs no parenthood. */
static int check_sibling(struct error *err)
{
	struct error none = ERROR_INIT;

	if (kernel_tells_pidfd() || check_connector(&none) == 0)
		return 0;
	return error_set(err, ERROR_SYSTEM, ENOTSUP,
			 "--monitor=sibling needs PIDFD_INFO_EXIT (Linux 6.15) or the process "
			 "connector of the initial namespaces");
}

int exit_choice_check(const struct exit_wish *wish, struct error *err)
{
	int r = check_agreement(wish, err);

	if (r < 0)
		return r;
	if (is(wish->source, "pidfd"))
		return kernel_tells_pidfd() ? 0 : no_pidfd_source("--exit-source=pidfd", err);
	if (is(wish->source, "netlink"))
		return check_connector(err);
	if (is(wish->source, "ptrace"))
		return exit_ptrace_check(err);
	return is(wish->monitor, "sibling") ? check_sibling(err) : 0;
}

enum watch_mode exit_choice_mode(const struct exit_wish *wish, bool kernel_tells, bool connector,
				 pid_t adopter)
{
	bool subreaper = adopter > 1;

	if (is(wish->monitor, "none"))
		return WATCH_NONE;
	if (is(wish->source, "pidfd"))
		return WATCH_SIBLING;
	if (is(wish->source, "netlink"))
		return WATCH_NETLINK;
	if (is(wish->source, "ptrace"))
		return WATCH_PTRACE;
	if (is(wish->monitor, "sibling"))
		return kernel_tells ? WATCH_SIBLING : WATCH_NETLINK;
	/* Nobody above waits, and some PID 1s never reap: be the parent. */
	if (!subreaper)
		return WATCH_PARENT;
	if (is(wish->monitor, "parent") || is(wish->source, "parent"))
		return WATCH_HAND_OVER;
	if (kernel_tells)
		return WATCH_SIBLING;
	return connector ? WATCH_NETLINK : WATCH_HAND_OVER;
}

int exit_choice_make(const struct exit_wish *wish, bool kernel_tells, pid_t adopter,
		     struct exit_means *ret, struct error *err)
{
	bool demanded = exit_choice_mode(wish, kernel_tells, false, adopter) == WATCH_NETLINK;

	ret->mode = exit_choice_mode(wish, kernel_tells, true, adopter);
	if (ret->mode == WATCH_SIBLING && !kernel_tells)
		return no_pidfd_source("--exit-source=pidfd", err);
	if (ret->mode != WATCH_NETLINK)
		return 0;
	ret->netlink.fd = exit_netlink_open(err);
	if (ret->netlink.fd >= 0)
		return 0;
	if (demanded)
		return error_in(err, "--exit-source=netlink");
	*err = (struct error)ERROR_INIT;
	ret->mode = exit_choice_mode(wish, kernel_tells, false, adopter);
	return 0;
}

void exit_choice_adopt(pid_t pid, int pidfd, struct exit_means *ret)
{
	struct error ignored = ERROR_INIT;

	*ret = EXIT_MEANS_NONE;
	ret->mode = WATCH_SIBLING;
	if (kernel_tells_pidfd())
		return;
	exit_zombie_open(&ret->zombie, pid);
	/* The number is still its own: so it was its own before. */
	if (sys_pidfd_send_signal(pidfd, 0) < 0)
		exit_zombie_close(&ret->zombie);
	ret->netlink.fd = exit_netlink_open(&ignored);
	ret->mode = ret->netlink.fd >= 0 ? WATCH_NETLINK : WATCH_ZOMBIE;
	if (ret->mode == WATCH_NETLINK &&
	    exit_netlink_aim_late(&ret->netlink, pid, &ret->zombie, &ignored) < 0) {
		close_keeping_errno(take_fd(&ret->netlink.fd));
		ret->mode = WATCH_ZOMBIE;
	}
}
