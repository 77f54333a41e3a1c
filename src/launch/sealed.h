/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running from a copy that nobody can write to. Where the container's pid namespace has inhabitants
 * already, they can see init before it becomes the stub, and through /proc/PID/exe the host's
 * ocirun (CVE-2019-5736). Elsewhere nobody can, and the copy is not made.
 */
#ifndef LAUNCH_SEALED_H
#define LAUNCH_SEALED_H

#include "base/error.h"

/*
 * become_sealed - run this command again from a sealed memfd, unless it runs from one
 * @preserved_fds: how many descriptors from 3 on the new image must still find
 * Returns 0 in the copy, or a negative errno.
 */
int become_sealed(int preserved_fds, struct error *err);

#endif
