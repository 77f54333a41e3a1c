/* SPDX-License-Identifier: Apache-2.0 */
/* `oom` lines from the cgroup's counters. */
#include "monitor/oom.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "container/lifecycle.h"

#define LINE_DISTANCE_MS      1000
#define LINE_DISTANCE_LONG_MS 60000

/* v1 gives notice before it chooses its victim, and may print a long report in between. */
#define FIRST_LOOK_MS 1
#define LAST_LOOK_MS  2048
#define REST_MS	      500

int oom_baseline_write(int lock_fd, uint64_t baseline)
{
	return baseline > 0 && dprintf(lock_fd, "%" PRIu64 "\n", baseline) < 0 ? -errno : 0;
}

uint64_t oom_baseline_read(int lock_fd)
{
	char text[24];
	ssize_t n = pread(lock_fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t total_of(const struct oom *oom, const struct cgroup_usage *usage)
{
	if (!usage->oom_kills.has || usage->oom_kills.value < oom->baseline)
		return 0;
	return usage->oom_kills.value - oom->baseline;
}

void oom_count(const struct oom *oom, struct cgroup_usage *usage)
{
	usage->oom_kills.value = total_of(oom, usage);
}

void oom_begin(struct oom *oom, const struct cgroup_usage *usage)
{
	oom->v2 = usage->oom_hits.has;
	oom->hits = usage->oom_hits;
	oom->hits_local = usage->oom_hits_local;
}

void oom_noticed(struct oom *oom)
{
	oom->next_look_ms = oom->v2 ? REST_MS : FIRST_LOOK_MS;
}

static bool has_grown(struct optional_u64 before, struct optional_u64 now)
{
	return now.value > before.value;
}

/* v1 counts the kills and not who ran out. */
static const char *level_of(const struct oom *oom, const struct cgroup_usage *usage)
{
	if (!usage->oom_hits.has || !usage->oom_hits_local.has || !oom->hits.has ||
	    !oom->hits_local.has)
		return NULL;
	if (has_grown(oom->hits_local, usage->oom_hits_local))
		return "container";
	return has_grown(oom->hits, usage->oom_hits) ? "below" : "above";
}

int oom_record(struct oom *oom, struct journal *j, const struct cgroup_usage *usage,
	       struct error *err)
{
	uint64_t total = total_of(oom, usage);
	int r;

	if (total <= j->oom_total)
		return 0;
	r = lifecycle_record_oom(j, total, level_of(oom, usage), err);
	if (r >= 0)
		oom_begin(oom, usage);
	oom->last_line_ms = now_ms();
	return r;
}

static int64_t too_early_ms(const struct oom *oom, const struct journal *j)
{
	int64_t distance =
		j->offset > LIFECYCLE_EXEC_MAX ? LINE_DISTANCE_LONG_MS : LINE_DISTANCE_MS;

	return oom->last_line_ms == 0 ? 0 : oom->last_line_ms + distance - now_ms();
}

/* Twice as long each time, and in the end not again. v2 counts before it gives notice. */
static int look_again_ms(struct oom *oom)
{
	int ms = oom->next_look_ms;

	oom->next_look_ms = oom->v2 || ms >= LAST_LOOK_MS ? 0 : ms * 2;
	return ms;
}

int oom_take(struct oom *oom, struct journal *j, const struct cgroup_usage *usage,
	     struct error *err)
{
	int64_t early;

	if (total_of(oom, usage) <= j->oom_total)
		return look_again_ms(oom);
	early = too_early_ms(oom, j);
	if (early > 0)
		return (int)early;
	if (oom_record(oom, j, usage, err) < 0)
		return -err->errnum;
	/* Two may have been noticed, and one counted. */
	return look_again_ms(oom);
}
