/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's seccomp section as a BPF program (config-linux.md#seccomp). */
#ifndef SETUP_SECCOMP_H
#define SETUP_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/spec.h"

struct sock_filter;

struct seccomp_program {
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* for seccomp(2) */
	size_t count;
	struct sock_filter *filter; /* malloc'd; release with seccomp_done */
};

/* seccomp_check - refuse what this libseccomp or kernel cannot do, before anything is touched. */
int seccomp_check(const struct spec_seccomp *seccomp, struct error *err);

/*
 * seccomp_compile - a function of its argument alone, so that its result can be kept
 * Returns 0 with *ret filled, or a negative errno with *ret untouched and the error naming the
 * rule.
 */
int seccomp_compile(const struct spec_seccomp *seccomp, struct seccomp_program *ret,
		    struct error *err);

void seccomp_done(struct seccomp_program *program);

#define autoseccomp __attribute__((cleanup(seccomp_done))) struct seccomp_program

#endif
