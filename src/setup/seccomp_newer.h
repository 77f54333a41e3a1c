/* SPDX-License-Identifier: Apache-2.0 */
/* ENOSYS for system calls that are newer than a profile. */
#ifndef SETUP_SECCOMP_NEWER_H
#define SETUP_SECCOMP_NEWER_H

#include <stddef.h>

#include "spec/spec.h"

struct sock_filter;

/* Room that seccomp_newer() may need. */
#define SECCOMP_NEWER_MAX 200

/*
 * seccomp_newer - instructions to run in front of @seccomp's own program
 *
 * A profile of allowed calls cannot name those that came after it. Libraries try a new call and
 * fall back on ENOSYS, as from an old kernel, but not on the profile's EPERM. So, as runc has it,
 * numbers above all that the profile names answer ENOSYS. Only where the default is another errno:
 * nothing becomes allowed by it, and who asked for a kill gets one.
 *
 * Returns their count, 0 where there is nothing to add.
 */
size_t seccomp_newer(const struct spec_seccomp *seccomp, struct sock_filter *ret);

#endif
