/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as JSON, as a line, and as a number. */
#include "events/check.h"
#include "events/line.h"
#include "ocirun/events.h"

#include <errno.h>

static bool is_object(const char *text)
{
	return scan_object(text, strlen(text));
}

static struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

static void whole_objects_pass(void)
{
	check(is_object("{}"));
	check(is_object("{ \"a\" : [ 1 , -2.5e+3 , true , false , null , {} , [] ] }"));
	check(is_object("{\"a\":\"\\u00e9\\ud83d\\ude00\\n\\/\"}"));
	check(is_object("{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}"));
}

static void everything_else_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"{",
		"}",
		"{}x",
		" {}",
		"{} ",
		"[]",
		"1",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,}",
		"{\"a\":01}",
		"{\"a\":-}",
		"{\"a\":1.}",
		"{\"a\":1e}",
		"{\"a\":.5}",
		"{\"a\":+1}",
		"{\"a\":tru}",
		"{\"a\":nul}",
		"{a:1}",
		"{\"a\":'b'}",
		"{\"a\":\"\t\"}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\u12\"}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\udc00\"}",
		"{\"a\":\"\\ud800\\u0041\"}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"a\":\"\xc3\"}",
		"{\"a\":[1 2]}",
		"{\"a\":1 \"b\":2}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (is_object(bad[i]))
			printf("# accepted: %s\n", bad[i]);
		check(!is_object(bad[i]));
	}
	check(!scan_object("{\"a\":\"\0\"}", 9));
}

static void deep_nesting_is_refused(void)
{
	char text[4096] = "{\"a\":";
	size_t length = strlen(text);

	memset(text + length, '[', 2000);
	memset(text + length + 2000, ']', 2000);
	text[length + 4000] = '}';
	check(!scan_object(text, length + 4001));
}

static void integers_are_exact(void)
{
	uint64_t u = 0;
	int64_t i = 0;

	check_int(scan_uint(span_of("18446744073709551615"), &u), 0);
	check(u == UINT64_MAX);
	check_int(scan_int(span_of("-9223372036854775808"), &i), 0);
	check(i == INT64_MIN);
	check_int(scan_int(span_of("9007199254740993"), &i), 0);
	check(i == 9007199254740993);
	check_int(scan_uint(span_of("18446744073709551616"), &u), -ERANGE);
	check_int(scan_uint(span_of("99999999999999999999999"), &u), -ERANGE);
	check_int(scan_int(span_of("9223372036854775808"), &i), -ERANGE);
	check_int(scan_uint(span_of("-1"), &u), -EINVAL);
	check_int(scan_int(span_of("1.0"), &i), -EINVAL);
	check_int(scan_int(span_of("1e3"), &i), -EINVAL);
	check_int(scan_int(span_of("01"), &i), -EINVAL);
	check_int(scan_int(span_of("\"1\""), &i), -EINVAL);
	check_int(scan_int(span_of(""), &i), -EINVAL);
	check_int(scan_int(span_of("-"), &i), -EINVAL);
}

static void escapes_are_resolved(void)
{
	char out[32];

	check_int(scan_string(span_of("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\""), out, sizeof(out)), 9);
	check_text(out, "a\"\\/\b\f\n\r\t");
	check_int(scan_string(span_of("\"\\u00e9\\u20ac\\ud83d\\ude00\""), out, sizeof(out)), 9);
	check_text(out, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	check_int(scan_string(span_of("\"\""), out, 1), 0);
	check_int(scan_string(span_of("\"abc\""), out, 3), -ENOBUFS);
	check_int(scan_string(span_of("\"abc\""), out, 4), 3);
	check_int(scan_string(span_of("12"), out, sizeof(out)), -EINVAL);
}

static void members_are_found_by_exact_name(void)
{
	const char *text = "{\"pid\":1,\"PID\":2,\"x\":{\"pid\":3},\"s\":\"pid\"}";
	struct span value;
	int64_t number = 0;

	check(scan_member(span_of(text), "PID", &value));
	check_int(scan_int(value, &number), 0);
	check_int(number, 2);
	check(scan_member(span_of(text), "x", &value) && scan_member(value, "pid", &value));
	check_int(scan_int(value, &number), 0);
	check_int(number, 3);
	check(!scan_member(span_of(text), "pi", &value));
	check(!scan_member(span_of("{}"), "pid", &value));
}

#define FIXED "\"id\":\"" ID "\",\"instance\":\"" INSTANCE "\",\"seq\":"
#define TIME  ",\"timestamp\":\"2026-01-02T03:04:05.123456789Z\""

static bool is_line(const char *text)
{
	struct line line;

	return line_parse(text, strlen(text), &line);
}

static void lines_have_the_fixed_members_in_order(void)
{
	struct line line;
	const char *text = "{\"v\":1,\"type\":\"exec-started\"," FIXED "42" TIME ",\"pid\":7}";

	check(line_parse(text, strlen(text), &line));
	check_int(line.seq, 42);
	check_int(line.type.length, strlen("exec-started"));
	check(!is_line("{\"v\":2,\"type\":\"created\"," FIXED "1" TIME "}"));
	check(!is_line("{\"v\":1,\"type\":\"created\"," FIXED "0" TIME "}"));
	check(!is_line("{\"v\":1,\"type\":\"created\"," FIXED "01" TIME "}"));
	check(!is_line("{\"v\":1,\"type\":\"Created\"," FIXED "1" TIME "}"));
	check(!is_line("{\"v\":1,\"type\":\"created\"," FIXED "1" TIME));
	check(!is_line("{\"v\":1,\"type\":\"created\"," FIXED "1" TIME "}}"));
	check(!is_line("{\"v\":1,\"type\":\"created\"," FIXED "1,\"timestamp\":\"2026\"}"));
	check(!is_line("{\"v\":1,\"type\":\"created\",\"id\":\"../x\",\"instance\":\"" INSTANCE
		       "\",\"seq\":1" TIME "}"));
}

static void no_part_of_a_line_is_a_line(void)
{
	const char *text = "{\"v\":1,\"type\":\"exited\"," FIXED "3" TIME
			   ",\"usage\":{\"cpuNs\":1},\"error\":\"}\"}";
	struct line line;

	for (size_t length = 0; length < strlen(text); length++)
		check(!line_parse(text, length, &line));
	check(line_parse(text, strlen(text), &line));
}

static void times_are_read_with_any_offset(void)
{
	int64_t ns = 0;

	check_int(ocirun_time_parse("1970-01-01T00:00:00Z", &ns), 0);
	check_int(ns, 0);
	check_int(ocirun_time_parse("2026-01-02T03:04:05.123456789Z", &ns), 0);
	check_int(ns, 1767323045123456789);
	check_int(ocirun_time_parse("2026-01-02T04:34:05.5+01:30", &ns), 0);
	check_int(ns, 1767323045500000000);
	check_int(ocirun_time_parse("2024-02-29t23:59:60z", &ns), 0);
	check_int(ns, 1709251200000000000);
	check_int(ocirun_time_parse("2025-02-29T00:00:00Z", &ns), -EINVAL);
	check_int(ocirun_time_parse("2026-01-02T03:04:05", &ns), -EINVAL);
	check_int(ocirun_time_parse("2026-01-02T03:04:05.Z", &ns), -EINVAL);
	check_int(ocirun_time_parse("2026-01-02T03:04:05.1234567890Z", &ns), -EINVAL);
	check_int(ocirun_time_parse("2026-01-02T03:04:05Zx", &ns), -EINVAL);
	check_int(ocirun_time_parse("", &ns), -EINVAL);
	check_int(ocirun_time_parse("1970-01-01T00:00:00+00:01", &ns), -ERANGE);
}

int main(void)
{
	static const struct test tests[] = {
		{"whole objects pass", whole_objects_pass},
		{"everything that RFC 8259 does not know is refused", everything_else_is_refused},
		{"deep nesting is refused", deep_nesting_is_refused},
		{"integers are exact over their whole range", integers_are_exact},
		{"escapes of strings are resolved", escapes_are_resolved},
		{"members are found by their exact name", members_are_found_by_exact_name},
		{"a line has the fixed members in their order",
		 lines_have_the_fixed_members_in_order},
		{"no part of a line is taken for a line", no_part_of_a_line_is_a_line},
		{"times are read with any offset", times_are_read_with_any_offset},
	};

	return RUN_TESTS(tests);
}
