/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a feed: the files put aside, oldest first, then the current one, and on across its
 * rotation; each line of each container once.
 * Source: doc/events.md, "The feed".
 */
#include "events/feed_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nothing to return yet, but there is more to read. */
#define GO_ON (-EAGAIN)

int ocirun_feed_open(struct ocirun_feed **ret, const char *directory, const char *cursor)
{
	struct ocirun_feed *feed = calloc(1, sizeof(*feed));
	int r;

	if (!feed)
		return -ENOMEM;
	feed->directory_descriptor = feed->file_descriptor = -1;
	feed_seen_init(&feed->seen);
	r = cursor ? feed_place_parse(cursor, &feed->place) : 0;
	feed->to_find = feed->place.first.instance[0] != '\0';
	if (r == 0)
		r = feed_chain_init(&feed->chain, directory);
	if (r == 0 && !(feed->path = strdup(directory)))
		r = -ENOMEM;
	if (r < 0)
		ocirun_feed_close(feed);
	else
		*ret = feed;
	return r;
}

void ocirun_feed_close(struct ocirun_feed *feed)
{
	if (!feed)
		return;
	if (feed->watch)
		watch_remove_feed(feed);
	lines_seek(&feed->lines, 0);
	feed_chain_done(&feed->chain);
	feed_seen_done(&feed->seen);
	free(feed->path);
	free(feed);
}

long ocirun_feed_cursor(const struct ocirun_feed *feed, char *buffer, size_t size)
{
	return feed_place_print(&feed->place, buffer, size);
}

static int damaged(struct ocirun_damage *ret, enum ocirun_damage_kind kind, uint64_t offset,
		   uint64_t length)
{
	*ret = (struct ocirun_damage){.kind = kind, .offset = offset, .length = length};
	return OCIRUN_DAMAGED;
}

/* The file that the cursor names: all up to it is skipped. */
static int find_place(struct ocirun_feed *feed)
{
	struct stat st;
	int fd = feed_chain_find(&feed->chain, feed_place_is_in, &feed->place), r;

	feed->lost = feed->lost || fd == -ENOENT;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = fstat(fd, &st) < 0 ? -errno : 0;
	/* The inode is held by feed->chain, or comes after all that these hold. */
	(void)close(fd);
	feed->skipping = r == 0;
	feed->skip_device = st.st_dev;
	feed->skip_inode = st.st_ino;
	return r;
}

/* Without a file to read, take the oldest. */
static int begin(struct ocirun_feed *feed, struct ocirun_damage *ret_damage)
{
	int r;

	if (feed->watch)
		watch_feed(feed);
	r = feed_chain_begin(&feed->chain);
	if (r <= 0)
		return r;
	if (feed->to_find)
		r = find_place(feed);
	if (r < 0) {
		while (feed->chain.count > 0)
			feed_chain_drop(&feed->chain);
		return r;
	}
	feed->to_find = false;
	if (feed->watch)
		watch_feed_file(feed);
	if (!feed->lost)
		return GO_ON;
	feed->lost = feed->skipping = false;
	feed_seen_lost(&feed->seen);
	return damaged(ret_damage, OCIRUN_DAMAGE_LOST, 0, 0);
}

static void leave_file(struct ocirun_feed *feed)
{
	feed_chain_drop(&feed->chain);
	lines_seek(&feed->lines, 0);
	feed->first = (struct line_name){.seq = 0};
	if (feed->watch)
		watch_feed_file(feed);
}

/* The current file has been read to its end: is it the current one still? */
static int look_for_next(struct ocirun_feed *feed, struct ocirun_damage *ret_damage)
{
	int r, found = 0;

	if (feed->watch)
		watch_feed(feed);
	do {
		r = feed_chain_extend(&feed->chain);
		found += r > 0;
	} while (r > 0);
	if (found > 0)
		return GO_ON; /* to its end once more: the last lines came before it was put aside
			       */
	if (r == -ESTALE) {
		feed->gone = true;
		return GO_ON;
	}
	if (r == 0 && feed->skipping) { /* somebody changed the file meanwhile */
		feed->skipping = false;
		return damaged(ret_damage, OCIRUN_DAMAGE_LOST, 0, 0);
	}
	return r;
}

/* @st: of a file that nobody appends to any more. */
static int finish_file(struct ocirun_feed *feed, const struct stat *st,
		       struct ocirun_damage *ret_damage)
{
	uint64_t offset = feed->lines.offset - feed->lines.garbage, size = (uint64_t)st->st_size;

	if (size > offset) {
		lines_seek(&feed->lines, size);
		if (!feed->skipping)
			return damaged(ret_damage, OCIRUN_DAMAGE_LINE, offset, size - offset);
	}
	feed->lost = feed->lost || feed->gone;
	feed->gone = false;
	leave_file(feed);
	return GO_ON;
}

static int at_end(struct ocirun_feed *feed, struct ocirun_damage *ret_damage)
{
	uint64_t offset = feed->lines.offset;
	bool last = feed->chain.count == 1 && !feed->gone;
	struct stat st;

	if (fstat(feed->chain.fds[0], &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < offset) {
		lines_seek(&feed->lines, (uint64_t)st.st_size);
		return damaged(ret_damage, OCIRUN_DAMAGE_SHRUNK, (uint64_t)st.st_size,
			       offset - (uint64_t)st.st_size);
	}
	return last ? look_for_next(feed, ret_damage) : finish_file(feed, &st, ret_damage);
}

static void copy_span(char *out, struct span s)
{
	memcpy(out, s.at, s.length);
	out[s.length] = '\0';
}

static void set_name(struct line_name *name, const struct line *line)
{
	copy_span(name->instance, line->instance);
	name->seq = line->seq;
}

static void fill_event(struct ocirun_feed *feed, const struct line *line, struct ocirun_event *ret)
{
	copy_span(feed->type, line->type);
	copy_span(feed->id, line->id);
	copy_span(feed->instance, line->instance);
	copy_span(feed->timestamp, line->timestamp);
	*ret = (struct ocirun_event){
		.type = feed->type,
		.id = feed->id,
		.instance = feed->instance,
		.timestamp = feed->timestamp,
		.seq = line->seq,
		.line = line->whole.at,
		.length = line->whole.length,
	};
	/* The shape was checked; a date that does not exist counts as the Epoch. */
	(void)ocirun_time_parse(feed->timestamp, &ret->time_ns);
}

/* Has all been skipped that the cursor says was read? */
static bool still_skipping(struct ocirun_feed *feed)
{
	struct stat st;

	if (!feed->skipping)
		return false;
	feed_seen_drop_gaps(&feed->seen);
	if (feed->lines.offset >= feed->place.offset && fstat(feed->chain.fds[0], &st) == 0 &&
	    st.st_dev == feed->skip_device && st.st_ino == feed->skip_inode)
		feed->skipping = false;
	return true;
}

static int bad_line(struct ocirun_feed *feed, const struct piece *piece,
		    struct ocirun_damage *ret_damage)
{
	uint64_t version = piece->text ? line_version(piece->text, piece->length) : 0;

	lines_take(&feed->lines, piece);
	if (still_skipping(feed))
		return GO_ON;
	(void)damaged(ret_damage, version ? OCIRUN_DAMAGE_NEWER : OCIRUN_DAMAGE_LINE, piece->offset,
		      piece->size);
	ret_damage->expected = version ? LINE_VERSION : 0;
	ret_damage->found = version;
	return OCIRUN_DAMAGED;
}

static int take_piece(struct ocirun_feed *feed, const struct piece *piece,
		      struct ocirun_event *ret_event, struct ocirun_damage *ret_damage)
{
	struct line line;
	int is_new;

	if (!piece->text || !line_parse(piece->text, piece->length, &line))
		return bad_line(feed, piece, ret_damage);
	is_new = feed_seen_note(&feed->seen, &line);
	if (is_new < 0)
		return is_new;
	if (!feed->first.instance[0])
		set_name(&feed->first, &line);
	piece->text[piece->length] = '\0';
	lines_take(&feed->lines, piece);
	if (still_skipping(feed) || !is_new)
		return GO_ON;
	feed->place = (struct feed_place){.first = feed->first, .offset = feed->lines.offset};
	set_name(&feed->place.last, &line);
	fill_event(feed, &line, ret_event);
	return OCIRUN_EVENT;
}

int ocirun_feed_note(struct ocirun_feed *feed, const struct ocirun_event *event)
{
	const struct line line = {
		.instance = {event->instance, strlen(event->instance)},
		.type = {event->type, strlen(event->type)},
		.seq = event->seq,
	};

	return feed_seen_note(&feed->seen, &line);
}

static bool take_gap(struct ocirun_feed *feed, struct ocirun_damage *ret)
{
	struct seen_gap gap;

	if (!feed_seen_take_gap(&feed->seen, &gap))
		return false;
	*ret = (struct ocirun_damage){
		.kind = OCIRUN_DAMAGE_GAP, .expected = gap.first, .found = gap.last + 1};
	memcpy(ret->instance, gap.instance, sizeof(ret->instance));
	return true;
}

int ocirun_feed_next(struct ocirun_feed *feed, struct ocirun_event *ret_event,
		     struct ocirun_damage *ret_damage)
{
	struct piece piece;
	int r;

	do {
		if (take_gap(feed, ret_damage))
			return OCIRUN_DAMAGED;
		if (feed->chain.count == 0) {
			r = begin(feed, ret_damage);
			continue;
		}
		r = lines_look(&feed->lines, feed->chain.fds[0], &piece);
		if (r > 0)
			r = take_piece(feed, &piece, ret_event, ret_damage);
		else if (r == 0)
			r = at_end(feed, ret_damage);
	} while (r == GO_ON);
	return r;
}
