/* SPDX-License-Identifier: Apache-2.0 */
/* Listening to the process connector. After exit_netlink_aim: no heap, no call but recv and poll.
 */
#include "monitor/exit_netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/kernel_lacks.h"
#include "monitor/exit_zombie.h"

/* The thread tells of its end after it has woken us; a busy host, or a cgroup out of CPU time, may
 * keep it from that for a while. */
#define TOLD_WITHIN_MS 5000
/* Where threads could not be counted: nothing more was told for so long. */
#define QUIET_MS 200
/* A process of ten thousand threads may end at once. Memory is taken only for what is queued. */
#define QUEUE_BYTES  (8 * 1024 * 1024)
#define COUNT_TRIALS 16

/* One message. The event begins at no multiple of 8, so it is copied. */
#define EVENT_AT   (NLMSG_HDRLEN + sizeof(struct cn_msg))
#define EVENT_WHAT (EVENT_AT + offsetof(struct proc_event, what))
#define EXIT_TGID  (EVENT_AT + offsetof(struct proc_event, event_data.exit.process_tgid))
#define FORK_TGID  (EVENT_AT + offsetof(struct proc_event, event_data.fork.child_tgid))
#define EVENT_MIN  (EVENT_AT + offsetof(struct proc_event, event_data) + 16)

/* ---- what is heard ---- */

static int set_filter(int fd, const struct sock_filter *code, unsigned short length)
{
	const struct sock_fprog program = {.len = length, .filter = (struct sock_filter *)code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

/* A filter reads as from the wire: the highest byte first. */
#define LOAD(offset)	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl((uint32_t)(value)), 0, skip)
#define HEAR		    BPF_STMT(BPF_RET | BPF_K, 0xffffffff)
#define DROP		    BPF_STMT(BPF_RET | BPF_K, 0)

static int hear_answers(int fd)
{
	const struct sock_filter code[] = {
		LOAD(EVENT_WHAT),
		UNLESS(PROC_EVENT_NONE, 1),
		HEAR,
		DROP,
	};

	return set_filter(fd, code, ARRAY_SIZE(code));
}

static int hear_nothing(int fd)
{
	const struct sock_filter code[] = {DROP};

	return set_filter(fd, code, ARRAY_SIZE(code));
}

/* The beginning and the end of its threads. */
static int hear_process(int fd, pid_t pid)
{
	const struct sock_filter code[] = {
		LOAD(EVENT_WHAT),
		UNLESS(PROC_EVENT_EXIT, 3),
		LOAD(EXIT_TGID),
		UNLESS(pid, 5),
		HEAR,
		UNLESS(PROC_EVENT_FORK, 3),
		LOAD(FORK_TGID),
		UNLESS(pid, 1),
		HEAR,
		DROP,
	};

	return set_filter(fd, code, ARRAY_SIZE(code));
}

/* ---- listening ---- */

static ssize_t receive(int fd, void *buffer, size_t size)
{
	struct sockaddr_nl from = {0};
	socklen_t length = sizeof(from);
	ssize_t n;

	do {
		length = sizeof(from);
		n = recvfrom(fd, buffer, size, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
		/* Any process may send to us; only the kernel has no port. */
	} while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid != 0));
	return n < 0 ? -errno : n;
}

/* Header, connector message, operation: the second ends in an array, so no struct can hold all. */
static int request(int fd, uint32_t mark)
{
	const uint32_t operation = PROC_CN_MCAST_LISTEN;
	const struct cn_msg connector = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC},
					 .ack = mark,
					 .len = sizeof(operation)};
	const struct nlmsghdr header = {.nlmsg_len = EVENT_AT + sizeof(operation),
					.nlmsg_type = NLMSG_DONE};
	char datagram[EVENT_AT + sizeof(operation)];

	memcpy(datagram, &header, sizeof(header));
	memcpy(datagram + NLMSG_HDRLEN, &connector, sizeof(connector));
	memcpy(datagram + EVENT_AT, &operation, sizeof(operation));
	if (send(fd, datagram, sizeof(datagram), 0) < 0)
		return errno == ECONNREFUSED ? -ENOTSUP : -errno;
	return 0;
}

/*
 * The answer is queued before send returns; in another user or pid namespace there is none. All
 * listeners get everybody's answers, so ours is known by the mark that we gave it.
 */
static int take_answer(int fd, uint32_t mark)
{
	char datagram[512];
	ssize_t n;

	while ((n = receive(fd, datagram, sizeof(datagram))) >= 0) {
		struct proc_event event;
		struct cn_msg connector;

		if ((size_t)n < EVENT_MIN)
			continue;
		memcpy(&connector, datagram + NLMSG_HDRLEN, sizeof(connector));
		memcpy(&event, datagram + EVENT_AT, EVENT_MIN - EVENT_AT);
		if (event.what == PROC_EVENT_NONE && connector.ack == mark + 1)
			return -(int)event.event_data.ack.err;
	}
	return n == -EAGAIN ? -ENOTSUP : (int)n;
}

static int subscribe(int fd)
{
	const struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	const int bytes = QUEUE_BYTES;
	uint32_t mark = (uint32_t)getpid();
	int r;

	/* Past the limit for users, where we may; else as much as that is. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	r = hear_answers(fd);
	if (r == 0 && bind(fd, (const struct sockaddr *)&group, sizeof(group)) < 0)
		r = -errno;
	if (r == 0)
		r = request(fd, mark);
	if (r == 0)
		r = take_answer(fd, mark);
	return r < 0 ? r : hear_nothing(fd);
}

int exit_netlink_open(struct error *err)
{
	autofd fd = -EBADF;
	int r = -ENOTSUP;

	if (!kernel_lacks("connector")) {
		fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    NETLINK_CONNECTOR);
		r = fd < 0 ? (errno == EPROTONOSUPPORT ? -ENOTSUP : -errno) : subscribe(fd);
	}
	if (r == -ENOTSUP)
		return error_set(err, ERROR_SYSTEM, ENOTSUP,
				 "the process connector does not answer: it needs a kernel with "
				 "CONFIG_PROC_EVENTS, and the initial user, pid and network "
				 "namespaces");
	if (r < 0)
		return error_sys_num(err, r, "listen to the process connector");
	return take_fd(&fd);
}

int exit_netlink_aim(struct exit_netlink *n, pid_t pid, struct error *err)
{
	int r = hear_process(n->fd, pid);

	n->pid = pid;
	n->threads = 1;
	n->exact = true;
	return r < 0 ? error_sys_num(err, r, "process connector: filter for pid %d", pid) : 0;
}

/* ---- accounting ---- */

static void note_code(struct exit_netlink *n, int code)
{
	if (!n->told)
		n->code = code;
	n->told = true;
	if (code == n->code)
		return;
	/* One that ended by itself, without a code; the process's is the other. */
	n->differs = true;
	if (code != 0 && n->code != 0)
		n->ambiguous = true;
	if (code != 0)
		n->code = code;
}

void exit_netlink_take(struct exit_netlink *n, const void *datagram, size_t length)
{
	struct proc_event event = {0};

	if (length < EVENT_MIN)
		return;
	memcpy(&event, (const char *)datagram + EVENT_AT, EVENT_MIN - EVENT_AT);
	if (event.what == PROC_EVENT_FORK) {
		const struct fork_proc_event *fork = &event.event_data.fork;

		if (fork->child_tgid == n->pid && fork->child_pid != n->pid)
			n->threads++;
	} else if (event.what == PROC_EVENT_EXIT) {
		if (event.event_data.exit.process_tgid != n->pid)
			return;
		n->threads--;
		note_code(n, (int)event.event_data.exit.exit_code);
	}
}

void exit_netlink_alive(struct exit_netlink *n)
{
	n->told = n->differs = n->ambiguous = false;
	n->code = 0;
}

/* Returns whether anything was told. */
static bool drain(struct exit_netlink *n)
{
	bool any = false;
	char datagram[512];
	ssize_t length;

	for (;;) {
		length = receive(n->fd, datagram, sizeof(datagram));
		if (length == -ENOBUFS)
			n->exact = false; /* messages were lost; what is queued is still there */
		else if (length < 0)
			return any;
		any = true;
		if (length > 0)
			exit_netlink_take(n, datagram, (size_t)length);
	}
}

/* The kernel's count fits ours when nothing is told meanwhile. Else the next message tries again.
 */
static void count_threads(struct exit_netlink *n, const struct exit_zombie *z)
{
	for (int i = 0; i < COUNT_TRIALS; i++) {
		int threads = exit_zombie_threads(z);

		if (threads < 0)
			return;
		if (!drain(n)) {
			n->threads = threads;
			return;
		}
	}
}

int exit_netlink_aim_late(struct exit_netlink *n, pid_t pid, const struct exit_zombie *z,
			  struct error *err)
{
	int r = exit_netlink_aim(n, pid, err);

	n->exact = false;
	if (r == 0)
		count_threads(n, z);
	return r;
}

static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

void exit_netlink_read(struct exit_netlink *n, int pidfd, const struct exit_zombie *z)
{
	(void)drain(n);
	/* In this order: what the last thread tells comes after the end that the pidfd shows. */
	if (has_ended(pidfd))
		return;
	exit_netlink_alive(n);
	if (!n->exact || n->threads <= 0) {
		n->exact = false;
		count_threads(n, z);
	}
}

/* ---- the end ---- */

int exit_netlink_verdict(const struct exit_netlink *n, int *ret_status)
{
	bool all_told = n->threads <= 0;

	if (!n->told || n->ambiguous)
		return -ENODATA;
	/* A thread's 0 is the process's only if none is missing. */
	if (n->code == 0 && !all_told)
		return -ENODATA;
	*ret_status = n->code;
	return !n->exact || n->differs || !all_told;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns whether more was told within @ms. */
static bool await_more(struct exit_netlink *n, int64_t ms)
{
	struct pollfd p = {.fd = n->fd, .events = POLLIN};
	int r;

	if (ms <= 0)
		return false;
	r = poll(&p, 1, (int)ms);
	(void)drain(n);
	return r > 0 || (r < 0 && errno == EINTR);
}

int exit_netlink_collect(struct exit_netlink *n, int *ret_status)
{
	int64_t deadline = now_ms() + TOLD_WITHIN_MS;

	(void)drain(n);
	for (;;) {
		bool complete = n->told && n->threads <= 0;
		int64_t left = deadline - now_ms();

		if (complete && n->exact)
			break;
		/* Without a sure count the end is silence, after at least one word. */
		if (!n->exact && n->told && left > QUIET_MS)
			left = QUIET_MS;
		if (!await_more(n, left))
			break;
	}
	return exit_netlink_verdict(n, ret_status);
}
