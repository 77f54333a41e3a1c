/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming the stub: the one way in which a process of ocirun turns into a container's. */
#ifndef STUB_STUB_H
#define STUB_STUB_H

#include <stddef.h>

#include "base/error.h"

/* stub_image - the stub's ELF file, linked into ocirun. */
void stub_image(const void **ret_data, size_t *ret_size);

/*
 * sealed_program - @data in a memfd that nobody can write to any more; @name shows in /proc/PID/exe
 * Returns a CLOEXEC descriptor or a negative errno.
 */
int sealed_program(const char *name, const void *data, size_t size, struct error *err);

/*
 * stub_open - the stub in a sealed memfd: nobody can write to it, not even through /proc/PID/exe
 * Returns a CLOEXEC descriptor or a negative errno; EACCES with its reason where the sysctl
 * vm.memfd_noexec=2 forbids executable memfds.
 */
int stub_open(struct error *err);

/*
 * stub_exec - replace this process by the stub
 * @plan_fd: from plan_build(); it and the descriptors that it names are kept across the exec,
 *           every other one above 2 must be CLOEXEC
 * @argv, @envp: the workload's own
 *
 * Returns only on failure, a negative errno.
 */
int stub_exec(int plan_fd, const char *const *argv, const char *const *envp, struct error *err);

#endif
