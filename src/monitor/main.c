/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocirun-monitor: outlives create, watches one init, writes `started` and `exited`, and ends. Where
 * it stands: a session of its own, no controlling terminal, fds as monitor/handover.h lists them
 * and no others, the host's namespaces. It allocates nothing after start-up and parses nothing.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "monitor/confine.h"
#include "monitor/exit_ptrace.h"
#include "monitor/handover.h"
#include "monitor/word.h"

static void parse_mode(const char *text, struct exit_means *exits)
{
	size_t length = strcspn(text, ":");
	int mode = 0;

	while (mode < WATCH_MODES && (strncmp(text, watch_mode_name(mode), length) != 0 ||
				      watch_mode_name(mode)[length] != '\0'))
		mode++;
	exits->mode = (enum watch_mode)mode;
	exits->netlink.exact = text[length] == '\0';
	exits->netlink.threads = exits->netlink.exact ? 1 : atoi(text + length + 1);
}

static int fd_if_open(int fd)
{
	return fcntl(fd, F_GETFD) < 0 ? -EBADF : fd;
}

/* SIGHUP of a closing terminal, SIGTERM of a session's end: the container goes on, and so do we. */
static int block_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	return signals_open(&all, NULL);
}

struct signals {
	int fd;
	pid_t traced; /* or 0 */
	int status_fd;
};

static void signals_came(struct loop *loop, void *arg)
{
	const struct signals *s = arg;

	(void)loop;
	while (signals_next(s->fd))
		;
	if (s->traced)
		exit_ptrace_serve(s->traced, s->status_fd);
}

/*
 * Work goes deeper into the stack than waiting does, and the kernel keeps every page that was used:
 * half a dozen for each container. Below our own frame, which must be one, nothing is held.
 */
static __attribute__((noinline)) void give_back_stack(void)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), reach = 32 * page;
	uintptr_t end = (uintptr_t)__builtin_frame_address(0) / page * page - page;

	/* ENOMEM: the stack is shorter than that, and what there was of it is given back. */
	(void)madvise((void *)(end - reach), reach, MADV_DONTNEED);
}

/* Without its directory too: what comes is owed to it. */
static void take_feed(struct journal *j, struct feed *feed, const char *settings_text)
{
	struct feed_settings settings;

	if (!monitor_feed_parse(settings_text, &settings))
		return;
	feed_attach(feed, fd_if_open(MONITOR_FD_FEED), fd_if_open(MONITOR_FD_PENDING), &settings);
	j->feed = feed;
}

int main(int argc, char **argv)
{
	struct journal journal = JOURNAL_CLOSED;
	struct feed feed = FEED_CLOSED;
	struct watch w = {.journal = &journal, .pidfd = MONITOR_FD_PIDFD};
	struct error err = ERROR_INIT;
	struct loop *loop;
	struct signals signals;

	if (argc < 6 || argc > 7 ||
	    journal_attach(&journal, fd_if_open(MONITOR_FD_JOURNAL), argv[1], argv[2]) < 0)
		return EXIT_FAILURE;
	w.pid = atoi(argv[3]);
	parse_mode(argv[4], &w.exits);
	w.exits.netlink.fd = fd_if_open(MONITOR_FD_NETLINK);
	w.exits.netlink.pid = w.pid;
	w.exits.zombie.stat_fd = fd_if_open(MONITOR_FD_STAT);
	w.exits.zombie.link_fd = fd_if_open(MONITOR_FD_LINK);
	w.exits.status_fd = fd_if_open(MONITOR_FD_STATUS);
	take_feed(&journal, &feed, argv[5]);
	w.exec_id = argv[6]; /* or NULL, where argv ends */
	w.stub_fd = fd_if_open(MONITOR_FD_STUB);
	for (int i = 0; i < USAGE_FILES; i++)
		w.usage_fds[i] = fd_if_open(MONITOR_FD_USAGE + i);
	w.oom.baseline = oom_baseline_read(MONITOR_FD_LOCK);
	w.lock_fd = fd_if_open(MONITOR_FD_LOCK);
	w.persists = true;
	if (!w.exec_id)
		word_begin(w.lock_fd);
	loop = loop_new();
	signals.fd = block_signals();
	signals.status_fd = w.exits.status_fd;
	signals.traced = w.exits.mode == WATCH_PTRACE ? w.pid : 0;
	if (w.exits.mode == WATCH_MODES || !loop || signals.fd < 0)
		return EXIT_FAILURE;
	confine_monitor(w.exits.mode, feed.dirfd);
	(void)loop_add_fd(loop, signals.fd, signals_came, &signals);
	signals_came(loop, &signals); /* who has stopped before the signals were blocked */
	loop_before_waiting(loop, give_back_stack);
	return watch_run(&w, loop, &err) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
