/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and times of the command line. */
#include "verbs/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "ocirun/events.h"

#define NS_PER_S 1000000000LL

/* Longer names first, so that "m" does not take "ms". */
static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", 1000000},
	{"s", NS_PER_S},
	{"m", 60 * NS_PER_S},
	{"h", 3600 * NS_PER_S},
	{"d", 86400 * NS_PER_S},
};

static const struct unit *take_unit(const char **p)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(*p, units[i].name, length) == 0) {
			*p += length;
			return &units[i];
		}
	}
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A decimal number as whole and billionths; the cursor moves behind it. */
static bool take_number(const char **p, int64_t *ret_whole, int64_t *ret_billionths)
{
	int64_t whole = 0, billionths = 0, place = NS_PER_S;

	if (!is_digit(**p))
		return false;
	for (; is_digit(**p); (*p)++) {
		if (whole > INT64_MAX / 10 - 1)
			return false;
		whole = whole * 10 + (**p - '0');
	}
	if (**p == '.') {
		(*p)++;
		if (!is_digit(**p))
			return false;
		for (; is_digit(**p); (*p)++) {
			place /= 10;
			billionths += (**p - '0') * place;
		}
	}
	*ret_whole = whole;
	*ret_billionths = billionths;
	return true;
}

static bool add(int64_t *total, int64_t whole, int64_t billionths, int64_t unit_ns)
{
	int64_t part;

	/* Of a day 0.999999999 is exact enough in steps of the unit's billionth. */
	return !__builtin_mul_overflow(whole, unit_ns, &part) &&
	       !__builtin_add_overflow(*total, part, total) &&
	       !__builtin_add_overflow(*total, (int64_t)((__int128)billionths * unit_ns / NS_PER_S),
				       total);
}

static bool parse(const char *p, int64_t *ret_ns)
{
	int64_t total = 0, whole, billionths;
	bool only = true;

	if (!*p)
		return false;
	while (*p) {
		const struct unit *unit;

		if (!take_number(&p, &whole, &billionths))
			return false;
		unit = take_unit(&p);
		if (!unit && (*p || !only))
			return false;
		if (!add(&total, whole, billionths, unit ? unit->ns : NS_PER_S))
			return false;
		only = false;
	}
	*ret_ns = total;
	return true;
}

int duration_parse(const char *text, int64_t *ret_ns, struct error *err)
{
	if (parse(text, ret_ns))
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL,
			 "\"%s\" is no duration; write 5s, 500ms, 10m or 1h30m", text);
}

int duration_parse_time(const char *text, int64_t *ret_ns, struct error *err)
{
	struct timespec now = {0};
	int64_t ago;

	if (ocirun_time_parse(text, ret_ns) == 0)
		return 0;
	if (!parse(text, &ago))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "\"%s\" is no time; write 2026-01-02T03:04:05Z, or 10m for ten "
				 "minutes ago",
				 text);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*ret_ns = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec - ago;
	return 0;
}
