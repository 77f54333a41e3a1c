/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waking up when a log grows. One epoll descriptor holds one inotify descriptor and the pidfds;
 * where a log cannot be watched, a timer takes over, slow when nothing happens and fast when
 * something just did. With OCIRUN_EVENTS_POLLING, or elsewhere than on Linux, only the timer
 * exists.
 */
#include "events/directory.h"
#include "events/feed_reader.h"
#include "events/log.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define POLL_FAST_MS 1
#define POLL_SLOW_MS 100

struct ocirun_watch {
	int epoll_fd, inotify_fd; /* -1: none */
	unsigned int flags;
	unsigned int timed; /* logs that the timer covers */
	struct ocirun_directory *directories;
	struct ocirun_feed *feeds;
	int interval_ms;
};

static void set_timed(struct ocirun_log *log, bool timed)
{
	if (timed && !log->timed)
		log->watch->timed++;
	if (!timed && log->timed)
		log->watch->timed--;
	log->timed = timed;
}

#if defined(__linux__) && !defined(OCIRUN_EVENTS_POLLING)

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/vfs.h>

/* File systems that other machines, or a server process, write to without inotify's knowledge. */
static bool changes_unseen(int fd)
{
	static const uint32_t magic[] = {
		0x00006969, /* NFS */
		0x0000517b, /* SMB */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB2 */
		0x01021997, /* 9P */
		0x65735546, /* FUSE */
		0x00c36400, /* Ceph */
		0x5346414f, /* AFS */
		0x0bd00bd0, /* Lustre */
		0x01161970, /* GFS2 */
		0x7461636f, /* OCFS2 */
	};
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return false;
	for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++) {
		if ((uint32_t)st.f_type == magic[i])
			return true;
	}
	return false;
}

/* @log: NULL for inotify. */
static bool add_to_epoll(struct ocirun_watch *watch, int fd, uint32_t events,
			 struct ocirun_log *log)
{
	struct epoll_event e = {.events = events, .data.ptr = log};

	return epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

static int open_descriptors(struct ocirun_watch *watch)
{
	watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (watch->epoll_fd < 0)
		return -errno;
	/* max_user_instances is 128 by default: running out of them is an everyday thing. */
	if (watch->flags == 0)
		watch->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->inotify_fd >= 0)
		(void)add_to_epoll(watch, watch->inotify_fd, EPOLLIN, NULL);
	return 0;
}

/* By descriptor: the log stays watched whatever its name becomes. IN_ATTRIB tells of its removal.
 */
static int watch_file(struct ocirun_watch *watch, int fd)
{
	char path[40];

	if (watch->inotify_fd < 0 || changes_unseen(fd))
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(watch->inotify_fd, path, IN_MODIFY | IN_ATTRIB);
}

/* By name: what matters is the directory that others find there. */
static int watch_path(struct ocirun_watch *watch, const char *path)
{
	int fd, descriptor = -1;

	if (watch->inotify_fd < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!changes_unseen(fd))
		descriptor = inotify_add_watch(watch->inotify_fd, path,
					       IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF |
						       IN_MOVE_SELF | IN_ONLYDIR);
	(void)close(fd);
	return descriptor;
}

static void unwatch_file(struct ocirun_watch *watch, int descriptor)
{
	(void)inotify_rm_watch(watch->inotify_fd, descriptor);
}

static void take_event(struct ocirun_watch *watch, const struct inotify_event *e)
{
	bool overflow = e->mask & IN_Q_OVERFLOW, ignored = e->mask & IN_IGNORED;

	for (struct ocirun_directory *d = watch->directories; d; d = d->next) {
		if (e->wd == d->watch_descriptor || overflow)
			d->changed = true;
		if (e->wd == d->watch_descriptor && ignored)
			d->watch_descriptor = -1;
	}
	for (struct ocirun_feed *f = watch->feeds; f; f = f->next) {
		if (e->wd == f->directory_descriptor || overflow)
			f->changed = true;
		if (e->wd == f->directory_descriptor && ignored)
			f->directory_descriptor = -1;
	}
}

/* Which log it was does not matter, nor which file is new: all are looked at. */
static void take_events(struct ocirun_watch *watch, const char *buffer, size_t length)
{
	const struct inotify_event *e;

	for (size_t at = 0; at < length; at += sizeof(*e) + e->len) {
		e = (const struct inotify_event *)(const void *)(buffer + at);
		take_event(watch, e);
	}
}

static void drain(struct ocirun_watch *watch)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct epoll_event events[16];
	ssize_t n;
	int count;

	while (watch->inotify_fd >= 0 && (n = read(watch->inotify_fd, buffer, sizeof(buffer))) > 0)
		take_events(watch, buffer, (size_t)n);
	/* Edges of pidfds are taken by asking for them. After one, `exited` is about to come. */
	do {
		count = epoll_wait(watch->epoll_fd, events, 16, 0);
		for (int i = 0; i < count; i++) {
			struct ocirun_log *log = events[i].data.ptr;

			if (!log)
				continue;
			log->pidfd_quiet = false;
			if (watch->flags & OCIRUN_WATCH_EXIT)
				set_timed(log, true);
		}
	} while (count == 16);
}

void watch_pidfd(struct ocirun_log *log)
{
	/* Readable for ever once it is: two edges, at the exit and at the reap. */
	bool added = add_to_epoll(log->watch, log->pidfd, EPOLLIN | EPOLLET, log);

	log->pidfd_quiet = added;
	if (added && (log->watch->flags & OCIRUN_WATCH_EXIT))
		set_timed(log, false);
}

#else

static int open_descriptors(struct ocirun_watch *watch)
{
	(void)watch;
	return 0;
}

static int watch_file(struct ocirun_watch *watch, int fd)
{
	(void)watch;
	(void)fd;
	return -1;
}

static int watch_path(struct ocirun_watch *watch, const char *path)
{
	(void)watch;
	(void)path;
	return -1;
}

static void unwatch_file(struct ocirun_watch *watch, int descriptor)
{
	(void)watch;
	(void)descriptor;
}

static void drain(struct ocirun_watch *watch)
{
	(void)watch;
}

void watch_pidfd(struct ocirun_log *log)
{
	(void)log;
}

#endif

int ocirun_watch_new(struct ocirun_watch **ret, unsigned int flags)
{
	struct ocirun_watch *watch;
	int r;

	if (flags & ~(OCIRUN_WATCH_POLL | OCIRUN_WATCH_EXIT))
		return -EINVAL;
	watch = malloc(sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	*watch = (struct ocirun_watch){
		.epoll_fd = -1, .inotify_fd = -1, .flags = flags, .interval_ms = POLL_FAST_MS};
	r = open_descriptors(watch);
	if (r < 0) {
		free(watch);
		return r;
	}
	*ret = watch;
	return 0;
}

void ocirun_watch_free(struct ocirun_watch *watch)
{
	if (!watch)
		return;
	if (watch->inotify_fd >= 0)
		(void)close(watch->inotify_fd);
	if (watch->epoll_fd >= 0)
		(void)close(watch->epoll_fd);
	free(watch);
}

int ocirun_watch_add(struct ocirun_watch *watch, struct ocirun_log *log)
{
	if (log->watch)
		return -EBUSY;
	log->watch = watch;
	log->watch_descriptor = watch_file(watch, log->fd);
	set_timed(log, log->watch_descriptor < 0);
	witness_begin(log);
	return 0;
}

void watch_remove(struct ocirun_watch *watch, struct ocirun_log *log)
{
	if (log->watch_descriptor >= 0)
		unwatch_file(watch, log->watch_descriptor);
	set_timed(log, false);
	log->pidfd_quiet = false;
	log->watch = NULL;
}

int ocirun_watch_add_directory(struct ocirun_watch *watch, struct ocirun_directory *d)
{
	if (d->watch)
		return -EBUSY;
	d->watch = watch;
	d->next = watch->directories;
	watch->directories = d;
	d->changed = true; /* watched from the next pass on */
	return 0;
}

/* A directory that is not there yet, or was replaced, gets its watch as soon as that is seen. */
void watch_directory(struct ocirun_watch *watch, struct ocirun_directory *d)
{
	int old = d->watch_descriptor;

	d->watch_descriptor = watch_path(watch, d->path);
	if (old >= 0 && old != d->watch_descriptor)
		unwatch_file(watch, old);
}

void watch_remove_directory(struct ocirun_watch *watch, struct ocirun_directory *d)
{
	struct ocirun_directory **link = &watch->directories;

	while (*link != d)
		link = &(*link)->next;
	*link = d->next;
	if (d->watch_descriptor >= 0)
		unwatch_file(watch, d->watch_descriptor);
	d->watch = NULL;
}

int ocirun_watch_add_feed(struct ocirun_watch *watch, struct ocirun_feed *feed)
{
	if (feed->watch)
		return -EBUSY;
	feed->watch = watch;
	feed->next = watch->feeds;
	watch->feeds = feed;
	feed->changed = true;
	watch_feed_file(feed);
	return 0;
}

static void replace_descriptor(struct ocirun_watch *watch, int *descriptor, int new)
{
	int old = *descriptor;

	*descriptor = new;
	if (old >= 0 && old != new)
		unwatch_file(watch, old);
}

/* The directory may come later, or be replaced by another one. */
void watch_feed(struct ocirun_feed *feed)
{
	if (!feed->changed)
		return;
	feed->changed = false;
	replace_descriptor(feed->watch, &feed->directory_descriptor,
			   watch_path(feed->watch, feed->path));
}

void watch_feed_file(struct ocirun_feed *feed)
{
	int descriptor = -1;

	if (feed->chain.count > 0)
		descriptor = watch_file(feed->watch, feed->chain.fds[0]);
	replace_descriptor(feed->watch, &feed->file_descriptor, descriptor);
}

void watch_remove_feed(struct ocirun_feed *feed)
{
	struct ocirun_feed **link = &feed->watch->feeds;

	while (*link != feed)
		link = &(*link)->next;
	*link = feed->next;
	replace_descriptor(feed->watch, &feed->directory_descriptor, -1);
	replace_descriptor(feed->watch, &feed->file_descriptor, -1);
	feed->watch = NULL;
}

/* Without a file, the directory tells of the first one. */
static bool is_timed(const struct ocirun_feed *feed)
{
	return feed->directory_descriptor < 0 ||
	       (feed->chain.count > 0 && feed->file_descriptor < 0);
}

int ocirun_watch_fd(const struct ocirun_watch *watch)
{
	return watch->epoll_fd;
}

int ocirun_watch_timeout_ms(const struct ocirun_watch *watch)
{
	for (const struct ocirun_directory *d = watch->directories; d; d = d->next)
		if (d->watch_descriptor < 0 || d->changed)
			return watch->interval_ms;
	for (const struct ocirun_feed *f = watch->feeds; f; f = f->next)
		if (is_timed(f))
			return watch->interval_ms;
	return watch->timed > 0 ? watch->interval_ms : -1;
}

static void grow_interval(struct ocirun_watch *watch)
{
	int doubled = 2 * watch->interval_ms;

	watch->interval_ms = doubled > POLL_SLOW_MS ? POLL_SLOW_MS : doubled;
}

void ocirun_watch_clear(struct ocirun_watch *watch)
{
	struct pollfd p = {.fd = watch->epoll_fd, .events = POLLIN};

	/* An init that ended means that `exited` is about to come. */
	if (poll(&p, 1, 0) > 0)
		watch->interval_ms = POLL_FAST_MS;
	else
		grow_interval(watch);
	drain(watch);
	for (struct ocirun_directory *d = watch->directories; d; d = d->next)
		if (d->watch_descriptor < 0)
			d->changed = true;
	for (struct ocirun_feed *f = watch->feeds; f; f = f->next)
		if (f->directory_descriptor < 0)
			f->changed = true;
}

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* With only the timer: is there anything? Without, every return of poll says so. */
int ocirun_watch_wait(struct ocirun_watch *watch, int timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
	struct pollfd p = {.fd = watch->epoll_fd, .events = POLLIN};
	int own = ocirun_watch_timeout_ms(watch), limit = timeout_ms, n;

	if (own >= 0 && (limit < 0 || own < limit))
		limit = own;
	n = poll(&p, 1, limit);
	if (n < 0)
		return -errno;
	ocirun_watch_clear(watch);
	return n > 0 || now_ms() < deadline ? 1 : 0;
}
