/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a log line by line: what is whole is returned, what is not is reported. */
#include "events/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Several lines at a time, and at least one whole one. */
#define BUFFER_SIZE (4UL * OCIRUN_LINE_MAX)

static void drop_buffer(struct ocirun_log *log)
{
	free(log->buffer);
	log->buffer = NULL;
	log->begin = log->end = 0;
}

/* More bytes behind what is buffered. Returns how many, or a negative errno. */
static ssize_t fill(struct ocirun_log *log)
{
	ssize_t n;

	if (!log->buffer) {
		log->buffer = malloc(BUFFER_SIZE);
		if (!log->buffer)
			return -ENOMEM;
	}
	if (log->begin > 0) {
		memmove(log->buffer, log->buffer + log->begin, log->end - log->begin);
		log->end -= log->begin;
		log->begin = 0;
	}
	do
		n = pread(log->fd, log->buffer + log->end, BUFFER_SIZE - log->end,
			  (off_t)(log->offset + log->end));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	log->end += (size_t)n;
	return n;
}

static void consume(struct ocirun_log *log, size_t length)
{
	log->begin += length;
	log->offset += length;
}

/* The bytes of a line that is too long to be one: remembered by their number only. */
static void consume_garbage(struct ocirun_log *log)
{
	size_t length = log->end - log->begin;

	log->garbage += length;
	consume(log, length);
}

static int damaged(struct ocirun_damage *ret, enum ocirun_damage_kind kind, uint64_t offset,
		   uint64_t length)
{
	*ret = (struct ocirun_damage){.kind = kind, .offset = offset, .length = length};
	return OCIRUN_DAMAGED;
}

/* Nothing more to read: is that because somebody cut or removed the file? */
static int at_end(struct ocirun_log *log, struct ocirun_damage *ret_damage)
{
	uint64_t offset = log->offset;
	struct stat st;
	int status;

	drop_buffer(log);
	if (fstat(log->fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < offset) {
		log->offset = (uint64_t)st.st_size;
		log->garbage = 0;
		return damaged(ret_damage, OCIRUN_DAMAGE_SHRUNK, log->offset, offset - log->offset);
	}
	/* A writer that has it open may still append; without a living init nobody will. */
	if (st.st_nlink == 0 && !log->over &&
	    ocirun_log_witness(log, &status) != OCIRUN_WITNESS_ALIVE)
		return -ESTALE;
	return OCIRUN_NOTHING;
}

static void copy_span(char *out, struct span s)
{
	memcpy(out, s.at, s.length);
	out[s.length] = '\0';
}

static bool span_is(struct span s, const char *text)
{
	return s.length == strlen(text) && memcmp(s.at, text, s.length) == 0;
}

/* The first line tells whose log it is when we were not told. */
static bool is_ours(struct ocirun_log *log, const struct line *line)
{
	if (!log->id[0])
		copy_span(log->id, line->id);
	if (!span_is(line->id, log->id))
		return false;
	if (!log->instance[0])
		copy_span(log->instance, line->instance);
	return span_is(line->instance, log->instance);
}

static void fill_event(struct ocirun_log *log, const struct line *line, struct ocirun_event *ret)
{
	copy_span(log->type, line->type);
	copy_span(log->timestamp, line->timestamp);
	*ret = (struct ocirun_event){
		.type = log->type,
		.id = log->id,
		.instance = log->instance,
		.timestamp = log->timestamp,
		.seq = line->seq,
		.line = line->whole.at,
		.length = line->whole.length,
	};
	/* The shape was checked; a date that does not exist counts as the Epoch. */
	(void)ocirun_time_parse(log->timestamp, &ret->time_ns);
}

/* What later calls need to know of it. */
static void note(struct ocirun_log *log, const struct ocirun_event *event)
{
	log->seq = event->seq;
	log->gap_told = false;
	if (strcmp(event->type, "created") == 0) {
		(void)ocirun_event_int(event, "pid", &log->pid);
		(void)ocirun_event_uint(event, "pidStartTime", &log->pid_start_time);
		(void)ocirun_event_string(event, "bootId", log->boot_id, sizeof(log->boot_id));
		witness_begin(log);
	} else if (strcmp(event->type, "exited") == 0) {
		log->exited = true;
		if (log->pidfd >= 0)
			(void)close(log->pidfd);
		log->pidfd = -1;
	} else if (strcmp(event->type, "deleted") == 0) {
		log->over = true;
	}
}

/* @length: of the line at log->begin, without its LF. */
static int take_line(struct ocirun_log *log, size_t length, struct ocirun_event *ret_event,
		     struct ocirun_damage *ret_damage)
{
	char *text = log->buffer + log->begin;
	uint64_t offset = log->offset, expected = log->seq + 1;
	struct line line;

	if (log->garbage > 0) {
		uint64_t garbage = log->garbage;

		log->garbage = 0;
		consume(log, length + 1);
		return damaged(ret_damage, OCIRUN_DAMAGE_LINE, offset - garbage,
			       garbage + length + 1);
	}
	if (!line_parse(text, length, &line)) {
		consume(log, length + 1);
		return damaged(ret_damage, OCIRUN_DAMAGE_LINE, offset, length + 1);
	}
	if (!is_ours(log, &line)) {
		consume(log, length + 1);
		return damaged(ret_damage, OCIRUN_DAMAGE_FOREIGN, offset, length + 1);
	}
	if (line.seq != expected && !log->gap_told) {
		bool gap = line.seq > expected;

		(void)damaged(ret_damage, gap ? OCIRUN_DAMAGE_GAP : OCIRUN_DAMAGE_REPEATED, offset,
			      length + 1);
		ret_damage->expected = expected;
		ret_damage->found = line.seq;
		log->gap_told = gap;
		if (!gap)
			consume(log, length + 1);
		return OCIRUN_DAMAGED;
	}
	text[length] = '\0';
	consume(log, length + 1);
	fill_event(log, &line, ret_event);
	note(log, ret_event);
	return OCIRUN_EVENT;
}

int ocirun_log_next(struct ocirun_log *log, struct ocirun_event *ret_event,
		    struct ocirun_damage *ret_damage)
{
	for (;;) {
		size_t length = log->end - log->begin;
		char *start = log->buffer ? log->buffer + log->begin : NULL;
		char *end = length > 0 ? memchr(start, '\n', length) : NULL;
		ssize_t n;

		if (end)
			return take_line(log, (size_t)(end - start), ret_event, ret_damage);
		if (length >= BUFFER_SIZE)
			consume_garbage(log);
		n = fill(log);
		if (n < 0) {
			drop_buffer(log);
			return (int)n;
		}
		if (n == 0)
			return at_end(log, ret_damage);
	}
}

bool ocirun_log_is_over(const struct ocirun_log *log)
{
	return log->over;
}

int ocirun_log_unfinished(const struct ocirun_log *log, uint64_t *ret)
{
	uint64_t read = log->offset - log->garbage;
	struct stat st;

	if (fstat(log->fd, &st) < 0)
		return -errno;
	*ret = (uint64_t)st.st_size > read ? (uint64_t)st.st_size - read : 0;
	return 0;
}

const char *ocirun_log_id(const struct ocirun_log *log)
{
	return log->id;
}

const char *ocirun_log_instance(const struct ocirun_log *log)
{
	return log->instance;
}

void ocirun_log_close(struct ocirun_log *log)
{
	if (!log)
		return;
	if (log->watch)
		watch_remove(log->watch, log);
	drop_buffer(log);
	if (log->pidfd >= 0)
		(void)close(log->pidfd);
	(void)close(log->fd);
	free(log);
}

void ocirun_damage_text(const struct ocirun_damage *d, char *buffer, size_t size)
{
	unsigned long long offset = d->offset, length = d->length;
	unsigned long long expected = d->expected, found = d->found;

	switch (d->kind) {
	case OCIRUN_DAMAGE_LINE:
		(void)snprintf(buffer, size, "%llu bytes at offset %llu are no event", length,
			       offset);
		return;
	case OCIRUN_DAMAGE_GAP:
		(void)snprintf(buffer, size, "events are missing: seq %llu follows %llu", found,
			       expected - 1);
		return;
	case OCIRUN_DAMAGE_REPEATED:
		(void)snprintf(buffer, size, "seq %llu again at offset %llu: left out", found,
			       offset);
		return;
	case OCIRUN_DAMAGE_FOREIGN:
		(void)snprintf(buffer, size, "another container's event at offset %llu: left out",
			       offset);
		return;
	case OCIRUN_DAMAGE_SHRUNK:
		(void)snprintf(buffer, size, "the file was cut by %llu bytes", length);
		return;
	}
	(void)snprintf(buffer, size, "damage of an unknown kind");
}
