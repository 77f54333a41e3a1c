/* SPDX-License-Identifier: Apache-2.0 */
/* The status for somebody who neither watches nor reaps: any verb that holds a pidfd. */
#include <errno.h>
#include <sys/ioctl.h>

#include "base/compat.h"
#include "container/facts.h"
#include "monitor/exit_status.h"

int exit_status_witness(int pidfd, pid_t pid, int *ret_status, const char **ret_source)
{
	struct compat_pidfd_info info = {.mask = COMPAT_PIDFD_INFO_EXIT};
	int status = 0;

	/* Without a pidfd the number may be another process's by now. */
	if (pidfd < 0)
		return -ENODATA;
	/*
	 * Field 52 reads 0 to a process without ptrace access, which nobody can tell from exit 0:
	 * only a non-zero value is believed of a zombie, unless we are root in the initial
	 * namespaces.
	 */
	if (process_is_zombie(pid, &status) == 1 && (status != 0 || geteuid() == 0)) {
		*ret_status = status;
		*ret_source = SOURCE_ZOMBIE;
		return 0;
	}
	if (ioctl(pidfd, COMPAT_PIDFD_GET_INFO, &info) == 0 &&
	    (info.mask & COMPAT_PIDFD_INFO_EXIT)) {
		*ret_status = info.exit_code;
		*ret_source = SOURCE_PIDFD;
		return 0;
	}
	*ret_source = SOURCE_NONE;
	return -ENODATA;
}
