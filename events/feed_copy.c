/* SPDX-License-Identifier: Apache-2.0 */
/* From a log to the feed. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "events/feed_file.h"
#include "events/journal.h"
#include "events/line.h"

struct copy {
	struct feed_file *file;
	const struct feed *feed;
	const struct feed_choice *choice;
};

static int copy_line(const struct copy *c, const char *text, size_t length)
{
	const struct feed_choice *choice = c->choice;
	struct line line;

	/* Damage, and what is foreign, is the log's alone. */
	if (!line_parse(text, length, &line) || line.seq < choice->from ||
	    memcmp(line.instance.at, choice->instance, JOURNAL_INSTANCE_LEN) != 0 ||
	    (choice->wants && !choice->wants(choice->arg, &line)))
		return 0;
	return feed_file_put(c->file, c->feed, text, length + 1);
}

/* All whole lines of @buffer; returns how much that was, or a negative errno. */
static ssize_t copy_lines(const struct copy *c, const char *buffer, size_t length)
{
	size_t used = 0;

	for (;;) {
		const char *end = memchr(buffer + used, '\n', length - used);
		int r;

		if (!end)
			return (ssize_t)used;
		r = copy_line(c, buffer + used, (size_t)(end - buffer) - used);
		if (r < 0)
			return r;
		used = (size_t)(end - buffer) + 1;
	}
}

int feed_copy(struct feed_file *file, const struct feed *f, int log_fd,
	      const struct feed_choice *choice)
{
	const struct copy c = {.file = file, .feed = f, .choice = choice};
	char buffer[2 * JOURNAL_LINE_MAX];
	off_t offset = 0;

	for (;;) {
		ssize_t n = pread(log_fd, buffer, sizeof(buffer), offset), used;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		used = copy_lines(&c, buffer, (size_t)n);
		if (used < 0)
			return (int)used;
		/* What is longer than any line goes piece by piece, and its end is no line. */
		if (used == 0 && (size_t)n < sizeof(buffer))
			return 0;
		offset += used > 0 ? used : n;
	}
}
