/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled seccomp programs, kept as files in <root>/.seccomp: libseccomp needs longer for docker's
 * profile than everything else of a create together. What is found there is believed only where
 * it is the caller's alone, whole, and made from exactly the same (seccomp_key.h); anything else is
 * compiled anew. That the cache cannot be read or written is never an error.
 */
#ifndef SETUP_SECCOMP_CACHE_H
#define SETUP_SECCOMP_CACHE_H

#include "setup/seccomp.h"

/* At most so many files of at most so many bytes together: the oldest go. */
#define SECCOMP_CACHE_FILES 64
#define SECCOMP_CACHE_BYTES (4 * 1024 * 1024)

/*
 * seccomp_cache_open - <root>/.seccomp, made (0700) when it is missing
 * Returns its descriptor, or a negative errno, which seccomp_obtain takes for "no cache". So is a
 * directory of somebody else's, or one that others may write.
 */
int seccomp_cache_open(int root_dirfd);

/*
 * seccomp_obtain - as seccomp_compile, from the cache where it is there, and into it where not
 * @cache_dirfd: from seccomp_cache_open; negative: compile, and keep nothing
 */
int seccomp_obtain(int cache_dirfd, const struct spec_seccomp *section, struct seccomp_program *ret,
		   struct error *err);

#endif
