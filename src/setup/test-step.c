/* SPDX-License-Identifier: Apache-2.0 */
/* The step runner on tables of its own. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/tap.h"
#include "setup/setup.h"

static char trace[16];

static int first(struct setup *s, const struct spec *spec, struct error *err)
{
	(void)s;
	(void)spec;
	(void)err;
	strcat(trace, "1");
	return 0;
}

static int second(struct setup *s, const struct spec *spec, struct error *err)
{
	(void)s;
	(void)spec;
	(void)err;
	strcat(trace, "2");
	return 0;
}

static int fails(struct setup *s, const struct spec *spec, struct error *err)
{
	(void)s;
	(void)spec;
	return error_sys_num(err, EPERM, "mount /x");
}

static bool never(const struct setup *s, const struct spec *spec)
{
	(void)s;
	(void)spec;
	return false;
}

static void in_order(void)
{
	static const struct step steps[] = {{"one", NULL, first, ""},
					    {"skipped", never, fails, ""},
					    {"two", NULL, second, ""},
					    {0}};
	struct setup s = SETUP_INIT;
	struct error err = ERROR_INIT;
	struct spec spec = {0};

	trace[0] = '\0';
	check_int(steps_run(steps, &s, &spec, &err), 0);
	check_text(trace, "12");
}

static void failure_is_named(void)
{
	static const struct step steps[] = {{"one", NULL, first, ""},
					    {"mounts", NULL, fails, ""},
					    {"two", NULL, second, ""},
					    {0}};
	struct setup s = SETUP_INIT;
	struct error err = ERROR_INIT;
	struct spec spec = {0};

	trace[0] = '\0';
	check_int(steps_run(steps, &s, &spec, &err), -EPERM);
	check_text(trace, "1");
	check_text(err.text, "mounts: mount /x: Operation not permitted");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"wanted steps run in the table's order", in_order},
		{"the first failure stops them and is named", failure_is_named},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
