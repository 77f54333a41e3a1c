/* SPDX-License-Identifier: Apache-2.0 */
/* Which `oom` lines come of which counters, and when; the log is in a temporary directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"
#include "container/lifecycle.h"
#include "monitor/exited.h"
#include "monitor/oom.h"

#define INSTANCE "0123456789abcdef0123456789abcdef"

static char directory[] = "/tmp/test-oom-XXXXXX";
static int log_dirfd = -1;
static struct journal j;
static struct error err;

static void begin(void)
{
	j = (struct journal)JOURNAL_CLOSED;
	check_int(journal_create(&j, log_dirfd, "web", INSTANCE), 0);
	check_int(lifecycle_record(&j, CAUSE_INIT_IS_READY, NULL, &err), 1);
}

static struct cgroup_usage v1(uint64_t kills)
{
	return (struct cgroup_usage){.oom_kills = {true, kills}};
}

static struct cgroup_usage v2(uint64_t kills, uint64_t hits, uint64_t hits_local)
{
	return (struct cgroup_usage){.oom_kills = {true, kills},
				     .oom_hits = {true, hits},
				     .oom_hits_local = {true, hits_local}};
}

/* The members of the last line that are its own. */
static const char *last_line(void)
{
	static char text[65536];
	ssize_t n = pread(j.fd, text, sizeof(text) - 1, 0);
	char *line;

	if (n <= 0)
		return "";
	text[n - 1] = '\0';
	line = strrchr(text, '\n');
	line = line ? strstr(line, "Z\",") : NULL;
	return line ? line + 3 : "";
}

static int record(struct oom *oom, struct cgroup_usage usage)
{
	return oom_record(oom, &j, &usage, &err);
}

static int take(struct oom *oom, struct cgroup_usage usage)
{
	return oom_take(oom, &j, &usage, &err);
}

static void growth_is_a_line(void)
{
	struct oom oom = {.baseline = 5};

	begin();
	check_int(record(&oom, v1(5)), 0);
	check_int(record(&oom, v1(4)), 0);
	check_int(record(&oom, v1(7)), 1);
	check_text(last_line(), "\"oomKill\":2,\"oomKillTotal\":2}");
	check_int(record(&oom, v1(7)), 0);
	check_int(record(&oom, v1(8)), 1);
	check_text(last_line(), "\"oomKill\":1,\"oomKillTotal\":3}");
	check_int(record(&oom, (struct cgroup_usage){0}), 0);
	journal_close(&j);
}

static void another_writer_goes_on_from_the_log(void)
{
	struct oom first = {0}, second = {0};
	struct journal other = JOURNAL_CLOSED;
	struct cgroup_usage usage = v1(3);

	begin();
	check_int(record(&first, v1(2)), 1);
	check_int(journal_open(&other, log_dirfd, "web", INSTANCE), 0);
	check_int(oom_record(&second, &other, &usage, &err), 1);
	/* Ours has not read that yet; what counts is the log. */
	check_int(j.oom_total, 2);
	check_int(record(&first, v1(3)), 0);
	check_text(last_line(), "\"oomKill\":1,\"oomKillTotal\":3}");
	check_int(record(&first, v1(4)), 1);
	journal_close(&other);
	journal_close(&j);
}

static void nothing_follows_exited(void)
{
	struct oom oom = {0};

	begin();
	check_int(lifecycle_record(&j, CAUSE_INIT_EXITED, NULL, &err), 1);
	check_int(record(&oom, v1(1)), 0);
	check(!journal_has_seen(&j, EVENT_OOM));
	journal_close(&j);
}

static void v2_tells_whose_limit(void)
{
	struct cgroup_usage usage = v2(1, 4, 1);
	struct oom oom = {0};

	begin();
	/* From before we looked: nobody knows. */
	check_int(record(&oom, usage), 1);
	check_text(last_line(), "\"oomKill\":1,\"oomKillTotal\":1}");
	oom_begin(&oom, &usage);
	check_int(record(&oom, v2(2, 5, 2)), 1);
	check_text(last_line(), "\"oomKill\":1,\"oomKillTotal\":2,\"level\":\"container\"}");
	check_int(record(&oom, v2(3, 6, 2)), 1);
	check_text(last_line(), "\"oomKill\":1,\"oomKillTotal\":3,\"level\":\"below\"}");
	check_int(record(&oom, v2(4, 6, 2)), 1);
	check_text(last_line(), "\"oomKill\":1,\"oomKillTotal\":4,\"level\":\"above\"}");
	journal_close(&j);
}

static void lines_keep_a_distance(void)
{
	struct oom oom = {0};
	int ms;

	begin();
	check_int(take(&oom, v1(1)), 0);
	ms = take(&oom, v1(2));
	check(ms > 500 && ms <= 1000);
	check_int(j.oom_total, 1);
	oom.last_line_ms -= 1000;
	check_int(take(&oom, v1(2)), 0);
	check_int(j.oom_total, 2);
	/* The end of init does not wait. */
	check_int(record(&oom, v1(3)), 1);
	j.offset = LIFECYCLE_EXEC_MAX + 1;
	ms = take(&oom, v1(4));
	check(ms > 59000 && ms <= 60000);
	journal_close(&j);
}

static void v1_is_looked_at_again_for_a_while(void)
{
	struct oom oom = {0};
	int ms, looks = 0, sum = 0;

	begin();
	check_int(take(&oom, v1(0)), 0);
	oom_noticed(&oom);
	while ((ms = take(&oom, v1(0))) > 0 && looks++ < 100)
		sum += ms;
	check_int(looks, 12);
	check_int(sum, 4095);
	/* A second kill may be counted later than the first. */
	oom_noticed(&oom);
	check_int(take(&oom, v1(1)), 1);
	check_int(j.oom_total, 1);
	journal_close(&j);
}

static void v2_rests_once(void)
{
	struct cgroup_usage usage = v2(0, 0, 0);
	struct oom oom = {0};

	begin();
	oom_begin(&oom, &usage);
	oom_noticed(&oom);
	check_int(take(&oom, usage), 500);
	check_int(take(&oom, usage), 0);
	journal_close(&j);
}

static void the_baseline_is_kept(void)
{
	int fd = openat(log_dirfd, "monitor", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	check_int(oom_baseline_write(fd, 0), 0);
	check_int(oom_baseline_read(fd), 0);
	check_int(lseek(fd, 0, SEEK_END), 0);
	check_int(oom_baseline_write(fd, 17), 0);
	check_int(oom_baseline_read(fd), 17);
	check_int(oom_baseline_read(-EBADF), 0);
	(void)close(fd);
}

/* The cgroup may be gone by then, and its counters with it. */
static void exited_knows_of_the_log(void)
{
	struct exited e = {.pid = 1, .known = true, .status = SIGKILL, .oom_killed = true};
	struct cgroup_usage usage = v1(0);
	struct event_members m;

	exited_members(&m, &e);
	check(strstr(m.text, "\"oomKilled\":true"));
	check(!strstr(m.text, "usage"));
	e.usage = &usage;
	exited_members(&m, &e);
	check(strstr(m.text, "\"oomKilled\":true"));
	e.oom_killed = false;
	exited_members(&m, &e);
	check(strstr(m.text, "\"oomKilled\":false"));
	usage = v1(1);
	exited_members(&m, &e);
	check(strstr(m.text, "\"oomKilled\":true"));
}

static const struct tap_test tests[] = {
	{"each growth is a line; what was before the create is none", growth_is_a_line},
	{"two writers go on from what the log says", another_writer_goes_on_from_the_log},
	{"no oom line follows exited", nothing_follows_exited},
	{"v2 tells whose limit was hit, where it was seen", v2_tells_whose_limit},
	{"lines keep a distance, but for the last one", lines_keep_a_distance},
	{"v1 is looked at again for some seconds after a notice",
	 v1_is_looked_at_again_for_a_while},
	{"v2's notices are not listened to for half a second", v2_rests_once},
	{"the baseline is in the lock file", the_baseline_is_kept},
	{"exited tells of kills that the log or the counters know", exited_knows_of_the_log},
};

static void remove_logs(void)
{
	DIR *dir = fdopendir(log_dirfd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(log_dirfd, entry->d_name, 0); /* "." and ".." refuse */
	if (dir)
		(void)closedir(dir);
	(void)rmdir(directory);
}

int main(void)
{
	int status;

	if (!mkdtemp(directory) ||
	    (log_dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		perror(directory);
		return 99;
	}
	status = tap_run(tests, sizeof(tests) / sizeof(tests[0]));
	remove_logs();
	return status;
}
