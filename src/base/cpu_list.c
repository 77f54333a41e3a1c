/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing lists of CPUs. */
#include "base/cpu_list.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define WORD_BITS (8 * (int)sizeof(unsigned long))

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\n");
}

/* take_number - the decimal number at *p, and move on. Not strtol: it takes signs and wraps. */
static int take_number(const char **p, int *ret)
{
	int value = 0;

	if (**p < '0' || **p > '9')
		return -EINVAL;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		value = value * 10 + (**p - '0');
		if (value >= CPU_LIST_MAX)
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

static int take_range(const char **p, struct cpu_list *list)
{
	int first, last;
	int r = take_number(p, &first);

	if (r < 0)
		return r;
	last = first;
	if (**p == '-') {
		(*p)++;
		r = take_number(p, &last);
		if (r < 0)
			return r;
	}
	if (last < first)
		return -EINVAL;
	for (int cpu = first; cpu <= last; cpu++)
		list->bits[cpu / WORD_BITS] |= 1UL << (cpu % WORD_BITS);
	return 0;
}

static bool is_empty(const struct cpu_list *list)
{
	for (int i = 0; i < CPU_LIST_WORDS; i++) {
		if (list->bits[i])
			return false;
	}
	return true;
}

int cpu_list_parse(const char *text, struct cpu_list *ret)
{
	struct cpu_list list = {{0}};
	const char *p = skip_blanks(text);
	int r;

	while (*p) {
		if (*p != ',') {
			r = take_range(&p, &list);
			if (r < 0)
				return r;
			p = skip_blanks(p);
		}
		if (*p == ',')
			p++;
		else if (*p)
			return -EINVAL;
		p = skip_blanks(p);
	}
	if (is_empty(&list))
		return -EINVAL;
	*ret = list;
	return 0;
}
