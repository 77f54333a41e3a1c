/* SPDX-License-Identifier: Apache-2.0 */
/* The feed's writer: rotation, many writers, damage, what is in the way. */
#include "events/test-feed.h"

#define EACH 200

/* ---- lines ---- */

static void a_line_is_that_of_the_log(void)
{
	static char log[FILENAME_MAX + 4096];
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	open_feed(&f, &plenty);
	create(&j, &f, 1);
	append_many(&j, 3);
	check_int(f.error, 0);
	check(f.used);
	(void)read_file("c1.ndjson", log, sizeof(log));
	check_int(read_feed(FEED_DIR), 1);
	check_text(text, log);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

static void files_have_their_mode_whatever_the_umask(void)
{
	const struct feed_settings shared = {.size = 300, .count = 2, .mode = 0640};
	struct journal j = JOURNAL_CLOSED;
	mode_t before = umask(0777);
	struct feed f;
	struct stat st;

	(void)umask(077);
	open_feed(&f, &shared);
	create(&j, &f, 1);
	append_many(&j, 3);
	(void)umask(before);
	check_int(fstatat(f.dirfd, FEED_NAME, &st, 0), 0);
	check_int(st.st_mode & 0777, 0640);
	check_int(fstatat(f.dirfd, FEED_NAME ".1", &st, 0), 0);
	check_int(st.st_mode & 0777, 0640);
	/* Who can open a file can hold flock on it. */
	check_int(fstatat(f.dirfd, FEED_LOCK, &st, 0), 0);
	check_int(st.st_mode & 0777, 0600);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

static void no_file_exceeds_its_limit(void)
{
	const struct feed_settings small = {.size = 1000, .count = 100, .mode = 0600};
	struct journal j = JOURNAL_CLOSED;
	struct feed f;
	unsigned int count;

	open_feed(&f, &small);
	create(&j, &f, 1);
	append_many(&j, 50);
	count = read_feed(FEED_DIR);
	check(count > 5);
	for (unsigned int i = 0; i < count; i++) {
		char file[FEED_FILE_NAME_SIZE];
		struct stat st;

		feed_file_name(file, i);
		check_int(fstatat(f.dirfd, file, &st, 0), 0);
		check(st.st_size > 0 && st.st_size <= 1000);
	}
	look();
	check_int(seen.bad, 0);
	check(seen.ordered);
	has_each_once(1, 50);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

static void a_limit_below_a_line_is_a_file_for_each(void)
{
	const struct feed_settings tiny = {.size = 1, .count = 3, .mode = 0600};
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	open_feed(&f, &tiny);
	create(&j, &f, 1);
	append_many(&j, 10);
	check_int(f.error, 0);
	check_int(read_feed(FEED_DIR), 4);
	look();
	check_int(seen.lines, 4);
	check_int(seen.last[1], 10);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

static void fewer_files_are_kept_when_the_count_is_lowered(void)
{
	struct feed_settings s = {.size = 300, .count = 5, .mode = 0600};
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	open_feed(&f, &s);
	create(&j, &f, 1);
	append_many(&j, 20);
	check_int(read_feed(FEED_DIR), 6);
	f.settings.count = 2;
	append_many(&j, 2);
	check_int(read_feed(FEED_DIR), 3);
	f.settings.count = 0;
	append_many(&j, 2);
	check_int(read_feed(FEED_DIR), 1);
	look();
	check_int(seen.bad, 0);
	check_int(seen.last[1], 24);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

/* ---- many writers ---- */

static void write_series(unsigned int number, const struct feed_settings *s)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;
	unsigned int before = (unsigned int)failures;

	open_feed(&f, s);
	create(&j, &f, number);
	append_many(&j, EACH);
	check_int(f.error, 0);
	_exit((unsigned int)failures != before);
}

static void run_writers(const struct feed_settings *s)
{
	struct feed f;

	/* The key, and that all logs were compared: as a create before them. */
	open_feed(&f, s);
	feed_close(&f);
	(void)fflush(stdout);
	for (unsigned int i = 1; i <= WRITERS; i++) {
		if (fork() == 0)
			write_series(i, s);
	}
	for (unsigned int i = 1; i <= WRITERS; i++) {
		int status = -1;

		(void)wait(&status);
		check_int(status, 0);
	}
}

static void eight_writers_lose_and_tear_nothing(void)
{
	const struct feed_settings small = {.size = 3000, .count = 1000, .mode = 0600};

	run_writers(&small);
	check(read_feed(FEED_DIR) > 50);
	look();
	check_int(seen.bad, 0);
	check_int(seen.lines, WRITERS * EACH);
	check(seen.ordered);
	for (unsigned int i = 1; i <= WRITERS; i++)
		has_each_once(i, EACH);
	check(!owes());
	remove_dir(FEED_DIR);
}

/* Where files are removed, what is there is the end of each log's series. */
static void eight_writers_with_few_files_keep_the_newest(void)
{
	const struct feed_settings small = {.size = 3000, .count = 3, .mode = 0600};

	run_writers(&small);
	check_int(read_feed(FEED_DIR), 4);
	look();
	check_int(seen.bad, 0);
	check(seen.ordered);
	check(seen.lines > 3 * 10);
	for (unsigned int i = 1; i <= WRITERS; i++) {
		for (unsigned int seq = 1; seq < seen.last[i]; seq++)
			check(seen.times[i][seq] <= seen.times[i][seq + 1]);
	}
	remove_dir(FEED_DIR);
}

static off_t size_of(const char *name)
{
	struct stat st;

	return fstatat(dirfd_, name, &st, 0) < 0 ? -1 : st.st_size;
}

/* ---- what is in the way ---- */

static void a_torn_end_is_closed(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	begin(&f, &j, &plenty, 1);
	(void)read_feed(FEED_DIR);
	write_file(FEED_DIR "/" FEED_NAME, text, strlen(text) / 2);
	append_many(&j, 2);
	look();
	check_int(seen.lines, 3);
	check_int(seen.bad, 1);
	check_int(seen.times[1][2] + seen.times[1][3], 2);
	end(&f, &j);
}

/* @make: puts something where @name should be; it is taken away again. */
static void is_survived(const char *name, void (*make)(const char *name))
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	begin(&f, &j, &plenty, 1);
	remove_dir(FEED_DIR);
	check_int(mkdirat(dirfd_, FEED_DIR, 0700), 0);
	feed_close(&f);
	make(name);
	open_unsettled(&f, &plenty);
	(void)feed_settle(&f, dirfd_, BOOT);
	append_many(&j, 1);
	check(f.error < 0);
	check_int(j.seq, 2);
	if (unlinkat(dirfd_, name, 0) < 0)
		check_int(unlinkat(dirfd_, name, AT_REMOVEDIR), 0);
	check_int(feed_settle(&f, dirfd_, NEXT), 0);
	check_int(size_of("elsewhere"), 0);
	look();
	check_int(seen.bad, 0);
	check(seen.times[1][1] >= 1 && seen.times[1][2] >= 1);
	check(!owes());
	end(&f, &j);
}

static void make_link(const char *name)
{
	check_int(symlinkat("../elsewhere", dirfd_, name), 0);
}

static void make_dir(const char *name)
{
	check_int(mkdirat(dirfd_, name, 0700), 0);
}

static void make_fifo(const char *name)
{
	check_int(mkfifoat(dirfd_, name, 0600), 0);
}

static void something_else_in_the_files_place(void)
{
	static void (*const makers[])(const char *) = {make_link, make_dir, make_fifo};

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		write_file("elsewhere", "", 0);
		is_survived(FEED_DIR "/" FEED_NAME, makers[i]);
		(void)unlinkat(dirfd_, "c1.ndjson", 0);
	}
	write_file("elsewhere", "", 0);
	is_survived(FEED_DIR "/" FEED_LOCK, make_link);
	(void)unlinkat(dirfd_, "c1.ndjson", 0);
	is_survived(FEED_DIR "/" FEED_LOCK, make_dir);
}

static void without_intents_lines_come_all_the_same(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	check_int(mkdirat(dirfd_, PENDING_NAME, 0700), 0);
	open_unsettled(&f, &plenty);
	create(&j, &f, 1);
	append_many(&j, 2);
	check_int(f.error, 0);
	look();
	has_each_once(1, 2);
	check_int(unlinkat(dirfd_, PENDING_NAME, AT_REMOVEDIR), 0);
	end(&f, &j);
}

int main(void)
{
	static const struct test tests[] = {
		{"a line is that of the log", a_line_is_that_of_the_log},
		{"files have their mode whatever the umask",
		 files_have_their_mode_whatever_the_umask},
		{"no file exceeds its limit", no_file_exceeds_its_limit},
		{"a limit below a line is a file for each",
		 a_limit_below_a_line_is_a_file_for_each},
		{"fewer files are kept when the count is lowered",
		 fewer_files_are_kept_when_the_count_is_lowered},
		{"eight writers lose and tear nothing", eight_writers_lose_and_tear_nothing},
		{"eight writers with few files keep the newest lines",
		 eight_writers_with_few_files_keep_the_newest},
		{"a torn end is closed", a_torn_end_is_closed},
		{"something else in the file's place", something_else_in_the_files_place},
		{"without intents lines come all the same",
		 without_intents_lines_come_all_the_same},
	};

	return RUN_TESTS(tests);
}
