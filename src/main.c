/* SPDX-License-Identifier: Apache-2.0 */
/* argv -> verb -> run -> print the one error -> exit status. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "ocirun/exit-status.h"
#include "verbs/globals.h"
#include "verbs/help.h"
#include "verbs/options.h"
#include "verbs/verb.h"

/* What the caller left open or ignored must not reach a container, a hook or the monitor (D7). */
static int harden(struct error *err)
{
	sigset_t none;
	int r;

	r = fd_standard_streams();
	if (r < 0)
		return error_sys_num(err, r, "open /dev/null");
	fd_cloexec_from(STDERR_FILENO + 1);
	if (getauxval(AT_SECURE))
		return error_set(
			err, ERROR_SYSTEM, EPERM,
			"refusing to run set-user-ID, set-group-ID or with file capabilities");
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_sys(err, "prctl PR_SET_DUMPABLE");
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return error_sys(err, "sigprocmask");
	/* Ignored by the caller, it would make the kernel reap our children unseen. */
	(void)signal(SIGCHLD, SIG_DFL);
	/* A reader that goes away is an error with a message, not a silent death. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a small ulimit -f shall fail a write, not kill us */
	return 0;
}

static int check_arguments(const struct verb *v, const struct command_line *line, struct error *err)
{
	int count = (int)line->arg_count;

	if (count < v->min_args)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "%s: too few arguments; usage: ocirun %s [options] %s", v->name,
				 v->name, v->arguments);
	if (v->max_args >= 0 && count > v->max_args)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "%s: unexpected argument \"%s\"; usage: ocirun %s [options] %s",
				 v->name, line->args[v->max_args], v->name, v->arguments);
	return 0;
}

/* "create web: ..." for verbs that begin with an ID, else "list: ...". */
static int in_verb(const struct verb *v, const char *id, struct error *err)
{
	bool names_container =
		id && v->arguments && strncmp(v->arguments, "<container-id>", 14) == 0;

	return names_container ? error_in(err, "%s %.128s", v->name, id)
			       : error_in(err, "%s", v->name);
}

static int run_parsed(const struct verb *v, const struct globals *g,
		      const struct command_line *line, struct error *err)
{
	int r;

	if (line->help)
		return help_print_verb(v, err);
	r = check_arguments(v, line, err);
	if (r < 0)
		return r;
	r = v->run(g, line->target, line->args, err);
	return r < 0 ? in_verb(v, line->args[0], err) : r;
}

static int run_verb(const struct verb *v, const struct invocation *invocation, struct error *err)
{
	autofree void *options = calloc(1, v->options_size + 1);
	autofree char **args = calloc(invocation->word_count + 1, sizeof(*args));
	struct command_line line = {
		.table = v->options,
		.target = options,
		.stop_at_first_positional = v->stop_at_first_positional,
		.args = args,
	};
	int r;

	if (!options || !args)
		return error_sys_num(err, ENOMEM, "%s", v->name);
	r = options_parse(&line, invocation->words + 1, err);
	r = r < 0 ? in_verb(v, NULL, err) : run_parsed(v, &invocation->globals, &line, err);
	options_done(v->options, options);
	return r;
}

/* "help" and "help VERB", as people try them first. */
static bool is_help_word(const struct invocation *invocation)
{
	return invocation->word_count > 0 && invocation->word_count <= 2 &&
	       strcmp(invocation->words[0], "help") == 0;
}

static int print_help(const struct invocation *invocation, struct error *err)
{
	const struct verb *v;

	if (invocation->help || invocation->word_count < 2)
		return help_print(err);
	v = verb_find(invocation->words[1]);
	if (!v)
		return error_set(err, ERROR_USAGE, EINVAL, "No help topic for '%s'",
				 invocation->words[1]);
	return help_print_verb(v, err);
}

static const struct verb *choose_verb(const struct invocation *invocation, struct error *err)
{
	const char *name = invocation->word_count ? invocation->words[0] : NULL;
	const struct verb *v = name ? verb_find(name) : NULL;

	if (!name)
		(void)error_set(err, ERROR_USAGE, EINVAL,
				"no verb given; ocirun --help lists the verbs");
	else if (!v)
		(void)error_set(err, ERROR_USAGE, EINVAL, "No help topic for '%s'", name);
	return v;
}

/* @ret_failure: the exit status should this return a negative errno. */
static int run_invocation(struct invocation *invocation, int *ret_failure, struct error *err)
{
	const struct verb *v;
	int r;

	if (invocation->version)
		return help_print_version(err);
	if (invocation->help || is_help_word(invocation))
		return print_help(invocation, err);
	v = choose_verb(invocation, err);
	if (!v)
		return -err->errnum;
	if (v->failure_status)
		*ret_failure = v->failure_status;
	r = globals_settle(invocation, err);
	return r < 0 ? r : run_verb(v, invocation, err);
}

static int run(char **argv, struct invocation *invocation, int *ret_failure, struct error *err)
{
	struct error log_failure = ERROR_INIT;
	int r = globals_parse(argv, invocation, err);

	/* Even then, so that whatever else is wrong gets into the log. */
	if (globals_open_log(&invocation->globals, &log_failure) < 0 && r == 0) {
		*err = log_failure;
		return -err->errnum;
	}
	return r < 0 ? r : run_invocation(invocation, ret_failure, err);
}

int main(int argc, char **argv)
{
	struct invocation invocation = {0};
	struct error err = ERROR_INIT;
	int failure = OCIRUN_EXIT_FAILURE, r;

	(void)argc;
	r = harden(&err);
	if (r == 0)
		r = run(argv, &invocation, &failure, &err);
	if (r < 0)
		log_error(&err);
	globals_done(&invocation);
	return r < 0 ? failure : r;
}
