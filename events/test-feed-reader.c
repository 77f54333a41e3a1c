/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a feed, written here by a small writer that does what doc/events.md says. Built a second
 * time with OCIRUN_EVENTS_POLLING, where there is only the timer.
 */
#include "events/check.h"
#include "ocirun/events.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CURRENT	    "events.ndjson"
#define DEADLINE_MS 20000

static struct ocirun_event event;
static struct ocirun_damage damage;
static struct ocirun_feed *feed;

/* The writer. */

static void write_raw(const char *text)
{
	int fd = openat(dirfd_, CURRENT, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(CURRENT);
		exit(99);
	}
	(void)close(fd);
}

static void put_type(char container, unsigned int seq, const char *type)
{
	char line[512];

	(void)snprintf(line, sizeof(line),
		       "{\"v\":1,\"type\":\"%s\",\"id\":\"c%c\",\"instance\":"
		       "\"%08x00000000000000000000000%c\",\"seq\":%u,"
		       "\"timestamp\":\"2026-01-02T03:04:05.123456789Z\"}\n",
		       type, container, (unsigned int)container * 2654435761U, container, seq);
	write_raw(line);
}

static void put(char container, unsigned int seq)
{
	put_type(container, seq, "signaled");
}

static void number_name(char *name, unsigned int number)
{
	if (number == 0)
		(void)strcpy(name, CURRENT);
	else
		(void)snprintf(name, 40, CURRENT ".%u", number);
}

static void rotate(unsigned int count)
{
	char from[40], to[40];

	for (unsigned int n = count; n > 0; n--) {
		number_name(from, n - 1);
		number_name(to, n);
		(void)renameat(dirfd_, from, dirfd_, to);
	}
	if (count == 0)
		(void)unlinkat(dirfd_, CURRENT, 0);
	(void)close(openat(dirfd_, CURRENT, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

/* The reader. */

static void begin(const char *cursor)
{
	check_int(ocirun_feed_open(&feed, directory, cursor), 0);
}

static void end(void)
{
	ocirun_feed_close(feed);
	feed = NULL;
}

static const char *const damages[] = {
	[OCIRUN_DAMAGE_LINE] = "line",	    [OCIRUN_DAMAGE_GAP] = "gap",
	[OCIRUN_DAMAGE_REPEATED] = "again", [OCIRUN_DAMAGE_FOREIGN] = "foreign",
	[OCIRUN_DAMAGE_SHRUNK] = "shrunk",  [OCIRUN_DAMAGE_LOST] = "lost",
	[OCIRUN_DAMAGE_NEWER] = "newer",
};

/* "a1" is what comes next, "-" nothing, "!..." damage. */
static const char *next(void)
{
	static char text[64];
	int r = ocirun_feed_next(feed, &event, &damage);

	if (r == OCIRUN_EVENT)
		(void)snprintf(text, sizeof(text), "%c%u", event.id[1], (unsigned int)event.seq);
	else if (r == OCIRUN_DAMAGED)
		(void)snprintf(text, sizeof(text), "!%s", damages[damage.kind]);
	else
		(void)snprintf(text, sizeof(text), r == 0 ? "-" : "error %d", r);
	return text;
}

/* All that comes now, on one line. */
static const char *rest(void)
{
	static char all[65536];
	char *p = all;

	*p = '\0';
	for (int i = 0; i < 4000; i++) {
		const char *text = next();

		if (strcmp(text, "-") == 0)
			break;
		if (p > all)
			*p++ = ' ';
		p = stpcpy(p, text);
	}
	return all;
}

static void lines_of_all_containers_come_in_the_order_of_the_file(void)
{
	begin(NULL);
	check_text(next(), "-");
	put('a', 1);
	put('b', 1);
	put('a', 2);
	check_text(rest(), "a1 b1 a2");
	check_text(event.instance + 31, "a");
	check_text(event.type, "signaled");
	check_int(event.time_ns, INT64_C(1767323045123456789));
	put('b', 2);
	check_text(rest(), "b2");
	end();
}

static void the_files_put_aside_come_first_and_oldest_first(void)
{
	put('a', 1);
	rotate(3);
	put('a', 2);
	rotate(3);
	rotate(3); /* one without a line */
	put('a', 3);
	begin(NULL);
	check_text(rest(), "a1 a2 a3");
	end();
}

static void a_reader_goes_on_when_the_file_is_put_aside(void)
{
	put('a', 1);
	begin(NULL);
	check_text(rest(), "a1");
	put('a', 2); /* written before, read after */
	rotate(2);
	put('a', 3);
	check_text(rest(), "a2 a3");
	rotate(2);
	check_text(rest(), "");
	put('a', 4);
	check_text(rest(), "a4");
	end();
}

static void several_rotations_between_two_reads_lose_nothing_that_is_kept(void)
{
	put('a', 1);
	begin(NULL);
	check_text(rest(), "a1");
	for (unsigned int i = 2; i < 6; i++) {
		put('a', i);
		rotate(5);
	}
	put('a', 6);
	check_text(rest(), "a2 a3 a4 a5 a6");
	end();
}

static void a_file_that_is_read_may_be_removed_meanwhile(void)
{
	for (unsigned int i = 1; i < 7; i += 2) {
		put('a', i);
		put('a', i + 1);
		rotate(3);
	}
	begin(NULL);
	check_text(next(), "a1");
	rotate(3);
	rotate(3);
	put('a', 7);
	check_text(rest(), "a2 a3 a4 a5 a6 a7");
	end();
}

static void files_that_were_removed_unread_are_told_once(void)
{
	put('a', 1);
	begin(NULL);
	check_text(rest(), "a1");
	put('a', 2);
	rotate(2);
	for (unsigned int i = 3; i < 9; i++) {
		put('a', i);
		rotate(2);
	}
	put('a', 9);
	check_text(rest(), "a2 !lost a7 a8 a9");
	put('a', 10);
	check_text(rest(), "a10");
	end();
}

static void the_moment_without_a_name_is_waited_out(void)
{
	put('a', 1);
	begin(NULL);
	check_text(rest(), "a1");
	check_int(renameat(dirfd_, CURRENT, dirfd_, CURRENT ".1"), 0);
	check_text(rest(), "");
	put('a', 2);
	check_text(rest(), "a2");
	end();
}

/* A writer that was killed while it renamed: .2 is missing, and nothing else. */
static void a_rotation_that_was_cut_short_hides_nothing(void)
{
	put('a', 1);
	rotate(3);
	put('a', 2);
	begin(NULL);
	check_text(next(), "a1");
	check_int(renameat(dirfd_, CURRENT ".1", dirfd_, CURRENT ".3"), 0);
	check_text(rest(), "a2");
	check_int(renameat(dirfd_, CURRENT, dirfd_, CURRENT ".1"), 0);
	put('a', 3);
	check_text(rest(), "a3");
	end();
	begin(NULL);
	check_text(rest(), "a1 a2 a3");
	end();
}

static void a_feed_that_begins_anew_is_followed(void)
{
	put('a', 1);
	begin(NULL);
	check_text(rest(), "a1");
	check_int(unlinkat(dirfd_, CURRENT, 0), 0);
	check_text(rest(), "");
	put('b', 1);
	check_text(rest(), "!lost b1");
	end();
}

static void lines_written_again_are_left_out(void)
{
	begin(NULL);
	for (unsigned int i = 1; i < 200; i++)
		put('a', i);
	put('b', 1);
	(void)rest();
	put('a', 199);
	put('a', 1);
	put('a', 64);
	put('b', 1);
	check_text(rest(), "");
	rotate(2);
	put('a', 100);
	put('a', 200);
	check_text(rest(), "a200");
	end();
}

static void a_late_line_comes_once_and_is_no_damage(void)
{
	begin(NULL);
	put('a', 1);
	put('a', 3);
	put('a', 4);
	check_text(rest(), "a1 a3 a4");
	put('a', 2);
	put('a', 3);
	put('a', 4);
	put('a', 2);
	check_text(rest(), "a2");
	put('a', 9);
	put('a', 7);
	put('a', 5);
	put('a', 6);
	put('a', 7);
	put('a', 8);
	for (unsigned int i = 5; i < 11; i++)
		put('a', i);
	check_text(rest(), "a9 a7 a5 a6 a8 a10");
	for (unsigned int i = 11; i < 200; i++)
		put('a', i);
	check(!strchr(rest(), '!'));
	end();
}

static void a_line_that_does_not_come_is_told_when_it_is_not_expected_any_more(void)
{
	begin(NULL);
	put('a', 1);
	put('b', 1);
	for (unsigned int i = 4; i < 60; i++)
		put('a', i);
	check(!strchr(rest(), '!'));
	for (unsigned int i = 60; i < 70; i++)
		put('a', i);
	check(strstr(rest(), " !gap ") != NULL);
	check_int(damage.expected, 2);
	check_int(damage.found, 4);
	check_text(damage.instance + 31, "a");
	check_text(rest(), "");
	put('a', 3); /* and comes after all */
	put('a', 3);
	check_text(rest(), "a3");
	end();
}

static void of_a_container_that_is_over_too(void)
{
	begin(NULL);
	put('a', 1);
	put_type('a', 3, "deleted");
	check_text(rest(), "a1 a3");
	put('a', 2);
	check_text(rest(), "a2");
	put('b', 1);
	put_type('b', 3, "deleted");
	check_text(rest(), "b1 b3");
	for (int i = 0; i < 1100; i++) {
		char text[512];

		(void)snprintf(text, sizeof(text),
			       "{\"v\":1,\"type\":\"deleted\",\"id\":\"cx\",\"instance\":\"%032x\","
			       "\"seq\":1,\"timestamp\":\"2026-01-02T03:04:05.123456789Z\"}\n",
			       (unsigned int)i + 1);
		write_raw(text);
	}
	check(strstr(rest(), " !gap ") != NULL);
	check_text(damage.instance + 31, "b");
	check_int(damage.expected, 2);
	end();
}

static void torn_lines_are_told_and_what_is_around_them_is_read(void)
{
	char huge[20000];

	put('a', 1);
	write_raw("{\"v\":1,\"type\":\"sig\n");
	put('a', 2);
	memset(huge, 'x', sizeof(huge) - 2);
	(void)strcpy(huge + sizeof(huge) - 2, "\n");
	write_raw(huge);
	put('a', 3);
	write_raw("{\"v\":1");
	begin(NULL);
	check_text(rest(), "a1 !line a2 !line a3");
	check_int(damage.length, sizeof(huge) - 1);
	rotate(2); /* by a writer that does not close it */
	put('a', 4);
	check_text(rest(), "!line a4");
	check_int(damage.length, 6);
	end();
}

static void lines_of_a_later_version_are_told_as_such(void)
{
	put('a', 1);
	write_raw("{\"v\":2,\"type\":\"created\"}\n");
	put('a', 2);
	begin(NULL);
	check_text(rest(), "a1 !newer a2");
	check_int(damage.found, 2);
	check_int(damage.expected, 1);
	end();
}

static void what_was_missing_because_files_were_lost_is_no_gap(void)
{
	begin(NULL);
	put('a', 1);
	put('b', 1);
	check_text(rest(), "a1 b1");
	for (unsigned int i = 2; i < 9; i++) {
		put('a', i);
		rotate(1);
	}
	check_text(rest(), "a2 !lost a8");
	for (unsigned int i = 9; i < 100; i++)
		put('a', i);
	check(!strchr(rest(), '!'));
	put('b', 3);
	put('b', 2);
	check_text(rest(), "b3 b2");
	end();
}

static void lines_that_were_had_from_elsewhere_do_not_come(void)
{
	put('a', 1);
	begin(NULL);
	check_text(rest(), "a1");
	check_int(ocirun_feed_note(feed, &event), 0);
	event.seq = 2;
	check_int(ocirun_feed_note(feed, &event), 1);
	check_int(ocirun_feed_note(feed, &event), 0);
	put('a', 2);
	put('a', 3);
	check_text(rest(), "a3");
	end();
}

/* Cursors. */

static void write_history(void)
{
	for (unsigned int i = 1; i < 10; i++) {
		put('a', i);
		put('b', i);
		put('a', i); /* again */
		if (i % 3 == 0)
			rotate(4);
	}
	put('a', 10);
}

static void a_cursor_at_every_line_goes_on_with_the_next_one(void)
{
	char cursor[OCIRUN_CURSOR_SIZE], whole[512], joined[1024];

	write_history();
	begin(NULL);
	(void)strcpy(whole, rest());
	end();
	for (int n = 0; n <= 19; n++) {
		char *p = joined;

		begin(NULL);
		for (int i = 0; i < n; i++)
			p = stpcpy(stpcpy(p, next()), " ");
		check(ocirun_feed_cursor(feed, cursor, sizeof(cursor)) > 0);
		check(!strpbrk(cursor, " \t\n"));
		end();
		begin(cursor);
		p = stpcpy(p, rest());
		if (p > joined && p[-1] == ' ')
			p[-1] = '\0';
		check_text(joined, whole);
		/* Without anything new, it stays. */
		end();
	}
}

static void a_cursor_survives_rotation_and_a_copy_of_the_files(void)
{
	char cursor[OCIRUN_CURSOR_SIZE], text[8192];

	put('a', 1);
	put('b', 1);
	put('a', 2);
	begin(NULL);
	check_text(next(), "a1");
	check_text(next(), "b1");
	check(ocirun_feed_cursor(feed, cursor, sizeof(cursor)) > 0);
	end();
	rotate(3);
	put('b', 1); /* again, as the first line of a file */
	put('b', 2);
	rotate(3);
	put('a', 3);
	begin(cursor);
	check_text(rest(), "a2 b2 a3");
	end();
	for (unsigned int n = 0; n < 3; n++) {
		char name[40];
		size_t length;

		number_name(name, n);
		length = read_file(name, text, sizeof(text));
		check_int(unlinkat(dirfd_, name, 0), 0);
		write_file(name, text, length);
	}
	begin(cursor);
	check_text(rest(), "a2 b2 a3");
	end();
}

static void what_was_seen_before_the_cursor_is_not_repeated_behind_it(void)
{
	char cursor[OCIRUN_CURSOR_SIZE];

	put('a', 1);
	put('a', 3);
	rotate(3);
	put('a', 4);
	begin(NULL);
	check_text(rest(), "a1 a3 a4");
	check(ocirun_feed_cursor(feed, cursor, sizeof(cursor)) > 0);
	end();
	put('a', 1);
	put('a', 2); /* late */
	put('a', 3);
	put('a', 4);
	put('a', 5);
	begin(cursor);
	check_text(rest(), "a2 a5");
	end();
}

static void a_cursor_whose_file_is_gone_says_so(void)
{
	char cursor[OCIRUN_CURSOR_SIZE];

	put('a', 1);
	begin(NULL);
	check_text(rest(), "a1");
	check(ocirun_feed_cursor(feed, cursor, sizeof(cursor)) > 0);
	end();
	rotate(1);
	put('a', 2);
	rotate(1);
	put('a', 3);
	begin(cursor);
	check_text(rest(), "!lost a2 a3");
	end();
}

static void a_cursor_of_a_feed_that_is_not_there_yet(void)
{
	char cursor[OCIRUN_CURSOR_SIZE];

	begin(NULL);
	check_text(next(), "-");
	check(ocirun_feed_cursor(feed, cursor, sizeof(cursor)) > 0);
	end();
	put('a', 1);
	begin(cursor);
	check_text(rest(), "a1");
	check(ocirun_feed_cursor(feed, cursor, sizeof(cursor)) > 0);
	end();
	check_int(unlinkat(dirfd_, CURRENT, 0), 0);
	begin(cursor);
	check_text(next(), "-");
	put('b', 1);
	check_text(rest(), "!lost b1");
	end();
}

static void text_that_is_no_cursor_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"1",
		"2:start",
		"1:start ",
		"1:",
		"x",
		"1:00000000000000000000000000000000:1:5",
		"1:00000000000000000000000000000000:1:0:00000000000000000000000000000000:1",
		"1:00000000000000000000000000000000:1:5:00000000000000000000000000000000:1:",
		"1:00000000000000000000000000000000:1:5:0000000000000000000000000000000g:1",
		"1:00000000000000000000000000000000:1:18446744073709551615:"
		"00000000000000000000000000000000:1",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ocirun_feed_open(&feed, directory, bad[i]) != -EINVAL)
			check_text("accepted", bad[i]);
}

static void a_cursor_needs_room(void)
{
	char cursor[OCIRUN_CURSOR_SIZE];

	put('a', 1);
	begin(NULL);
	check_text(rest(), "a1");
	check_int(ocirun_feed_cursor(feed, cursor, 10), -ENOBUFS);
	end();
}

/* Waking up. */

static const char *await(struct ocirun_watch *watch)
{
	for (int waited = 0; waited < DEADLINE_MS; waited += 10) {
		struct pollfd p = {.fd = ocirun_watch_fd(watch), .events = POLLIN};
		int timeout = ocirun_watch_timeout_ms(watch);
		const char *text = next();

		if (strcmp(text, "-") != 0)
			return text;
		(void)poll(&p, 1, timeout < 0 ? DEADLINE_MS : timeout);
		ocirun_watch_clear(watch);
	}
	return "nothing";
}

static void a_watch_wakes_for_lines_and_across_rotation(void)
{
	struct ocirun_watch *watch;

	check_int(ocirun_watch_new(&watch, 0), 0);
	begin(NULL);
	check_int(ocirun_watch_add_feed(watch, feed), 0);
	check_int(ocirun_watch_add_feed(watch, feed), -EBUSY);
	check_text(next(), "-");
	put('a', 1);
	check_text(await(watch), "a1");
	for (unsigned int i = 2; i < 20; i++) {
		char expected[8];

		check_text(next(), "-");
		if (i % 3 == 0)
			rotate(2);
		put('a', i);
		(void)snprintf(expected, sizeof(expected), "a%u", i);
		check_text(await(watch), expected);
	}
	end();
	ocirun_watch_free(watch);
}

static void a_directory_that_comes_later_or_again_is_watched(void)
{
	char parent[64];
	struct ocirun_watch *watch;

	(void)strcpy(parent, directory);
	(void)strcat(directory, "/feed");
	(void)close(dirfd_);
	check_int(ocirun_watch_new(&watch, 0), 0);
	begin(NULL);
	check_int(ocirun_watch_add_feed(watch, feed), 0);
	check_text(next(), "-");
	for (int i = 0; i < 2; i++) {
		check_int(mkdir(directory, 0700), 0);
		dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		put((char)('a' + i), 1);
		if (i == 1)
			check_text(await(watch), "!lost");
		check_text(await(watch), i == 0 ? "a1" : "b1");
		check_text(next(), "-");
		check_int(unlinkat(dirfd_, CURRENT, 0), 0);
		(void)close(dirfd_);
		check_int(rmdir(directory), 0);
	}
	end();
	ocirun_watch_free(watch);
	(void)strcpy(directory, parent);
	dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Another process writes and rotates as fast as it can; enough files are kept. */
static void nothing_is_lost_or_repeated_while_another_process_writes(void)
{
	struct ocirun_watch *watch;
	unsigned int last[2] = {0, 0};
	int status;

	check_int(ocirun_watch_new(&watch, 0), 0);
	if (fork() == 0) {
		for (unsigned int i = 1; i <= 3000; i++) {
			put('a', i);
			put('b', i);
			if (i % 4 == 0)
				put('a', i);
			if (i % 7 == 0)
				rotate(500);
		}
		_exit(0);
	}
	begin(NULL);
	check_int(ocirun_watch_add_feed(watch, feed), 0);
	while (last[0] < 3000 || last[1] < 3000) {
		const char *text = await(watch);
		unsigned int seq = (unsigned int)atoi(text + 1);

		if ((text[0] != 'a' && text[0] != 'b') || seq != ++last[text[0] - 'a']) {
			check_text(text, "the next one");
			break;
		}
	}
	check_text(next(), "-");
	end();
	ocirun_watch_free(watch);
	check_int(wait(&status) > 0 ? status : -1, 0);
}

static const struct test tests[] = {
	{"lines of all containers come in the order of the file",
	 lines_of_all_containers_come_in_the_order_of_the_file},
	{"the files put aside come first and oldest first",
	 the_files_put_aside_come_first_and_oldest_first},
	{"a reader goes on when the file is put aside",
	 a_reader_goes_on_when_the_file_is_put_aside},
	{"several rotations between two reads lose nothing that is kept",
	 several_rotations_between_two_reads_lose_nothing_that_is_kept},
	{"a file that is read may be removed meanwhile",
	 a_file_that_is_read_may_be_removed_meanwhile},
	{"files that were removed unread are told once",
	 files_that_were_removed_unread_are_told_once},
	{"the moment without a name is waited out", the_moment_without_a_name_is_waited_out},
	{"a rotation that was cut short hides nothing",
	 a_rotation_that_was_cut_short_hides_nothing},
	{"a feed that begins anew is followed", a_feed_that_begins_anew_is_followed},
	{"lines written again are left out", lines_written_again_are_left_out},
	{"a late line comes once and is no damage", a_late_line_comes_once_and_is_no_damage},
	{"a line that does not come is told when it is not expected any more",
	 a_line_that_does_not_come_is_told_when_it_is_not_expected_any_more},
	{"of a container that is over too", of_a_container_that_is_over_too},
	{"torn lines are told and what is around them is read",
	 torn_lines_are_told_and_what_is_around_them_is_read},
	{"lines of a later version are told as such", lines_of_a_later_version_are_told_as_such},
	{"what was missing because files were lost is no gap",
	 what_was_missing_because_files_were_lost_is_no_gap},
	{"lines that were had from elsewhere do not come",
	 lines_that_were_had_from_elsewhere_do_not_come},
	{"a cursor at every line goes on with the next one",
	 a_cursor_at_every_line_goes_on_with_the_next_one},
	{"a cursor survives rotation and a copy of the files",
	 a_cursor_survives_rotation_and_a_copy_of_the_files},
	{"what was seen before the cursor is not repeated behind it",
	 what_was_seen_before_the_cursor_is_not_repeated_behind_it},
	{"a cursor whose file is gone says so", a_cursor_whose_file_is_gone_says_so},
	{"a cursor of a feed that is not there yet", a_cursor_of_a_feed_that_is_not_there_yet},
	{"text that is no cursor is refused", text_that_is_no_cursor_is_refused},
	{"a cursor needs room", a_cursor_needs_room},
	{"a watch wakes for lines and across rotation",
	 a_watch_wakes_for_lines_and_across_rotation},
	{"a directory that comes later or again is watched",
	 a_directory_that_comes_later_or_again_is_watched},
	{"nothing is lost or repeated while another process writes",
	 nothing_is_lost_or_repeated_while_another_process_writes},
};

int main(void)
{
	return RUN_TESTS(tests);
}
