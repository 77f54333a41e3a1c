/* SPDX-License-Identifier: Apache-2.0 */
/* Here, because seccomp.h is included nowhere above this folder. */
#include "setup/seccomp_version.h"

#include <seccomp.h>
#include <stdio.h>

void seccomp_version_text(char *text, size_t size)
{
	const struct scmp_version *version = seccomp_version();

	(void)snprintf(text, size, "%u.%u.%u", version->major, version->minor, version->micro);
}
