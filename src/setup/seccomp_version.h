/* SPDX-License-Identifier: Apache-2.0 */
/* Which libseccomp is linked, for --version and features. */
#ifndef SETUP_SECCOMP_VERSION_H
#define SETUP_SECCOMP_VERSION_H

#include <stddef.h>

/* seccomp_version_text - "2.5.4", of the library that runs, not of its headers. */
void seccomp_version_text(char *text, size_t size);

#endif
