/* SPDX-License-Identifier: Apache-2.0 */
/* The execs that the log has begun and not ended. Lines are ours, so they are read as text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/facts.h"

/* Behind `"KEY":`; a quote inside a string is escaped, so it cannot be mistaken. */
static const char *member(const char *line, const char *key)
{
	char pattern[32];
	const char *found;

	(void)snprintf(pattern, sizeof(pattern), "\"%s\":", key);
	found = strstr(line, pattern);
	return found ? found + strlen(pattern) : NULL;
}

static bool read_exec(const char *line, struct exec_facts *ret)
{
	const char *id = member(line, "execId"), *pid = member(line, "pid"),
		   *start_time = member(line, "pidStartTime");
	size_t length = id && *id == '"' ? strcspn(id + 1, "\"") : 0;

	if (length == 0 || length >= sizeof(ret->id) || !pid)
		return false;
	memcpy(ret->id, id + 1, length);
	ret->id[length] = '\0';
	ret->pid = atoi(pid);
	ret->pid_start_time = start_time ? strtoull(start_time, NULL, 10) : 0;
	return ret->pid > 0;
}

static void take_begun(const char *line, struct exec_facts *list, size_t room, size_t *count)
{
	if (*count < room && read_exec(line, &list[*count]))
		(*count)++;
}

static void take_ended(const char *line, struct exec_facts *list, size_t *count)
{
	struct exec_facts ended;

	if (!read_exec(line, &ended))
		return;
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(list[i].id, ended.id) == 0) {
			list[i] = list[--*count];
			return;
		}
	}
}

size_t facts_open_execs(const struct journal *j, struct exec_facts *list, size_t room)
{
	autofree char *text = NULL;
	size_t count = 0;
	ssize_t n;
	char *end;

	if (!journal_has_seen(j, EVENT_EXEC_STARTED))
		return 0;
	n = facts_log_text(j, &text);
	if (n < 0)
		return 0;
	for (char *line = text; (end = memchr(line, '\n', (size_t)(text + n - line)));
	     line = end + 1) {
		*end = '\0';
		if (facts_line_is(line, EVENT_EXEC_STARTED))
			take_begun(line, list, room, &count);
		else if (facts_line_is(line, EVENT_EXEC_EXITED))
			take_ended(line, list, &count);
	}
	return count;
}
