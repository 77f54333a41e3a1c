/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs after the worst: cut at every byte, every bit flipped, fdatasync that fails, a clock that
 * jumps, lines of a later version.
 */
#include "events/check.h"
#include "events/journal.h"
#include "events/journal_file.h"
#include "ocirun/events.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#define LOG_NAME ID ".ndjson"
#define FILE_MAX 65536
#define NULS_MAX 8

/* ---- the kernel's calls, in our hands ---- */

static int syncs_to_fail; /* fdatasync, from the next one on */
static char calls[64];	  /* 's': fdatasync, 'w': a write into its place */
static const int64_t *clock_s;

static void note_call(char what)
{
	size_t length = strlen(calls);

	if (length + 1 < sizeof(calls))
		calls[length] = what;
}

int fdatasync(int fd)
{
	(void)fd; /* thousands of logs: not to a real disk */
	note_call('s');
	if (syncs_to_fail == 0)
		return 0;
	syncs_to_fail--;
	errno = EIO;
	return -1;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
	note_call('w');
	return syscall(SYS_pwrite64, fd, data, length, offset);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_REALTIME || !clock_s)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	*ret = (struct timespec){.tv_sec = *clock_s++};
	return 0;
}

/* ---- a log, and what a reader makes of it ---- */

static char whole[FILE_MAX], seen_file[FILE_MAX];
static size_t whole_length;
static size_t ends[16]; /* behind each line's LF */
static size_t lines;

static int append(struct journal *j, enum event_type type, const struct event_members *m)
{
	int r = journal_lock(j);

	if (r < 0)
		return r;
	r = journal_append(j, type, m);
	journal_unlock(j);
	return r;
}

static void end_members(struct event_members *m)
{
	members_init(m);
	members_add_int(m, "pid", 4711);
	members_add_int(m, "exitCode", 37);
	members_add_null(m, "signal");
	members_add_string(m, "reason", "exited");
	members_add_string(m, "status", "stopped");
}

static void make_whole_life(void)
{
	static const enum event_type life[] = {EVENT_CREATED, EVENT_STARTED,  EVENT_PAUSED,
					       EVENT_RESUMED, EVENT_SIGNALED, EVENT_OOM,
					       EVENT_EXITED,  EVENT_DELETED};
	struct event_members end;
	struct journal j;

	end_members(&end);
	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	for (size_t i = 0; i < sizeof(life) / sizeof(life[0]); i++)
		check_int(append(&j, life[i], life[i] == EVENT_EXITED ? &end : NULL), 0);
	journal_close(&j);
	whole_length = read_file(LOG_NAME, whole, sizeof(whole));
	lines = 0;
	for (size_t i = 0; i < whole_length; i++) {
		if (whole[i] == '\n')
			ends[lines++] = i + 1;
	}
	check_int(lines, 8);
}

struct seen {
	size_t events, damages, gaps, newer;
	uint64_t last_seq, unfinished;
	int code;     /* of the last `exited`; -2: there was none */
	bool altered; /* an event that is not as it was written */
};

static bool was_written(const struct ocirun_event *event)
{
	return memmem(whole, whole_length, event->line, event->length) != NULL;
}

static struct seen read_all(void)
{
	struct seen seen = {.code = -2};
	struct ocirun_log *log;
	struct ocirun_event event;
	struct ocirun_damage damage;
	struct ocirun_exit end;
	int r;

	check_int(ocirun_log_open(&log, directory, ID, NULL), 0);
	while ((r = ocirun_log_next(log, &event, &damage)) > 0) {
		if (r == OCIRUN_DAMAGED) {
			seen.damages++;
			seen.gaps += damage.kind == OCIRUN_DAMAGE_GAP;
			seen.newer += damage.kind == OCIRUN_DAMAGE_NEWER;
			continue;
		}
		seen.events++;
		seen.last_seq = event.seq;
		seen.altered |= !was_written(&event);
		if (strcmp(event.type, "exited") == 0 && ocirun_event_exit(&event, &end) == 0)
			seen.code = end.code;
	}
	check_int(r, 0);
	check_int(ocirun_log_unfinished(log, &seen.unfinished), 0);
	ocirun_log_close(log);
	return seen;
}

static int write_behind(uint64_t *ret_seq)
{
	struct journal j;
	int r = journal_open(&j, dirfd_, ID, INSTANCE);

	if (r < 0)
		return r;
	r = append(&j, EVENT_SIGNALED, NULL);
	*ret_seq = j.seq;
	journal_close(&j);
	return r;
}

/* In place: ext4 writes a file that was cut to nothing to the disk when it is closed. */
static void replace_log(const void *text, size_t length)
{
	int fd = openat(dirfd_, LOG_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	check(fd >= 0 && write(fd, text, length) == (ssize_t)length);
	check_int(ftruncate(fd, (off_t)length), 0);
	(void)close(fd);
}

/* ---- truncation ---- */

static void check_cut(size_t cut, size_t nuls)
{
	static char text[FILE_MAX + NULS_MAX];
	size_t left = 0, tail;
	bool complete;
	uint64_t seq;
	struct seen seen;

	while (left < lines && ends[left] <= cut)
		left++;
	tail = cut + nuls - (left > 0 ? ends[left - 1] : 0);
	/* All but its LF: the next writer's LF makes it whole. */
	complete = nuls == 0 && left < lines && cut == ends[left] - 1;
	memcpy(text, whole, cut);
	memset(text + cut, 0, nuls);
	replace_log(text, cut + nuls);
	seen = read_all();
	check_int(seen.events, left);
	check_int(seen.damages, 0);
	check_int(seen.unfinished, tail);
	check_int(seen.code, left >= 7 ? 37 : -2);

	check_int(write_behind(&seq), 0);
	left += complete;
	check_int(seq, left + 1);
	seen = read_all();
	check_int(seen.events, left + 1);
	check_int(seen.damages, tail > 0 && !complete);
	check_int(seen.gaps, 0);
	check_int(seen.last_seq, left + 1);
	check_int(seen.unfinished, 0);
	/* What was there is there still. */
	(void)read_file(LOG_NAME, seen_file, sizeof(seen_file));
	check(memcmp(seen_file, text, cut + nuls) == 0);
	if (failures)
		printf("# cut at %zu with %zu NULs\n", cut, nuls);
}

static void cut_anywhere(void)
{
	make_whole_life();
	for (size_t cut = 0; cut <= whole_length && !failures; cut++) {
		for (size_t nuls = 0; nuls <= NULS_MAX && !failures; nuls++)
			check_cut(cut, nuls);
	}
}

/* ---- flipped bits ---- */

static void check_flip(size_t at, unsigned int bit)
{
	char text[FILE_MAX];
	struct seen before, after;
	uint64_t seq;
	int r;

	memcpy(text, whole, whole_length);
	text[at] = (char)(text[at] ^ (char)(1U << bit));
	replace_log(text, whole_length);
	before = read_all();
	/* Nothing is missing without a word, and what is read stood there. */
	check(before.events <= lines);
	check(before.events == lines || before.damages > 0 || before.unfinished > 0);
	check(before.altered || before.code == 37 || before.code == -2);

	r = write_behind(&seq);
	after = read_all();
	check(r == 0 || r == -ESTALE || r == -ENOTSUP);
	if (r == -ENOTSUP)
		check(before.newer > 0);
	if (r == 0) {
		check(after.events >= before.events);
		check(after.last_seq == seq || after.damages > before.damages);
	} else {
		check_int(after.events, before.events);
		check_int(read_file(LOG_NAME, seen_file, sizeof(seen_file)), whole_length);
	}
	if (failures)
		printf("# bit %u of byte %zu\n", bit, at);
}

static void flipped_bits(void)
{
	make_whole_life();
	for (size_t at = 0; at < whole_length && !failures; at++) {
		for (unsigned int bit = 0; bit < 8 && !failures; bit++)
			check_flip(at, bit);
	}
}

/* ---- a later version ---- */

#define NEWER "{\"v\":2,\"what\":[\"nobody\",\"knows\"]}\n"

static void write_with_newer(size_t line)
{
	char text[FILE_MAX];
	size_t at = ends[line];

	memcpy(text, whole, at);
	memcpy(text + at, NEWER, strlen(NEWER));
	memcpy(text + at + strlen(NEWER), whole + at, whole_length - at);
	replace_log(text, whole_length + strlen(NEWER));
}

static void newer_line_at_the_end(void)
{
	struct seen seen;
	uint64_t seq;

	make_whole_life();
	write_with_newer(lines - 1);
	seen = read_all();
	check_int(seen.events, lines);
	check_int(seen.damages, 1);
	check_int(seen.newer, 1);
	check_int(write_behind(&seq), -ENOTSUP);
	check_int(read_file(LOG_NAME, seen_file, sizeof(seen_file)), whole_length + strlen(NEWER));
}

static void newer_line_and_a_torn_one(void)
{
	char text[FILE_MAX];
	size_t length;
	uint64_t seq;

	make_whole_life();
	length = (size_t)snprintf(text, sizeof(text), "%s{\"v\":2,", NEWER);
	replace_log(text, length);
	check_int(write_behind(&seq), -ENOTSUP);
	check_int(read_file(LOG_NAME, seen_file, sizeof(seen_file)), length);
}

static void newer_line_in_the_middle(void)
{
	uint64_t seq;

	make_whole_life();
	write_with_newer(2);
	check_int(read_all().newer, 1);
	check_int(read_all().events, lines);
	check_int(write_behind(&seq), 0);
	check_int(seq, lines + 1);
}

/* ---- fdatasync ---- */

static struct journal begin(void)
{
	struct journal j;

	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	check_int(append(&j, EVENT_CREATED, NULL), 0);
	memset(calls, 0, sizeof(calls));
	return j;
}

static void sync_fails_once(void)
{
	struct journal j = begin();

	syncs_to_fail = 1;
	check_int(append(&j, EVENT_STARTED, NULL), 0);
	check_text(calls, "sws");
	check_int(j.unsynced_length, 0);
	check_int(read_all().events, 2);
	check_int(read_all().damages, 0);
	journal_close(&j);
}

static void sync_keeps_failing(void)
{
	struct journal j = begin();
	size_t length;

	syncs_to_fail = 2;
	check_int(append(&j, EVENT_STARTED, NULL), -EIO);
	check(j.written);
	check_int(j.seq, 2);
	check(journal_has_seen(&j, EVENT_STARTED));
	length = read_file(LOG_NAME, whole, sizeof(whole));
	check_text(calls, "sws");

	/* Once more, never without writing it anew, and into the same place. */
	memset(calls, 0, sizeof(calls));
	syncs_to_fail = 1;
	check_int(journal_sync(&j), -EIO);
	check_int(journal_sync(&j), 0);
	check_int(journal_sync(&j), 0);
	check_text(calls, "wsws");
	check_int(read_file(LOG_NAME, seen_file, sizeof(seen_file)), length);
	check(memcmp(whole, seen_file, length) == 0);
	check_int(append(&j, EVENT_EXITED, NULL), 0);
	check_int(read_all().events, 3);
	journal_close(&j);
}

/* The second line's success must mean the first, too. */
static void sync_fails_for_two_lines(void)
{
	struct journal j = begin();
	off_t begin_of_started = j.offset;

	syncs_to_fail = 2;
	check_int(append(&j, EVENT_STARTED, NULL), -EIO);
	syncs_to_fail = 1;
	check_int(append(&j, EVENT_EXITED, NULL), -EIO);
	check_int(j.unsynced_offset, begin_of_started);
	check_int(j.unsynced_offset + (off_t)j.unsynced_length, j.offset);
	check_int(journal_sync(&j), 0);
	check_int(read_all().events, 3);
	check_int(read_all().damages, 0);
	journal_close(&j);
}

static void others_append_meanwhile(void)
{
	struct journal j = begin(), other;

	syncs_to_fail = 2;
	check_int(append(&j, EVENT_STARTED, NULL), -EIO);
	check_int(journal_open(&other, dirfd_, ID, INSTANCE), 0);
	check_int(append(&other, EVENT_PAUSED, NULL), 0);
	check_int(journal_sync(&j), 0);
	check_int(append(&j, EVENT_RESUMED, NULL), 0);
	check_int(read_all().events, 4);
	check_int(read_all().damages, 0);
	check_int(read_all().last_seq, 4);
	journal_close(&other);
	journal_close(&j);
}

static void a_line_of_another_writer(void)
{
	struct journal j = begin(), other;
	size_t length;

	check_int(journal_open(&other, dirfd_, ID, INSTANCE), 0);
	syncs_to_fail = 2;
	check_int(append(&other, EVENT_STARTED, NULL), -EIO);
	length = read_file(LOG_NAME, whole, sizeof(whole));
	memset(calls, 0, sizeof(calls));
	syncs_to_fail = 1;
	check_int(journal_lock(&j), 0);
	check_int(journal_confirm(&j), -EIO);
	check_int(journal_confirm(&j), 0);
	journal_unlock(&j);
	check_text(calls, "wsws");
	check_int(read_file(LOG_NAME, seen_file, sizeof(seen_file)), length);
	check(memcmp(whole, seen_file, length) == 0);
	journal_close(&other);
	journal_close(&j);
}

/* ---- clock ---- */

static void clock_jumps(void)
{
	static const int64_t times[] = {1767323045, 4102444800, 0, 1767323045 - 3600, 1767323046};
	static const char *const texts[] = {
		"2026-01-02T03:04:05.000000000Z", "2100-01-01T00:00:00.000000000Z",
		"1970-01-01T00:00:00.000000000Z", "2026-01-02T02:04:05.000000000Z",
		"2026-01-02T03:04:06.000000000Z"};
	static const enum event_type types[] = {EVENT_CREATED, EVENT_STARTED, EVENT_SIGNALED,
						EVENT_EXITED, EVENT_DELETED};
	struct ocirun_damage damage;
	struct ocirun_event event;
	struct ocirun_log *log;
	struct journal j;

	clock_s = times;
	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	for (size_t i = 0; i < 5; i++)
		check_int(append(&j, types[i], NULL), 0);
	clock_s = NULL;
	journal_close(&j);
	check_int(ocirun_log_open(&log, directory, ID, NULL), 0);
	for (uint64_t i = 0; i < 5; i++) {
		check_int(ocirun_log_next(log, &event, &damage), OCIRUN_EVENT);
		check_int(event.seq, i + 1);
		check_text(event.type, event_type_name(types[i]));
		check_text(event.timestamp, texts[i]);
	}
	check(ocirun_log_is_over(log));
	ocirun_log_close(log);
}

/* ---- nothing can be written ---- */

static void a_tail_that_cannot_be_closed(void)
{
	struct rlimit old, limit;
	struct journal j;
	uint64_t seq;

	make_whole_life();
	(void)signal(SIGXFSZ, SIG_IGN);
	replace_log(whole, ends[1] + 5);
	check_int(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){.rlim_cur = ends[1] + 5, .rlim_max = old.rlim_max};
	check_int(setrlimit(RLIMIT_FSIZE, &limit), 0);
	check_int(journal_open(&j, dirfd_, ID, INSTANCE), 0);
	/* It can be read all the same. */
	check_int(journal_lock(&j), 0);
	check_int(j.seq, 2);
	check_int(journal_append(&j, EVENT_EXITED, NULL), -EFBIG);
	check(!j.written);
	journal_unlock(&j);
	check_int(setrlimit(RLIMIT_FSIZE, &old), 0);
	check_int(append(&j, EVENT_EXITED, NULL), 0);
	check_int(j.seq, 3);
	journal_close(&j);
	check_int(read_all().damages, 1);
	check_int(write_behind(&seq), 0);
	check_int(seq, 4);
}

int main(void)
{
	static const struct test tests[] = {
		{"a log cut at any byte, NULs behind or not: all whole lines are read, and seq "
		 "goes on",
		 cut_anywhere},
		{"a flipped bit: nothing is missing without a word, and nothing else is touched",
		 flipped_bits},
		{"a line of a later version at the end: told, and nothing is added",
		 newer_line_at_the_end},
		{"behind a line of a later version a torn one stays as it is",
		 newer_line_and_a_torn_one},
		{"one that is followed by ours is damage and no more", newer_line_in_the_middle},
		{"a line is written anew before fdatasync is asked again", sync_fails_once},
		{"fdatasync that keeps failing is told, and made up for later", sync_keeps_failing},
		{"two lines that are not on disk are so together", sync_fails_for_two_lines},
		{"a line is made durable in its place when others have appended behind it",
		 others_append_meanwhile},
		{"a line of another writer is made durable by writing it anew",
		 a_line_of_another_writer},
		{"a clock that jumps changes no order", clock_jumps},
		{"where a torn tail cannot be closed the log can be read",
		 a_tail_that_cannot_be_closed},
	};

	return RUN_TESTS(tests);
}
