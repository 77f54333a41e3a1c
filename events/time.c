/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 to nanoseconds. */
#include <string.h>

#include "events/log.h"

#define NS_PER_S 1000000000LL

/* Exactly @width digits, or -1; the cursor moves only over digits. */
static int number(const char **p, int width)
{
	int value = 0;

	for (int i = 0; i < width; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool skip(const char **p, const char *any_of)
{
	if (!**p || !strchr(any_of, **p))
		return false;
	(*p)++;
	return true;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static int64_t days_since_epoch(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

/* YYYY-MM-DD as days; -1 when there is no such day from 1970 on. */
static int64_t parse_date(const char **p)
{
	int year = number(p, 4), month, day;

	if (year < 1970 || year > 2261 || !skip(p, "-"))
		return -1;
	month = number(p, 2);
	if (month < 1 || month > 12 || !skip(p, "-"))
		return -1;
	day = number(p, 2);
	if (day < 1 || day > days_of_month(year, month))
		return -1;
	return days_since_epoch(year, month, day);
}

/* HH:MM:SS as seconds of the day; 60 is a leap second, which time_t does not know. */
static int parse_clock(const char **p)
{
	int hour = number(p, 2), minute, second;

	if (hour < 0 || hour > 23 || !skip(p, ":"))
		return -1;
	minute = number(p, 2);
	if (minute < 0 || minute > 59 || !skip(p, ":"))
		return -1;
	second = number(p, 2);
	if (second < 0 || second > 60)
		return -1;
	return hour * 3600 + minute * 60 + second;
}

static int64_t parse_fraction(const char **p)
{
	int64_t ns = 0, unit = NS_PER_S;

	if (!skip(p, "."))
		return 0;
	while (**p >= '0' && **p <= '9') {
		if (unit == 1)
			return -1;
		unit /= 10;
		ns += (*(*p)++ - '0') * unit;
	}
	return unit == NS_PER_S ? -1 : ns;
}

/* "Z" or "+01:30" in seconds; true when it is one and the text ends there. */
static bool parse_offset(const char **p, int *ret_seconds)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes;

	*ret_seconds = 0;
	if (skip(p, "Zz"))
		return **p == '\0';
	if (!skip(p, "+-"))
		return false;
	hours = number(p, 2);
	if (hours < 0 || hours > 23 || !skip(p, ":"))
		return false;
	minutes = number(p, 2);
	if (minutes < 0 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return **p == '\0';
}

int ocirun_time_parse(const char *text, int64_t *ret_ns)
{
	int64_t days = parse_date(&text), ns, seconds;
	int clock, offset;

	if (days < 0 || !skip(&text, "Tt "))
		return -EINVAL;
	clock = parse_clock(&text);
	ns = clock < 0 ? -1 : parse_fraction(&text);
	if (ns < 0 || !parse_offset(&text, &offset))
		return -EINVAL;
	seconds = days * 86400 + clock - offset;
	if (seconds < 0)
		return -ERANGE;
	*ret_ns = seconds * NS_PER_S + ns;
	return 0;
}
