/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a readiness socket, shown in the container (sd_notify(3)). */
#ifndef SETUP_NOTIFY_H
#define SETUP_NOTIFY_H

#define NOTIFY_DIRECTORY   "/run/notify" /* in the container, as runc has it */
#define NOTIFY_SOCKET_NAME "notify.sock"

/*
 * notify_tree - a detached copy of the mount at @dirfd, made on the side of the host
 * The container's own root may not be let through to where the directory is. Returns a CLOEXEC
 * descriptor, or a negative errno where a kernel or a lack of privilege leaves only its path.
 */
int notify_tree(int dirfd);

#endif
