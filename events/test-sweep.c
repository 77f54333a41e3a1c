/* SPDX-License-Identifier: Apache-2.0 */
/* Retention: what goes by age, number and size, what stays, and when it is time to look. */
#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "events/check.h"
#include "events/journal.h"
#include "events/journal_file.h"
#include "events/pending.h"
#include "events/sweep.h"
#include "events/sweep_stamp.h"
#include "ocirun/events.h"

#define STAMP ".swept"

static int ids = -1;

static const struct retention roomy = {.age_s = 3600, .count = 1000, .size = UINT64_C(1) << 30};

static void append(struct journal *j, enum event_type type)
{
	check_int(journal_lock(j), 0);
	check_int(journal_append(j, type, NULL), 0);
	journal_unlock(j);
}

static void begin(void)
{
	int top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	check_int(mkdirat(top, "ids", 0700), 0);
	ids = openat(top, "ids", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(ids >= 0);
	(void)close(top);
}

static void end(void)
{
	(void)close(ids);
	check_int(unlinkat(dirfd_, "ids", AT_REMOVEDIR), 0);
}

/* @age: seconds since its last line */
static void set_age(const char *name, time_t age)
{
	struct timespec times[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};

	check_int(utimensat(dirfd_, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void make_log(const char *id, time_t age, bool deleted)
{
	char name[JOURNAL_NAME_SIZE];
	struct journal j;

	check_int(journal_create(&j, dirfd_, id, INSTANCE), 0);
	append(&j, EVENT_CREATED);
	if (deleted)
		append(&j, EVENT_DELETED);
	journal_close(&j);
	journal_file_name(name, id, NULL);
	set_age(name, age);
}

static bool exists(const char *name)
{
	return faccessat(dirfd_, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool has_log(const char *id)
{
	char name[JOURNAL_NAME_SIZE];

	journal_file_name(name, id, NULL);
	return exists(name);
}

/* Whatever the stamp says. */
static void sweep_now(const struct retention *limits)
{
	(void)unlinkat(dirfd_, STAMP, 0);
	journal_sweep(dirfd_, ids, limits);
}

static void old_ones_go(void)
{
	begin();
	make_log("old", 3601, true);
	make_log("young", 3590, true);
	make_log("alive", 40000, false);
	sweep_now(&roomy);
	check(!has_log("old") && has_log("young") && has_log("alive"));
	end();
}

static void long_ones_go(void)
{
	struct journal j;

	begin();
	check_int(journal_create(&j, dirfd_, "long", INSTANCE), 0);
	for (int i = 0; i < 50; i++)
		append(&j, EVENT_SIGNALED);
	append(&j, EVENT_DELETED);
	journal_close(&j);
	set_age("long.ndjson", 4000);
	sweep_now(&roomy);
	check(!has_log("long"));
	end();
}

static void what_cannot_be_told_stays(void)
{
	begin();
	make_log("old", 4000, true);
	journal_sweep(dirfd_, -1, &roomy);
	check(has_log("old"));
	end();
}

static void the_latest_stay_by_number(void)
{
	struct retention two = roomy;

	two.count = 2;
	begin();
	make_log("two", 20, true);
	make_log("four", 40, true);
	make_log("one", 10, true);
	make_log("three", 30, true);
	sweep_now(&two);
	check(has_log("one") && has_log("two") && !has_log("three") && !has_log("four"));
	end();
}

static uint64_t size_of(const char *name)
{
	struct stat st = {0};

	check_int(fstatat(dirfd_, name, &st, 0), 0);
	return (uint64_t)st.st_blocks * 512;
}

static void the_latest_stay_by_size(void)
{
	struct retention limits = roomy;

	begin();
	make_log("one", 10, true);
	make_log("two", 20, true);
	make_log("three", 30, true);
	limits.size = size_of("one.ndjson") + size_of("two.ndjson");
	sweep_now(&limits);
	check(has_log("one") && has_log("two") && !has_log("three"));
	limits.size--;
	sweep_now(&limits);
	check(has_log("one") && !has_log("two"));
	end();
}

/* A delete that was killed between `deleted` and the end needs the log. */
static void an_id_in_use_keeps_its_log(void)
{
	struct retention none = {0};

	begin();
	make_log("web", 5000, true);
	make_log("web-2", 200000, false);
	check_int(mkdirat(ids, "web", 0700), 0);
	check_int(mkdirat(ids, "web-2", 0700), 0);
	sweep_now(&none);
	journal_retire(dirfd_, ids, "web", &none);
	check(has_log("web") && has_log("web-2"));
	check_int(unlinkat(ids, "web", AT_REMOVEDIR), 0);
	check_int(unlinkat(ids, "web-2", AT_REMOVEDIR), 0);
	sweep_now(&none);
	check(!has_log("web") && !has_log("web-2"));
	end();
}

static void lost_ones_have_a_day(void)
{
	begin();
	make_log("lost", 86500, false);
	make_log("new", 86000, false);
	write_file("damaged.ndjson", "xyz", 3);
	set_age("damaged.ndjson", 90000);
	write_file("empty.ndjson", "", 0);
	set_age("empty.ndjson", 90000);
	sweep_now(&roomy);
	check(!has_log("lost") && has_log("new") && !has_log("damaged") && !has_log("empty"));
	end();
}

static void former_instances_go_too(void)
{
	static const char later[] = "fedcba98765432100123456789abcdef";
	char kept[JOURNAL_NAME_SIZE];
	struct journal j;

	begin();
	check_int(mkdirat(ids, ID, 0700), 0);
	make_log(ID, 4000, true);
	check_int(journal_create(&j, dirfd_, ID, later), 0);
	journal_close(&j);
	journal_file_name(kept, ID, INSTANCE);
	check(exists(kept));
	sweep_now(&roomy);
	check(!exists(kept) && has_log(ID));
	check_int(unlinkat(ids, ID, AT_REMOVEDIR), 0);
	end();
}

static void what_is_no_log_stays(void)
{
	begin();
	write_file(".pending", "x", 1);
	write_file("README", "x", 1);
	write_file(".hidden.ndjson", "x", 1);
	check_int(mkdirat(dirfd_, "dir.ndjson", 0700), 0);
	check_int(symlinkat("README", dirfd_, "link.ndjson"), 0);
	set_age("README", 900000);
	set_age("link.ndjson", 900000);
	set_age("dir.ndjson", 900000);
	sweep_now(&(struct retention){0});
	check(exists(".pending") && exists("README") && exists(".hidden.ndjson") &&
	      exists("link.ndjson") && exists("dir.ndjson"));
	check_int(unlinkat(dirfd_, "dir.ndjson", AT_REMOVEDIR), 0);
	end();
}

/* No create is under way while the lock can be had. */
static void unfinished_creates_are_removed(void)
{
	int other = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	pid_t child;

	begin();
	write_file(JOURNAL_UNFINISHED INSTANCE, "", 0);
	check_int(flock(other, LOCK_EX), 0);
	child = fork();
	if (child == 0) {
		(void)alarm(1);
		sweep_now(&roomy);
		_exit(0);
	}
	check_int(waitpid(child, &status, 0), child);
	check(WIFSIGNALED(status) && exists(JOURNAL_UNFINISHED INSTANCE));
	(void)close(other);
	sweep_now(&roomy);
	check(!exists(JOURNAL_UNFINISHED INSTANCE));
	end();
}

static void limits_of_nothing_take_it_at_once(void)
{
	struct retention limits[3] = {roomy, roomy, roomy};

	char id[16];

	limits[0].age_s = 0;
	limits[1].count = 0;
	limits[2].size = 0;
	begin();
	for (int i = 0; i < 3; i++) {
		/* Nothing is due for some time. */
		for (int k = 0; k < 40; k++) {
			(void)snprintf(id, sizeof(id), "c%d", k);
			make_log(id, 10, true);
		}
		sweep_now(&roomy);
		make_log(ID, 0, true);
		journal_retire(dirfd_, ids, ID, &limits[i]);
		check(!has_log(ID) && has_log("c0") && has_log("c39"));
	}
	end();
}

static void deletes_bring_sweeps(void)
{
	struct retention limits = roomy;
	char id[16];
	unsigned int most = 0, left = 0;

	limits.count = 40;
	begin();
	for (int i = 0; i < 200; i++) {
		left = 0;
		(void)snprintf(id, sizeof(id), "c%d", i);
		make_log(id, 0, true);
		journal_retire(dirfd_, ids, id, &limits);
		for (int k = 0; k <= i; k++) {
			(void)snprintf(id, sizeof(id), "c%d", k);
			left += has_log(id);
		}
		most = left > most ? left : most;
	}
	check(most > 40 && most <= 40 + 40 / 8 + 2);
	end();
}

/* A living process of the ID never finds its log gone, or another's in its place. */
static int use_an_id(void)
{
	char instance[JOURNAL_INSTANCE_LEN + 1];
	int bad = 0;

	for (unsigned int n = 0; n < 300; n++) {
		struct stat held = {0}, named = {0};
		struct journal j;

		(void)snprintf(instance, sizeof(instance), "%032x", n);
		if (mkdirat(ids, ID, 0700) < 0 || journal_create(&j, dirfd_, ID, instance) < 0)
			return -1;
		for (int look = 0; look < 3; look++) {
			append(&j, look < 2 ? EVENT_SIGNALED : EVENT_DELETED);
			bad += fstat(j.fd, &held) < 0 ||
			       fstatat(dirfd_, ID ".ndjson", &named, 0) < 0 ||
			       held.st_ino != named.st_ino;
		}
		journal_close(&j);
		if (unlinkat(ids, ID, AT_REMOVEDIR) < 0)
			return -1;
	}
	return bad + failures;
}

static void creates_at_the_same_time_are_safe(void)
{
	unsigned int rounds = 0;
	int status = 1;
	pid_t child;

	begin();
	child = fork();
	if (child == 0) {
		(void)close(dirfd_); /* locks belong to the description */
		dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		_exit(use_an_id() == 0 ? 0 : 1);
	}
	for (; waitpid(child, &status, WNOHANG) == 0; rounds++)
		sweep_now(&(struct retention){0});
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0 && rounds > 10);
	sweep_now(&(struct retention){0});
	check(!has_log(ID));
	end();
}

static void an_end_is_told(void)
{
	struct ocirun_log *log;
	int64_t ended = 0;

	begin();
	make_log("over", 100, true);
	make_log("alive", 100, false);
	check_int(ocirun_log_open(&log, directory, "over", NULL), 0);
	check_int(ocirun_log_ended(log, &ended), 1);
	check(ended / 1000000000 <= time(NULL) - 100 && ended / 1000000000 >= time(NULL) - 110);
	check(!ocirun_log_is_over(log)); /* nothing was read */
	ocirun_log_close(log);
	check_int(ocirun_log_open(&log, directory, "alive", NULL), 0);
	check_int(ocirun_log_ended(log, &ended), 0);
	ocirun_log_close(log);
	write_file("empty.ndjson", "", 0);
	check_int(ocirun_log_open(&log, directory, "empty", NULL), 0);
	check_int(ocirun_log_ended(log, &ended), 0);
	ocirun_log_close(log);
	end();
}

/* What a feed on a full disk leaves. */
static void write_debt(const char *log)
{
	static struct pending_file debts;
	struct stat st = {0};

	memset(&debts, 0, sizeof(debts));
	if (log) {
		check_int(fstatat(dirfd_, log, &st, 0), 0);
		debts.slots[7].instance[0] = 1;
		debts.slots[7].seq = 2;
		debts.slots[7].inode = st.st_ino;
	} else {
		debts.head.overflow = 1;
	}
	write_file(PENDING_NAME, &debts, sizeof(debts));
}

static void debts_keep_a_log(void)
{
	const struct retention none = {0};

	begin();
	make_log("pays", 4000, true);
	make_log("owes", 4000, true);
	write_debt("owes.ndjson");
	sweep_now(&roomy);
	check(!has_log("pays") && has_log("owes"));
	sweep_now(&none);
	journal_retire(dirfd_, ids, "owes", &none);
	check(has_log("owes"));
	make_log("too", 4000, true);
	write_debt(NULL);
	sweep_now(&roomy);
	check(has_log("too") && has_log("owes"));
	set_age("owes.ndjson", 86500);
	sweep_now(&roomy);
	check(has_log("too") && !has_log("owes"));
	check_int(unlinkat(dirfd_, PENDING_NAME, 0), 0);
	sweep_now(&roomy);
	check(!has_log("too"));
	end();
}

static int open_stamp(void)
{
	int fd = stamp_open(dirfd_);

	check(fd >= 0);
	return fd;
}

static void the_stamp_knows_the_time(void)
{
	int fd = open_stamp();

	check(stamp_is_due(fd, 1000, 3600)); /* new */
	stamp_count(fd);
	check(stamp_is_due(fd, 1000, 3600));
	stamp_begin(dirfd_, fd, 1000);
	check(stamp_end(dirfd_, 1000, 16));
	check(!stamp_is_due(fd, 1000, 3600) && !stamp_is_due(fd, 1059, 3600));
	check(stamp_is_due(fd, 1060, 3600));
	check(stamp_is_due(fd, 1010, 80) && !stamp_is_due(fd, 1009, 80));
	check(stamp_is_due(fd, 1001, 0));
	check(stamp_is_due(fd, 999, 3600)); /* the clock was set back */
	for (int i = 0; i < 2; i++)
		stamp_count(fd);
	check(!stamp_is_due(fd, 1000, 3600));
	stamp_count(fd);
	check(stamp_is_due(fd, 1000, 3600));
	stamp_begin(dirfd_, fd, 1001);
	check(!stamp_is_due(fd, 1001, 3600)); /* killed after that: not again at once */
	(void)close(fd);
}

/* An older version's, or damaged. */
static void a_strange_stamp_is_due(void)
{
	static const char *const strange[] = {"",   "\n",
					      "x",  "................................\n",
					      "-1", "9999999999999999999999999999999\n...."};

	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		int fd;

		write_file(STAMP, strange[i], strlen(strange[i]));
		fd = open_stamp();
		check(stamp_is_due(fd, 1000, 3600));
		stamp_begin(dirfd_, fd, 1000);
		check(stamp_end(dirfd_, 1000, 100) && !stamp_is_due(fd, 1000, 3600));
		(void)close(fd);
	}
	check_int(unlinkat(dirfd_, STAMP, 0), 0);
	check_int(mkfifoat(dirfd_, STAMP, 0600), 0);
	check_int(stamp_open(dirfd_), -EINVAL);
}

static void a_stamp_that_is_locked_waits_for_nobody(void)
{
	int fd = open_stamp();

	begin();
	make_log("old", 4000, true);
	check_int(flock(fd, LOCK_EX), 0);
	journal_sweep(dirfd_, ids, &roomy);
	check(has_log("old"));
	check_int(flock(fd, LOCK_UN), 0);
	journal_sweep(dirfd_, ids, &roomy);
	check(!has_log("old"));
	(void)close(fd);
	end();
}

int main(void)
{
	static const struct test tests[] = {
		{"logs of deleted containers go by their age, others stay", old_ones_go},
		{"long ones as well", long_ones_go},
		{"a log of which it cannot be told stays", what_cannot_be_told_stays},
		{"by number, the latest stay", the_latest_stay_by_number},
		{"by size on disk, the latest stay", the_latest_stay_by_size},
		{"an ID in use keeps its log, whatever stands in it", an_id_in_use_keeps_its_log},
		{"a log without `deleted` and container has a day", lost_ones_have_a_day},
		{"the log of a former instance goes as well", former_instances_go_too},
		{"what is no log stays", what_is_no_log_stays},
		{"an unfinished log of a killed create goes, of a living one stays",
		 unfinished_creates_are_removed},
		{"with a limit of 0 a log goes at once", limits_of_nothing_take_it_at_once},
		{"the number stays within an eighth of its limit", deletes_bring_sweeps},
		{"creates of an ID are safe from sweeps", creates_at_the_same_time_are_safe},
		{"readers are told that a log has ended", an_end_is_told},
		{"a log that owes to the feed stays for a day", debts_keep_a_log},
		{"it is time after some deletes, or some time", the_stamp_knows_the_time},
		{"a stamp that is none is replaced", a_strange_stamp_is_due},
		{"nobody waits for a sweep", a_stamp_that_is_locked_waits_for_nobody},
	};

	return RUN_TESTS(tests);
}
