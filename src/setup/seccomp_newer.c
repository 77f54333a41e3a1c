/* SPDX-License-Identifier: Apache-2.0 */
/* ENOSYS for system calls that are newer than a profile. */
#include "setup/seccomp_newer.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#define PER_ARCH  6 /* instructions of refuse_newer() */
#define MAX_ARCHS ((SECCOMP_NEWER_MAX - 1) / PER_ARCH)
#define X32_BIT	  0x40000000U /* in the numbers of x86_64's second ABI */

struct newest {
	uint32_t arch;
	uint32_t number; /* the highest that the profile names there */
};

static bool answers_errno(const struct spec_seccomp *seccomp)
{
	uint32_t action = seccomp->default_action;

	return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
	       (action & SECCOMP_RET_DATA) != ENOSYS;
}

static int newest_number(const struct spec_seccomp *seccomp, uint32_t arch)
{
	int newest = -1;

	for (size_t i = 0; i < seccomp->rule_count; i++) {
		const struct string_list *names = &seccomp->rules[i].names;

		for (size_t j = 0; j < names->count; j++) {
			int number = seccomp_syscall_resolve_name_arch(arch, names->items[j]);

			if (number > newest)
				newest = number;
		}
	}
	return newest;
}

static bool is_in(const struct newest *list, size_t count, uint32_t arch)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].arch == arch)
			return true;
	return false;
}

/* x32 is no architecture to the kernel, only a bit in the number; it is left to the profile. */
static size_t add_newest(const struct spec_seccomp *seccomp, uint32_t arch, struct newest *list,
			 size_t count)
{
	int number;

	if (count == MAX_ARCHS || arch == SCMP_ARCH_X32 || is_in(list, count, arch))
		return count;
	number = newest_number(seccomp, arch);
	if (number < 0)
		return count;
	list[count] = (struct newest){arch, (uint32_t)number};
	return count + 1;
}

/* Enters with the architecture in the accumulator; goes on to the next one, or to @end. */
static void refuse_newer(struct sock_filter *to, const struct newest *newest,
			 const struct sock_filter *end)
{
	const struct sock_filter block[PER_ARCH] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ, newest->arch, 0, PER_ARCH - 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE, X32_BIT, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT, newest->number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(end - (to + PER_ARCH))),
	};

	for (size_t i = 0; i < PER_ARCH; i++)
		to[i] = block[i];
}

size_t seccomp_newer(const struct spec_seccomp *seccomp, struct sock_filter *ret)
{
	struct newest list[MAX_ARCHS];
	size_t count = 0, length;

	if (!answers_errno(seccomp))
		return 0;
	count = add_newest(seccomp, seccomp_arch_native(), list, count);
	for (size_t i = 0; i < seccomp->arch_count; i++)
		count = add_newest(seccomp, seccomp->archs[i], list, count);
	if (count == 0)
		return 0;
	length = 1 + count * PER_ARCH;
	ret[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < count; i++)
		refuse_newer(ret + 1 + i * PER_ARCH, &list[i], ret + length);
	return length;
}
