/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of ps(1) are the container's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/tap.h"
#include "verbs/ps_table.h"

static struct error err;

static const char *filtered(const char *text, pid_t pid)
{
	static char result[1024];
	autofree char *copy = strdup(text), *kept = NULL;
	int r = ps_table_filter(copy, &pid, pid ? 1 : 0, &kept, &err);

	(void)snprintf(result, sizeof(result), "%s", r < 0 ? err.text : kept);
	return result;
}

#define EF                                                                 \
	"UID          PID    PPID  C STIME TTY          TIME CMD\n"        \
	"root           1       0  0 Jan01 ?        00:00:01 /sbin/init\n" \
	"root          12       1  0 Jan01 ?        00:00:00 sleep 34\n"   \
	"root          34      12  0 Jan01 ?        00:00:00 sleep 12\n"

static void by_column(void)
{
	check_text(filtered(EF, 12),
		   "UID          PID    PPID  C STIME TTY          TIME CMD\n"
		   "root          12       1  0 Jan01 ?        00:00:00 sleep 34\n");
	check_text(filtered(EF, 99), "UID          PID    PPID  C STIME TTY          TIME CMD\n");
	check_text(filtered(EF, 0), "UID          PID    PPID  C STIME TTY          TIME CMD\n");
}

/* A column before the PID may hold blanks, or be too narrow for what it holds. */
static void odd_columns(void)
{
	check_text(filtered("COMMAND            PID\n"
			    "sleep 60 90         17\n"
			    "sh -c 17 x y        90\n",
			    90),
		   "COMMAND            PID\nsh -c 17 x y        90\n");
	check_text(filtered("USER     PID TTY\n"
			    "a-long-user-name 77 ?\n"
			    "me        78 ?\n",
			    77),
		   "USER     PID TTY\na-long-user-name 77 ?\n");
	check_text(filtered("  PID\n    5\n   55\n", 5), "  PID\n    5\n");
	check_text(filtered("    PID    SPID TTY\n      7       7 ?\n      7       8 ?\n", 7),
		   "    PID    SPID TTY\n      7       7 ?\n      7       8 ?\n");
}

static void refuses(void)
{
	check_text(filtered("  PPID CMD\n     1 x\n", 1),
		   "these options of ps show no column PID: \"  PPID CMD\"");
	check_text(filtered("", 1), "these options of ps show no column PID: \"\"");
	check_text(filtered("PID CMD\nwhat is this\n", 1),
		   "no PID in this line of ps: \"what is this\"");
}

static const struct tap_test tests[] = {
	{"the header and the lines of the processes, and no others", by_column},
	{"a PID stands where its heading ends, or else in its place among the words", odd_columns},
	{"without a column PID nothing is guessed", refuses},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
