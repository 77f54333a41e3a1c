/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following a log, by inotify and by timer. Built a second time with OCIRUN_EVENTS_POLLING, where
 * there is only the timer.
 */
#include "events/check.h"
#include "events/journal.h"
#include "ocirun/events.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/wait.h>

/* Nothing here takes long; a test that does is stuck. */
#define DEADLINE_MS 20000

static struct ocirun_event event;
static struct ocirun_damage damage;
static unsigned int watch_flags;

static int next(struct ocirun_log *log)
{
	return ocirun_log_next(log, &event, &damage);
}

static int append(struct journal *j, enum event_type type, const struct event_members *m)
{
	int r = journal_lock(j);

	if (r == 0)
		r = journal_append(j, type, m);
	journal_unlock(j);
	return r;
}

/* The next event, waited for in a loop of our own. */
static const char *await(struct ocirun_log *log, struct ocirun_watch *watch)
{
	for (int waited = 0; waited < DEADLINE_MS; waited += 10) {
		struct pollfd p = {.fd = ocirun_watch_fd(watch), .events = POLLIN};
		int timeout = ocirun_watch_timeout_ms(watch);

		if (next(log) == OCIRUN_EVENT)
			return event.type;
		(void)poll(&p, 1, timeout < 0 ? DEADLINE_MS : timeout);
		ocirun_watch_clear(watch);
	}
	return "nothing";
}

static void begin(struct journal *j, struct ocirun_log **log, struct ocirun_watch **watch)
{
	if (journal_create(j, dirfd_, ID, INSTANCE) < 0 ||
	    ocirun_log_open(log, directory, ID, NULL) < 0 ||
	    ocirun_watch_new(watch, watch_flags) < 0 || ocirun_watch_add(*watch, *log) < 0)
		exit(99);
}

static void end(struct journal *j, struct ocirun_log *log, struct ocirun_watch *watch)
{
	ocirun_log_close(log);
	ocirun_watch_free(watch);
	journal_close(j);
}

static void new_lines_wake_a_follower(void)
{
	struct ocirun_watch *watch;
	struct ocirun_log *log;
	struct journal j;

	begin(&j, &log, &watch);
	check_int(ocirun_watch_add(watch, log), -EBUSY);
	check_int(next(log), OCIRUN_NOTHING);
	check_int(append(&j, EVENT_CREATED, NULL), 0);
	check_text(await(log, watch), "created");
	check_int(append(&j, EVENT_STARTED, NULL), 0);
	check_int(append(&j, EVENT_EXITED, NULL), 0);
	check_text(await(log, watch), "started");
	check_text(await(log, watch), "exited");
	check_int(next(log), OCIRUN_NOTHING);
	end(&j, log, watch);
}

static void a_writer_in_another_process_is_followed(void)
{
	struct ocirun_watch *watch;
	struct ocirun_log *log;
	struct journal j;
	int status;

	begin(&j, &log, &watch);
	if (fork() == 0) {
		for (int i = 0; i < 200; i++) {
			if (append(&j, EVENT_SIGNALED, NULL) < 0)
				_exit(1);
		}
		_exit(append(&j, EVENT_DELETED, NULL) < 0);
	}
	for (int i = 0; i < 200 && failures == 0; i++)
		check_text(await(log, watch), "signaled");
	check_text(await(log, watch), "deleted");
	check(ocirun_log_is_over(log));
	check_int(wait(&status) > 0 ? status : -1, 0);
	end(&j, log, watch);
}

static void a_log_without_its_file_is_a_witness_still(void)
{
	struct ocirun_watch *watch;
	struct ocirun_log *log;
	struct journal j;
	int status;

	begin(&j, &log, &watch);
	check_int(append(&j, EVENT_CREATED, NULL), 0);
	check_text(await(log, watch), "created");
	ocirun_log_close_file(log);
	ocirun_log_close_file(log);
	check_int(next(log), -EBADF);
	check_text(ocirun_log_id(log), ID);
	check_text(ocirun_log_instance(log), INSTANCE);
	check_int(ocirun_log_witness(log, &status), OCIRUN_WITNESS_NONE); /* it had no pid */
	end(&j, log, watch);
}

static void a_log_is_followed_under_its_new_name(void)
{
	static const char other[] = "ffffffffffffffffffffffffffffffff";
	struct ocirun_watch *watch;
	struct ocirun_log *log;
	struct journal j, successor;

	begin(&j, &log, &watch);
	check_int(append(&j, EVENT_CREATED, NULL), 0);
	check_text(await(log, watch), "created");
	check_int(journal_create(&successor, dirfd_, ID, other), 0);
	check_int(append(&successor, EVENT_CREATED, NULL), 0);
	check_int(append(&j, EVENT_DELETED, NULL), 0);
	check_text(await(log, watch), "deleted");
	check_text(event.instance, INSTANCE);
	journal_close(&successor);
	end(&j, log, watch);
}

static void a_wait_ends_when_its_time_is_up(void)
{
	struct ocirun_watch *watch;
	struct ocirun_log *log;
	struct journal j;
	int r = 1;

	begin(&j, &log, &watch);
	for (int i = 0; i < 100 && r == 1; i++)
		r = ocirun_watch_wait(watch, 1);
	check_int(r, 0);
	end(&j, log, watch);
}

static void several_logs_share_a_watch(void)
{
	struct ocirun_log *logs[20];
	struct journal journals[20];
	struct ocirun_watch *watch;

	check_int(ocirun_watch_new(&watch, watch_flags), 0);
	for (int i = 0; i < 20; i++) {
		char id[8];

		(void)snprintf(id, sizeof(id), "c%d", i);
		check_int(journal_create(&journals[i], dirfd_, id, INSTANCE), 0);
		check_int(ocirun_log_open(&logs[i], directory, id, NULL), 0);
		check_int(ocirun_watch_add(watch, logs[i]), 0);
		check_int(next(logs[i]), OCIRUN_NOTHING);
	}
	for (int i = 19; i >= 0; i--) {
		check_int(append(&journals[i], EVENT_CREATED, NULL), 0);
		check_text(await(logs[i], watch), "created");
	}
	for (int i = 0; i < 20; i++) {
		ocirun_log_close(logs[i]);
		journal_close(&journals[i]);
	}
	ocirun_watch_free(watch);
}

#ifdef __linux__

static uint64_t start_time(pid_t pid)
{
	char path[40], text[1024], *p;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f || !fgets(text, sizeof(text), f))
		exit(99);
	(void)fclose(f);
	p = strrchr(text, ')') + 1;
	for (int field = 3; field < 22; field++)
		p = strchr(p + 1, ' ');
	return strtoull(p, NULL, 10);
}

static void add_process(struct event_members *m, pid_t pid, uint64_t started, const char *boot)
{
	char boot_id[40] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, boot_id, 36) != 36)
		exit(99);
	(void)close(fd);
	members_init(m);
	members_add_int(m, "pid", pid);
	members_add_uint(m, "pidStartTime", started);
	members_add_string(m, "bootId", boot ? boot : boot_id);
}

/* The state of things after the process that `created` named was told to exit 7. */
static void the_own_pidfd_is_a_second_witness(void)
{
	struct ocirun_watch *watch;
	struct event_members m;
	struct ocirun_log *log;
	struct journal j;
	int status = 0, go[2];
	enum ocirun_witness w;
	siginfo_t info;
	pid_t pid;
	char c;

	begin(&j, &log, &watch);
	check_int(ocirun_log_witness(log, &status), OCIRUN_WITNESS_NONE);
	check_int(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(go[1]);
		_exit(read(go[0], &c, 1) == 0 ? 7 : 1);
	}
	(void)close(go[0]);
	add_process(&m, pid, start_time(pid), NULL);
	check_int(append(&j, EVENT_CREATED, &m), 0);
	check_text(await(log, watch), "created");
	check_int(ocirun_log_witness(log, &status), OCIRUN_WITNESS_ALIVE);
	(void)close(go[1]);

	check_int(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ocirun_watch_clear(watch);
	w = ocirun_log_witness(log, &status);
	check_int(w, OCIRUN_WITNESS_STATUS);
	check_int(WEXITSTATUS(status), 7);
	check_int(waitpid(pid, NULL, 0), pid);
	w = ocirun_log_witness(log, &status);
	/* Linux before 6.15 does not tell once it is reaped. */
	check(w == OCIRUN_WITNESS_ENDED ||
	      (w == OCIRUN_WITNESS_STATUS && WEXITSTATUS(status) == 7));
	end(&j, log, watch);
}

static void the_end_of_init_wakes_a_follower(void)
{
	struct ocirun_watch *watch;
	struct event_members m;
	struct ocirun_log *log;
	struct journal j;
	int status;
	pid_t pid;

	begin(&j, &log, &watch);
	pid = fork();
	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	add_process(&m, pid, start_time(pid), NULL);
	check_int(append(&j, EVENT_CREATED, &m), 0);
	check_text(await(log, watch), "created");
	check_int(next(log), OCIRUN_NOTHING);
	(void)kill(pid, SIGKILL);
	for (int i = 0; i < 1000 && ocirun_log_witness(log, &status) == OCIRUN_WITNESS_ALIVE; i++)
		(void)ocirun_watch_wait(watch, DEADLINE_MS);
	check_int(ocirun_log_witness(log, &status), OCIRUN_WITNESS_STATUS);
	check_int(WTERMSIG(status), SIGKILL);
	check_int(waitpid(pid, NULL, 0), pid);
	end(&j, log, watch);
}

/* Neither inotify nor a timer is needed as long as the pidfd will tell. */
static void a_watch_for_the_exit_sleeps_while_init_lives(void)
{
	struct ocirun_watch *watch;
	struct event_members m;
	struct ocirun_log *log;
	struct journal j;
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	check_int(journal_create(&j, dirfd_, ID, INSTANCE), 0);
	check_int(ocirun_log_open(&log, directory, ID, NULL), 0);
	check_int(ocirun_watch_new(&watch, OCIRUN_WATCH_EXIT), 0);
	check_int(ocirun_watch_add(watch, log), 0);
	check(ocirun_watch_timeout_ms(watch) > 0);
	add_process(&m, pid, start_time(pid), NULL);
	check_int(append(&j, EVENT_CREATED, &m), 0);
	check_text(await(log, watch), "created");
	if (ocirun_watch_fd(watch) >= 0)
		check_int(ocirun_watch_timeout_ms(watch), -1);
	(void)kill(pid, SIGKILL);
	check_int(ocirun_watch_wait(watch, DEADLINE_MS), 1);
	if (ocirun_watch_fd(watch) >= 0)
		check(ocirun_watch_timeout_ms(watch) > 0);
	check_int(append(&j, EVENT_EXITED, NULL), 0);
	check_text(await(log, watch), "exited");
	check_int(waitpid(pid, NULL, 0), pid);
	end(&j, log, watch);
}

static void another_process_of_that_number_is_no_witness(void)
{
	struct ocirun_watch *watch;
	struct event_members m;
	struct ocirun_log *log;
	struct journal j;
	int status;

	begin(&j, &log, &watch);
	add_process(&m, getpid(), start_time(getpid()) + 1, NULL);
	check_int(append(&j, EVENT_CREATED, &m), 0);
	check_text(await(log, watch), "created");
	check_int(ocirun_log_witness(log, &status), OCIRUN_WITNESS_NONE);
	add_process(&m, getpid(), start_time(getpid()), "00000000-0000-0000-0000-000000000000");
	check_int(append(&j, EVENT_CREATED, &m), 0);
	check_text(await(log, watch), "created");
	check_int(ocirun_log_witness(log, &status), OCIRUN_WITNESS_NONE);
	end(&j, log, watch);
}

/* max_user_instances: everybody runs into it some day. */
static void without_inotify_the_timer_takes_over(void)
{
	static int taken[4096];
	struct ocirun_watch *watch;
	struct ocirun_log *log;
	int count = 0;
	struct journal j;

	while (count < 4096 && (taken[count] = inotify_init1(IN_CLOEXEC)) >= 0)
		count++;
	begin(&j, &log, &watch);
	if (count < 4096)
		check(ocirun_watch_timeout_ms(watch) >= 0);
	check_int(append(&j, EVENT_CREATED, NULL), 0);
	check_text(await(log, watch), "created");
	while (count > 0)
		(void)close(taken[--count]);
	end(&j, log, watch);
}

/* Every event of a full queue is lost; no line may be. */
static void an_overflow_of_the_queue_loses_nothing(void)
{
	struct ocirun_watch *watch;
	struct ocirun_log *log;
	struct journal j;
	uint64_t seq = 0;

	begin(&j, &log, &watch);
	check_int(journal_lock(&j), 0);
	for (int i = 0; i < 3000; i++)
		check_int(journal_append(&j, EVENT_SIGNALED, NULL), 0);
	journal_unlock(&j);
	check_int(ocirun_watch_wait(watch, DEADLINE_MS), 1);
	while (next(log) == OCIRUN_EVENT)
		check_int(event.seq, ++seq);
	check_int(seq, 3000);
	end(&j, log, watch);
}

#endif

static const struct test tests[] = {
	{"new lines wake a follower", new_lines_wake_a_follower},
	{"a writer in another process is followed", a_writer_in_another_process_is_followed},
	{"a log without its file is a witness still", a_log_without_its_file_is_a_witness_still},
	{"a log is followed under its new name", a_log_is_followed_under_its_new_name},
	{"a wait ends when its time is up", a_wait_ends_when_its_time_is_up},
	{"several logs share a watch", several_logs_share_a_watch},
#ifdef __linux__
	{"the own pidfd is a second witness", the_own_pidfd_is_a_second_witness},
	{"the end of init wakes a follower", the_end_of_init_wakes_a_follower},
	{"a watch for the exit sleeps while init lives",
	 a_watch_for_the_exit_sleeps_while_init_lives},
	{"another process of that number is no witness",
	 another_process_of_that_number_is_no_witness},
	{"without inotify the timer takes over", without_inotify_the_timer_takes_over},
	{"many lines between two looks are all read", an_overflow_of_the_queue_loses_nothing},
#endif
};

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		watch_flags = OCIRUN_WATCH_POLL;
	return RUN_TESTS(tests);
}
