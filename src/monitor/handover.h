/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a watcher gets its work: ocirun execs the small static program ocirun-monitor with every
 * descriptor at a fixed number, so that the big image, its heap and its libraries are gone while
 * the container runs. This header is the contract between the two.
 *
 * argv: ocirun-monitor ID INSTANCE PID MODE FEED [EXECID], MODE being watch_mode_name's word, and
 * "netlink:THREADS" where a process is taken over that had so many threads just now. FEED is
 * monitor_feed_parse's word. With EXECID it is the observer of an exec's process, and
 * MONITOR_FD_LOCK holds flock(LOCK_SH) on <state>/execs until its last line is written.
 */
#ifndef MONITOR_HANDOVER_H
#define MONITOR_HANDOVER_H

#include "container/container.h"
#include "events/feed.h"
#include "monitor/watch.h"

#define EXECS_LOCK "execs"

enum monitor_fd {
	MONITOR_FD_JOURNAL = 3,
	MONITOR_FD_PIDFD,
	MONITOR_FD_LOCK,    /* holds flock(LOCK_EX) on <state>/monitor */
	MONITOR_FD_STUB,    /* the stub's reports; closed when there is none */
	MONITOR_FD_NETLINK, /* as struct exit_means, from here; closed where not used */
	MONITOR_FD_STAT,
	MONITOR_FD_LINK,
	MONITOR_FD_STATUS,
	MONITOR_FD_FEED, /* its directory, and the intents: as struct feed; closed: there is none */
	MONITOR_FD_PENDING,
	MONITOR_FD_USAGE, /* USAGE_FILES of them; closed where missing */
	MONITOR_FD_END = MONITOR_FD_USAGE + USAGE_FILES,
};

/*
 * monitor_exec - become ocirun-monitor; returns only on failure
 * @lock_fd: monitor_lock's
 * The caller is a process of its own (setsid), wants nothing of its memory any more, and has handed
 * its fds 0-2 to /dev/null already.
 */
int monitor_exec(const struct watch *w, int lock_fd, struct error *err);

/* The settings of the feed, "SIZE:COUNT:MODE" with the mode in octal; "-" where there is no feed.
 */
#define MONITOR_FEED_SIZE 48
void monitor_feed_print(const struct feed_settings *settings, char text[MONITOR_FEED_SIZE]);
bool monitor_feed_parse(const char *text, struct feed_settings *ret);

/* monitor_program_check - is ocirun-monitor where monitor_exec will look for it? Before a create.
 */
int monitor_program_check(struct error *err);

/* monitor_lock - the watcher's lock on @state_dirfd/monitor. Its fd, or -EWOULDBLOCK when one
 * lives. */
int monitor_lock(int state_dirfd, struct error *err);

/* monitor_detach - setsid, /, /dev/null on 0-2, umask, default signals; for the process that
 * becomes one. */
void monitor_detach(void);

#endif
