/* SPDX-License-Identifier: Apache-2.0 */
/* Text, durations and sizes on their way to a terminal; see pretty_text.h. */
#include "verbs/pretty_text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define NS_PER_MS 1000000LL
#define NS_PER_S  1000000000LL
#define MINUTE	  60LL
#define HOUR	  (60 * MINUTE)
#define DAY	  (24 * HOUR)

/* A word or a character is there whole or not at all. */
static void put_bytes(struct pretty_text *t, const char *bytes, size_t length)
{
	if (length >= t->size - t->length)
		length = 0;
	memcpy(t->out + t->length, bytes, length);
	t->length += length;
}

void pretty_put(struct pretty_text *t, const char *format, ...)
{
	char words[256];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	if (length > 0)
		put_bytes(t, words,
			  length < (int)sizeof(words) ? (size_t)length : sizeof(words) - 1);
}

/* One character of UTF-8; returns its length, and 1 with U+FFFD for what is none. */
static size_t decode(const char *text, size_t length, uint32_t *ret)
{
	static const unsigned char leads[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
	unsigned char lead = (unsigned char)*text;
	size_t size = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	*ret = 0xfffd;
	if (size == 0 || size > length)
		return 1;
	uint32_t c = lead ^ leads[size];

	for (size_t i = 1; i < size; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | ((unsigned char)text[i] & 0x3f);
	}
	*ret = c;
	return size;
}

/* What a terminal would obey, or what makes text look like another one. */
static bool is_harmful(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad}, {0x061c, 0x061c},
		{0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f}, {0xfeff, 0xfeff},
		{0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static void put_escape(struct pretty_text *t, uint32_t c)
{
	if (c == '\n')
		pretty_put(t, "\\n");
	else if (c == '\t')
		pretty_put(t, "\\t");
	else if (c == '\r')
		pretty_put(t, "\\r");
	else
		pretty_put(t, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
}

void pretty_put_foreign(struct pretty_text *t, const char *text, size_t length)
{
	while (length > 0) {
		uint32_t c;
		size_t size = decode(text, length, &c);

		if (is_harmful(c))
			put_escape(t, c);
		else if (c == 0xfffd)
			put_bytes(t, "\xef\xbf\xbd", 3);
		else
			put_bytes(t, text, size);
		text += size;
		length -= size;
	}
}

void pretty_put_duration(struct pretty_text *t, int64_t ns)
{
	int64_t s = ns / NS_PER_S, tenths = ns / (NS_PER_S / 10);

	if (ns < 10 * NS_PER_MS)
		pretty_put(t, "%d.%dms", (int)(ns / NS_PER_MS),
			   (int)(ns % NS_PER_MS / (NS_PER_MS / 10)));
	else if (s < 1)
		pretty_put(t, "%dms", (int)(ns / NS_PER_MS));
	else if (s < MINUTE)
		pretty_put(t, "%d.%ds", (int)s, (int)(tenths % 10));
	else if (s < HOUR)
		pretty_put(t, "%dm%02ds", (int)(s / MINUTE), (int)(s % MINUTE));
	else if (s < DAY)
		pretty_put(t, "%dh%02dm", (int)(s / HOUR), (int)(s % HOUR / MINUTE));
	else
		pretty_put(t, "%dd%02dh", (int)(s / DAY), (int)(s % DAY / HOUR));
}

void pretty_put_size(struct pretty_text *t, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t unit = 0;
	uint64_t rest = 0;

	for (; bytes >= 1024; unit++) {
		rest = bytes % 1024;
		bytes /= 1024;
	}
	if (unit > 0 && bytes < 10)
		pretty_put(t, "%d.%d %s", (int)bytes, (int)(rest * 10 / 1024), units[unit]);
	else
		pretty_put(t, "%d %s", (int)bytes, units[unit]);
}
