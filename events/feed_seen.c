/* SPDX-License-Identifier: Apache-2.0 */
/* What has been seen of a feed; see feed_seen.h. */
#include "events/feed_seen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/journal.h"

/* A missing line is not expected any more once so many later ones of its container have come, */
#define PATIENCE 64
/* or when so many other containers were deleted after its own, */
#define OVER_MAX 1024
/* or so many live ones had lines since: of those that vanished without `deleted`. */
#define LIVE_MAX 65536
/* Of a feed that is nothing but holes. */
#define HOLES_MAX 64

#define NONE	    UINT32_MAX
#define BUCKETS_MIN 64
#define KEY_SIZE    16

enum {
	LIVE,
	OVER
};

/* seq from first to last have not come. */
struct hole {
	uint64_t first, last;
	uint32_t since; /* lines of its container at that time */
	bool told;
};

struct seen_entry {
	unsigned char key[KEY_SIZE]; /* the instance */
	uint64_t highest;
	struct hole *holes; /* rising */
	uint16_t hole_count;
	uint8_t queue;
	uint32_t lines, losses;
	uint32_t bucket_next, older, newer;
};

void feed_seen_init(struct feed_seen *s)
{
	*s = (struct feed_seen){.free = NONE, .queues = {{NONE, NONE, 0}, {NONE, NONE, 0}}};
}

void feed_seen_done(struct feed_seen *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		free(s->entries[i].holes);
	free(s->entries);
	free(s->buckets);
	free(s->gaps);
	feed_seen_init(s);
}

static unsigned int digit(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void key_of(struct span instance, unsigned char key[KEY_SIZE])
{
	for (size_t i = 0; i < KEY_SIZE; i++)
		key[i] = (unsigned char)(digit(instance.at[2 * i]) << 4 |
					 digit(instance.at[2 * i + 1]));
}

/* Instances are random. */
static uint32_t *bucket_of(struct feed_seen *s, const unsigned char key[KEY_SIZE])
{
	uint32_t hash;

	memcpy(&hash, key, sizeof(hash));
	return &s->buckets[hash & s->bucket_mask];
}

static uint32_t find(struct feed_seen *s, const unsigned char key[KEY_SIZE])
{
	uint32_t i = s->buckets ? *bucket_of(s, key) : NONE;

	while (i != NONE && memcmp(s->entries[i].key, key, KEY_SIZE) != 0)
		i = s->entries[i].bucket_next;
	return i;
}

static void enter_bucket(struct feed_seen *s, uint32_t i)
{
	uint32_t *head = bucket_of(s, s->entries[i].key);

	s->entries[i].bucket_next = *head;
	*head = i;
}

static void leave_bucket(struct feed_seen *s, uint32_t i)
{
	uint32_t *link = bucket_of(s, s->entries[i].key);

	while (*link != i)
		link = &s->entries[*link].bucket_next;
	*link = s->entries[i].bucket_next;
}

static void enter_queue(struct feed_seen *s, uint32_t i, uint8_t which)
{
	struct seen_queue *q = &s->queues[which];
	struct seen_entry *e = &s->entries[i];

	e->queue = which;
	e->older = q->newest;
	e->newer = NONE;
	if (q->newest == NONE)
		q->oldest = i;
	else
		s->entries[q->newest].newer = i;
	q->newest = i;
	q->count++;
}

static void leave_queue(struct feed_seen *s, uint32_t i)
{
	struct seen_entry *e = &s->entries[i];
	struct seen_queue *q = &s->queues[e->queue];

	if (e->older == NONE)
		q->oldest = e->newer;
	else
		s->entries[e->older].newer = e->newer;
	if (e->newer == NONE)
		q->newest = e->older;
	else
		s->entries[e->newer].older = e->older;
	q->count--;
}

static int more_buckets(struct feed_seen *s)
{
	uint32_t count = s->buckets ? 2 * (s->bucket_mask + 1) : BUCKETS_MIN;
	uint32_t *buckets = malloc(count * sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	memset(buckets, 0xff, count * sizeof(*buckets)); /* NONE */
	free(s->buckets);
	s->buckets = buckets;
	s->bucket_mask = count - 1;
	for (uint8_t which = LIVE; which <= OVER; which++)
		for (uint32_t i = s->queues[which].oldest; i != NONE; i = s->entries[i].newer)
			enter_bucket(s, i);
	return 0;
}

static int more_entries(struct feed_seen *s)
{
	uint32_t room = s->room ? 2 * s->room : BUCKETS_MIN;
	struct seen_entry *entries = realloc(s->entries, room * sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	s->entries = entries;
	s->room = room;
	return 0;
}

static int add_gap(struct feed_seen *s, const struct seen_entry *e, const struct hole *hole)
{
	struct seen_gap *gap;

	if (s->gap_count == s->gap_room) {
		size_t room = s->gap_room ? 2 * s->gap_room : 4;
		struct seen_gap *gaps = realloc(s->gaps, room * sizeof(*gaps));

		if (!gaps)
			return -ENOMEM;
		s->gaps = gaps;
		s->gap_room = room;
	}
	gap = &s->gaps[s->gap_count++];
	gap->first = hole->first;
	gap->last = hole->last;
	for (size_t i = 0; i < KEY_SIZE; i++)
		(void)snprintf(gap->instance + 2 * i, 3, "%02x", e->key[i]);
	return 0;
}

/* Say of all its holes, or of those that are old enough, that they will not be filled. */
static int tell_holes(struct feed_seen *s, struct seen_entry *e, uint32_t patience)
{
	int r = 0;

	for (uint16_t h = 0; h < e->hole_count && r == 0; h++) {
		struct hole *hole = &e->holes[h];

		if (hole->told || e->lines - hole->since < patience)
			continue;
		hole->told = true;
		r = add_gap(s, e, hole);
	}
	return r;
}

static int forget(struct feed_seen *s, uint32_t i)
{
	struct seen_entry *e = &s->entries[i];
	int r = tell_holes(s, e, 0);

	leave_queue(s, i);
	leave_bucket(s, i);
	free(e->holes);
	e->holes = NULL;
	e->hole_count = 0;
	e->newer = s->free;
	s->free = i;
	return r;
}

static int forget_oldest(struct feed_seen *s, uint8_t which, uint32_t max)
{
	struct seen_queue *q = &s->queues[which];

	return q->count > max ? forget(s, q->oldest) : 0;
}

static int push_hole(struct seen_entry *e, uint16_t at, struct hole hole)
{
	struct hole *holes = realloc(e->holes, (e->hole_count + 1UL) * sizeof(*holes));

	if (!holes)
		return -ENOMEM;
	e->holes = holes;
	memmove(holes + at + 1, holes + at, (e->hole_count - (size_t)at) * sizeof(*holes));
	holes[at] = hole;
	e->hole_count++;
	return 0;
}

static void drop_hole(struct seen_entry *e, uint16_t at)
{
	e->hole_count--;
	memmove(e->holes + at, e->holes + at + 1, (e->hole_count - (size_t)at) * sizeof(*e->holes));
	if (e->hole_count == 0) {
		free(e->holes);
		e->holes = NULL;
	}
}

/* @told: nobody is to hear of it. */
static int add_hole(struct feed_seen *s, struct seen_entry *e, uint64_t last, bool told)
{
	struct hole hole = {e->highest + 1, last, e->lines, told};

	if (e->hole_count == HOLES_MAX) {
		int r = e->holes[0].told ? 0 : add_gap(s, e, &e->holes[0]);

		if (r < 0)
			return r;
		drop_hole(e, 0);
	}
	return push_hole(e, e->hole_count, hole);
}

/* A late line: 1 when it was missing. */
static int fill_hole(struct seen_entry *e, uint64_t seq)
{
	for (uint16_t h = 0; h < e->hole_count; h++) {
		struct hole *hole = &e->holes[h], rest = *hole;
		int r = 0;

		if (seq < hole->first || seq > hole->last)
			continue;
		rest.first = seq + 1;
		if (seq > hole->first && seq < hole->last)
			r = push_hole(e, h + 1, rest);
		if (r < 0)
			return r;
		hole = &e->holes[h];
		if (seq > hole->first)
			hole->last = seq - 1;
		else if (seq < hole->last)
			hole->first = seq + 1;
		else
			drop_hole(e, h);
		return 1;
	}
	return 0;
}

/* Its lines before the first that we see were rotated away, and still may come late. */
static int add_entry(struct feed_seen *s, const unsigned char key[KEY_SIZE], uint32_t *ret)
{
	uint32_t used = s->queues[LIVE].count + s->queues[OVER].count, i = s->free;
	int r = 0;

	if (!s->buckets || used > s->bucket_mask)
		r = more_buckets(s);
	if (r == 0 && i == NONE && s->count == s->room)
		r = more_entries(s);
	if (r < 0)
		return r;
	if (i == NONE)
		i = s->count++;
	else
		s->free = s->entries[i].newer;
	s->entries[i] = (struct seen_entry){.losses = s->losses - 1};
	memcpy(s->entries[i].key, key, KEY_SIZE);
	enter_bucket(s, i);
	enter_queue(s, i, LIVE);
	*ret = i;
	return 0;
}

/* Is the place of @line new? Then it is not any more. */
static int note_seq(struct feed_seen *s, struct seen_entry *e, uint64_t seq)
{
	bool excused = e->losses != s->losses;
	int r;

	if (seq <= e->highest)
		return fill_hole(e, seq);
	r = seq > e->highest + 1 ? add_hole(s, e, seq - 1, excused) : 0;
	if (r < 0)
		return r;
	e->highest = seq;
	e->losses = s->losses;
	e->lines++;
	r = tell_holes(s, e, PATIENCE);
	return r < 0 ? r : 1;
}

static bool is_over(const struct line *line)
{
	static const char last[] = "deleted";

	return line->type.length == sizeof(last) - 1 &&
	       memcmp(line->type.at, last, sizeof(last) - 1) == 0;
}

int feed_seen_note(struct feed_seen *s, const struct line *line)
{
	unsigned char key[KEY_SIZE];
	uint32_t i;
	uint8_t queue;
	int r, is_new;

	key_of(line->instance, key);
	i = find(s, key);
	r = i == NONE ? add_entry(s, key, &i) : 0;
	if (r < 0)
		return r;
	is_new = note_seq(s, &s->entries[i], line->seq);
	if (is_new < 0)
		return is_new;
	queue = is_over(line) ? OVER : s->entries[i].queue;
	leave_queue(s, i);
	enter_queue(s, i, queue);
	r = forget_oldest(s, OVER, OVER_MAX);
	if (r == 0)
		r = forget_oldest(s, LIVE, LIVE_MAX);
	return r < 0 ? r : is_new;
}

void feed_seen_lost(struct feed_seen *s)
{
	s->losses++;
}

bool feed_seen_take_gap(struct feed_seen *s, struct seen_gap *ret)
{
	if (s->gap_count == 0)
		return false;
	*ret = s->gaps[0];
	memmove(s->gaps, s->gaps + 1, --s->gap_count * sizeof(*s->gaps));
	if (s->gap_count == 0) {
		free(s->gaps);
		s->gaps = NULL;
		s->gap_room = 0;
	}
	return true;
}

void feed_seen_drop_gaps(struct feed_seen *s)
{
	struct seen_gap gap;

	while (feed_seen_take_gap(s, &gap))
		;
}
