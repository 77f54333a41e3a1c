/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of CPUs as cpuset(7) writes them: "0-3,7". */
#ifndef BASE_CPU_LIST_H
#define BASE_CPU_LIST_H

/* The most that Linux can be built for. */
#define CPU_LIST_MAX   8192
#define CPU_LIST_WORDS (CPU_LIST_MAX / (8 * (int)sizeof(unsigned long)))

/* A mask for sched_setaffinity(2): (pid, sizeof(list->bits), list->bits). */
struct cpu_list {
	unsigned long bits[CPU_LIST_WORDS];
};

/*
 * cpu_list_parse - numbers and ranges, separated by commas; blanks and empty parts as the kernel
 * lets them pass
 * Returns 0, or -EINVAL: not such a list, a range that runs backwards, or no CPU in it; -ERANGE: a
 * CPU that no Linux can have. *ret is only changed on success.
 */
int cpu_list_parse(const char *text, struct cpu_list *ret);

#endif
