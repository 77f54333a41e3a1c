/* SPDX-License-Identifier: Apache-2.0 */
/* What the lines of the log say about the container beyond its status. */
#ifndef CONTAINER_FACTS_H
#define CONTAINER_FACTS_H

#include "container/container.h"

/* facts_read - from `created` and `exited`; what is absent stays zero. @f's old content is freed.
 */
int facts_read(const struct journal *j, struct container_facts *f, struct error *err);

/* facts_have_exec - does the log tell of an exec of this name? */
bool facts_have_exec(const struct journal *j, const char *exec_id);

/* An exec whose `exec-exited` is still to come. */
struct exec_facts {
	char id[JOURNAL_ID_MAX + 1];
	pid_t pid;
	uint64_t pid_start_time; /* 0: it had ended by then */
};

/* facts_open_execs - fill @list with at most @room of them; how many. */
size_t facts_open_execs(const struct journal *j, struct exec_facts *list, size_t room);

/* For the files that read facts: the whole log, malloc'd; and whether a line of it is of @type. */
ssize_t facts_log_text(const struct journal *j, char **ret);
bool facts_line_is(const char *line, enum event_type type);

/* process_start_time - field 22 of /proc/PID/stat, in clock ticks; -ESRCH when there is none. */
int process_start_time(pid_t pid, uint64_t *ret);

/* boot_id - /proc/sys/kernel/random/boot_id, 36 characters. */
int boot_id(char ret[40], struct error *err);

#endif
