/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as a readable descriptor. */
#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "loop/loop.h"

int signals_open(const sigset_t *set, sigset_t *ret_previous)
{
	int fd;

	if (sigprocmask(SIG_BLOCK, set, ret_previous) < 0)
		return -errno;
	fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int signals_next(int signal_fd)
{
	struct signalfd_siginfo info;
	ssize_t n;

	do
		n = read(signal_fd, &info, sizeof(info));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
