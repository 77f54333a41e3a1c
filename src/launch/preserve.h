/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors that the caller wants to find again in the container (sd_listen_fds(3)). */
#ifndef LAUNCH_PRESERVE_H
#define LAUNCH_PRESERVE_H

#include "base/error.h"

/*
 * preserve_count - how many, from 3 on: --preserve-fds and LISTEN_FDS together; each must be open
 * Must come before anything is opened that could take the place of one that is missing.
 */
int preserve_count(int preserve_fds, int *ret, struct error *err);

#endif
