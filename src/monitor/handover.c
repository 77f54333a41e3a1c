/* SPDX-License-Identifier: Apache-2.0 */
/* Laying out the descriptors and becoming ocirun-monitor. */
#include "config.h"

#include "monitor/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define MONITOR_PROGRAM "ocirun-monitor"

int monitor_lock(int state_dirfd, struct error *err)
{
	autofd fd = openat(state_dirfd, "monitor", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	/* A file system that became read-only: locks need no writing. */
	if (fd < 0 && errno == EROFS)
		fd = openat(state_dirfd, "monitor", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_sys(err, "open the monitor's lock");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return error_sys(err, "lock the monitor's lock");
	return take_fd(&fd);
}

void monitor_detach(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	(void)setsid(); /* fails only for a leader, which we are not after the fork */
	(void)chdir("/");
	(void)umask(077);
	if (null_fd >= 0) {
		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			(void)dup2(null_fd, fd);
		if (null_fd > STDERR_FILENO)
			(void)close(null_fd);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Move every source above the fixed numbers first, so that no dup2 closes one still needed. */
static int lay_out(const int *sources, int count)
{
	int raised[MONITOR_FD_END];

	for (int i = 0; i < count; i++) {
		raised[i] = -EBADF;
		if (sources[i] < 0)
			continue;
		raised[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, MONITOR_FD_END);
		if (raised[i] < 0)
			return -errno;
	}
	for (int i = 0; i < count; i++) {
		if (raised[i] < 0)
			(void)close(MONITOR_FD_JOURNAL +
				    i); /* nothing there: the number stays empty */
		else if (dup2(raised[i], MONITOR_FD_JOURNAL + i) < 0)
			return -errno;
	}
	fd_close_from(MONITOR_FD_END);
	return 0;
}

/*
 * Installed: in the libexec directory. In a build tree: beside ocirun itself, whose path is its
 * argv[0] where it runs from a sealed copy.
 */
static int program_path(char *path, size_t size)
{
	static const char installed[] = PKGLIBEXECDIR "/" MONITOR_PROGRAM;
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (n > 7 && memcmp(path, "/memfd:", 7) == 0)
		n = snprintf(path, size, "%s", program_invocation_name);

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		if (slash && (size_t)(slash + 1 - path) + sizeof(MONITOR_PROGRAM) <= size) {
			memcpy(slash + 1, MONITOR_PROGRAM, sizeof(MONITOR_PROGRAM));
			if (access(path, X_OK) == 0)
				return 0;
		}
	}
	(void)snprintf(path, size, "%s", installed);
	return access(path, X_OK) == 0 ? 0 : -errno;
}

int monitor_program_check(struct error *err)
{
	char path[4096];
	int r = program_path(path, sizeof(path));

	return r < 0 ? error_sys_num(err, r, "the monitor's program %s", path) : 0;
}

static void describe_mode(const struct exit_means *exits, char *text, size_t size)
{
	const char *name = watch_mode_name(exits->mode);

	if (exits->mode == WATCH_NETLINK && !exits->netlink.exact)
		(void)snprintf(text, size, "%s:%d", name, exits->netlink.threads);
	else
		(void)snprintf(text, size, "%s", name);
}

static void keep_from_oom_killer(void)
{
	/* Refused without CAP_SYS_RESOURCE: then we stay as likely a victim as the caller. */
	(void)file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-999");
}

/* None but, in a build that has them, the failpoint: of the feed there is one in the monitor. */
static char *failpoint(void)
{
#ifdef WITH_FAILPOINTS
	static const char key[] = "OCIRUN_FAIL_AT=";

	for (char **entry = environ; *entry; entry++)
		if (strncmp(*entry, key, sizeof(key) - 1) == 0)
			return *entry;
#endif
	return NULL;
}

int monitor_exec(const struct watch *w, int lock_fd, struct error *err)
{
	int sources[MONITOR_FD_END - MONITOR_FD_JOURNAL] = {w->journal->fd,
							    w->pidfd,
							    lock_fd,
							    w->stub_fd,
							    w->exits.netlink.fd,
							    w->exits.zombie.stat_fd,
							    w->exits.zombie.link_fd,
							    w->exits.status_fd};
	const struct feed *feed = w->journal->feed;
	char path[4096], pid[16], mode[32], settings[MONITOR_FEED_SIZE], id[JOURNAL_ID_MAX + 1],
		instance[JOURNAL_INSTANCE_LEN + 1];
	char *const argv[] = {(char *)MONITOR_PROGRAM, id,  instance, pid, mode, settings,
			      (char *)w->exec_id,      NULL};
	char *const envp[] = {failpoint(), NULL};
	int r;

	memcpy(sources + MONITOR_FD_USAGE - MONITOR_FD_JOURNAL, w->usage_fds, sizeof(w->usage_fds));
	(void)snprintf(id, sizeof(id), "%s", w->journal->id);
	(void)snprintf(instance, sizeof(instance), "%s", w->journal->instance);
	(void)snprintf(pid, sizeof(pid), "%d", w->pid);
	sources[MONITOR_FD_FEED - MONITOR_FD_JOURNAL] = feed ? feed->dirfd : -EBADF;
	sources[MONITOR_FD_PENDING - MONITOR_FD_JOURNAL] = feed ? feed->pending.fd : -EBADF;
	monitor_feed_print(feed ? &feed->settings : NULL, settings);
	describe_mode(&w->exits, mode, sizeof(mode));
	r = program_path(path, sizeof(path));
	if (r < 0)
		return error_sys_num(err, r, "%s", path);
	r = lay_out(sources, ARRAY_SIZE(sources));
	if (r < 0)
		return error_sys_num(err, r, "hand descriptors to " MONITOR_PROGRAM);
	keep_from_oom_killer();
	(void)execve(path, argv, envp);
	return error_sys(err, "exec %s", path);
}
