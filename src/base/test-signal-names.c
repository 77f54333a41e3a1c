/* SPDX-License-Identifier: Apache-2.0 */
/* Every signal by number and by name, and what is neither. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/signal_names.h"
#include "base/tap.h"

static int parsed(const char *text)
{
	struct error err = ERROR_INIT;
	int signal = -1, r = signal_parse(text, &signal, &err);

	check_int(r < 0, err.kind == ERROR_USAGE);
	return r < 0 ? r : signal;
}

static void numbers(void)
{
	char text[16];

	for (int n = 1; n <= 64; n++) {
		(void)snprintf(text, sizeof(text), "%d", n);
		check_int(parsed(text), n);
	}
}

static void both_ways(void)
{
	for (int n = 1; n <= 64; n++) {
		const char *name = signal_name(n);

		check((name == NULL) == (n == 32 || n == 33));
		if (name) {
			check_int(parsed(name), n);
			check_int(parsed(name + 3), n);
		}
	}
}

static void as_the_c_library(void)
{
	for (int n = 1; n < 32; n++) {
		const char *abbreviation = sigabbrev_np(n);

		if (abbreviation && n != SIGPOLL)
			check_text(signal_name(n) + 3, abbreviation);
	}
	check_int(parsed("RTMIN"), SIGRTMIN);
	check_int(parsed("RTMAX"), SIGRTMAX);
}

static void any_case(void)
{
	check_int(parsed("term"), SIGTERM);
	check_int(parsed("SigKill"), SIGKILL);
	check_int(parsed("rtmin+3"), SIGRTMIN + 3);
	check_int(parsed("sigrtmax-1"), SIGRTMAX - 1);
}

static void real_time(void)
{
	check_int(parsed("RTMIN+0"), 34);
	check_int(parsed("RTMIN+30"), 64);
	check_int(parsed("SIGRTMAX-30"), 34);
	check_int(parsed("RTMIN+31"), -EINVAL);
	check_int(parsed("RTMAX-31"), -EINVAL);
	check_int(parsed("RTMIN-1"), -EINVAL);
	check_int(parsed("RTMAX+1"), -EINVAL);
	check_int(parsed("RTMIN+"), -EINVAL);
	check_int(parsed("RTMIN+01"), -EINVAL);
	check_int(parsed("RTMIN3"), -EINVAL);
	check_text(signal_name(37), "SIGRTMIN+3");
	check_text(signal_name(63), "SIGRTMAX-1");
}

static void second_names(void)
{
	check_int(parsed("IOT"), SIGABRT);
	check_int(parsed("CLD"), SIGCHLD);
	check_int(parsed("SIGPOLL"), SIGIO);
	check_text(signal_name(SIGABRT), "SIGABRT");
	check_text(signal_name(SIGIO), "SIGIO");
}

static void neither(void)
{
	static const char *const bad[] = {
		"",   "0",   "00",  "01",   "65",  "100",   "-1",  "+9", " 9",	       "9 ",
		"9x", "0x9", "SIG", "SIG9", "FOO", "TERMX", "TER", "RT", "SIGSIGTERM", "KILL\n"};
	struct error err = ERROR_INIT;
	int signal = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_int(parsed(bad[i]), -EINVAL);
	check_int(signal_parse("FOO", &signal, &err), -EINVAL);
	check_int(signal, 7);
	check(strstr(err.text, "unknown signal \"FOO\"") != NULL);
	check(!signal_name(0));
	check(!signal_name(-1));
	check(!signal_name(65));
}

static const struct tap_test tests[] = {
	{"1 to 64 are signals by number", numbers},
	{"every name leads back to its number", both_ways},
	{"names are those of the C library", as_the_c_library},
	{"case does not matter", any_case},
	{"real-time signals count from both ends", real_time},
	{"second names are understood and never printed", second_names},
	{"everything else is refused and leaves the result alone", neither},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
