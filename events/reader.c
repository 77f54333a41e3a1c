/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a log line by line: what is whole is returned, what is not is reported. */
#include "events/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int damaged(struct ocirun_damage *ret, enum ocirun_damage_kind kind, uint64_t offset,
		   uint64_t length)
{
	*ret = (struct ocirun_damage){.kind = kind, .offset = offset, .length = length};
	return OCIRUN_DAMAGED;
}

/* Nothing more to read: is that because somebody cut or removed the file? */
static int at_end(struct ocirun_log *log, struct ocirun_damage *ret_damage)
{
	uint64_t offset = log->lines.offset;
	struct stat st;
	int status;

	if (fstat(log->fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < offset) {
		lines_seek(&log->lines, (uint64_t)st.st_size);
		return damaged(ret_damage, OCIRUN_DAMAGE_SHRUNK, log->lines.offset,
			       offset - log->lines.offset);
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

/* Lines are missing before this one, or it was there already. */
static int out_of_order(struct ocirun_log *log, const struct piece *piece, uint64_t seq,
			struct ocirun_damage *ret_damage)
{
	bool gap = seq > log->seq + 1;

	(void)damaged(ret_damage, gap ? OCIRUN_DAMAGE_GAP : OCIRUN_DAMAGE_REPEATED, piece->offset,
		      piece->size);
	ret_damage->expected = log->seq + 1;
	ret_damage->found = seq;
	log->gap_told = gap;
	if (!gap)
		lines_take(&log->lines, piece);
	return OCIRUN_DAMAGED;
}

static int bad_line(struct ocirun_log *log, const struct piece *piece,
		    struct ocirun_damage *ret_damage)
{
	uint64_t version = piece->text ? line_version(piece->text, piece->length) : 0;

	lines_take(&log->lines, piece);
	(void)damaged(ret_damage, version ? OCIRUN_DAMAGE_NEWER : OCIRUN_DAMAGE_LINE, piece->offset,
		      piece->size);
	ret_damage->expected = version ? LINE_VERSION : 0;
	ret_damage->found = version;
	return OCIRUN_DAMAGED;
}

static int take_line(struct ocirun_log *log, const struct piece *piece,
		     struct ocirun_event *ret_event, struct ocirun_damage *ret_damage)
{
	struct line line;

	if (!piece->text || !line_parse(piece->text, piece->length, &line))
		return bad_line(log, piece, ret_damage);
	if (!is_ours(log, &line)) {
		lines_take(&log->lines, piece);
		return damaged(ret_damage, OCIRUN_DAMAGE_FOREIGN, piece->offset, piece->size);
	}
	if (line.seq != log->seq + 1 && !log->gap_told)
		return out_of_order(log, piece, line.seq, ret_damage);
	piece->text[piece->length] = '\0';
	lines_take(&log->lines, piece);
	fill_event(log, &line, ret_event);
	note(log, ret_event);
	return OCIRUN_EVENT;
}

int ocirun_log_next(struct ocirun_log *log, struct ocirun_event *ret_event,
		    struct ocirun_damage *ret_damage)
{
	struct piece piece;
	int r = lines_look(&log->lines, log->fd, &piece);

	if (r < 0)
		return r;
	return r > 0 ? take_line(log, &piece, ret_event, ret_damage) : at_end(log, ret_damage);
}

bool ocirun_log_is_over(const struct ocirun_log *log)
{
	return log->over;
}

int ocirun_log_unfinished(const struct ocirun_log *log, uint64_t *ret)
{
	uint64_t read = log->lines.offset - log->lines.garbage;
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

void ocirun_log_close_file(struct ocirun_log *log)
{
	lines_seek(&log->lines, 0);
	if (log->fd >= 0)
		(void)close(log->fd);
	log->fd = -1;
}

void ocirun_log_close(struct ocirun_log *log)
{
	if (!log)
		return;
	if (log->watch)
		watch_remove(log->watch, log);
	ocirun_log_close_file(log);
	if (log->pidfd >= 0)
		(void)close(log->pidfd);
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
	case OCIRUN_DAMAGE_NEWER:
		(void)snprintf(buffer, size,
			       "the line at offset %llu is of version %llu, newer than %llu",
			       offset, found, expected);
		return;
	case OCIRUN_DAMAGE_SHRUNK:
		(void)snprintf(buffer, size, "the file was cut by %llu bytes", length);
		return;
	case OCIRUN_DAMAGE_LOST:
		(void)snprintf(buffer, size,
			       "files were removed before they were read: events may be missing");
		return;
	}
	(void)snprintf(buffer, size, "damage of an unknown kind");
}
