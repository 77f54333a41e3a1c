/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of the command line. */
#include <errno.h>
#include <string.h>

#include "base/tap.h"
#include "verbs/size.h"

static struct error err;

static void reads(void)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
		{"0", 0},
		{"1048576", 1048576},
		{"512b", 512},
		{"1k", 1024},
		{"512m", 536870912},
		{"512M", 536870912},
		{"512mb", 536870912},
		{"512MiB", 536870912},
		{"64 MB", 67108864},
		{"1g", 1073741824},
		{"1.5g", 1610612736},
		{"0.5k", 512},
		{"0.0000000001k", 0},
		{"1t", INT64_C(1) << 40},
		{"2p", INT64_C(1) << 51},
		{"9223372036854775807", INT64_MAX},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t bytes = -1;

		check_int(size_parse(good[i].text, &bytes, &err), 0);
		check_int(bytes, good[i].bytes);
	}
}

static void refuses(void)
{
	static const char *const bad[] = {"",	   "-1",  "m",	  "1x",	   "1mm",
					  "1 m b", "1.m", ".5m",  "1e3",   "0x1",
					  "1kib ", " 1k", "1 ib", "8192p", "9223372036854775808"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t bytes = -7;

		check_int(size_parse(bad[i], &bytes, &err), -EINVAL);
		check(strstr(err.text, bad[i]));
	}
}

static const struct tap_test tests[] = {
	{"units are of 1024, in any case", reads},
	{"what is no size is refused by name", refuses},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
