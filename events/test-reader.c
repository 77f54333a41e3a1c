/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: what it returns, what it reports, which log it opens. */
#include "events/check.h"
#include "events/journal.h"
#include "ocirun/events.h"

#include <errno.h>
#include <sys/stat.h>

#define OTHER_INSTANCE "ffffffffffffffffffffffffffffffff"
#define LOG_NAME       ID ".ndjson"

#define LINE(type, seq, more)                                                       \
	"{\"v\":1,\"type\":\"" type "\",\"id\":\"" ID "\",\"instance\":\"" INSTANCE \
	"\",\"seq\":" seq ",\"timestamp\":\"2026-01-02T03:04:05.123456789Z\"" more "}\n"

static struct ocirun_event event;
static struct ocirun_damage damage;

static void write_text(const char *text)
{
	write_file(LOG_NAME, text, strlen(text));
}

static struct ocirun_log *open_log(const char *id, const char *instance)
{
	struct ocirun_log *log = NULL;

	check_int(ocirun_log_open(&log, directory, id, instance), 0);
	if (!log)
		exit(99);
	return log;
}

static int next(struct ocirun_log *log)
{
	return ocirun_log_next(log, &event, &damage);
}

static void lines_are_returned_in_order(void)
{
	struct ocirun_log *log;

	write_text(LINE("created", "1", ",\"pid\":7") LINE("news", "2", "")
			   LINE("deleted", "3", ""));
	log = open_log(ID, NULL);
	check_text(ocirun_log_instance(log), "");
	check_int(next(log), OCIRUN_EVENT);
	check_text(event.type, "created");
	check_text(event.id, ID);
	check_text(event.instance, INSTANCE);
	check_text(event.timestamp, "2026-01-02T03:04:05.123456789Z");
	check_int(event.time_ns, 1767323045123456789);
	check_int(event.seq, 1);
	check_int(event.length, strlen(event.line));
	check_text(ocirun_log_instance(log), INSTANCE);
	check_int(next(log), OCIRUN_EVENT);
	check_text(event.type, "news");
	check(!ocirun_log_is_over(log));
	check_int(next(log), OCIRUN_EVENT);
	check(ocirun_log_is_over(log));
	check_int(next(log), OCIRUN_NOTHING);
	ocirun_log_close(log);
}

static void an_unfinished_line_is_not_there_yet(void)
{
	static const char text[] = LINE("created", "1", "") LINE("started", "2", "");
	size_t first = (size_t)(strchr(text, '\n') - text) + 1, all = sizeof(text) - 1;

	for (size_t length = first; length < all && failures == 0; length++) {
		struct ocirun_log *log;

		write_file(LOG_NAME, text, length);
		log = open_log(ID, NULL);
		check_int(next(log), OCIRUN_EVENT);
		check_int(next(log), OCIRUN_NOTHING);
		write_file(LOG_NAME, text, all);
		check_int(next(log), OCIRUN_EVENT);
		check_text(event.type, "started");
		check_int(next(log), OCIRUN_NOTHING);
		ocirun_log_close(log);
	}
}

static void garbage_is_reported_with_its_place(void)
{
	struct ocirun_log *log;
	char text[128];

	write_text(LINE("created", "1", "") "torn{\n" LINE("started", "2", ""));
	log = open_log(ID, NULL);
	check_int(next(log), OCIRUN_EVENT);
	check_int(next(log), OCIRUN_DAMAGED);
	check_int(damage.kind, OCIRUN_DAMAGE_LINE);
	check_int(damage.offset, strlen(LINE("created", "1", "")));
	check_int(damage.length, 6);
	ocirun_damage_text(&damage, text, sizeof(text));
	check(strstr(text, "6 bytes"));
	check_int(next(log), OCIRUN_EVENT);
	check_int(event.seq, 2);
	ocirun_log_close(log);
}

static void a_long_run_of_nul_bytes_is_one_damage(void)
{
	static const size_t sizes[] = {1, 4095, 16383, 16384, 16385, 70000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		static char text[80000];
		size_t length = strlen(LINE("created", "1", ""));
		struct ocirun_log *log;

		memset(text, 0, sizeof(text));
		memcpy(text, LINE("created", "1", ""), length);
		memcpy(text + length + sizes[i], "\n" LINE("started", "2", ""),
		       1 + strlen(LINE("started", "2", "")));
		write_file(LOG_NAME, text,
			   length + sizes[i] + 1 + strlen(LINE("started", "2", "")));
		log = open_log(ID, NULL);
		check_int(next(log), OCIRUN_EVENT);
		check_int(next(log), OCIRUN_DAMAGED);
		check_int(damage.offset, length);
		check_int(damage.length, sizes[i] + 1);
		check_int(next(log), OCIRUN_EVENT);
		check_int(next(log), OCIRUN_NOTHING);
		ocirun_log_close(log);
	}
}

static void missing_and_repeated_events_are_reported(void)
{
	struct ocirun_log *log;

	write_text(LINE("created", "2", "") LINE("started", "2", "") LINE("exited", "5", ""));
	log = open_log(ID, NULL);
	check_int(next(log), OCIRUN_DAMAGED);
	check_int(damage.kind, OCIRUN_DAMAGE_GAP);
	check_int(damage.expected, 1);
	check_int(damage.found, 2);
	check_int(next(log), OCIRUN_EVENT);
	check_text(event.type, "created");
	check_int(next(log), OCIRUN_DAMAGED);
	check_int(damage.kind, OCIRUN_DAMAGE_REPEATED);
	check_int(next(log), OCIRUN_DAMAGED);
	check_int(damage.kind, OCIRUN_DAMAGE_GAP);
	check_int(damage.expected, 3);
	check_int(next(log), OCIRUN_EVENT);
	check_int(event.seq, 5);
	check_int(next(log), OCIRUN_NOTHING);
	ocirun_log_close(log);
}

static void a_foreign_line_is_reported(void)
{
	struct ocirun_log *log;

	write_text(LINE("created", "1",
			"") "{\"v\":1,\"type\":\"exited\",\"id\":\"" ID
			    "\",\"instance\":\"" OTHER_INSTANCE
			    "\",\"seq\":2,\"timestamp\":\"2026-01-02T03:04:05.123456789Z\"}\n");
	log = open_log(ID, NULL);
	check_int(next(log), OCIRUN_EVENT);
	check_int(next(log), OCIRUN_DAMAGED);
	check_int(damage.kind, OCIRUN_DAMAGE_FOREIGN);
	check_int(next(log), OCIRUN_NOTHING);
	ocirun_log_close(log);
}

static void a_shrunken_or_removed_file_is_reported(void)
{
	struct ocirun_log *log;

	write_text(LINE("created", "1", "") LINE("started", "2", ""));
	log = open_log(ID, NULL);
	check_int(next(log), OCIRUN_EVENT);
	check_int(next(log), OCIRUN_EVENT);
	write_text(LINE("created", "1", ""));
	check_int(next(log), OCIRUN_DAMAGED);
	check_int(damage.kind, OCIRUN_DAMAGE_SHRUNK);
	check_int(next(log), OCIRUN_NOTHING);
	check_int(unlinkat(dirfd_, LOG_NAME, 0), 0);
	check_int(next(log), -ESTALE);
	ocirun_log_close(log);
}

static void members_are_exact(void)
{
	struct ocirun_log *log;
	char text[32];
	uint64_t u = 0;
	int64_t i = 0;
	bool b = false;

	write_text(
		LINE("created", "1",
		     ",\"min\":-9223372036854775808,\"max\":18446744073709551615,\"yes\":true,"
		     "\"none\":null,\"usage\":{\"cpuNs\":5},\"text\":\"a\\u00e9\\n\",\"n\":1.5"));
	log = open_log(ID, NULL);
	check_int(next(log), OCIRUN_EVENT);
	check_int(ocirun_event_int(&event, "min", &i), 0);
	check(i == INT64_MIN);
	check_int(ocirun_event_uint(&event, "max", &u), 0);
	check(u == UINT64_MAX);
	check_int(ocirun_event_int(&event, "max", &i), -ERANGE);
	check_int(ocirun_event_bool(&event, "yes", &b), 0);
	check(b);
	check_int(ocirun_event_int(&event, "none", &i), -ENODATA);
	check_int(ocirun_event_int(&event, "absent", &i), -ENOENT);
	check_int(ocirun_event_int(&event, "usage.cpuNs", &i), 0);
	check_int(i, 5);
	check_int(ocirun_event_int(&event, "usage.memory", &i), -ENOENT);
	check_int(ocirun_event_int(&event, "text.x", &i), -ENOENT);
	check_int(ocirun_event_int(&event, "n", &i), -EINVAL);
	check_int(ocirun_event_int(&event, "yes", &i), -EINVAL);
	check_int(ocirun_event_string(&event, "text", text, sizeof(text)), 4);
	check_text(text, "a\xc3\xa9\n");
	check_int(ocirun_event_string(&event, "text", text, 3), -ENOBUFS);
	check_int(ocirun_event_string(&event, "min", text, sizeof(text)), -EINVAL);
	ocirun_log_close(log);
}

static void an_exit_is_read(void)
{
	struct ocirun_log *log;
	struct ocirun_exit e;

	write_text(LINE("exited", "1",
			",\"exitCode\":137,\"signal\":9,\"coreDumped\":false,\"oomKilled\":true,"
			"\"reason\":\"signaled\"")
			   LINE("exited", "2",
				",\"exitCode\":null,\"signal\":null,\"reason\":"
				"\"monitor-lost\"") LINE("exited", "3", ",\"exitCode\":1000"));
	log = open_log(ID, NULL);
	check_int(next(log), OCIRUN_EVENT);
	check_int(ocirun_event_exit(&event, &e), 0);
	check_int(e.code, 137);
	check_int(e.signal, 9);
	check(e.oom_killed && !e.core_dumped);
	check_text(e.reason, "signaled");
	check_int(next(log), OCIRUN_EVENT);
	check_int(ocirun_event_exit(&event, &e), 0);
	check_int(e.code, -1);
	check_int(e.signal, 0);
	check_text(e.reason, "monitor-lost");
	check_int(next(log), OCIRUN_EVENT);
	check_int(ocirun_event_exit(&event, &e), -EINVAL);
	ocirun_log_close(log);
}

static void begin_instance(const char *instance)
{
	struct journal j;

	check_int(journal_create(&j, dirfd_, ID, instance), 0);
	check_int(journal_lock(&j), 0);
	check_int(journal_append(&j, EVENT_CREATED, NULL), 0);
	journal_close(&j);
}

static void the_right_instance_is_opened(void)
{
	struct ocirun_log *log, *first, *none = NULL;

	check_int(ocirun_log_open(&none, directory, ID, NULL), -ENOENT);
	begin_instance(INSTANCE);
	first = open_log(ID, NULL);
	begin_instance(OTHER_INSTANCE);

	/* Opened before the ID was used again: still the first one. */
	check_int(next(first), OCIRUN_EVENT);
	check_text(event.instance, INSTANCE);
	check_int(next(first), OCIRUN_NOTHING);
	ocirun_log_close(first);

	log = open_log(ID, NULL);
	check_int(next(log), OCIRUN_EVENT);
	check_text(event.instance, OTHER_INSTANCE);
	ocirun_log_close(log);
	log = open_log(ID, INSTANCE);
	check_int(next(log), OCIRUN_EVENT);
	check_text(event.instance, INSTANCE);
	ocirun_log_close(log);
	log = open_log(NULL, INSTANCE);
	check_int(next(log), OCIRUN_EVENT);
	check_text(event.instance, INSTANCE);
	ocirun_log_close(log);
	check_int(ocirun_log_open(&none, directory, ID, "00000000000000000000000000000000"),
		  -ENOENT);
	check_int(ocirun_log_open(&none, directory, NULL, "00000000000000000000000000000000"),
		  -ENOENT);
	check_int(ocirun_log_open(&none, directory, "../x", NULL), -EINVAL);
	check_int(ocirun_log_open(&none, directory, NULL, NULL), -EINVAL);
}

static void only_regular_files_are_read(void)
{
	struct ocirun_log *log = NULL;

	check_int(symlinkat("target", dirfd_, LOG_NAME), 0);
	check_int(ocirun_log_open(&log, directory, ID, NULL), -EINVAL);
	check_int(unlinkat(dirfd_, LOG_NAME, 0), 0);
	check_int(mkfifoat(dirfd_, LOG_NAME, 0600), 0);
	check_int(ocirun_log_open(&log, directory, ID, NULL), -EINVAL);
}

static void all_members_can_be_listed(void)
{
	static const char *const keys[] = {"v",	  "type",      "id", "instance",
					   "seq", "timestamp", "pid"};
	size_t position = 0, key_length, value_length, count = 0;
	const char *key, *value;
	struct ocirun_log *log;

	write_text(LINE("created", "1", ",\"pid\":7"));
	log = open_log(ID, NULL);
	check_int(next(log), OCIRUN_EVENT);
	while (ocirun_event_member(&event, &position, &key, &key_length, &value, &value_length)) {
		check(count < 7 && strncmp(key, keys[count], key_length) == 0);
		count++;
	}
	check_int(count, 7);
	ocirun_log_close(log);
}

int main(void)
{
	static const struct test tests[] = {
		{"lines are returned in their order", lines_are_returned_in_order},
		{"an unfinished line is not there yet", an_unfinished_line_is_not_there_yet},
		{"garbage is reported with its place", garbage_is_reported_with_its_place},
		{"a long run of NUL bytes is one damage", a_long_run_of_nul_bytes_is_one_damage},
		{"missing and repeated events are reported",
		 missing_and_repeated_events_are_reported},
		{"a line of another instance is reported", a_foreign_line_is_reported},
		{"a shrunken or removed file is reported", a_shrunken_or_removed_file_is_reported},
		{"members are exact", members_are_exact},
		{"an exit is read, unknown is not 0", an_exit_is_read},
		{"the right instance is opened and kept", the_right_instance_is_opened},
		{"only regular files are read", only_regular_files_are_read},
		{"all members can be listed", all_members_can_be_listed},
	};

	return RUN_TESTS(tests);
}
