/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: members, order, damage, many writers at once, a full disk, retention. */
#include "events/check.h"
#include "events/journal.h"
#include "events/journal_file.h"
#include "events/line.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>

#define OTHER_INSTANCE "ffffffffffffffffffffffffffffffff"
#define LOG_NAME       ID ".ndjson"
#define FILE_MAX       (1 << 20)

static char file[FILE_MAX];

static int append(struct journal *j, enum event_type type, const struct event_members *m)
{
	int r = journal_lock(j);

	if (r < 0)
		return r;
	r = journal_append(j, type, m);
	journal_unlock(j);
	return r;
}

/* Lines of the log, and how many of them are none. */
static size_t count_lines(size_t *ret_bad)
{
	size_t length = read_file(LOG_NAME, file, sizeof(file)), lines = 0;
	const char *p = file, *end;

	*ret_bad = 0;
	while (p < file + length) {
		struct line line;

		end = memchr(p, '\n', (size_t)(file + length - p));
		if (!end) {
			(*ret_bad)++;
			break;
		}
		lines++;
		if (!line_parse(p, (size_t)(end - p), &line))
			(*ret_bad)++;
		p = end + 1;
	}
	return lines;
}

static void members_are_written_in_order(void)
{
	struct event_members m;

	members_init(&m);
	members_add_int(&m, "min", INT64_MIN);
	members_add_uint(&m, "max", UINT64_MAX);
	members_add_bool(&m, "yes", true);
	members_add_null(&m, "none");
	members_open(&m, "usage");
	members_add_int(&m, "zero", 0);
	members_add_string(&m, "text", NULL);
	members_close(&m);
	members_open(&m, "empty");
	members_close(&m);
	members_add_string(&m, "last", "x");
	check(!m.overflow);
	check_text(m.text, "\"min\":-9223372036854775808,\"max\":18446744073709551615,\"yes\":true,"
			   "\"none\":null,\"usage\":{\"zero\":0,\"text\":null},\"empty\":{},"
			   "\"last\":\"x\"");
}

static void strings_are_escaped(void)
{
	struct event_members m;

	members_init(&m);
	members_add_string(&m, "s", "\"\\\b\f\n\r\t\x01\x1f\x7f/\xc3\xa9\xf0\x9f\x98\x80");
	check_text(m.text, "\"s\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f/"
			   "\xc3\xa9\xf0\x9f\x98\x80\"");
	members_init(&m);
	members_add_string(&m, "s", "a\xff\xc3(\xed\xa0\x80\xc2\x9b");
	check_text(m.text, "\"s\":\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			   "\\u009b\"");
}

static void a_member_without_room_is_left_out_whole(void)
{
	static char long_text[JOURNAL_LINE_MAX];
	struct event_members m;

	memset(long_text, 'x', sizeof(long_text) - 1);
	members_init(&m);
	members_add_string(&m, "a", "1");
	members_add_string(&m, "b", long_text);
	check(m.overflow);
	check_text(m.text, "\"a\":\"1\"");
	members_add_string(&m, "c", "2");
	check_text(m.text, "\"a\":\"1\"");
}

static void tails_keep_the_end_and_fit(void)
{
	static char long_text[100000];
	struct event_members m;

	members_init(&m);
	members_add_tail(&m, "s", "ab\xc3\xa9xyz", 7, 4);
	check_text(m.text, "\"s\":\"xyz\"");
	members_init(&m);
	members_add_tail(&m, "s", "ab\xc3\xa9xyz", 7, 5);
	check_text(m.text, "\"s\":\"\xc3\xa9xyz\"");
	members_init(&m);
	members_add_tail(&m, "s", "a\0b", 3, 100);
	check_text(m.text, "\"s\":\"a\xef\xbf\xbd"
			   "b\"");
	memset(long_text, '\x01', sizeof(long_text));
	members_init(&m);
	members_open(&m, "hook");
	members_add_tail(&m, "output", long_text, sizeof(long_text), 4096);
	members_close(&m);
	check(!m.overflow);
	check(m.length <= MEMBERS_LENGTH_MAX && m.length > MEMBERS_LENGTH_MAX - 16);
}

static void the_longest_line_fits(void)
{
	char id[JOURNAL_ID_MAX + 1], name[JOURNAL_NAME_SIZE];
	static char text[JOURNAL_LINE_MAX];
	struct event_members m;
	struct journal j;

	memset(id, 'a', JOURNAL_ID_MAX);
	id[JOURNAL_ID_MAX] = '\0';
	memset(text, 'x', sizeof(text));
	check_int(journal_create(&j, dirfd_, id, INSTANCE), 0);
	members_init(&m);
	members_add_tail(&m, "s", text, sizeof(text), sizeof(text));
	check_int(m.length, MEMBERS_LENGTH_MAX);
	j.seq = UINT64_MAX - 1;
	check_int(append(&j, EVENT_CHECKPOINTED, &m), 0);
	journal_file_name(name, id, NULL);
	check(read_file(name, file, sizeof(file)) <= JOURNAL_LINE_MAX);
	journal_close(&j);
}

static void an_overflow_is_refused(void)
{
	static char text[JOURNAL_LINE_MAX];
	struct event_members m;
	struct journal j;

	memset(text, 'x', sizeof(text) - 1);
	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	members_init(&m);
	members_add_string(&m, "s", text);
	check_int(append(&j, EVENT_CREATED, &m), -EMSGSIZE);
	check_int(j.seq, 0);
	check_int(read_file(LOG_NAME, file, sizeof(file)), 0);
	journal_close(&j);
}

static void refresh(struct journal *j)
{
	check_int(journal_lock(j), 0);
	journal_unlock(j);
}

static void another_writer_is_caught_up_with(void)
{
	struct journal a, b;

	check_int(journal_create(&a, dirfd_, ID, INSTANCE), 0);
	check_int(journal_open(&b, dirfd_, ID, INSTANCE), 0);
	check_int(append(&a, EVENT_CREATED, NULL), 0);
	check_int(append(&b, EVENT_STARTED, NULL), 0);
	check_int(append(&b, EVENT_PAUSED, NULL), 0);
	check_int(journal_lock(&a), 0);
	check_int(a.seq, 3);
	check(journal_has_seen(&a, EVENT_STARTED) && a.paused);
	check(!journal_has_seen(&a, EVENT_EXITED));
	check_int(journal_append(&a, EVENT_RESUMED, NULL), 0);
	journal_unlock(&a);
	refresh(&b);
	check_int(b.seq, 4);
	check(!b.paused);
	journal_close(&a);
	journal_close(&b);
}

static void another_instance_is_stale(void)
{
	struct journal a, b;

	check_int(journal_open(&b, dirfd_, ID, INSTANCE), -ENOENT);
	check_int(journal_create(&a, dirfd_, ID, INSTANCE), 0);
	check_int(append(&a, EVENT_CREATED, NULL), 0);
	check_int(journal_open(&b, dirfd_, ID, OTHER_INSTANCE), -ESTALE);
	check_int(journal_open(&b, dirfd_, ID, NULL), 0);
	refresh(&b);
	check_text(b.instance, INSTANCE);
	journal_close(&a);
	journal_close(&b);
}

static void a_predecessor_keeps_its_log(void)
{
	struct journal a, b;

	check_int(journal_create(&a, dirfd_, ID, INSTANCE), 0);
	check_int(append(&a, EVENT_CREATED, NULL), 0);
	check_int(append(&a, EVENT_DELETED, NULL), 0);
	check_int(journal_create(&b, dirfd_, ID, OTHER_INSTANCE), 0);
	check_int(append(&b, EVENT_CREATED, NULL), 0);
	check(read_file(ID "@" INSTANCE ".ndjson", file, sizeof(file)) > 0);
	check(strstr(file, "deleted") != NULL);
	check(read_file(LOG_NAME, file, sizeof(file)) > 0);
	check(strstr(file, OTHER_INSTANCE) && !strstr(file, "deleted"));
	check(faccessat(dirfd_, ".new@" OTHER_INSTANCE, F_OK, 0) < 0);
	journal_close(&a);
	journal_close(&b);
}

static void only_regular_files_are_opened(void)
{
	struct journal j;

	write_file("target", "", 0);
	check_int(symlinkat("target", dirfd_, LOG_NAME), 0);
	check_int(journal_open(&j, dirfd_, ID, INSTANCE), -ELOOP);
	check_int(journal_create(&j, dirfd_, ID, INSTANCE), -ELOOP);
	check_int(unlinkat(dirfd_, LOG_NAME, 0), 0);
	check_int(mkfifoat(dirfd_, LOG_NAME, 0600), 0);
	check_int(journal_open(&j, dirfd_, ID, INSTANCE), -EINVAL);
	check_int(journal_create(&j, dirfd_, ID, INSTANCE), -EINVAL);
	check_int(unlinkat(dirfd_, LOG_NAME, 0), 0);
	check_int(journal_open(&j, dirfd_, "../x", INSTANCE), -EINVAL);
	check_int(journal_create(&j, dirfd_, ".x", INSTANCE), -EINVAL);
	check_int(journal_create(&j, dirfd_, ID, "0123"), -EINVAL);
}

/* Three lines, cut anywhere: what was whole stays, what was not is closed, seq has no gap. */
static void a_log_cut_at_any_byte_goes_on(void)
{
	static char whole[4096], expected[8192];
	struct event_members m;
	struct journal j;
	size_t length;

	members_init(&m);
	members_open(&m, "usage");
	members_add_int(&m, "cpuNs", 1);
	members_close(&m);
	members_add_string(&m, "error", "}\"}");
	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	check_int(append(&j, EVENT_CREATED, &m), 0);
	check_int(append(&j, EVENT_STARTED, NULL), 0);
	check_int(append(&j, EVENT_EXITED, &m), 0);
	journal_close(&j);
	length = read_file(LOG_NAME, whole, sizeof(whole));

	for (size_t cut = 0; cut <= length && failures == 0; cut++) {
		size_t lines = 0, kept, bad;

		for (size_t i = 0; i < cut; i++)
			lines += whole[i] == '\n';
		/* A line that lost nothing but its LF is whole. */
		if (cut < length && whole[cut] == '\n')
			lines++;
		write_file(LOG_NAME, whole, cut);
		check_int(journal_open(&j, dirfd_, ID, INSTANCE), 0);
		check_int(append(&j, EVENT_OOM, NULL), 0);
		check_int(j.seq, lines + 1);
		check(journal_has_seen(&j, EVENT_EXITED) == (lines == 3));
		journal_close(&j);
		kept = read_file(LOG_NAME, expected, sizeof(expected));
		check(kept > cut && memcmp(expected, whole, cut) == 0);
		check_int(count_lines(&bad) - bad, lines + 1);
	}
}

static void a_tail_of_nul_bytes_is_closed(void)
{
	static const size_t sizes[] = {1, 4095, 4096, 8191, 8192, 8193, 20000};
	static char zero[20000];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct journal j;
		size_t bad;

		check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
		check_int(append(&j, EVENT_CREATED, NULL), 0);
		check(write(j.fd, zero, sizes[i]) == (ssize_t)sizes[i]);
		check_int(append(&j, EVENT_STARTED, NULL), 0);
		check_int(j.seq, 2);
		journal_close(&j);
		check_int(journal_open(&j, dirfd_, ID, INSTANCE), 0);
		refresh(&j);
		check_int(j.seq, 2);
		check_int(count_lines(&bad), 3);
		check_int(bad, 1);
		journal_close(&j);
		check_int(unlinkat(dirfd_, LOG_NAME, 0), 0);
	}
}

#define WRITERS		 8
#define LINES_PER_WRITER 100

static void write_many(void)
{
	struct journal j;

	if (journal_open(&j, dirfd_, ID, INSTANCE) < 0)
		_exit(1);
	for (int i = 0; i < LINES_PER_WRITER; i++) {
		if (append(&j, EVENT_SIGNALED, NULL) < 0)
			_exit(1);
	}
	_exit(0);
}

static void writers_at_once_leave_no_gap(void)
{
	size_t bad, length;
	uint64_t seq = 0;
	struct journal j;

	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	for (int i = 0; i < WRITERS; i++) {
		if (fork() == 0)
			write_many();
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = -1;

		(void)wait(&status);
		check_int(status, 0);
	}
	check_int(count_lines(&bad), WRITERS * LINES_PER_WRITER);
	check_int(bad, 0);
	length = strlen(file);
	for (char *p = file; p < file + length; p = strchr(p, '\n') + 1) {
		struct line line = {0};

		check(line_parse(p, (size_t)(strchr(p, '\n') - p), &line));
		check_int(line.seq, ++seq);
		if (failures)
			return;
	}
	journal_close(&j);
}

static void a_write_cut_short_is_closed_later(void)
{
	struct rlimit old, limit;
	struct journal j;
	size_t bad;

	(void)signal(SIGXFSZ, SIG_IGN);
	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	check_int(append(&j, EVENT_CREATED, NULL), 0);
	check_int(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){.rlim_cur = (rlim_t)j.offset + 20, .rlim_max = old.rlim_max};
	check_int(setrlimit(RLIMIT_FSIZE, &limit), 0);
	check_int(append(&j, EVENT_STARTED, NULL), -ENOSPC);
	check_int(j.seq, 1);
	check(!journal_has_seen(&j, EVENT_STARTED));
	check_int(setrlimit(RLIMIT_FSIZE, &old), 0);
	check_int(append(&j, EVENT_STARTED, NULL), 0);
	check_int(j.seq, 2);
	journal_close(&j);
	check_int(count_lines(&bad), 3);
	check_int(bad, 1);
}

static void space_is_reserved_until_deleted(void)
{
	struct journal j;
	struct stat st;

	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	check_int(fstat(j.fd, &st), 0);
	check_int(st.st_size, 0);
	if (st.st_blocks == 0) {
		printf("# this file system reserves nothing\n");
		journal_close(&j);
		return;
	}
	check(st.st_blocks * 512 >= JOURNAL_RESERVE);
	check_int(append(&j, EVENT_CREATED, NULL), 0);
	check_int(append(&j, EVENT_DELETED, NULL), 0);
	check_int(fstat(j.fd, &st), 0);
	check(st.st_blocks * 512 < JOURNAL_RESERVE);
	journal_close(&j);
}

static void timestamps_are_right(void)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000000007Z"},
		{951782399, "2000-02-28T23:59:59.000000007Z"},
		{951782400, "2000-02-29T00:00:00.000000007Z"},
		{1709251199, "2024-02-29T23:59:59.000000007Z"},
		{4107542400, "2100-03-01T00:00:00.000000007Z"},
		{1798761599, "2026-12-31T23:59:59.000000007Z"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timespec t = {.tv_sec = cases[i].seconds, .tv_nsec = 7};
		char text[31];

		journal_timestamp(&t, text);
		check_text(text, cases[i].text);
	}
}

static void type_names_go_both_ways(void)
{
	for (int type = 0; type < EVENT_TYPES; type++) {
		const char *name = event_type_name((enum event_type)type);

		check_int(event_type_parse(name, strlen(name)), type);
	}
	check_int(event_type_parse("exite", 5), EVENT_TYPES);
	check_text(event_type_name(EVENT_TYPES), "unknown");
}

int main(void)
{
	static const struct test tests[] = {
		{"members are written in their order, numbers exact", members_are_written_in_order},
		{"strings are escaped, broken UTF-8 replaced", strings_are_escaped},
		{"a member without room is left out whole",
		 a_member_without_room_is_left_out_whole},
		{"tails keep the end, whole characters, and fit", tails_keep_the_end_and_fit},
		{"the longest line has at most 4096 bytes", the_longest_line_fits},
		{"members that did not fit are refused", an_overflow_is_refused},
		{"a writer catches up with another one", another_writer_is_caught_up_with},
		{"the log of another instance is refused", another_instance_is_stale},
		{"a predecessor keeps its log under its instance's name",
		 a_predecessor_keeps_its_log},
		{"only regular files are opened, never through a link",
		 only_regular_files_are_opened},
		{"a log cut at any byte goes on without a gap", a_log_cut_at_any_byte_goes_on},
		{"a tail of NUL bytes of any length is closed", a_tail_of_nul_bytes_is_closed},
		{"eight writers at once leave no gap and no torn line",
		 writers_at_once_leave_no_gap},
		{"a write cut short is closed by the next one", a_write_cut_short_is_closed_later},
		{"space is reserved from the beginning until deleted",
		 space_is_reserved_until_deleted},
		{"timestamps are right", timestamps_are_right},
		{"type names go both ways", type_names_go_both_ways},
	};

	return RUN_TESTS(tests);
}
