/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the PID in a line of ps(1). The columns before it may hold blanks, or be wider than their
 * headings, but not both: so it is the number that ends where the heading ends, or else the word
 * that is as many words from the left.
 */
#include "verbs/ps_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BLANKS " \t"
#define DIGITS "0123456789"

struct column {
	size_t word; /* as many words stand before it */
	size_t end;  /* bytes from the left */
};

static bool find_column(const char *header, struct column *ret)
{
	const char *p = header + strspn(header, BLANKS);

	ret->word = 0;
	while (*p) {
		size_t span = strcspn(p, BLANKS);

		if (span == 3 && strncmp(p, "PID", 3) == 0) {
			ret->end = (size_t)(p - header) + span;
			return true;
		}
		ret->word++;
		p += span;
		p += strspn(p, BLANKS);
	}
	return false;
}

/* A word of digits that begins here, or 0. */
static pid_t number_at(const char *word)
{
	size_t digits = strspn(word, DIGITS);

	if (digits == 0 || digits > 9 || (word[digits] && !strchr(BLANKS, word[digits])))
		return 0;
	return (pid_t)strtol(word, NULL, 10);
}

static pid_t pid_under(const char *line, size_t end)
{
	size_t start = end;

	if (strlen(line) < end)
		return 0;
	while (start > 0 && !strchr(BLANKS, line[start - 1]))
		start--;
	/* Longer than up to here, it stands elsewhere by chance. */
	return strspn(line + start, DIGITS) == end - start ? number_at(line + start) : 0;
}

static pid_t pid_by_word(const char *line, size_t word)
{
	const char *p = line + strspn(line, BLANKS);

	for (size_t i = 0; i < word && *p; i++) {
		p += strcspn(p, BLANKS);
		p += strspn(p, BLANKS);
	}
	return number_at(p);
}

static bool is_among(pid_t pid, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static int filter(FILE *out, char *text, const pid_t *pids, size_t count, struct error *err)
{
	char *save = NULL, *header = strtok_r(text, "\n", &save);
	struct column column;

	if (!header || !find_column(header, &column))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "these options of ps show no column PID: \"%.200s\"",
				 header ? header : "");
	(void)fprintf(out, "%s\n", header);
	for (char *line = strtok_r(NULL, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		pid_t pid = pid_under(line, column.end);

		if (pid == 0)
			pid = pid_by_word(line, column.word);
		if (pid == 0)
			return error_set(err, ERROR_SYSTEM, EBADMSG,
					 "no PID in this line of ps: \"%.200s\"", line);
		if (is_among(pid, pids, count))
			(void)fprintf(out, "%s\n", line);
	}
	return 0;
}

int ps_table_filter(char *text, const pid_t *pids, size_t count, char **ret_text, struct error *err)
{
	autofree char *kept = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&kept, &length);
	int r;

	if (!out)
		return error_sys(err, "ps");
	r = filter(out, text, pids, count, err);
	if (fclose(out) != 0 && r == 0)
		r = error_sys(err, "ps");
	if (r == 0)
		*ret_text = take_ptr(kept);
	return r;
}
