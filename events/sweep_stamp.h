/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When is it time to sweep? A small file remembers the last time and counts the deletes since. Each
 * delete pays for a few logs' worth of the next look at all of them, so that the cost of a delete
 * does not depend on how many logs there are, and their number stays within an eighth of the limit.
 */
#ifndef EVENTS_SWEEP_STAMP_H
#define EVENTS_SWEEP_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* stamp_open - makes it; a negative errno when it cannot be had. */
int stamp_open(int dirfd);

/* stamp_count - one more was deleted. Without a lock, so that nobody waits for a sweep. */
void stamp_count(int fd);

/* stamp_is_due - @age_s: of the limits: what is kept for a short time is looked at more often. */
bool stamp_is_due(int fd, time_t now, unsigned int age_s);

/*
 * stamp_begin - a sweep begins: what is counted from now on is for the next one
 * stamp_end - @seen: how many logs there were; false if it could not be written
 */
void stamp_begin(int dirfd, int fd, time_t now);
bool stamp_end(int dirfd, time_t now, size_t seen);

#endif
