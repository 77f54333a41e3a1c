/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of CPUs: what cpuset(7) allows, and nothing else. */
#include <errno.h>
#include <limits.h>

#include "base/cleanup.h"
#include "base/cpu_list.h"
#include "base/tap.h"

static bool has_cpu(const struct cpu_list *list, size_t cpu)
{
	size_t bits = CHAR_BIT * sizeof(list->bits[0]);

	return list->bits[cpu / bits] >> (cpu % bits) & 1;
}

/* holds - the list is taken, and is exactly these CPUs (-1 ends them). */
static void holds(const char *text, const int *cpus)
{
	struct cpu_list list;
	int next = 0;

	check_int(cpu_list_parse(text, &list), 0);
	for (int cpu = 0; cpu < CPU_LIST_MAX; cpu++) {
		bool expected = cpus[next] == cpu;

		if (has_cpu(&list, (size_t)cpu) != expected) {
			tap_failures++;
			printf("# \"%s\": CPU %d is %s\n", text, cpu, expected ? "not in" : "in");
		}
		next += expected;
	}
}

#define HOLDS(text, ...) holds(text, (const int[]){__VA_ARGS__, -1})

static void test_numbers_and_ranges(void)
{
	HOLDS("0", 0);
	HOLDS("7", 7);
	HOLDS("0-3,7", 0, 1, 2, 3, 7);
	HOLDS("7,0-3", 0, 1, 2, 3, 7);
	HOLDS("5-5", 5);
	HOLDS("1-3,2-4", 1, 2, 3, 4);
	HOLDS("63-65", 63, 64, 65);
	HOLDS("8191", 8191);
	HOLDS("007", 7);
}

static void test_blanks(void)
{
	HOLDS(" 1 , 3\n", 1, 3);
	HOLDS("1,,3,", 1, 3);
	HOLDS(",1", 1);
}

static void test_refused(void)
{
	static const char *const bad[] = {"",	 " ",	  ",",	     "x",   "1x",  "-1",  "+1",
					  "1-",	 "-",	  "1-2-3",   "3-1", "1 2", "0x1", "1.0",
					  "1;2", "1 - 2", "0-3:2/4", "all", "1e1"};
	struct cpu_list list = {{42}};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int r = cpu_list_parse(bad[i], &list);

		if (r != -EINVAL)
			printf("# \"%s\":\n", bad[i]);
		check_int(r, -EINVAL);
	}
	check_int(list.bits[0], 42);
}

static void test_too_large(void)
{
	struct cpu_list list;

	check_int(cpu_list_parse("8192", &list), -ERANGE);
	check_int(cpu_list_parse("0-8192", &list), -ERANGE);
	check_int(cpu_list_parse("4294967296", &list), -ERANGE);
	check_int(cpu_list_parse("18446744073709551616", &list), -ERANGE);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"numbers and ranges add up to a set", test_numbers_and_ranges},
		{"blanks and empty parts are let pass", test_blanks},
		{"anything else is refused, and the list stays as it was", test_refused},
		{"no CPU is beyond what Linux can have", test_too_large},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
