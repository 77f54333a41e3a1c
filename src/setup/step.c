/* SPDX-License-Identifier: Apache-2.0 */
/* Running a table of steps, with the step's name in front of its error. */
#include "config.h"

#include "setup/step.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

#ifdef WITH_FAILPOINTS
/* A namespace's first process is immune to its own SIGKILL, but not to the kernel's. */
static void die(void)
{
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	(void)kill(getpid(), SIGKILL); /* the forbidden call */
}

/* OCIRUN_FAIL_AT=init:NAME or init:NAME:kill */
static int fail_point(const char *name, struct error *err)
{
	const char *wanted = getenv("OCIRUN_FAIL_AT");
	size_t length = strlen(name);

	if (!wanted || strncmp(wanted, "init:", 5) != 0 || strncmp(wanted + 5, name, length) != 0)
		return 0;
	wanted += 5 + length;
	if (strcmp(wanted, ":kill") == 0)
		die();
	if (*wanted)
		return 0;
	return error_set(err, ERROR_SYSTEM, EIO, "failed on request of OCIRUN_FAIL_AT");
}
#else
static int fail_point(const char *name, struct error *err)
{
	(void)name;
	(void)err;
	return 0;
}
#endif

int steps_run(const struct step *steps, struct setup *s, const struct spec *spec, struct error *err)
{
	const struct step *step;

	for (step = steps; step->name; step++) {
		int r;

		if (step->wanted && !step->wanted(s, spec))
			continue;
		log_debug("init: %s", step->name);
		r = fail_point(step->name, err);
		if (r == 0)
			r = step->apply(s, spec, err);
		if (r < 0)
			return error_in(err, "%s", step->name);
	}
	return 0;
}
