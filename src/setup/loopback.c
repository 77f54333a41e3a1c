/* SPDX-License-Identifier: Apache-2.0 */
/* A new network namespace has a loopback interface that is down; every runtime brings it up. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "setup/setup.h"

int setup_loopback(struct setup *s, const struct spec *spec, struct error *err)
{
	autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	(void)s;
	(void)spec;
	if (fd < 0 && errno == EAFNOSUPPORT)
		return 0; /* a kernel without IPv4 has no addresses to give */
	if (fd < 0)
		return error_sys(err, "socket");
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_sys(err, "bring up lo");
	return 0;
}
