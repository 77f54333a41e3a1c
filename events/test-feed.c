/* SPDX-License-Identifier: Apache-2.0 */
/* The feed's writer: rotation under many writers, debts and who pays them, damage, bad directories.
 */
#include "events/check.h"
#include "events/feed.h"
#include "events/feed_file.h"
#include "events/journal.h"
#include "events/journal_file.h"
#include "events/line.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define FEED_DIR "feed"
#define BOOT	 "11111111-1111-1111-1111-111111111111"
#define NEXT	 "22222222-2222-2222-2222-222222222222"
#define TEXT_MAX (4 << 20)
#define WRITERS	 8
#define EACH	 200
#define SERIES	 2048

static const struct feed_settings plenty = {.size = 16 << 20, .count = 2, .mode = 0600};

static char text[TEXT_MAX];

/* ---- arranging ---- */

static int open_dir(const char *name)
{
	(void)mkdirat(dirfd_, name, 0700);
	return openat(dirfd_, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_dir(const char *name)
{
	int fd = openat(dirfd_, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (unlinkat(fd, entry->d_name, 0) < 0)
			(void)unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		(void)closedir(dir);
	(void)unlinkat(dirfd_, name, AT_REMOVEDIR);
}

static void open_unsettled(struct feed *f, const struct feed_settings *settings)
{
	feed_open(f, dirfd_, open_dir(FEED_DIR), settings);
}

/* As a verb does. */
static void open_feed(struct feed *f, const struct feed_settings *settings)
{
	open_unsettled(f, settings);
	check_int(feed_settle(f, dirfd_, BOOT), 0);
}

/* A log of its own for each @number. */
static void create(struct journal *j, struct feed *f, unsigned int number)
{
	char id[16], instance[JOURNAL_INSTANCE_LEN + 1];

	(void)snprintf(id, sizeof(id), "c%u", number);
	(void)snprintf(instance, sizeof(instance), "%032x", number);
	check_int(journal_create(j, dirfd_, id, instance), 0);
	j->feed = f;
}

static int append(struct journal *j, enum event_type type)
{
	int r = journal_lock(j);

	if (r < 0)
		return r;
	r = journal_append(j, type, NULL);
	journal_unlock(j);
	return r;
}

static void append_many(struct journal *j, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		check_int(append(j, EVENT_SIGNALED), 0);
}

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

/* ---- looking ---- */

/* All files of the feed, oldest first, into text[]; returns how many there are. */
static unsigned int read_feed(const char *dir)
{
	char name[64], file[FEED_FILE_NAME_SIZE];
	unsigned int count = 0;
	size_t length = 0;

	do {
		feed_file_name(file, count);
		(void)snprintf(name, sizeof(name), "%s/%s", dir, file);
	} while (faccessat(dirfd_, name, F_OK, 0) == 0 && ++count);
	for (unsigned int i = count; i-- > 0;) {
		feed_file_name(file, i);
		(void)snprintf(name, sizeof(name), "%s/%s", dir, file);
		length += read_file(name, text + length, sizeof(text) - length);
	}
	return count;
}

struct seen {
	unsigned int lines, bad;
	unsigned int times[WRITERS + 1][SERIES]; /* by log and seq */
	uint64_t last[WRITERS + 1];
	bool ordered;
};

static struct seen seen;

static void see_line(const struct line *line)
{
	unsigned int number = (unsigned int)strtoul(line->id.at + 1, NULL, 10);

	if (number > WRITERS || line->seq >= SERIES) {
		seen.bad++;
		return;
	}
	seen.times[number][line->seq]++;
	if (line->seq <= seen.last[number])
		seen.ordered = false;
	seen.last[number] = line->seq;
}

static void look_at(const char *dir)
{
	const char *p = text, *end;

	memset(&seen, 0, sizeof(seen));
	seen.ordered = true;
	(void)read_feed(dir);
	for (; *p; p = end + 1) {
		struct line line;

		end = strchr(p, '\n');
		if (!end) {
			seen.bad++;
			return;
		}
		seen.lines++;
		if (line_parse(p, (size_t)(end - p), &line))
			see_line(&line);
		else
			seen.bad++;
	}
}

static void look(void)
{
	look_at(FEED_DIR);
}

/* What every good feed is: seq 1 to @count of log @number, each once. */
static void has_each_once(unsigned int number, unsigned int count)
{
	for (unsigned int seq = 1; seq <= count; seq++)
		check_int(seen.times[number][seq], 1);
	check_int(seen.last[number], count);
}

static bool owes(void)
{
	static const struct pending_slot zero;
	struct pending_file now;
	int fd = openat(dirfd_, PENDING_NAME, O_RDONLY | O_CLOEXEC);
	bool found = false;

	check(pending_read(fd, &now));
	(void)close(fd);
	for (unsigned int i = 0; i < PENDING_SLOTS; i++)
		found |= memcmp(&now.slots[i], &zero, sizeof(zero)) != 0;
	return found;
}

static off_t size_of(const char *name)
{
	struct stat st;

	return fstatat(dirfd_, name, &st, 0) < 0 ? -1 : st.st_size;
}

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

static void begin(struct feed *f, struct journal *j, const struct feed_settings *s,
		  unsigned int count)
{
	open_feed(f, s);
	create(j, f, 1);
	append_many(j, count);
}

static void end(struct feed *f, struct journal *j)
{
	journal_close(j);
	feed_close(f);
	remove_dir(FEED_DIR);
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
		{"a torn end is closed", a_torn_end_is_closed},
		{"something else in the file's place", something_else_in_the_files_place},
		{"without intents lines come all the same",
		 without_intents_lines_come_all_the_same},
	};

	return RUN_TESTS(tests);
}
