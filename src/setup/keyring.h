/* SPDX-License-Identifier: Apache-2.0 */
/* The session keyring that a container's processes share. */
#ifndef SETUP_KEYRING_H
#define SETUP_KEYRING_H

#define KEYRING_NAME_SIZE 256

/* keyring_name - "_ses.ID": create makes it, exec joins it; returns @buffer. */
const char *keyring_name(char buffer[KEYRING_NAME_SIZE], const char *id);

#endif
