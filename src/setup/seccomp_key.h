/* SPDX-License-Identifier: Apache-2.0 */
/* All that a compiled seccomp program depends on, as bytes: equal bytes, equal program. */
#ifndef SETUP_SECCOMP_KEY_H
#define SETUP_SECCOMP_KEY_H

#include <stddef.h>

#include "spec/spec.h"

/*
 * seccomp_key - the bytes of @section and of whatever else decides what seccomp_compile makes of it
 * @ret, @ret_length: malloc'd
 *
 * That is: this program and every library it has loaded, each by its build ID, since a distribution
 * may repair libseccomp without a new version; the versions besides; the native architecture; and
 * what libseccomp found that the kernel can do. Two sections that differ never give the same bytes.
 * Returns 0 or -ENOMEM.
 */
int seccomp_key(const struct spec_seccomp *section, char **ret, size_t *ret_length);

#endif
