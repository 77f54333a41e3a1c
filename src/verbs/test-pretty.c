/* SPDX-License-Identifier: Apache-2.0 */
/* What `events --format pretty` makes of each type of event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/tap.h"
#include "verbs/pretty.h"
#include "verbs/pretty_text.h"

#define INSTANCE "0123456789abcdef0123456789abcdef"

static struct pretty style;
static const char *const web[] = {"web", NULL};
static const char *id = "web";
static char out[PRETTY_MAX + 1];

static void begin(void)
{
	pretty_begin(&style, (char *const *)web);
	id = "web";
}

/* The whole line of an event of @type, recorded at 03:04:@seconds, without its LF. */
static const char *line(const char *type, const char *seconds, const char *members)
{
	static char text[2 * OCIRUN_LINE_MAX];
	char timestamp[40];
	struct ocirun_event event = {.type = type, .id = id, .instance = INSTANCE, .line = text};
	size_t length;

	(void)snprintf(timestamp, sizeof(timestamp), "2026-01-02T03:04:%sZ", seconds);
	event.timestamp = timestamp;
	check_int(ocirun_time_parse(timestamp, &event.time_ns), 0);
	event.length = (size_t)snprintf(
		text, sizeof(text),
		"{\"v\":1,\"type\":\"%s\",\"id\":\"%s\",\"instance\":\"%s\",\"seq\":1,"
		"\"timestamp\":\"%s\"%s%s}",
		type, id, INSTANCE, timestamp, *members ? "," : "", members);
	length = pretty_line(&style, &event, out);
	check(length > 0 && length < PRETTY_MAX && out[length - 1] == '\n');
	out[length - 1] = '\0';
	check_int(strlen(out), length - 1);
	return out;
}

/* Of such a line what stands behind the columns. */
static const char *said(const char *type, const char *seconds, const char *members)
{
	const char *whole = line(type, seconds, members);
	size_t columns = strlen("2026-01-02 03:04:05.000  web  exec-started  ");

	return strlen(whole) < columns ? "" : whole + columns;
}

static void columns(void)
{
	begin();
	check_text(line("deleted", "05.123456789", ""), "2026-01-02 03:04:05.123  web  deleted");
	check_text(line("exec-exited", "05.123456789", "\"execId\":\"e\",\"exitCode\":0"),
		   "2026-01-02 03:04:05.123  web  exec-exited   e: exit 0");
	check_text(line("signaled", "05", "\"signal\":15,\"signalName\":\"SIGTERM\",\"all\":false"),
		   "2026-01-02 03:04:05.000  web  signaled      SIGTERM");
	/* The widest so far counts, but for those that would push all others out of sight. */
	id = "database";
	check_text(line("paused", "05", ""), "2026-01-02 03:04:05.000  database  paused");
	id = "a12345678901234567890123456789012345678901234567890123456789012345678901234567890";
	check_text(
		line("paused", "05", ""),
		"2026-01-02 03:04:05.000  "
		"a12345678901234567890123456789012345678901234567890123456789012345678901234567890"
		"  paused");
	id = "web";
	check_text(line("paused", "05", ""), "2026-01-02 03:04:05.000  web       paused");
}

static void a_life(void)
{
	begin();
	check_text(said("created", "05.5",
			"\"pid\":47,\"pidStartTime\":3,\"bundle\":\"/srv/web\","
			"\"bootId\":\"x\",\"status\":\"created\""),
		   "pid 47, bundle /srv/web");
	check_text(said("started", "06.0", "\"pid\":47,\"status\":\"running\""),
		   "pid 47, 500ms after create");
	check_text(said("paused", "07.0", "\"status\":\"paused\""), "");
	check_text(said("resumed", "09.25", "\"status\":\"running\""), "was paused for 2.2s");
	check_text(said("resumed", "09.25", "\"status\":\"running\""), "");
	check_text(
		said("updated", "10", "\"resources\":{\"memory.limit\":64,\"cpu.cpus\":\"0-1\"}"),
		"memory.limit 64, cpu.cpus \"0-1\"");
	check_text(said("signaled", "10", "\"signal\":15,\"signalName\":\"SIGTERM\",\"all\":true"),
		   "SIGTERM to all processes");
	check_text(said("signaled", "10", "\"signal\":40,\"signalName\":null,\"all\":false"),
		   "signal 40");
	check_text(said("exec-started", "10", "\"execId\":\"e\",\"pid\":5,\"args0\":\"sh\""),
		   "e: sh, pid 5");
	check_text(said("exec-started", "11", "\"execId\":\"f\",\"pid\":6,\"args0\":\"ls\""),
		   "f: ls, pid 6");
	check_text(said("exec-exited", "12",
			"\"execId\":\"e\",\"exitCode\":137,\"signal\":9,"
			"\"signalName\":\"SIGKILL\",\"reason\":\"signaled\""),
		   "e: exit 137 (SIGKILL), ran 2.0s");
	/* Checkpoints are of a version to come. */
	check_text(said("restored", "13", "\"image\":\"/x\",\"n\":[1,2]"), "image \"/x\", n [1,2]");
}

#define EXIT(code, signal, name, oom, reason)                                                  \
	"\"pid\":1,\"exitCode\":" code ",\"signal\":" signal ",\"signalName\":" name           \
	",\"coreDumped\":false,\"oomKilled\":" oom ",\"reason\":\"" reason "\",\"startedAt\":" \
	"\"2026-01-02T03:04:06.000000000Z\""

static void why_it_ended(void)
{
	begin();
	check_text(said("exited", "09.2", EXIT("3", "null", "null", "false", "exited")),
		   "exit 3, ran 3.2s");
	check_text(said("exited", "07", EXIT("137", "9", "\"SIGKILL\"", "true", "signaled")),
		   "exit 137 (SIGKILL, out of memory), ran 1.0s");
	check_text(said("exited", "07", EXIT("168", "40", "null", "false", "signaled")),
		   "exit 168 (signal 40), ran 1.0s");
	check_text(said("exited", "07", EXIT("1", "null", "null", "true", "exited")),
		   "exit 1 (out of memory), ran 1.0s");
	check_text(said("exited", "07", EXIT("null", "null", "null", "false", "monitor-lost")),
		   "exit code unknown (its monitor was killed, nobody saw the end), ran 1.0s");
	check_text(said("exited", "07", EXIT("null", "null", "null", "false", "host-restarted")),
		   "exit code unknown (the machine was restarted), ran 1.0s");
	check_text(said("exited", "07", EXIT("null", "null", "null", "false", "unobserved")),
		   "exit code unknown (nobody watched), ran 1.0s");
	check_text(said("exited", "07",
			"\"exitCode\":139,\"signal\":11,\"signalName\":\"SIGSEGV\",\"coreDumped\":"
			"true,\"reason\":\"signaled\",\"startedAt\":null"),
		   "exit 139 (SIGSEGV, core dumped)");
	check_text(said("exited", "07",
			"\"exitCode\":127,\"reason\":\"exec-failed\",\"startedAt\":null,"
			"\"error\":\"exec: \\\"/x\\\": no such file\""),
		   "exit 127 (not executed): exec: \"/x\": no such file");
	check_text(said("exited", "07",
			"\"exitCode\":0,\"reason\":\"never-started\","
			"\"startedAt\":null"),
		   "exit 0 (never started)");
	/* A clock that was set back. */
	check_text(said("exited", "01", EXIT("3", "null", "null", "false", "exited")), "exit 3");
	check_text(said("exited", "09",
			EXIT("0", "null", "null", "false",
			     "exited") ",\"usage\":{\"cpuUsec\":5246,"
				       "\"memoryPeakBytes\":385024,\"pidsPeak\":3,\"ioReadBytes\":"
				       "1572864,"
				       "\"ioWriteBytes\":0}"),
		   "exit 0, ran 3.0s; CPU 5.2ms, memory 376 KiB, read 1.5 MiB, written 0 bytes");
}

static void why_it_failed(void)
{
	begin();
	check_text(said("failed", "07", "\"phase\":\"create\",\"error\":\"mounts[3]: gone\""),
		   "create: mounts[3]: gone");
	check_text(said("failed", "07",
			"\"phase\":\"exec\",\"execId\":\"e\",\"error\":\"exec: \\\"x\\\": not "
			"found\""),
		   "exec e: exec: \"x\": not found");
	check_text(said("failed", "07",
			"\"phase\":\"create\",\"error\":\"prestart hook 0 (/net): exit status 3\","
			"\"hook\":{\"output\":\"one\\ntwo\\tthree\\r\\n\\n\"}"),
		   "create: prestart hook 0 (/net): exit status 3: \"two\\tthree\"");
	check_text(said("failed", "07",
			"\"phase\":\"start\",\"error\":\"x\",\"hook\":{\"output\":"
			"\" \\n\"}"),
		   "start: x");
	check_text(said("oom", "07", "\"oomKill\":1,\"oomKillTotal\":1"), "1 process killed");
	check_text(said("oom", "07", "\"oomKill\":2,\"oomKillTotal\":3,\"level\":\"container\""),
		   "2 processes killed, 3 in all: the container's limit was hit");
}

static void nothing_is_obeyed(void)
{
	static char members[OCIRUN_LINE_MAX];
	size_t length;

	begin();
	check_text(said("exec-started", "07",
			"\"execId\":\"e\",\"args0\":\"\\u001b[31m\\b\\u009bA\\u007f\\\"\\\\\""),
		   "e: \\u001b[31m\\u0008\\u009bA\\u007f\"\\");
	/* As they may stand in a line: the writing from right to left, invisible ones, soft hyphen.
	 */
	check_text(said("exec-started", "07",
			"\"execId\":\"e\",\"args0\":"
			"\"a\xe2\x80\xaez\xe2\x80\x8b\xc2\xad\xef\xbb\xbf\""),
		   "e: a\\u202ez\\u200b\\u00ad\\ufeff");
	check_text(
		said("exec-started", "07", "\"execId\":\"e\",\"args0\":\"h\xc3\xa9 \xe2\x82\xac\""),
		"e: h\xc3\xa9 \xe2\x82\xac");
	check_text(said("updated", "07", "\"resources\":{\"a\xe2\x80\xae\":\"\xe2\x80\xae\"}"),
		   "a\\u202e \"\\u202e\"");
	/* The longest line that grows most. */
	length = (size_t)snprintf(members, sizeof(members), "\"phase\":\"x\",\"error\":\"");
	while (length + 4 < sizeof(members) - 160) {
		memcpy(members + length, "\xc2\xad", 2);
		length += 2;
	}
	memcpy(members + length, "\"", 2);
	check_int(strlen(said("failed", "07", members)), 3 + 3 * (length - 21));
}

static void colours(void)
{
	begin();
	style.colour = true;
	check_text(
		line("started", "05", "\"pid\":7"),
		"\033[2m2026-01-02 03:04:05.000\033[0m  web  \033[32mstarted     \033[0m  pid 7");
	check(strstr(line("exited", "05", "\"exitCode\":0"), "\033[32mexited"));
	check(strstr(line("exited", "05", "\"exitCode\":1"), "\033[31mexited"));
	check(strstr(line("exited", "05", "\"exitCode\":null"), "\033[33mexited"));
	check(strstr(line("exited", "05", "\"exitCode\":0,\"usage\":{\"cpuUsec\":1000}"),
		     "exit 0\033[2m; CPU 1.0ms\033[0m"));
	check(strstr(line("failed", "05", "\"phase\":\"x\",\"error\":\"y\""), "\033[31mfailed"));
}

static void old_beginnings_make_room(void)
{
	char members[64];

	begin();
	for (int i = 0; i <= PRETTY_BEGINNINGS; i++) {
		(void)snprintf(members, sizeof(members), "\"execId\":\"e%d\",\"args0\":\"x\"", i);
		(void)line("exec-started", "05", members);
	}
	check_text(said("exec-exited", "06", "\"execId\":\"e0\",\"exitCode\":0"), "e0: exit 0");
	check_text(said("exec-exited", "06", "\"execId\":\"e1\",\"exitCode\":0"),
		   "e1: exit 0, ran 1.0s");
}

static const char *duration(int64_t ns)
{
	static char text[64];
	struct pretty_text t = {.out = text, .size = sizeof(text)};

	pretty_put_duration(&t, ns);
	text[t.length] = '\0';
	return text;
}

static const char *size_of(uint64_t bytes)
{
	static char text[64];
	struct pretty_text t = {.out = text, .size = sizeof(text)};

	pretty_put_size(&t, bytes);
	text[t.length] = '\0';
	return text;
}

static void units(void)
{
	const int64_t second = 1000000000;

	check_text(duration(0), "0.0ms");
	check_text(duration(1234567), "1.2ms");
	check_text(duration(999 * 1000000), "999ms");
	check_text(duration(second), "1.0s");
	check_text(duration(59 * second + 999999999), "59.9s");
	check_text(duration(60 * second), "1m00s");
	check_text(duration(3599 * second), "59m59s");
	check_text(duration(2 * 3600 * second + 300 * second), "2h05m");
	check_text(duration(26 * 3600 * second), "1d02h");
	check_text(size_of(0), "0 bytes");
	check_text(size_of(1023), "1023 bytes");
	check_text(size_of(1024), "1.0 KiB");
	check_text(size_of(10 * 1024), "10 KiB");
	check_text(size_of(UINT64_MAX), "15 EiB");
}

static void what_does_not_fit_is_cut_off(void)
{
	char text[8];
	struct pretty_text t = {.out = text, .size = sizeof(text)};

	pretty_put(&t, "abcd");
	pretty_put_foreign(&t, "ef\xe2\x82\xac", 5);
	pretty_put(&t, "x");
	check_int(t.length, 7);
	check(memcmp(text, "abcdefx", 7) == 0);
}

static const struct tap_test tests[] = {
	{"time, container and type stand in columns", columns},
	{"what happens to a container is said with durations", a_life},
	{"why it ended is said in words", why_it_ended},
	{"a failed hook's last words are shown", why_it_failed},
	{"what comes from a container is shown, never obeyed", nothing_is_obeyed},
	{"colours are for the time, the type and the usage", colours},
	{"of too many execs at once the oldest have no duration", old_beginnings_make_room},
	{"durations and sizes have the unit that fits", units},
	{"what does not fit is cut off between characters", what_does_not_fit_is_cut_off},
};

int main(void)
{
	(void)setenv("TZ", "UTC", 1);
	tzset();
	return tap_run(tests, ARRAY_SIZE(tests));
}
