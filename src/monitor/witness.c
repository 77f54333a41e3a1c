/* SPDX-License-Identifier: Apache-2.0 */
/* The status for somebody who neither watches nor reaps: any verb that holds a pidfd. */
#include <errno.h>
#include <sys/ioctl.h>

#include "base/compat.h"
#include "base/kernel_lacks.h"
#include "monitor/exit_status.h"
#include "monitor/exit_zombie.h"

static int ask_zombie(int pidfd, pid_t pid, int *ret_status)
{
	struct exit_zombie z = EXIT_ZOMBIE_CLOSED;
	int r = -ESRCH;

	exit_zombie_open(&z, pid);
	/* The number is still its own: so it was its own before. */
	if (sys_pidfd_send_signal(pidfd, 0) == 0 || errno != ESRCH)
		r = exit_zombie_status(&z, ret_status);
	exit_zombie_close(&z);
	return r;
}

static int ask_kernel(int pidfd, int *ret_status)
{
	struct compat_pidfd_info info = {.mask = COMPAT_PIDFD_INFO_EXIT};

	if (kernel_lacks("pidfd-exit") || ioctl(pidfd, COMPAT_PIDFD_GET_INFO, &info) < 0 ||
	    !(info.mask & COMPAT_PIDFD_INFO_EXIT))
		return -ENODATA;
	*ret_status = info.exit_code;
	return 0;
}

int exit_status_witness(int pidfd, pid_t pid, int *ret_status, const char **ret_source)
{
	*ret_source = SOURCE_NONE;
	if (pidfd < 0)
		return -ENODATA;
	/* In this order: between the two questions it can only go from zombie to reaped. */
	if (ask_zombie(pidfd, pid, ret_status) == 0)
		*ret_source = SOURCE_ZOMBIE;
	else if (ask_kernel(pidfd, ret_status) == 0)
		*ret_source = SOURCE_PIDFD;
	else
		return -ENODATA;
	return 0;
}
