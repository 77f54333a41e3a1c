/* SPDX-License-Identifier: Apache-2.0 */
/* hostname and domainname (config.md#hostname, #domainname). */
#include <string.h>
#include <unistd.h>

#include "setup/setup.h"

int setup_hostname(struct setup *s, const struct spec *spec, struct error *err)
{
	(void)s;
	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return error_sys(err, "sethostname %s", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return error_sys(err, "setdomainname %s", spec->domainname);
	return 0;
}
