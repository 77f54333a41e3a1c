/* SPDX-License-Identifier: Apache-2.0 */
/* A pty of a container's own devpts, for the container's process and for those of exec. */
#ifndef SETUP_TERMINAL_H
#define SETUP_TERMINAL_H

#include <sys/types.h>

#include "base/error.h"
#include "spec/spec.h"

/*
 * terminal_open - a new pty, sized as @process asks (consoleSize)
 * @rootfs_fd:    O_PATH of the container's root; for exec of /proc/PID/root, from the host's side
 * @host_proc_fd: a procfs of this process's own, never the container's
 * @owner:        who gets the slave, as an id of this process's user namespace (terminal_owner());
 *                (uid_t)-1: it stays this process's, and the stub gives it away (chown_console)
 *
 * The rootfs may be hostile: a /dev/pts/ptmx that is no devpts's is refused. Both descriptors are
 * CLOEXEC and no controlling terminal of anybody. Returns 0 or a negative errno.
 */
int terminal_open(int rootfs_fd, int host_proc_fd, const struct spec_process *process, uid_t owner,
		  int *ret_master_fd, int *ret_slave_fd, struct error *err);

/*
 * terminal_owner - the container's user @uid as this process, on the host's side, calls it
 * @uid_map_fd: /proc/PID/uid_map of a process in the container, opened on the host's side; only
 *              where its user namespace is another than ours, else the id is the same
 * Returns (uid_t)-1 where it is mapped to nobody that this process knows.
 */
uid_t terminal_owner(int uid_map_fd, uid_t uid);

/* terminal_send - the master to a connected SOCK_STREAM, with the slave's name as its message. */
int terminal_send(int console_socket, int master_fd, struct error *err);

#endif
