/* SPDX-License-Identifier: Apache-2.0 */
/* One datagram, optionally with descriptors, over a SOCK_SEQPACKET pair. */
#ifndef BASE_MESSAGE_H
#define BASE_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

#define MESSAGE_MAX_FDS 8

/* message_pair - socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC). 0 or a negative errno. */
int message_pair(int fds[2]);

/* message_send - @fds borrowed, may be NULL with @fd_count 0; never raises SIGPIPE. */
int message_send(int fd, const void *data, size_t length, const int *fds, size_t fd_count);

/*
 * message_receive - wait for one datagram
 * @ret_fds: room for MESSAGE_MAX_FDS, or NULL (then descriptors that came are closed); CLOEXEC
 * Returns the length, 0 at end of file, or a negative errno; -EMSGSIZE if it was cut.
 */
ssize_t message_receive(int fd, void *data, size_t size, int *ret_fds, size_t *ret_fd_count);

#endif
