/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals of Linux by name. Real-time signals are counted from 34 to 64, as the C library and
 * every tool that names them do; 32 and 33 belong to the threads library and have no names.
 */
#include "base/signal_names.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define REALTIME_FIRST 34
#define REALTIME_LAST  64

static const struct {
	const char *name;
	int signal;
} signals[] = {
	{"SIGHUP", SIGHUP},
	{"SIGINT", SIGINT},
	{"SIGQUIT", SIGQUIT},
	{"SIGILL", SIGILL},
	{"SIGTRAP", SIGTRAP},
	{"SIGABRT", SIGABRT},
	{"SIGBUS", SIGBUS},
	{"SIGFPE", SIGFPE},
	{"SIGKILL", SIGKILL},
	{"SIGUSR1", SIGUSR1},
	{"SIGSEGV", SIGSEGV},
	{"SIGUSR2", SIGUSR2},
	{"SIGPIPE", SIGPIPE},
	{"SIGALRM", SIGALRM},
	{"SIGTERM", SIGTERM},
	{"SIGSTKFLT", SIGSTKFLT},
	{"SIGCHLD", SIGCHLD},
	{"SIGCONT", SIGCONT},
	{"SIGSTOP", SIGSTOP},
	{"SIGTSTP", SIGTSTP},
	{"SIGTTIN", SIGTTIN},
	{"SIGTTOU", SIGTTOU},
	{"SIGURG", SIGURG},
	{"SIGXCPU", SIGXCPU},
	{"SIGXFSZ", SIGXFSZ},
	{"SIGVTALRM", SIGVTALRM},
	{"SIGPROF", SIGPROF},
	{"SIGWINCH", SIGWINCH},
	{"SIGIO", SIGIO},
	{"SIGPWR", SIGPWR},
	{"SIGSYS", SIGSYS},
	/* Second names: understood, never printed. */
	{"SIGIOT", SIGABRT},
	{"SIGCLD", SIGCHLD},
	{"SIGPOLL", SIGIO},
	{"SIGUNUSED", SIGSYS},
};

/* From the nearer end, as kill -l prints them. */
static const char *const realtime_names[] = {
	"SIGRTMIN",    "SIGRTMIN+1",  "SIGRTMIN+2",  "SIGRTMIN+3",  "SIGRTMIN+4",  "SIGRTMIN+5",
	"SIGRTMIN+6",  "SIGRTMIN+7",  "SIGRTMIN+8",  "SIGRTMIN+9",  "SIGRTMIN+10", "SIGRTMIN+11",
	"SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMAX-14", "SIGRTMAX-13",
	"SIGRTMAX-12", "SIGRTMAX-11", "SIGRTMAX-10", "SIGRTMAX-9",  "SIGRTMAX-8",  "SIGRTMAX-7",
	"SIGRTMAX-6",  "SIGRTMAX-5",  "SIGRTMAX-4",  "SIGRTMAX-3",  "SIGRTMAX-2",  "SIGRTMAX-1",
	"SIGRTMAX",
};
_Static_assert(ARRAY_SIZE(realtime_names) == REALTIME_LAST - REALTIME_FIRST + 1,
	       "one name for each real-time signal");

/* One or two digits without a leading zero; -1: something else. */
static int parse_number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	if (length < 1 || length > 2 || text[length] || text[0] == '0')
		return -1;
	return length == 1 ? text[0] - '0' : (text[0] - '0') * 10 + (text[1] - '0');
}

/* @text without SIG. -1: no real-time signal. */
static int parse_realtime(const char *text)
{
	bool from_first = strncasecmp(text, "RTMIN", 5) == 0;
	int distance = 0, signal;

	if (!from_first && strncasecmp(text, "RTMAX", 5) != 0)
		return -1;
	if (text[5]) {
		if (text[5] != (from_first ? '+' : '-'))
			return -1;
		distance = strcmp(text + 6, "0") == 0 ? 0 : parse_number(text + 6);
		if (distance < 0)
			return -1;
	}
	signal = from_first ? REALTIME_FIRST + distance : REALTIME_LAST - distance;
	return signal >= REALTIME_FIRST && signal <= REALTIME_LAST ? signal : -1;
}

static int parse_name(const char *text)
{
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (strcasecmp(signals[i].name + 3, text) == 0)
			return signals[i].signal;
	return parse_realtime(text);
}

int signal_parse(const char *text, int *ret_signal, struct error *err)
{
	int signal = parse_number(text);

	if (signal < 0)
		signal = parse_name(text);
	if (signal < 1 || signal > REALTIME_LAST)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "unknown signal \"%s\"; a name like TERM or a number from 1 to %d "
				 "is needed",
				 text, REALTIME_LAST);
	*ret_signal = signal;
	return 0;
}

const char *signal_name(int signal)
{
	if (signal >= REALTIME_FIRST && signal <= REALTIME_LAST)
		return realtime_names[signal - REALTIME_FIRST];
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].signal == signal)
			return signals[i].name;
	return NULL;
}
