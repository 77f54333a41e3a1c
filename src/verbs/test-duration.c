/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and times as people write them. */
#include "verbs/duration.h"

#include <errno.h>
#include <time.h>

#include "base/tap.h"

static void durations_are_read(void)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{"5", 5000000000},
		{"5s", 5000000000},
		{"0", 0},
		{"1.5s", 1500000000},
		{"500ms", 500000000},
		{"10m", 600000000000},
		{"1h30m", 5400000000000},
		{"2d", 172800000000000},
		{"0.5d", 43200000000000},
		{"3us", 3000},
		{"7ns", 7},
		{"1m1ms1ns", 60001000001},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct error err = ERROR_INIT;
		int64_t ns = -1;

		check_int(duration_parse(good[i].text, &ns, &err), 0);
		check_int(ns, good[i].ns);
	}
}

static void nonsense_is_refused_by_name(void)
{
	static const char *const bad[] = {"",
					  "s",
					  "-1s",
					  "1x",
					  "1s5",
					  "5 s",
					  "1.s",
					  ".5s",
					  "1e3",
					  "+1s",
					  "99999999999999999999s",
					  "300000d"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		int64_t ns;

		check_int(duration_parse(bad[i], &ns, &err), -EINVAL);
		check(strstr(err.text, bad[i]));
	}
}

static void times_are_absolute_or_ago(void)
{
	struct error err = ERROR_INIT;
	int64_t ns = 0, now = (int64_t)time(NULL) * 1000000000;

	check_int(duration_parse_time("2026-01-02T03:04:05Z", &ns, &err), 0);
	check_int(ns, 1767323045000000000);
	check_int(duration_parse_time("10m", &ns, &err), 0);
	check(ns >= now - 600000000000 && ns <= now - 590000000000);
	check_int(duration_parse_time("yesterday", &ns, &err), -EINVAL);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"durations are read", durations_are_read},
		{"nonsense is refused by name", nonsense_is_refused_by_name},
		{"times are absolute or that long ago", times_are_absolute_or_ago},
	};

	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
