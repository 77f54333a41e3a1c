/* SPDX-License-Identifier: Apache-2.0 */
/* The file by which sweeps are spread over time: a head of fixed length, and a dot per delete. */
#include "events/sweep_stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAMP_NAME ".swept"
#define HEAD_SIZE  32

/* Of the logs there were; at least one. */
#define DELETES_PER_SWEEP(seen) ((seen) / 8 + 1)

#define INTERVAL_MAX 60 /* seconds */

struct head {
	long long swept;	 /* seconds since the Epoch */
	unsigned long long room; /* deletes until the next sweep */
};

int stamp_open(int dirfd)
{
	int fd = openat(dirfd, STAMP_NAME,
			O_CREAT | O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	(void)close(fd);
	return -EINVAL;
}

/* What is not counted, because a disk is full, is found by the clock. */
void stamp_count(int fd)
{
	(void)write(fd, ".", 1);
}

static bool read_head(int fd, struct head *ret)
{
	char text[HEAD_SIZE + 1] = "";

	return pread(fd, text, HEAD_SIZE, 0) == HEAD_SIZE && text[HEAD_SIZE - 1] == '\n' &&
	       sscanf(text, "%lld %llu", &ret->swept, &ret->room) == 2;
}

static time_t interval(unsigned int age_s)
{
	unsigned int part = age_s / 8;

	if (part < 1)
		return 1;
	return part < INTERVAL_MAX ? (time_t)part : INTERVAL_MAX;
}

bool stamp_is_due(int fd, time_t now, unsigned int age_s)
{
	struct head head;
	struct stat st;

	if (fstat(fd, &st) < 0 || !read_head(fd, &head))
		return true;
	return (unsigned long long)(st.st_size - HEAD_SIZE) >= head.room ||
	       now - head.swept >= interval(age_s) || head.swept > now;
}

/* Written through a descriptor that does not append. */
static bool write_head(int dirfd, const struct head *head)
{
	int fd = openat(dirfd, STAMP_NAME, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[64];
	bool done;

	if (fd < 0)
		return false;
	(void)snprintf(text, sizeof(text), "%-15lld %-15llu\n", head->swept, head->room);
	done = pwrite(fd, text, HEAD_SIZE, 0) == HEAD_SIZE;
	(void)close(fd);
	return done;
}

void stamp_begin(int dirfd, int fd, time_t now)
{
	struct head head = {.room = DELETES_PER_SWEEP(0)};

	(void)read_head(fd, &head);
	head.swept = now;
	(void)ftruncate(fd, HEAD_SIZE);
	(void)write_head(dirfd, &head); /* whoever is killed on the way has not swept every time */
}

bool stamp_end(int dirfd, time_t now, size_t seen)
{
	const struct head head = {.swept = now, .room = DELETES_PER_SWEEP(seen)};

	return write_head(dirfd, &head);
}
