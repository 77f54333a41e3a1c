/* SPDX-License-Identifier: Apache-2.0 */
/* Building error texts from the inside out. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int __attribute__((format(printf, 4, 0)))
set_text(struct error *err, enum error_kind kind, int errnum, const char *format, va_list args)
{
	err->kind = kind;
	err->errnum = errnum ? abs(errnum) : EIO;
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	return -err->errnum;
}

static int append_cause(struct error *err)
{
	size_t length = strlen(err->text);

	(void)snprintf(err->text + length, sizeof(err->text) - length, ": %s",
		       strerror(err->errnum));
	return -err->errnum;
}

int error_set(struct error *err, enum error_kind kind, int errnum, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)set_text(err, kind, errnum, format, args);
	va_end(args);
	return -err->errnum;
}

int error_sys(struct error *err, const char *format, ...)
{
	int errnum = errno;
	va_list args;

	va_start(args, format);
	(void)set_text(err, ERROR_SYSTEM, errnum, format, args);
	va_end(args);
	return append_cause(err);
}

int error_sys_num(struct error *err, int errnum, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)set_text(err, ERROR_SYSTEM, errnum, format, args);
	va_end(args);
	return append_cause(err);
}

int error_config(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)set_text(err, ERROR_CONFIG, EINVAL, format, args);
	va_end(args);
	return -err->errnum;
}

int error_in(struct error *err, const char *format, ...)
{
	char context[ERROR_TEXT_MAX];
	size_t cause = strlen(err->text), room, length;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(context, sizeof(context), format, args);
	va_end(args);

	length = strlen(context);
	room = sizeof(err->text) - 1 - cause;
	if (room < 2)
		return -err->errnum;
	if (length > room - 2)
		length = room - 2;
	memmove(err->text + length + 2, err->text, cause + 1);
	memcpy(err->text, context, length);
	memcpy(err->text + length, ": ", 2);
	return -err->errnum;
}
