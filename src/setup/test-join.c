/* SPDX-License-Identifier: Apache-2.0 */
/* The stub's way into a container (PLAN_JOIN) that the test makes, and what exec asks of it. */
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <termios.h>

#include "base/compat.h"
#include "setup/keyring.h"
#include "setup/subject.h"
#include "setup/terminal.h"

#define HOST_ID	     100000 /* of the container's root, where it has a user namespace */
#define WITHOUT_USER (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID)
#define ALL	     (WITHOUT_USER | CLONE_NEWUSER)

/* ---- a container: one sleeping init with namespaces of its own ---- */

struct place {
	int namespaces;
	pid_t pid;
	int pidfd;
	int ready_fd, maps_fd; /* init's word that it stands; ours that its ids are mapped */
};

static void __attribute__((noreturn)) place_init(const struct place *p, int go_fd, int ready_fd)
{
	char byte = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go_fd, &byte, 1) != 1)
		_exit(1);
	if (p->namespaces & CLONE_NEWUSER && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		_exit(2);
	if (p->namespaces & CLONE_NEWNS &&
	    (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	     mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666") < 0))
		_exit(3);
	if (p->namespaces & CLONE_NEWPID && mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(4);
	if (p->namespaces & CLONE_NEWUTS && sethostname("inside", 6) < 0)
		_exit(5);
	(void)prctl(PR_SET_DUMPABLE, 1); /* for an unprivileged joiner */
	(void)write(ready_fd, "", 1);
	for (;;)
		(void)pause();
}

static void write_map(pid_t pid, const char *file, unsigned int id, unsigned int count)
{
	char path[64], text[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	(void)snprintf(text, sizeof(text), "0 %u %u", id, count);
	check_int(file_write_at(AT_FDCWD, path, text), 0);
}

static void write_maps(pid_t pid)
{
	char path[64];

	if (geteuid() == 0) {
		write_map(pid, "uid_map", HOST_ID, 65536);
		write_map(pid, "gid_map", HOST_ID, 65536);
		return;
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	check_int(file_write_at(AT_FDCWD, path, "deny"), 0);
	write_map(pid, "uid_map", geteuid(), 1);
	write_map(pid, "gid_map", getegid(), 1);
}

static void place_open(struct place *p, int namespaces)
{
	struct clone_args args = {.flags = (unsigned int)namespaces | CLONE_PIDFD,
				  .pidfd = (uint64_t)(uintptr_t)&p->pidfd,
				  .exit_signal = SIGCHLD};
	int go[2], ready[2];
	char byte;

	*p = (struct place){.namespaces = namespaces, .pidfd = -EBADF};
	check_int(pipe2(go, O_CLOEXEC), 0);
	check_int(pipe2(ready, O_CLOEXEC), 0);
	(void)fflush(stdout);
	p->pid = sys_clone3(&args);
	if (p->pid == 0) {
		(void)close(ready[0]);
		place_init(p, go[0], ready[1]);
	}
	(void)close(ready[1]);
	check(p->pid > 0);
	if (namespaces & CLONE_NEWUSER)
		write_maps(p->pid);
	check_int(write(go[1], "", 1), 1);
	check_int(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(go[0]);
	(void)close(go[1]);
}

static void place_close(struct place *p)
{
	(void)kill(p->pid, SIGKILL);
	/* Its init ends only when everybody is reaped who joined it, by whoever is the parent. */
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	(void)close(p->pidfd);
}

static int place_file(const struct place *p, const char *name, int flags)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", p->pid, name);
	fd = open(path, flags | O_CLOEXEC);
	check(fd >= 0);
	return fd;
}

/* ---- a subject that joins ---- */

static struct plan_join join_of(const struct place *p)
{
	return (struct plan_join){
		.namespaces = (uint32_t)p->namespaces, .pidfd = p->pidfd, .console_fd = -1};
}

static void add_namespace(struct plan_join *join, const struct place *p, const char *name,
			  uint32_t type)
{
	if (!((uint32_t)p->namespaces & type))
		return;
	join->namespace_fds[join->namespace_fd_count] = place_file(p, name, O_RDONLY);
	join->namespace_types[join->namespace_fd_count++] = type;
}

/* The user namespace last, as those want it who may enter the others at once. */
static struct plan_join join_one_by_one(const struct place *p)
{
	struct plan_join join = join_of(p);

	join.pidfd = -1;
	add_namespace(&join, p, "ns/pid", CLONE_NEWPID);
	add_namespace(&join, p, "ns/uts", CLONE_NEWUTS);
	add_namespace(&join, p, "ns/ipc", CLONE_NEWIPC);
	add_namespace(&join, p, "ns/net", CLONE_NEWNET);
	add_namespace(&join, p, "ns/mnt", CLONE_NEWNS);
	add_namespace(&join, p, "ns/user", CLONE_NEWUSER);
	return join;
}

static void joiner_init(struct subject *t, const struct plan_join *join, const char *script)
{
	subject_init(t, script);
	t->input.join = join;
	if (join->namespaces & CLONE_NEWUSER) {
		t->spec.process.user.uid = t->spec.process.user.gid = 0;
		t->input.set_groups = geteuid() == 0;
	}
}

/* The pidfd that came with PLAN_JOINED. */
static int joined(struct subject *t)
{
	int fds[MESSAGE_MAX_FDS];
	size_t count = 0;

	check_int(message_receive(t->report_fd, &t->report, sizeof(t->report), fds, &count),
		  (int)offsetof(struct plan_report, text));
	check_int(t->report.kind, PLAN_JOINED);
	check_int(count, 1);
	return count == 1 ? fds[0] : -EBADF;
}

static int end_of(int pidfd)
{
	siginfo_t info = {0};

	check_int(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	(void)close(pidfd);
	return info.si_code == CLD_EXITED ? info.si_status : 1000 + info.si_status;
}

static int failed(struct subject *t)
{
	check_int(next_report(t), PLAN_FAILED);
	return plan_report_error(&t->report, &t->spec, &t->err);
}

/* ---- */

static bool joins_with(const struct plan_join *join)
{
	struct subject t;
	int pidfd, before = tap_failures;
	const char *text;
	unsigned int pid = 0;

	joiner_init(&t, join, "echo $$; hostname; echo /proc/[0-9]*; id -u");
	subject_begin(&t);
	pidfd = joined(&t);
	check_int(next_report(&t), PLAN_READY);
	check_int(next_report(&t), PLAN_STARTING);
	check_int(next_report(&t), 0);
	text = subject_output(&t);
	check_int(sscanf(text, "%u", &pid), 1);
	check(pid > 1 && pid < 10);
	check(strstr(text, "\ninside\n/proc/1 /proc/") != NULL);
	check(strstr(text, "\n0\n") != NULL);
	if (tap_failures > before)
		printf("# %s\n", text);
	check_int(end_of(pidfd), 0);
	check_int(subject_end(&t), 0);
	return tap_failures == before;
}

static void joins_in_one_call(void)
{
	static const int namespaces[] = {WITHOUT_USER, ALL};

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		struct plan_join join;
		struct place p;

		place_open(&p, namespaces[i]);
		join = join_of(&p);
		if (!joins_with(&join))
			printf("# with namespaces %#x\n", (unsigned int)namespaces[i]);
		place_close(&p);
	}
}

static void joins_one_by_one(void)
{
	struct plan_join join;
	struct place p;

	place_open(&p, ALL);
	join = join_one_by_one(&p);
	joins_with(&join);
	place_close(&p);
}

/* Every namespace before its user namespace is denied at first. */
static void unprivileged_joins_one_by_one(void)
{
	int status = -1;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct plan_join join;
		struct place p;

		tap_failures = 0;
		if (setresgid(1000, 1000, 1000) < 0 || setresuid(1000, 1000, 1000) < 0 ||
		    prctl(PR_SET_DUMPABLE, 1) < 0)
			_exit(1);
		place_open(&p, ALL);
		join = join_one_by_one(&p);
		joins_with(&join);
		place_close(&p);
		(void)fflush(stdout);
		_exit(tap_failures != 0);
	}
	check_int(waitpid(pid, &status, 0), pid);
	check_int(status, 0);
}

static void joins_without_a_pid_namespace(void)
{
	struct plan_join join;
	struct subject t;
	struct place p;
	char expected[64];

	place_open(&p, CLONE_NEWUTS);
	join = join_of(&p);
	joiner_init(&t, &join, "hostname; echo $$; cut -d' ' -f6 /proc/$$/stat; exit 3");
	run_through(&t); /* no JOINED: it is the same process */
	(void)snprintf(expected, sizeof(expected), "inside\n%d\n%d\n", t.pid, t.pid);
	check_text(subject_output(&t), expected);
	check_int(subject_end(&t), 3);
	place_close(&p);
}

static void hands_on_no_descriptor(void)
{
	struct plan_join join;
	struct subject t;
	struct place p;
	int pidfd;

	place_open(&p, WITHOUT_USER);
	join = join_one_by_one(&p);
	join.pidfd = p.pidfd;
	joiner_init(&t, &join, "ls /proc/self/fd");
	subject_begin(&t);
	pidfd = joined(&t);
	check_text(subject_output(&t), "0\n1\n2\n3\n"); /* 3 is ls's own */
	check_int(end_of(pidfd), 0);
	check_int(subject_end(&t), 0);
	place_close(&p);
}

/* The process that it was on the host's side is none of those that the user may have. */
static void as_many_processes_as_allowed(void)
{
	static const struct spec_rlimit one = {.resource = RLIMIT_NPROC, .soft = 1, .hard = 1};
	struct plan_join join;
	struct subject t;
	struct place p;
	int pidfd;

	place_open(&p, ALL);
	join = join_of(&p);
	joiner_init(&t, &join, "exec grep -c \"^Max processes *1  \" /proc/self/limits");
	t.spec.process.user.uid = 4999; /* nobody else's */
	t.spec.process.rlimits = &one;
	t.spec.process.rlimit_count = 1;
	subject_begin(&t);
	pidfd = joined(&t);
	check_int(next_report(&t), PLAN_READY);
	check_int(next_report(&t), PLAN_STARTING);
	check_int(next_report(&t), 0);
	check_text(subject_output(&t), "1\n");
	check_int(end_of(pidfd), 0);
	check_int(subject_end(&t), 0);
	place_close(&p);
}

static void dead_container(void)
{
	struct plan_join by_pidfd, one_by_one;
	struct subject t;
	struct place p;

	place_open(&p, WITHOUT_USER);
	by_pidfd = join_of(&p);
	one_by_one = join_one_by_one(&p);
	(void)kill(p.pid, SIGKILL);
	check_int(waitpid(p.pid, NULL, 0), p.pid);
	joiner_init(&t, &by_pidfd, "echo not reached");
	subject_begin(&t);
	check_int(failed(&t), -ESRCH);
	check_int(t.report.stage, PLAN_STAGE_JOIN);
	check_text(t.err.text, "container not running");
	check_int(t.err.kind, ERROR_STATE);
	check_int(subject_end(&t), status_after(&t.report));
	/* Its namespaces are held open, but no process can be born there any more. */
	joiner_init(&t, &one_by_one, "echo not reached");
	subject_begin(&t);
	check_int(failed(&t), -ESRCH);
	check_text(t.err.text, "container not running");
	check_text(subject_output(&t), "");
	check_int(subject_end(&t), 126);
	(void)close(p.pidfd);
}

static void nobody_knows(void)
{
	struct plan_join join;
	struct subject t;
	struct place p;

	place_open(&p, WITHOUT_USER);
	join = join_of(&p);
	joiner_init(&t, &join, "echo not reached");
	t.unheard = true;
	subject_begin(&t);
	check_text(subject_output(&t), ""); /* ends when both are gone */
	check_int(subject_end(&t), 126);
	place_close(&p);
}

static void denied(void)
{
	struct plan_join join = {.pidfd = -1, .namespace_fd_count = 1, .console_fd = -1};
	struct subject t;

	join.namespace_fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	join.namespace_types[0] = join.namespaces = CLONE_NEWNET;
	joiner_init(&t, &join, "echo not reached");
	subject_begin(&t);
	check_int(failed(&t), -EINVAL);
	check_text(t.err.text, "join the container: setns: Invalid argument");
	check_int(subject_end(&t), 126);
}

/* ---- go, LISTEN_PID ---- */

static void waits_for_go(void)
{
	struct subject t;

	subject_init(&t, "echo ran");
	t.input.wait_for_go = true;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	check_int(message_send(t.report_fd, PLAN_COMMIT_MESSAGE, 6, NULL, 0), 0);
	check(is_silent(t.report_fd));
	check(is_silent(t.output_fd));
	check_int(message_send(t.report_fd, PLAN_START_MESSAGE, 5, NULL, 0), 0);
	check_int(next_report(&t), PLAN_STARTING);
	check_int(next_report(&t), 0);
	check_text(subject_output(&t), "ran\n");
	check_int(subject_end(&t), 0);
}

static void ends_without_go(void)
{
	struct subject t;

	subject_init(&t, "echo not reached");
	t.input.wait_for_go = true;
	subject_begin(&t);
	check_int(next_report(&t), PLAN_READY);
	(void)close(t.report_fd);
	t.report_fd = -EBADF;
	check_text(subject_output(&t), "");
	check_int(subject_end(&t), 126);
}

static void listen_pid(bool set)
{
	struct subject t;
	char expected[32];

	subject_init(&t, "echo $LISTEN_PID $LISTEN_PIDS");
	t.env[1] = "LISTEN_PID=7";
	t.env[2] = "LISTEN_PIDS=8";
	t.spec.process.env.count = 3;
	t.input.set_listen_pid = set;
	run_through(&t);
	(void)snprintf(expected, sizeof(expected), "%d 8\n", set ? t.pid : 7);
	check_text(subject_output(&t), expected);
	check_int(subject_end(&t), 0);
}

static void listen_pid_is_its_own(void)
{
	listen_pid(true);
	listen_pid(false);
}

/* ---- keyring, terminal ---- */

static void joins_the_keyring(void)
{
	struct plan_join join = {.pidfd = -1, .console_fd = -1};
	char name[KEYRING_NAME_SIZE], id[32], script[320];
	struct subject t;
	long here;

	(void)snprintf(id, sizeof(id), "test-join-%d", getpid());
	check_text(keyring_name(name, "web"), "_ses.web");
	(void)keyring_name(name, id);
	here = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (here < 0) {
		printf("# no keyrings: not looked at: %s\n", strerror(errno));
		return;
	}
	(void)syscall(SYS_keyctl, KEYCTL_SETPERM, here, 0x3f3f0000L);
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); /* an anonymous one: not it */
	(void)snprintf(script, sizeof(script), "grep -c %s: /proc/keys; echo", name);
	joiner_init(&t, &join, script);
	t.input.keyring = name;
	run_through(&t);
	check_text(subject_output(&t), "1\n\n");
	check_int(subject_end(&t), 0);
}

static void read_line(int fd, char *text, size_t size)
{
	ssize_t n = read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
}

/* As exec does it: the pty is opened on the host's side, in the container's devpts. */
static void terminal_in(int namespaces, uid_t expected_owner)
{
	autofd root_fd = -EBADF, proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int master_fd = -EBADF, slave_fd = -EBADF, pidfd;
	uid_t owner = 1000;
	struct plan_join join;
	struct stat st = {0};
	struct subject t;
	struct place p;
	char text[256];

	place_open(&p, namespaces);
	root_fd = place_file(&p, "root", O_PATH | O_DIRECTORY);
	join = join_of(&p);
	joiner_init(&t, &join,
		    "exec 3</dev/tty; echo $(tty) $(stat -c %u $(tty)) $(stty size <&3) "
		    "$(cut -d' ' -f6 /proc/$$/stat) $$");
	if (namespaces & CLONE_NEWUSER) {
		autofd map_fd = place_file(&p, "uid_map", O_RDONLY);

		owner = terminal_owner(map_fd, 1000);
		check_int(lseek(map_fd, 0, SEEK_SET), 0);
		check_int(terminal_owner(map_fd, 65536), (uid_t)-1);
	}
	t.spec.process.user.uid = 1000;
	t.spec.process.console_height = 11;
	t.spec.process.console_width = 22;
	check_int(terminal_open(root_fd, proc_fd, &t.spec.process, owner, &master_fd, &slave_fd,
				&t.err),
		  0);
	check_text(t.err.text, "");
	check_int(fstat(slave_fd, &st), 0);
	check_int(st.st_uid, expected_owner);
	join.console_fd = slave_fd;
	subject_begin(&t);
	(void)close(slave_fd);
	pidfd = joined(&t);
	check_int(next_report(&t), PLAN_READY);
	check_int(next_report(&t), PLAN_STARTING);
	read_line(master_fd, text, sizeof(text));
	check(strncmp(text, "/dev/pts/0 1000 11 22 ", 22) == 0);
	check(strlen(text) > 22 && text[22] == text[strlen(text) - 1]); /* session and pid */
	if (tap_failures)
		printf("# %s\n", text);
	check_int(end_of(pidfd), 0);
	check_int(subject_end(&t), 0);
	(void)close(master_fd);
	(void)close(t.output_fd);
	place_close(&p);
}

static void terminal(void)
{
	terminal_in(WITHOUT_USER, 1000);
	terminal_in(ALL, HOST_ID + 1000);
}

/* Whoever may not give the terminal away leaves it to the stub. */
static void terminal_is_given_away_inside(void)
{
	autofd master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave_fd = -EBADF;
	struct plan_join join = {.pidfd = -1, .chown_console = true};
	struct subject t;
	char text[256];

	check_int(unlockpt(master_fd), 0);
	slave_fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	join.console_fd = slave_fd;
	joiner_init(&t, &join, "stat -Lc %u /proc/self/fd/0; exec 3</proc/self/fd/0 && exit 7");
	t.spec.process.user.uid = 1000;
	run_through(&t);
	read_line(master_fd, text, sizeof(text));
	check_text(text, "1000");
	check_int(subject_end(&t), 7);
	(void)close(t.output_fd);
}

static void not_a_terminal(void)
{
	struct plan_join join = {.pidfd = -1};
	struct subject t;

	join.console_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	joiner_init(&t, &join, "echo not reached");
	subject_begin(&t);
	check_int(failed(&t), -ENOTTY);
	check_text(t.err.text, "process.terminal: make it the session's own: "
			       "Inappropriate ioctl for device");
	check_text(subject_output(&t), "");
	check_int(subject_end(&t), 126);
	(void)close(join.console_fd);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a ready stub waits for the word to go", waits_for_go},
		{"without the word it ends with its monitor", ends_without_go},
		{"LISTEN_PID is its own pid, where that is asked for", listen_pid_is_its_own},
		{"what is no namespace is refused", denied},
		{"what is no terminal is refused", not_a_terminal},
		{"the keyring of the name is joined", joins_the_keyring},
		{"namespaces are entered in one call, and a pidfd tells who is there",
		 joins_in_one_call},
		{"namespaces are entered one by one", joins_one_by_one},
		{"an unprivileged caller enters what its user namespace allows",
		 unprivileged_joins_one_by_one},
		{"without a pid namespace the process stays the same",
		 joins_without_a_pid_namespace},
		{"no descriptor but the streams reaches the workload", hands_on_no_descriptor},
		{"a user may have its last process by joining", as_many_processes_as_allowed},
		{"a container whose init is dead is not running", dead_container},
		{"a process that nobody learns of never runs", nobody_knows},
		{"a terminal of the container's devpts is the user's own", terminal},
		{"a terminal can be given away inside", terminal_is_given_away_inside},
	};
	const size_t without_root = 5;

	fd_cloexec_from(3); /* what the caller left open is none of the subjects' */
	if (geteuid() != 0)
		printf("# needs root for the rest\n");
	return tap_run(tests, geteuid() == 0 ? ARRAY_SIZE(tests) : without_root);
}
