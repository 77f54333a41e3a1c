/* SPDX-License-Identifier: Apache-2.0 */
/* What the feed is owed: by writers that died or failed, after another boot, when it is another
 * one. */
#include "events/test-feed.h"

/* @write: the line comes to the log, the writer dies before the feed has it; else it dies at once.
 */
static void die_writing(struct journal *j, struct feed *f, bool write)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		feed_reopen(f, dirfd_);
		(void)journal_lock(j);
		feed_begin(f, j->fd, j->instance, j->seq + 1);
		j->feed = NULL;
		if (write)
			(void)journal_append(j, EVENT_PAUSED, NULL);
		_exit(0);
	}
	(void)waitpid(pid, NULL, 0);
}

/* ---- debts ---- */

static void a_killed_writer_is_made_up_for_once(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	open_feed(&f, &plenty);
	create(&j, &f, 1);
	append_many(&j, 2);
	die_writing(&j, &f, true);
	look();
	check_int(seen.lines, 2);
	check(owes());
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	check(!owes());
	look();
	check_int(seen.bad, 0);
	has_each_once(1, 3);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

static void one_killed_before_its_line_owes_nothing(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	open_feed(&f, &plenty);
	create(&j, &f, 1);
	die_writing(&j, &f, false);
	check(owes());
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	check(!owes());
	append_many(&j, 1);
	look();
	has_each_once(1, 1);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

static void the_next_line_of_the_log_pays_in_order(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	open_feed(&f, &plenty);
	create(&j, &f, 1);
	append_many(&j, 1);
	die_writing(&j, &f, true);
	append_many(&j, 2);
	check(!owes());
	look();
	check(seen.ordered);
	has_each_once(1, 4);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

static void a_log_that_was_renamed_is_found(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	open_feed(&f, &plenty);
	create(&j, &f, 1);
	append_many(&j, 1);
	die_writing(&j, &f, true);
	check_int(renameat(dirfd_, "c1.ndjson", dirfd_, "c1@other.ndjson"), 0);
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	look();
	has_each_once(1, 2);
	journal_close(&j);
	feed_close(&f);
	remove_dir(FEED_DIR);
}

static void a_living_writer_is_left_alone(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f, other;

	open_feed(&f, &plenty);
	create(&j, &f, 1);
	feed_begin(&f, j.fd, j.instance, 1);
	open_feed(&other, &plenty);
	check(owes());
	feed_cancel(&f);
	check(!owes());
	journal_close(&j);
	feed_close(&f);
	feed_close(&other);
	remove_dir(FEED_DIR);
}

static void what_failed_is_told_and_comes_later(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f, lost;

	open_feed(&f, &plenty);
	feed_open(&lost, dirfd_, -EACCES, &plenty);
	create(&j, &lost, 1);
	append_many(&j, 2);
	check_int(lost.error, -EACCES);
	check_int(feed_settle(&lost, dirfd_, BOOT), -EACCES);
	check(owes());
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	check(!owes());
	look();
	check(seen.ordered);
	has_each_once(1, 2);
	journal_close(&j);
	feed_close(&f);
	feed_close(&lost);
	remove_dir(FEED_DIR);
}

static void with_all_slots_taken_the_logs_are_compared(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f, lost;

	open_feed(&f, &plenty);
	for (unsigned int i = 0; i < PENDING_SLOTS; i++) {
		pending_claim(&f.pending, INSTANCE, 0, i + 1);
		check(f.pending.slot >= 0);
		/* As another log's, so that the next one takes another slot. */
		struct pending_slot foreign = {.seq = i + 1, .instance = {0xee}};
		check_int(pwrite(f.pending.fd, &foreign, sizeof(foreign),
				 (off_t)(sizeof(struct pending_head) +
					 (unsigned int)f.pending.slot * sizeof(foreign))),
			  sizeof(foreign));
		pending_release(&f.pending, false);
	}
	feed_open(&lost, dirfd_, -EACCES, &plenty);
	create(&j, &lost, 1);
	append_many(&j, 2);
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	check(!owes());
	look();
	has_each_once(1, 2);
	append_many(&j, 1);
	check(owes());
	journal_close(&j);
	feed_close(&f);
	feed_close(&lost);
	remove_dir(FEED_DIR);
}

/* ---- comparing ---- */

/* Keep of the feed's file only what @filter keeps of its lines. */
static void thin_out(bool (*keeps)(uint64_t seq))
{
	static char kept[TEXT_MAX];
	size_t length = 0;
	char *p = text, *end;

	(void)read_feed(FEED_DIR);
	for (; *p; p = end + 1) {
		struct line line;

		end = strchr(p, '\n');
		check(line_parse(p, (size_t)(end - p), &line));
		if (!keeps(line.seq))
			continue;
		memcpy(kept + length, p, (size_t)(end - p) + 1);
		length += (size_t)(end - p) + 1;
	}
	write_file(FEED_DIR "/" FEED_NAME, kept, length);
}

static bool is_odd(uint64_t seq)
{
	return seq % 2;
}

static bool is_early(uint64_t seq)
{
	return seq < 10;
}

static void after_another_boot_what_is_missing_is_added(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	begin(&f, &j, &plenty, 20);
	thin_out(is_early);
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	look();
	check_int(seen.lines, 9);
	check_int(feed_settle(&f, dirfd_, NEXT), 0);
	look();
	check(seen.ordered);
	has_each_once(1, 20);
	end(&f, &j);
}

static void holes_too(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	begin(&f, &j, &plenty, 20);
	thin_out(is_odd);
	check_int(feed_settle(&f, dirfd_, NEXT), 0);
	check_int(feed_settle(&f, dirfd_, NEXT), 0);
	look();
	check_int(seen.lines, 20);
	for (unsigned int seq = 1; seq <= 20; seq++)
		check_int(seen.times[1][seq], 1);
	end(&f, &j);
}

static void a_run_of_nul_bytes_is_damage_and_no_end(void)
{
	static const char nul[500];
	struct journal j = JOURNAL_CLOSED;
	struct feed f;
	size_t length;

	begin(&f, &j, &plenty, 20);
	(void)read_feed(FEED_DIR);
	length = strlen(text);
	memset(text + length - 500, 0, 500);
	write_file(FEED_DIR "/" FEED_NAME, text, length);
	check_int(feed_settle(&f, dirfd_, NEXT), 0);
	length = read_file(FEED_DIR "/" FEED_NAME, text, sizeof(text));
	/* The NULs, and what stood before them in that line, got an LF. */
	check(memmem(text, length, nul, sizeof(nul)) != NULL);
	for (size_t i = 0; i < length; i++) {
		if (!text[i])
			text[i] = '#';
	}
	write_file(FEED_DIR "/" FEED_NAME, text, length);
	look();
	check_int(seen.bad, 1);
	check_int(seen.last[1], 20);
	end(&f, &j);
}

static void what_was_put_aside_and_removed_is_not_added_again(void)
{
	const struct feed_settings small = {.size = 2000, .count = 1, .mode = 0600};
	struct journal j = JOURNAL_CLOSED;
	struct feed f;
	unsigned int lines;

	begin(&f, &j, &small, 100);
	look();
	lines = seen.lines;
	check(lines < 50);
	check_int(feed_settle(&f, dirfd_, NEXT), 0);
	look();
	check_int(seen.lines, lines);
	check(seen.ordered);
	check_int(seen.last[1], 100);
	end(&f, &j);
}

static void a_feed_begun_beside_logs_gets_all_of_them_oldest_first(void)
{
	struct journal j[3] = {JOURNAL_CLOSED, JOURNAL_CLOSED, JOURNAL_CLOSED};
	struct feed f;

	for (unsigned int i = 3; i-- > 0;) {
		struct timespec times[2] = {{.tv_sec = 1000 - i}, {.tv_sec = 1000 - i}};

		create(&j[i], NULL, i + 1);
		append_many(&j[i], 5 * (i + 1));
		check_int(futimens(j[i].fd, times), 0);
	}
	open_feed(&f, &plenty);
	look();
	check_int(seen.lines, 30);
	check(seen.ordered);
	check(strncmp(text + strlen("{\"v\":1,\"type\":\"signaled\",\"id\":\""), "c3", 2) == 0);
	for (unsigned int i = 0; i < 3; i++) {
		has_each_once(i + 1, 5 * (i + 1));
		journal_close(&j[i]);
	}
	feed_close(&f);
	remove_dir(FEED_DIR);
}

/* The comparison must not take a line that came first for the oldest that ever was. */
static void a_line_that_comes_before_the_comparison_hides_nothing(void)
{
	struct journal old = JOURNAL_CLOSED, j = JOURNAL_CLOSED;
	struct feed f;

	create(&old, NULL, 2);
	append_many(&old, 5);
	open_unsettled(&f, &plenty);
	create(&j, &f, 1);
	append_many(&j, 1);
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	look();
	for (unsigned int seq = 1; seq <= 5; seq++)
		check_int(seen.times[2][seq], 1);
	check(seen.times[1][1] >= 1);
	journal_close(&old);
	end(&f, &j);
}

static void a_writer_to_another_feed_owes_to_this_one(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f, moved;

	begin(&f, &j, &plenty, 3);
	feed_open(&moved, dirfd_, open_dir("other"), &plenty);
	check_int(feed_settle(&moved, dirfd_, BOOT), 0);
	look_at("other");
	has_each_once(1, 3);
	/* As a monitor does that was told the feed at its container's create. */
	append_many(&j, 1);
	check_int(f.error, 0);
	check(owes());
	check_int(feed_settle(&moved, dirfd_, BOOT), 0);
	check(!owes());
	look_at("other");
	has_each_once(1, 4);
	feed_close(&moved);
	remove_dir("other");
	end(&f, &j);
}

static void a_feed_made_anew_gets_all(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	begin(&f, &j, &plenty, 3);
	feed_close(&f);
	remove_dir(FEED_DIR);
	open_feed(&f, &plenty);
	look();
	has_each_once(1, 3);
	end(&f, &j);
}

static void a_feed_that_was_off_gets_what_it_missed(void)
{
	struct journal j = JOURNAL_CLOSED;
	struct feed f;

	begin(&f, &j, &plenty, 3);
	feed_forget(dirfd_);
	j.feed = NULL;
	append_many(&j, 2);
	check_int(feed_settle(&f, dirfd_, BOOT), 0);
	look();
	has_each_once(1, 5);
	end(&f, &j);
}

static void two_roots_share_a_feed(void)
{
	struct journal mine = JOURNAL_CLOSED, theirs = JOURNAL_CLOSED;
	int logs = dirfd_, others = open_dir("logs");
	struct feed f, g;

	begin(&f, &mine, &plenty, 3);
	feed_open(&g, others, open_dir(FEED_DIR), &plenty);
	check_int(feed_settle(&g, others, BOOT), 0);
	dirfd_ = others;
	create(&theirs, &g, 2);
	append_many(&theirs, 3);
	dirfd_ = logs;
	check_int(feed_settle(&f, dirfd_, NEXT), 0);
	check_int(feed_settle(&g, others, NEXT), 0);
	look();
	check_int(seen.lines, 6);
	has_each_once(1, 3);
	has_each_once(2, 3);
	journal_close(&theirs);
	feed_close(&g);
	(void)close(others);
	remove_dir("logs");
	end(&f, &mine);
}

int main(void)
{
	static const struct test tests[] = {
		{"a killed writer is made up for, once", a_killed_writer_is_made_up_for_once},
		{"one killed before its line owes nothing",
		 one_killed_before_its_line_owes_nothing},
		{"the next line of the log pays, in order", the_next_line_of_the_log_pays_in_order},
		{"a log that was renamed is found", a_log_that_was_renamed_is_found},
		{"a living writer is left alone", a_living_writer_is_left_alone},
		{"what failed is told, and comes later", what_failed_is_told_and_comes_later},
		{"with all slots taken the logs are compared",
		 with_all_slots_taken_the_logs_are_compared},
		{"after another boot what is missing is added",
		 after_another_boot_what_is_missing_is_added},
		{"holes too", holes_too},
		{"a run of NUL bytes is damage, and no end",
		 a_run_of_nul_bytes_is_damage_and_no_end},
		{"what was put aside and removed is not added again",
		 what_was_put_aside_and_removed_is_not_added_again},
		{"a feed begun beside logs gets all of them, the oldest first",
		 a_feed_begun_beside_logs_gets_all_of_them_oldest_first},
		{"a line that comes before the comparison hides nothing",
		 a_line_that_comes_before_the_comparison_hides_nothing},
		{"a writer to another feed owes to this one",
		 a_writer_to_another_feed_owes_to_this_one},
		{"a feed made anew gets all", a_feed_made_anew_gets_all},
		{"a feed that was off gets what it missed",
		 a_feed_that_was_off_gets_what_it_missed},
		{"two roots share a feed", two_roots_share_a_feed},
	};

	return RUN_TESTS(tests);
}
