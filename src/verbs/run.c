/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun run: create, start, and stay until the end unless detached. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "launch/preserve.h"
#include "launch/teardown.h"
#include "verbs/create_options.h"
#include "verbs/foreground.h"

struct run_options {
	struct create_options create; /* first: CREATE_OPTION_ROWS */
	bool detach, keep;
};

static const struct option_spec options_table[] = {
	CREATE_OPTION_ROWS,
	{.name = "detach",
	 .letter = 'd',
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct run_options, detach),
	 .help = "return when the container runs"},
	{.name = "keep",
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct run_options, keep),
	 .help = "do not delete the container when it has ended"},
	{0},
};

/* The create has written it, for a container that is no more. */
static void remove_pid_file(const struct launch_options *launch)
{
	if (launch->pid_file)
		(void)unlink(launch->pid_file);
}

static int run_detached(struct launch_options *launch, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r = launch_create(launch, NULL, err);

	if (r < 0)
		return r;
	r = launch_start(launch->store, launch->id, err);
	if (r < 0) {
		(void)teardown_delete(launch->store, launch->id, true, &ignored);
		remove_pid_file(launch);
	}
	return r;
}

/* A container that could not be started must not be left to wait for it. */
static int start_or_end(const struct launch_options *launch, struct watching *w, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r = watching_start(w, launch->store, launch->id, err);
	int status;

	if (r < 0) {
		watching_end(w);
		(void)watching_run(w, &status, &ignored);
		remove_pid_file(launch);
	}
	return r;
}

static int watch(const struct launch_options *launch, struct foreground *f, struct watching *w,
		 struct error *err)
{
	int status = 0;
	int r;

	r = foreground_attach(f, watching_loop(w), watching_pidfd(w), err);
	if (r < 0)
		watching_end(w);
	else
		r = start_or_end(launch, w, err);
	if (r == 0)
		r = watching_run(w, &status, err);
	return r < 0 ? r : foreground_exit_status(status);
}

static int run_in_foreground(struct launch_options *launch, bool keep, struct error *err)
{
	struct foreground f = FOREGROUND_CLOSED;
	struct watching *w = NULL;
	struct error deletion = ERROR_INIT;
	int preserved, r, deleted = 0;

	/* Ours must not stand in for one of the caller's that is missing. */
	r = preserve_count(launch->preserve_fds, &preserved, err);
	if (r == 0)
		r = foreground_open(&f, err);
	if (r == 0)
		r = foreground_hold_signals(&f, err);
	if (r < 0) {
		foreground_close(&f);
		return r;
	}
	launch->foreground = true;
	launch->foreground_console = f.console_pair[1];
	r = launch_create(launch, &w, err);
	if (r == 0) {
		r = watch(launch, &f, w, err);
		watching_free(w);
		if (!keep || r < 0)
			deleted = teardown_delete(launch->store, launch->id, true, &deletion);
	}
	foreground_close(&f);
	/* A failed poststart hook has destroyed it already. */
	if (deleted < 0 && r >= 0 && deletion.kind != ERROR_MISSING) {
		*err = deletion;
		return deleted;
	}
	return r;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct run_options *opt = options;
	struct launch_options launch = create_launch_options(g, &opt->create, args[0]);

	return opt->detach ? run_detached(&launch, err)
			   : run_in_foreground(&launch, opt->keep, err);
}

const struct verb verb_run = {
	.name = "run",
	.arguments = "<container-id>",
	.summary = "create and start a container, and return its exit code",
	.description =
		"In the foreground signals are forwarded and the container is deleted at its end.\n"
		"The exit status is the container's, or 128+n when signal n ended it.",
	.min_args = 1,
	.max_args = 1,
	.options_size = sizeof(struct run_options),
	.options = options_table,
	.run = run,
};
