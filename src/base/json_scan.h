/* SPDX-License-Identifier: Apache-2.0 */
/* Checking the text of a JSON document, and noting where its keys and numbers stand. For json.c. */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include <stddef.h>

#include "base/error.h"

/* cJSON reads at most this much of a number and takes the rest for garbage. */
#define JSON_NUMBER_MAX 63

/* Offsets into the text, in document order; freed by the scan's owner. */
struct json_marks {
	size_t count, room;
	size_t *offsets;
};

struct json_scan {
	const char *text; /* need not end with NUL */
	const char *name; /* stands for the file in error texts */
	size_t length, at;
	unsigned int depth;
	struct json_marks numbers, keys;
	struct error *err;
};

/*
 * json_scan_document - the whole text must be one document within the limits of json.h
 * Returns 0 with all marks set, or a negative errno with the error set.
 */
int json_scan_document(struct json_scan *s);

/* json_scan_fail - an error that names the line and the column (in bytes) of @offset. */
int json_scan_fail(const struct json_scan *s, size_t offset, const char *what);

#endif
