/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller of create and exec asked to be told: the pid in a file, a pidfd over a socket. */
#ifndef LAUNCH_PUBLISH_H
#define LAUNCH_PUBLISH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct publication {
	const char *pid_file, *pidfd_socket; /* borrowed; or NULL */
	const char *pidfd_receiver;	     /* the annotation run.oci.pidfd_receiver */
	bool pid_file_is_ours; /* written by publish: the only one that it may take back */
};

/* publish_check - could the pid file be written? Before anything is made. */
int publish_check(const struct publication *p, struct error *err);

/* publish - once the process is ready. The pid file is whole from the moment it has its name. */
int publish(struct publication *p, pid_t pid, int pidfd, struct error *err);

/* publish_undo - it failed after all: no pid file of ours stays, and nobody else's goes. */
void publish_undo(const struct publication *p);

/* connect_socket - to an AF_UNIX stream socket of the caller's. Its fd or a negative errno. */
int connect_socket(const char *option, const char *path, struct error *err);

#endif
