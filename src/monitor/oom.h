/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the kernel's count of OOM kills becomes an `oom` line: at once, and then at most one line a
 * second (a minute in a long log), as a container may provoke kills as fast as it can fork.
 */
#ifndef MONITOR_OOM_H
#define MONITOR_OOM_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroup/cgroup.h"
#include "container/container.h"
#include "events/journal.h"

struct oom {
	uint64_t baseline; /* the cgroup's kills before the create */
	/* the limits' hits as of the last line */
	struct optional_u64 hits, hits_local;
	bool v2;
	int64_t last_line_ms; /* 0: none of ours yet */
	int next_look_ms;     /* for a kill that was noticed before it was counted; 0: no more */
	bool resting;	      /* the loop does not listen to notices */
};

/* oom_baseline_write / _read - where a later monitor finds it: the monitor's lock file, empty for
 * 0.
 */
int oom_baseline_write(int lock_fd, uint64_t baseline);
uint64_t oom_baseline_read(int lock_fd);

/* oom_begin - the limits' hits are counted from here. */
void oom_begin(struct oom *oom, const struct cgroup_usage *usage);

/* oom_noticed - the kernel has given notice: a kill is there, or will be in a moment. */
void oom_noticed(struct oom *oom);

/*
 * oom_take - record what @usage has that the log has not, if it is time for a line
 * Returns in how many milliseconds to look again, 0: at the next notice; or a negative errno.
 */
int oom_take(struct oom *oom, struct journal *j, const struct cgroup_usage *usage,
	     struct error *err);

/* oom_record - the same without waiting: init has ended. 1, 0: nothing new, or a negative errno. */
int oom_record(struct oom *oom, struct journal *j, const struct cgroup_usage *usage,
	       struct error *err);

/* oom_count - make @usage->oom_kills those since the create. */
void oom_count(const struct oom *oom, struct cgroup_usage *usage);

/*
 * oom_settle - for a verb that is about to write `exited` since no monitor did: an `oom` that is
 * missing, and what the cgroup, if it is there, tells
 * False: nobody watched (--monitor=none), or nothing can be told.
 */
bool oom_settle(struct container *c, struct cgroup_usage *usage);

#endif
