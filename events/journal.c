/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending to a log: lock, catch up with what others wrote, one write(2), fdatasync. Beginning a
 * log is create.c.
 */
#include "events/journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "events/feed.h"
#include "events/journal_file.h"
#include "events/line.h"

/* Kept free for `started`, `exited`, `failed` and `deleted` when everything else is refused. */
#define RESERVE_LAST 8192

#define TIMESTAMP_SIZE 31

static void note(struct journal *j, enum event_type type, uint64_t seq)
{
	if (seq > j->seq)
		j->seq = seq;
	if (type == EVENT_TYPES)
		return;
	j->seen |= 1U << type;
	if (type == EVENT_PAUSED || type == EVENT_RESUMED)
		j->paused = type == EVENT_PAUSED;
}

static void note_oom(struct journal *j, struct span line)
{
	struct span value;
	uint64_t total;

	if (scan_member(line, "oomKillTotal", &value) && scan_uint(value, &total) == 0)
		j->oom_total = total;
}

/* A line that is none of this instance counts for nothing; readers report it. */
static void note_line(struct journal *j, const char *text, size_t length)
{
	enum event_type type;
	struct line line;

	if (!line_parse(text, length, &line)) {
		j->newer = j->newer || line_version(text, length) > 0;
		return;
	}
	if (line.id.length != strlen(j->id) || memcmp(line.id.at, j->id, line.id.length) != 0)
		return;
	if (!j->instance[0]) {
		memcpy(j->instance, line.instance.at, JOURNAL_INSTANCE_LEN);
		j->instance[JOURNAL_INSTANCE_LEN] = '\0';
	}
	if (memcmp(line.instance.at, j->instance, JOURNAL_INSTANCE_LEN) != 0)
		return;
	/* Nobody of our version writes behind a newer line: that one was a bit that flipped. */
	j->newer = false;
	type = event_type_parse(line.type.at, line.type.length);
	note(j, type, line.seq);
	if (type == EVENT_STARTED && line.timestamp.length < sizeof(j->started_at)) {
		memcpy(j->started_at, line.timestamp.at, line.timestamp.length);
		j->started_at[line.timestamp.length] = '\0';
	}
	if (type == EVENT_OOM)
		note_oom(j, line.whole);
}

/*
 * Take all whole lines of @buffer; returns how much that was. @oversized: the first one began
 * before the buffer, which no line of ours does.
 */
static size_t take_lines(struct journal *j, const char *buffer, size_t length, bool *oversized)
{
	size_t used = 0;

	while (used < length) {
		const char *end = memchr(buffer + used, '\n', length - used);

		if (!end)
			break;
		if (!*oversized)
			note_line(j, buffer + used, (size_t)(end - buffer) - used);
		*oversized = false;
		used = (size_t)(end - buffer) + 1;
	}
	return used;
}

static ssize_t read_at(int fd, char *buffer, size_t size, off_t offset)
{
	ssize_t n;

	do
		n = pread(fd, buffer, size, offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/*
 * Read up to the last LF; j->offset is where the next line begins. Returns how many bytes of an
 * unfinished line follow, or a negative errno.
 */
static ssize_t catch_up(struct journal *j)
{
	char buffer[2 * JOURNAL_LINE_MAX];
	off_t offset = j->offset;
	bool oversized = false;

	for (;;) {
		ssize_t n = read_at(j->fd, buffer, sizeof(buffer), offset);
		size_t used;

		if (n <= 0)
			return n < 0 ? n : (ssize_t)(offset - j->offset);
		used = take_lines(j, buffer, (size_t)n, &oversized);
		if (used > 0) {
			offset += (off_t)used;
			j->offset = offset;
		} else if ((size_t)n == sizeof(buffer)) {
			oversized = true;
			offset += n;
		} else {
			return (ssize_t)(offset - j->offset) + n;
		}
	}
}

static int write_once(int fd, const char *text, size_t length)
{
	ssize_t n;

	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	/* EBADF: opened for reading only, see journal_open. */
	if (n < 0)
		return errno == EBADF ? -EROFS : -errno;
	/* Only a file system or a limit that is full cuts a write to a regular file. */
	return (size_t)n == length ? 0 : -ENOSPC;
}

/* Catch up, and give an unfinished last line its LF: where that fails j->torn says so. */
static int repair(struct journal *j)
{
	ssize_t tail = catch_up(j);
	int r = 0;

	if (tail >= 0 && j->newer)
		return -ENOTSUP;
	if (tail > 0) {
		r = write_once(j->fd, "\n", 1);
		tail = catch_up(j);
	}
	j->torn = tail > 0;
	return tail < 0 ? (int)tail : r;
}

static int attach(struct journal *j, int fd, const char *id, const char *instance)
{
	if (!line_id_ok(id, strlen(id)) ||
	    (instance && !line_instance_ok(instance, strlen(instance))))
		return -EINVAL;
	memset(j, 0, sizeof(*j));
	j->fd = fd;
	memcpy(j->id, id, strlen(id) + 1);
	if (instance)
		memcpy(j->instance, instance, JOURNAL_INSTANCE_LEN + 1);
	return 0;
}

int journal_attach(struct journal *j, int fd, const char *id, const char *instance)
{
	return attach(j, fd, id, instance);
}

static int open_checked(struct journal *j, int fd, const char *id, const char *instance)
{
	char found[JOURNAL_INSTANCE_LEN + 1];
	int r = journal_file_check(fd);

	if (r < 0)
		return r;
	/* A log that has no line yet is that of a create under way. */
	r = line_first_instance(fd, found);
	if (r < 0 && r != -ENODATA)
		return r;
	if (r == 0 && instance && strcmp(found, instance) != 0)
		return -ESTALE;
	return attach(j, fd, id, instance);
}

int journal_open(struct journal *j, int dirfd, const char *id, const char *instance)
{
	char name[JOURNAL_NAME_SIZE];
	int fd, r;

	if (!line_id_ok(id, strlen(id)))
		return -EINVAL;
	journal_file_name(name, id, NULL);
	/* O_NONBLOCK: a FIFO in its place must not hold us up. */
	fd = openat(dirfd, name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	/* What was recorded before the file system became read-only can still be told. */
	if (fd < 0 && errno == EROFS)
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = open_checked(j, fd, id, instance);
	if (r < 0)
		(void)close(fd);
	return r;
}

void journal_close(struct journal *j)
{
	if (j->fd >= 0)
		(void)close(j->fd);
	j->fd = -EBADF;
}

int journal_lock(struct journal *j)
{
	int r;

	j->written = false;
	while (flock(j->fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	r = repair(j);
	/* Where nothing can be written, reading is all there is to do. */
	if (r < 0 && j->torn)
		return 0;
	if (r < 0)
		journal_unlock(j);
	return r;
}

void journal_unlock(struct journal *j)
{
	(void)flock(j->fd, LOCK_UN);
}

static void put_number(char *out, int width, long value)
{
	while (width-- > 0) {
		out[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* The civil date of a day since 1970-01-01: eras of 400 years that begin on 1 March. */
static void put_date(char *out, long days)
{
	long z = days + 719468, era = z / 146097, day_of_era = z % 146097;
	long year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	long month = (5 * day_of_year + 2) / 153; /* 0: March */
	long year = year_of_era + era * 400 + (month >= 10 ? 1 : 0);

	put_number(out, 4, year);
	put_number(out + 5, 2, month < 10 ? month + 3 : month - 9);
	put_number(out + 8, 2, day_of_year - (153 * month + 2) / 5 + 1);
}

void journal_timestamp(const struct timespec *time, char out[TIMESTAMP_SIZE])
{
	/* A clock before 1970 is a clock that was never set. */
	long seconds = time->tv_sec > 0 ? (long)time->tv_sec : 0;

	memcpy(out, "0000-00-00T00:00:00.000000000Z", TIMESTAMP_SIZE);
	put_date(out, seconds / 86400);
	seconds %= 86400;
	put_number(out + 11, 2, seconds / 3600);
	put_number(out + 14, 2, seconds / 60 % 60);
	put_number(out + 17, 2, seconds % 60);
	put_number(out + 20, 9, time->tv_nsec);
}

static void add_fixed(struct event_members *line, const struct journal *j, enum event_type type)
{
	char timestamp[TIMESTAMP_SIZE];
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	journal_timestamp(&now, timestamp);
	members_add_uint(line, "v", 1);
	members_add_string(line, "type", event_type_name(type));
	members_add_string(line, "id", j->id);
	members_add_string(line, "instance", j->instance);
	members_add_uint(line, "seq", j->seq + 1);
	members_add_string(line, "timestamp", timestamp);
}

/* The whole line in line->text; returns its length. Its room was set aside by MEMBERS_LENGTH_MAX.
 */
static size_t build_line(struct event_members *line, const struct journal *j, enum event_type type,
			 const struct event_members *members)
{
	members_init(line);
	add_fixed(line, j, type);
	memmove(line->text + 1, line->text, line->length);
	line->text[0] = '{';
	line->length++;
	if (members && members->length > 0) {
		line->text[line->length++] = ',';
		memcpy(line->text + line->length, members->text, members->length);
		line->length += members->length;
	}
	line->text[line->length++] = '}';
	line->text[line->length++] = '\n';
	return line->length;
}

static bool must_be_told(enum event_type type)
{
	return type == EVENT_STARTED || type == EVENT_EXITED || type == EVENT_FAILED ||
	       type == EVENT_DELETED;
}

/*
 * When a line comes near the end of a reserved piece, reserve the next one. On a full disk what is
 * left stays for the lines that must be told.
 */
static int keep_reserve(const struct journal *j, enum event_type type, size_t length)
{
	off_t now = (j->offset + RESERVE_LAST) / JOURNAL_RESERVE;
	off_t then = (j->offset + RESERVE_LAST + (off_t)length) / JOURNAL_RESERVE;
	int r;

	if (now == then)
		return 0;
	r = journal_file_reserve(j->fd, then * JOURNAL_RESERVE);
	return r < 0 && !must_be_told(type) ? r : 0;
}

/* Truncating to the size it has gives back what was reserved beyond; nobody appends after this. */
static void release_reserve(const struct journal *j)
{
	struct stat st;

	if (fstat(j->fd, &st) == 0 && st.st_size == j->offset)
		(void)!ftruncate(j->fd, st.st_size); /* only space is lost */
}

/* pwrite would append as well, as long as the descriptor says so. */
static int write_in_place(const struct journal *j)
{
	int flags = fcntl(j->fd, F_GETFL);
	ssize_t n;

	if (flags < 0 || fcntl(j->fd, F_SETFL, flags & ~O_APPEND) < 0)
		return -errno;
	n = pwrite(j->fd, j->unsynced, j->unsynced_length, j->unsynced_offset);
	if (n < 0)
		n = -errno;
	if (fcntl(j->fd, F_SETFL, flags) < 0)
		return -errno;
	return n < 0 ? (int)n : (size_t)n == j->unsynced_length ? 0 : -EIO;
}

int journal_sync(struct journal *j)
{
	int r;

	if (j->unsynced_length == 0)
		return 0;
	r = write_in_place(j);
	if (r == 0)
		r = journal_file_sync(j->fd);
	if (r == 0)
		j->unsynced_length = 0;
	return r;
}

int journal_confirm(struct journal *j)
{
	size_t size = j->offset < JOURNAL_LINE_MAX ? (size_t)j->offset : JOURNAL_LINE_MAX;
	off_t begin = j->offset - (off_t)size;
	ssize_t n = read_at(j->fd, j->unsynced, size, begin);

	if (n != (ssize_t)size)
		return n < 0 ? (int)n : -EIO;
	/* From the beginning of a line or before it: what is more does no harm. */
	j->unsynced_offset = begin;
	j->unsynced_length = size;
	return journal_sync(j);
}

/* The line just written, together with one before it that is not on disk yet. */
static int sync_line(struct journal *j, const char *text, size_t length)
{
	off_t offset = j->offset - (off_t)length;
	bool follows = j->unsynced_length > 0 &&
		       j->unsynced_offset + (off_t)j->unsynced_length == offset &&
		       j->unsynced_length + length <= sizeof(j->unsynced);

	if (j->unsynced_length == 0 && journal_file_sync(j->fd) == 0)
		return 0;
	if (!follows) {
		j->unsynced_offset = offset;
		j->unsynced_length = 0;
	}
	memcpy(j->unsynced + j->unsynced_length, text, length);
	j->unsynced_length += length;
	return journal_sync(j);
}

int journal_append(struct journal *j, enum event_type type, const struct event_members *members)
{
	struct event_members line;
	size_t length;
	int r;

	j->written = false;
	if (type >= EVENT_TYPES || !j->instance[0])
		return -EINVAL;
	if (members && (members->overflow || members->depth > 0))
		return -EMSGSIZE;
	r = j->torn ? repair(j) : 0;
	if (r < 0)
		return r;
	length = build_line(&line, j, type, members);
	r = keep_reserve(j, type, length);
	if (r < 0)
		return r;
	if (j->feed)
		feed_begin(j->feed, j->fd, j->instance, j->seq + 1);
	r = write_once(j->fd, line.text, length);
	if (r < 0) {
		if (j->feed)
			feed_cancel(j->feed);
		/* Whether something was written, repair() will see. */
		j->torn = true;
		return r;
	}
	j->offset += (off_t)length;
	j->written = true;
	note_line(j, line.text, length - 1);
	r = sync_line(j, line.text, length);
	if (j->feed)
		feed_end(j->feed, j->fd, j->instance, line.text, length);
	if (r == 0 && type == EVENT_DELETED)
		release_reserve(j);
	return r;
}
