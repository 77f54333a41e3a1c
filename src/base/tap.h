/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests in TAP: a list of sentences and functions, and checks that print what was expected
 * and what was seen. For test-*.c only.
 */
#ifndef BASE_TAP_H
#define BASE_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct tap_test {
	const char *sentence; /* a fact that the test shows */
	void (*run)(void);
};

static int tap_failures; /* of the test that runs */

#define check(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			tap_failures++;                                                    \
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                          \
	} while (0)

#define check_int(seen, expected)                                                               \
	do {                                                                                    \
		intmax_t seen_ = (intmax_t)(seen), expected_ = (intmax_t)(expected);            \
		if (seen_ != expected_) {                                                       \
			tap_failures++;                                                         \
			printf("# %s:%d: %s is %jd, expected %jd\n", __FILE__, __LINE__, #seen, \
			       seen_, expected_);                                               \
		}                                                                               \
	} while (0)

#define check_text(seen, expected)                                                                \
	do {                                                                                      \
		const char *seen_ = (seen), *expected_ = (expected);                              \
		if (!seen_ || strcmp(seen_, expected_) != 0) {                                    \
			tap_failures++;                                                           \
			printf("# %s:%d: %s is '%s', expected '%s'\n", __FILE__, __LINE__, #seen, \
			       seen_ ? seen_ : "(null)", expected_);                              \
		}                                                                                 \
	} while (0)

/* tap_run - run them all; the exit status of main. */
static inline int tap_run(const struct tap_test *tests, size_t count)
{
	bool failed = false;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		tap_failures = 0;
		tests[i].run();
		printf("%sok %zu - %s\n", tap_failures ? "not " : "", i + 1, tests[i].sentence);
		failed |= tap_failures != 0;
	}
	return failed;
}

#endif
