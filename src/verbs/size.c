/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of the command line. */
#include "verbs/size.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define BILLION INT64_C(1000000000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Behind the number: nothing, or a unit; @ret_shift is the power of two. */
static bool parse_unit(const char *text, unsigned int *ret_shift)
{
	static const char letters[] = "kmgtp";
	const char *letter;

	text += *text == ' ';
	*ret_shift = 0;
	if (!*text || !strcasecmp(text, "b"))
		return true;
	letter = strchr(letters, *text | 0x20);
	if (!letter)
		return false;
	*ret_shift = 10 * (unsigned int)(letter - letters + 1);
	return !text[1] || !strcasecmp(text + 1, "b") || !strcasecmp(text + 1, "ib");
}

/* The digits behind the point, as many as count. */
static bool take_billionths(const char **p, int64_t *ret)
{
	*ret = 0;
	if (**p != '.')
		return true;
	(*p)++;
	if (!is_digit(**p))
		return false;
	for (int64_t place = BILLION / 10; is_digit(**p); (*p)++, place /= 10)
		*ret += (**p - '0') * place;
	return true;
}

static bool parse(const char *p, int64_t *ret)
{
	int64_t whole = 0, billionths;
	unsigned int shift;

	if (!is_digit(*p))
		return false;
	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(whole, INT64_C(10), &whole) ||
		    __builtin_add_overflow(whole, (int64_t)(*p - '0'), &whole))
			return false;
	if (!take_billionths(&p, &billionths) || !parse_unit(p, &shift) ||
	    __builtin_mul_overflow(whole, INT64_C(1) << shift, &whole))
		return false;
	return !__builtin_add_overflow(whole, (int64_t)(((__int128)billionths << shift) / BILLION),
				       ret);
}

int size_parse(const char *text, int64_t *ret, struct error *err)
{
	if (parse(text, ret))
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL,
			 "\"%s\" is no size; write 512m, 1.5g or a number of bytes", text);
}
