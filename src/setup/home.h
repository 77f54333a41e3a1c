/* SPDX-License-Identifier: Apache-2.0 */
/* HOME for a process whose configuration does not say, as runc sets it and engines rely on. */
#ifndef SETUP_HOME_H
#define SETUP_HOME_H

#include "spec/spec.h"

#define HOME_TEXT_MAX 1024

/*
 * home_environment - the process's env, and HOME of its user when it has none
 * @root_fd: the container's root; its /etc/passwd is read as the hostile file that it is
 * @text: room for the added "HOME=..."; must live as long as the result
 *
 * The user's directory if passwd has an absolute one without control characters (CVE-2022-4318),
 * else "/". Returns a malloc'd, NULL-terminated vector of borrowed strings; NULL without memory.
 */
const char **home_environment(int root_fd, const struct spec_process *process,
			      char text[HOME_TEXT_MAX]);

#endif
