/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All logs of a directory, each once. Built a second time with OCIRUN_EVENTS_POLLING, where there
 * is only the timer.
 */
#include "events/check.h"
#include "events/journal.h"
#include "ocirun/events.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define DEADLINE_MS 20000

static struct ocirun_directory *logs;

static void make_log(const char *id, const char *instance)
{
	struct journal j;

	check_int(journal_create(&j, dirfd_, id, instance), 0);
	check_int(journal_lock(&j), 0);
	check_int(journal_append(&j, EVENT_CREATED, NULL), 0);
	journal_close(&j);
}

/* The instance of the next log, by its last digit; '-' when there is none. */
static char next_digit(void)
{
	char digit = '?';
	struct ocirun_event event;
	struct ocirun_damage damage;
	struct ocirun_log *log;
	int r = ocirun_directory_next(logs, &log);

	if (r <= 0)
		return r == 0 ? '-' : '!';
	if (ocirun_log_next(log, &event, &damage) == OCIRUN_EVENT)
		digit = event.instance[31];
	ocirun_log_close(log);
	return digit;
}

/* The same, waited for. */
static char await_digit(struct ocirun_watch *watch)
{
	char digit = '-';

	while ((digit = next_digit()) == '-')
		if (ocirun_watch_wait(watch, DEADLINE_MS) == 0)
			break;
	return digit;
}

static void names(char *instance, int digit)
{
	(void)snprintf(instance, 33, "0123456789abcdef0123456789abcde%x", digit);
}

static void each_log_is_returned_once(void)
{
	char instance[33], seen[17] = "";

	check_int(ocirun_directory_open(&logs, directory), 0);
	check_int(next_digit(), '-');
	for (int i = 0; i < 3; i++) {
		char id[2] = {(char)('a' + i), '\0'};

		names(instance, i);
		make_log(id, instance);
	}
	for (int i = 0; i < 3; i++)
		seen[i] = next_digit();
	check(strchr(seen, '0') && strchr(seen, '1') && strchr(seen, '2'));
	for (int i = 0; i < 4; i++)
		check_int(next_digit(), '-');
	ocirun_directory_close(logs);
}

/* The old log gets another name, and is not returned again under it. */
static void an_id_that_is_used_again_is_one_more_log(void)
{
	char instance[33];

	check_int(ocirun_directory_open(&logs, directory), 0);
	for (int i = 1; i < 5; i++) {
		names(instance, i);
		make_log(ID, instance);
		check_int(next_digit(), '0' + i);
		check_int(next_digit(), '-');
	}
	ocirun_directory_close(logs);
}

static void other_files_are_no_logs(void)
{
	(void)mkdirat(dirfd_, "folder.ndjson", 0700);
	check_int(symlinkat("x", dirfd_, "link.ndjson"), 0);
	check_int(symlinkat("x", dirfd_, ".hidden.ndjson"), 0);
	check_int(symlinkat("x", dirfd_, "text"), 0);
	check_int(ocirun_directory_open(&logs, directory), 0);
	check_int(next_digit(), '-');
	ocirun_directory_close(logs);
	(void)unlinkat(dirfd_, "folder.ndjson", AT_REMOVEDIR);
}

static void new_logs_wake_a_watch(unsigned int flags)
{
	struct ocirun_watch *watch;
	char instance[33];

	check_int(ocirun_directory_open(&logs, directory), 0);
	check_int(ocirun_watch_new(&watch, flags), 0);
	check_int(ocirun_watch_add_directory(watch, logs), 0);
	check_int(ocirun_watch_add_directory(watch, logs), -EBUSY);
	check_int(next_digit(), '-');
	if (ocirun_watch_timeout_ms(watch) < 0) /* the timer tells nothing but "perhaps" */
		check_int(ocirun_watch_wait(watch, 50), 0);
	for (int i = 1; i < 5; i++) {
		names(instance, i);
		make_log(i % 2 ? "odd" : "even", instance);
		check_int(await_digit(watch), '0' + i);
	}
	ocirun_directory_close(logs);
	ocirun_watch_free(watch);
}

static void new_logs_wake(void)
{
	new_logs_wake_a_watch(0);
}

static void new_logs_wake_by_the_timer(void)
{
	new_logs_wake_a_watch(OCIRUN_WATCH_POLL);
}

/* A collector may be there before the first container, and stay when all is removed. */
static void the_directory_may_come_and_go(void)
{
	struct ocirun_watch *watch;
	char path[sizeof(directory)];

	(void)stpcpy(path, directory);
	check_int(ocirun_watch_new(&watch, 0), 0);
	check_int(ocirun_directory_open(&logs, path), 0);
	check_int(ocirun_watch_add_directory(watch, logs), 0);
	for (int i = 0; i < 2; i++) {
		remove_directory();
		check_int(next_digit(), '-');
		check_int(ocirun_watch_wait(watch, 10) >= 0, 1);
		check_int(mkdir(path, 0700), 0);
		dirfd_ = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		make_log(ID, i ? INSTANCE : "abcdef0123456789abcdef0123456780");
		check_int(await_digit(watch), i ? 'f' : '0');
	}
	ocirun_directory_close(logs);
	ocirun_watch_free(watch);
}

/* Without a free descriptor a log is not forgotten. */
static void a_log_that_could_not_be_opened_comes_later(void)
{
	struct rlimit old, low;

	make_log(ID, INSTANCE);
	check_int(ocirun_directory_open(&logs, directory), 0);
	check_int(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)dup(0) + 1; /* one is free: for the directory */
	(void)close((int)low.rlim_cur - 1);
	check_int(setrlimit(RLIMIT_NOFILE, &low), 0);
	check_int(next_digit(), '!');
	check_int(setrlimit(RLIMIT_NOFILE, &old), 0);
	check_int(next_digit(), 'f');
	check_int(next_digit(), '-');
	ocirun_directory_close(logs);
}

static void a_tail_without_an_end_is_told(void)
{
	struct ocirun_event event;
	struct ocirun_damage damage;
	struct ocirun_log *log;
	uint64_t length = 99;
	int fd;

	make_log(ID, INSTANCE);
	check_int(ocirun_log_open(&log, directory, ID, NULL), 0);
	while (ocirun_log_next(log, &event, &damage) != OCIRUN_NOTHING)
		;
	check_int(ocirun_log_unfinished(log, &length), 0);
	check_int(length, 0);
	fd = openat(dirfd_, ID ".ndjson", O_WRONLY | O_APPEND | O_CLOEXEC);
	check_int(write(fd, "{\"v\":1", 6), 6);
	(void)close(fd);
	check_int(ocirun_log_next(log, &event, &damage), OCIRUN_NOTHING);
	check_int(ocirun_log_unfinished(log, &length), 0);
	check_int(length, 6);
	ocirun_log_close(log);
}

static const struct test tests[] = {
	{"each log is returned once", each_log_is_returned_once},
	{"an ID that is used again is one more log", an_id_that_is_used_again_is_one_more_log},
	{"other files are no logs", other_files_are_no_logs},
	{"new logs wake a watch", new_logs_wake},
	{"new logs wake a watch by the timer", new_logs_wake_by_the_timer},
	{"the directory may come and go", the_directory_may_come_and_go},
	{"a log that could not be opened comes later", a_log_that_could_not_be_opened_comes_later},
	{"a tail without an end is told", a_tail_without_an_end_is_told},
};

int main(void)
{
	return RUN_TESTS(tests);
}
