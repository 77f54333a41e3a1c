/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor that cannot write to the log says what it knows by its own name, /proc/PID/comm: that
 * needs no file, no privilege and no question. A lock on a byte of <root>/ID/monitor tells whose
 * name it is; it ends with its holder.
 */
#ifndef MONITOR_WORD_H
#define MONITOR_WORD_H

#include <stdbool.h>

#define WORD_NAME "ocirun-monitor"

struct word {
	bool ended;	    /* "unwritten 7f00p": how init ended, which is not on record */
	bool known;	    /* the status; else "unwritten" alone */
	int status;	    /* of wait(2) */
	const char *source; /* SOURCE_* */
	bool exec_failed;   /* its program was never executed */
	int unsynced;	    /* "unsynced 5": lines are written, not on stable storage: why */
};

/* word_begin - be the one whose name counts. @lock_fd: our only descriptor of the lock's file. */
void word_begin(int lock_fd);

/* word_say - @word NULL: all is on record. */
void word_say(const struct word *word);

/* word_hear - what the container's monitor says; false: nothing, or there is none. */
bool word_hear(int state_dirfd, struct word *ret);

#endif
