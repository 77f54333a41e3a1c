/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors that the caller wants to find again in the container (sd_listen_fds(3)). */
#ifndef LAUNCH_PRESERVE_H
#define LAUNCH_PRESERVE_H

#include <stdbool.h>

#include "base/error.h"
#include "spec/spec.h"

/*
 * preserve_count - how many, from 3 on: --preserve-fds and LISTEN_FDS together; each must be open
 * Must come before anything is opened that could take the place of one that is missing.
 *
 * LISTEN_FDS counts unless LISTEN_PID names another process: unset, ours, or "1", which podman
 * sends for the container's first one. A LISTEN_FDS that is no number is ERROR_USAGE.
 */
int preserve_count(int preserve_fds, int *ret, struct error *err);

/* preserve_activates - is there a LISTEN_FDS for us? For plan_input.set_listen_pid. */
bool preserve_activates(void);

/*
 * preserve_announce - LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES for the process of @spec
 * Does nothing unless preserve_activates. The stub puts in the right LISTEN_PID.
 */
int preserve_announce(struct spec *spec, struct error *err);

#endif
