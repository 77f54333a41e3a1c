/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --cursor-file: places in event logs or in a feed, kept where the next run of the same command
 * finds them. A file of text:
 *
 *   "ocirun-cursor 1", what is read, one name per line     padded to whole sectors
 *   two sectors per name, written in turn                  CHECK NUMBER PLACE, padded
 *
 * So keeping a place is one write of a sector that never makes the file longer, and whatever is cut
 * short, by a kill or a power cut, the other sector still stands. Nothing is synced: after a power
 * cut a place may be an older one, and lines come again, but none is left out.
 */
#ifndef VERBS_CURSOR_FILE_H
#define VERBS_CURSOR_FILE_H

#include <stddef.h>

#include "base/error.h"

#define CURSOR_PLACE_MAX 200

struct cursor_file;

/*
 * cursor_file_open - made with mode 0600 where there is none or an empty one, and locked
 * @what: what is read, one word and a path: "feed /run/ocirun/.feed"
 * @names: in it; sorted, without white space, borrowed
 *
 * Refused: one that another process has open, one that was begun for other names or another feed,
 * and what is damaged or no such file; it is left as it is then.
 */
int cursor_file_open(struct cursor_file **ret, const char *path, const char *what,
		     const char *const *names, size_t count, struct error *err);

/* cursor_file_place - of names[i]: "" when there is none yet. */
const char *cursor_file_place(const struct cursor_file *f, size_t i);

/* cursor_file_keep - @place: without white space at its ends, at most CURSOR_PLACE_MAX bytes. */
int cursor_file_keep(struct cursor_file *f, size_t i, const char *place, struct error *err);

void cursor_file_close(struct cursor_file *f); /* NULL is fine */

#endif
