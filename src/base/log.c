/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines for people and for engines. Every line is built whole and goes out in one write(2), so that
 * lines of several processes never mix and a reader that reads once gets all of it.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

/* An error's text where each byte may become \u00xx, and the frame around it. */
#define LINE_MAX_BYTES (ERROR_TEXT_MAX * 6 + 256)
#define HELD_MAX       4096 /* further warnings before an outcome are of no use to anybody */

static struct {
	int fd; /* the log; negative: stderr */
	enum log_format format;
	enum log_level level;
	bool holds;
	size_t held_length;
	char held[HELD_MAX]; /* whole lines */
} destination = {.fd = -EBADF, .format = LOG_TEXT, .level = LOG_LEVEL_WARNING};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_DEBUG] = "debug",
};

struct line {
	size_t length;
	char text[LINE_MAX_BYTES];
};

static int open_log_file(const char *path, struct error *err)
{
	autofd fd = -EBADF;
	struct stat st;

	/* O_NONBLOCK: opening a FIFO that nobody reads must fail rather than hang. */
	fd = open(path,
		  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		  0644);
	if (fd < 0)
		return error_sys(err, "--log: open %s", path);
	if (fstat(fd, &st) < 0)
		return error_sys(err, "--log: fstat %s", path);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--log: %s is neither a regular file nor a FIFO", path);
	return take_fd(&fd);
}

int log_open(const char *path, enum log_format format, enum log_level level, struct error *err)
{
	int fd;

	destination.format = format;
	destination.level = level;
	if (!path)
		return 0;
	fd = open_log_file(path, err);
	if (fd < 0)
		return fd;
	close_keeping_errno(destination.fd);
	destination.fd = fd;
	return 0;
}

int log_descriptor(void)
{
	return destination.fd;
}

static void line_add(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void line_add(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line->text + line->length, room, format, args);
	va_end(args);
	if (length > 0)
		line->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* How many bytes at @text make one well-formed UTF-8 character of more than one byte; 0: none do.
 */
static size_t utf8_length(const unsigned char *text)
{
	size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;

	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, and what lies beyond U+10FFFF */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

/* As JSON and logfmt both want it between quotes. */
static void line_add_quoted(struct line *line, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t length = utf8_length(at);

		if (length > 0)
			line_add(line, "%.*s", (int)length, (const char *)at);
		else if (*at == '"' || *at == '\\')
			line_add(line, "\\%c", *at);
		else if (*at == '\n')
			line_add(line, "\\n");
		else if (*at >= 0x80)
			line_add(line, "\xef\xbf\xbd");
		else if (*at < 0x20 || *at == 0x7f)
			line_add(line, "\\u%04x", *at);
		else
			line_add(line, "%c", *at);
		at += length > 0 ? length : 1;
	}
}

/* For a terminal: a config or an image may have chosen the text, so no control byte gets through.
 */
static void line_add_plain(struct line *line, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t length = utf8_length(at);

		if (length > 0)
			line_add(line, "%.*s", (int)length, (const char *)at);
		else if (*at == '\n')
			line_add(line, "\\n");
		else if (*at < 0x20 || *at >= 0x7f)
			line_add(line, "\\x%02x", *at);
		else
			line_add(line, "%c", *at);
		at += length > 0 ? length : 1;
	}
}

static void line_add_time(struct line *line)
{
	struct timespec now = {0};
	struct tm utc;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	line_add(line, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", utc.tm_year + 1900, utc.tm_mon + 1,
		 utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000);
}

static void line_build(struct line *line, enum log_level level, const char *text)
{
	bool json = destination.format == LOG_JSON;

	line->length = 0;
	line_add(line, json ? "{\"level\":\"%s\",\"msg\":\"" : "level=%s msg=\"",
		 level_names[level]);
	line_add_quoted(line, text);
	line_add(line, json ? "\",\"time\":\"" : "\" time=\"");
	line_add_time(line);
	line_add(line, json ? "\"}\n" : "\"\n");
}

/* A destination that takes nothing cannot be reported anywhere else. */
static void write_once(int fd, const char *text, size_t length)
{
	ssize_t written;

	do
		written = write(fd, text, length);
	while (written < 0 && errno == EINTR);
}

static void line_write(int fd, const struct line *line)
{
	write_once(fd, line->text, line->length);
}

static void line_hold(const struct line *line)
{
	if (line->length > sizeof(destination.held) - destination.held_length)
		return;
	memcpy(destination.held + destination.held_length, line->text, line->length);
	destination.held_length += line->length;
}

void log_hold(void)
{
	destination.holds = true;
}

void log_release(void)
{
	if (destination.held_length > 0)
		write_once(STDERR_FILENO, destination.held, destination.held_length);
	destination.held_length = 0;
	destination.holds = false;
}

static void to_log(enum log_level level, const char *text)
{
	struct line line;

	line_build(&line, level, text);
	line_write(destination.fd < 0 ? STDERR_FILENO : destination.fd, &line);
}

static void line_build_plain(struct line *line, const char *prefix, const char *text)
{
	line->length = 0;
	line_add(line, "%s", prefix);
	line_add_plain(line, text);
	line_add(line, "\n");
}

static void to_stderr(const char *prefix, const char *text)
{
	struct line line;

	line_build_plain(&line, prefix, text);
	line_write(STDERR_FILENO, &line);
}

void log_error(const struct error *err)
{
	if (destination.fd >= 0 || destination.format == LOG_JSON)
		to_log(LOG_LEVEL_ERROR, err->text);
	if (destination.fd >= 0 || destination.format == LOG_TEXT)
		to_stderr("ocirun: ", err->text);
	log_release();
}

static void warn(const char *text)
{
	struct line line;

	line_build_plain(&line, "ocirun: warning: ", text);
	if (destination.holds)
		line_hold(&line);
	else
		line_write(STDERR_FILENO, &line);
}

void log_warning(const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	if (destination.level < LOG_LEVEL_WARNING)
		return;
	if (destination.format == LOG_JSON && destination.level < LOG_LEVEL_DEBUG)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (destination.fd >= 0 || destination.format == LOG_JSON)
		to_log(LOG_LEVEL_WARNING, text);
	else
		warn(text);
}

void log_debug(const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	if (destination.level < LOG_LEVEL_DEBUG)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (destination.fd >= 0 || destination.format == LOG_JSON)
		to_log(LOG_LEVEL_DEBUG, text);
	else
		to_stderr("ocirun: debug: ", text);
}
