/* SPDX-License-Identifier: Apache-2.0 */
/* Playing an older kernel, for tests: OCIRUN_KERNEL_LACKS in a build with --enable-failpoints. */
#ifndef BASE_KERNEL_LACKS_H
#define BASE_KERNEL_LACKS_H

#include <stdbool.h>

/*
 * kernel_lacks - is @feature in the list of OCIRUN_KERNEL_LACKS ("pidfd-exit,connector")?
 * Always false in a build for use. doc/testing.md has the names.
 */
bool kernel_lacks(const char *feature);

#endif
