/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun exec: a further process in a running container. */
#include <errno.h>

#include "container/container.h"
#include "launch/exec.h"
#include "launch/preserve.h"
#include "verbs/foreground.h"
#include "verbs/verb.h"

struct exec_flags {
	const char *process, *cwd, *user, *exec_id;
	const char *console_socket, *pid_file, *pidfd_socket;
	const char *process_label, *apparmor;
	struct option_list env, additional_gids, caps, cgroups;
	bool detach, tty, no_new_privs, ignore_paused;
	int preserve_fds;
};

#define AT(member) offsetof(struct exec_flags, member)
static const struct option_spec options_table[] = {
	{.name = "process",
	 .letter = 'p',
	 .kind = OPTION_STRING,
	 .value_name = "FILE",
	 .offset = AT(process),
	 .help = "take the process from a JSON file instead of the container's configuration"},
	{.name = "detach",
	 .letter = 'd',
	 .kind = OPTION_FLAG,
	 .offset = AT(detach),
	 .help = "return when the program runs"},
	{.name = "tty",
	 .letter = 't',
	 .kind = OPTION_FLAG,
	 .offset = AT(tty),
	 .help = "give it a terminal"},
	{.name = "console-socket",
	 .kind = OPTION_STRING,
	 .value_name = "SOCKET",
	 .offset = AT(console_socket),
	 .help = "unix stream socket that is sent the terminal's master"},
	{.name = "pidfd-socket",
	 .kind = OPTION_STRING,
	 .value_name = "SOCKET",
	 .offset = AT(pidfd_socket),
	 .help = "unix stream socket that is sent a pidfd of the process"},
	{.name = "pid-file",
	 .kind = OPTION_STRING,
	 .value_name = "FILE",
	 .offset = AT(pid_file),
	 .help = "write the pid of the process, in decimal without a newline"},
	{.name = "exec-id",
	 .kind = OPTION_STRING,
	 .value_name = "NAME",
	 .offset = AT(exec_id),
	 .help = "what the event log calls it (default: a random name)"},
	{.name = "cwd",
	 .kind = OPTION_STRING,
	 .value_name = "DIR",
	 .offset = AT(cwd),
	 .help = "its working directory in the container"},
	{.name = "env",
	 .letter = 'e',
	 .kind = OPTION_LIST,
	 .value_name = "NAME=VALUE",
	 .offset = AT(env),
	 .help = "add to its environment; may be given again"},
	{.name = "user",
	 .letter = 'u',
	 .kind = OPTION_STRING,
	 .value_name = "UID[:GID]",
	 .offset = AT(user),
	 .help = "its user, by number"},
	{.name = "additional-gids",
	 .letter = 'g',
	 .kind = OPTION_LIST,
	 .value_name = "GID",
	 .offset = AT(additional_gids),
	 .help = "add a group, by number; may be given again"},
	{.name = "cap",
	 .letter = 'c',
	 .kind = OPTION_LIST,
	 .value_name = "CAP",
	 .offset = AT(caps),
	 .help = "add a capability; may be given again"},
	{.name = "no-new-privs",
	 .kind = OPTION_FLAG,
	 .offset = AT(no_new_privs),
	 .help = "let no program that it executes gain privileges"},
	{.name = "process-label",
	 .kind = OPTION_STRING,
	 .value_name = "LABEL",
	 .offset = AT(process_label),
	 .help = "its SELinux label"},
	{.name = "apparmor",
	 .kind = OPTION_STRING,
	 .value_name = "PROFILE",
	 .offset = AT(apparmor),
	 .help = "its AppArmor profile"},
	{.name = "preserve-fds",
	 .kind = OPTION_INT,
	 .value_name = "N",
	 .offset = AT(preserve_fds),
	 .help = "leave N descriptors from 3 on open for it"},
	{.name = "cgroup",
	 .kind = OPTION_LIST,
	 .value_name = "PATH",
	 .offset = AT(cgroups),
	 .help = "a cgroup below the container's; on v1 CONTROLLERS:PATH; may be given again"},
	{.name = "ignore-paused",
	 .kind = OPTION_FLAG,
	 .offset = AT(ignore_paused),
	 .help = "allow a paused container: the program runs when it is resumed"},
	{.name = "no-subreaper",
	 .kind = OPTION_NONE,
	 .help = "accepted for runc's sake, without effect"},
	{0},
};
#undef AT

static int check_flags(const struct exec_flags *f, char *const *command, struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (!command[0] && !f->process)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "give a command after the container ID, or --process");
	if (f->exec_id && container_id_check(f->exec_id, &ignored) < 0)
		return error_set(
			err, ERROR_USAGE, EINVAL,
			"--exec-id: invalid name \"%.200s\"; it has 1 to 128 characters of "
			"A-Z a-z 0-9 _ . + -, the first a letter or a digit",
			f->exec_id);
	return 0;
}

static struct exec_options exec_options_of(const struct globals *g, const struct exec_flags *f,
					   char *const *args)
{
	return (struct exec_options){
		.store = &g->store,
		.id = args[0],
		.exec_id = f->exec_id,
		.process = {.file = f->process,
			    .args = args + 1,
			    .cwd = f->cwd,
			    .user = f->user,
			    .terminal = f->tty,
			    .no_new_privileges = f->no_new_privs,
			    .apparmor = f->apparmor,
			    .process_label = f->process_label,
			    .env_count = f->env.count,
			    .env = f->env.items,
			    .cap_count = f->caps.count,
			    .caps = f->caps.items,
			    .gid_count = f->additional_gids.count,
			    .gids = f->additional_gids.items},
		.console_socket = f->console_socket,
		.pidfd_socket = f->pidfd_socket,
		.pid_file = f->pid_file,
		.cgroup_count = f->cgroups.count,
		.cgroups = f->cgroups.items,
		.preserve_fds = f->preserve_fds,
		.ignore_paused = f->ignore_paused,
		.exit_source = g->exit_source,
		.detach = f->detach,
		.foreground_console = -EBADF,
	};
}

static int watch(struct foreground *f, struct executing *e, struct error *err)
{
	int status = 0;
	int r;

	r = foreground_hold_signals(f, err);
	if (r == 0)
		r = foreground_attach(f, executing_loop(e), executing_pidfd(e), err);
	if (r == 0)
		r = executing_go(e, err);
	if (r == 0)
		r = executing_run(e, &status, err);
	return r < 0 ? r : foreground_exit_status(status);
}

static int exec_in_foreground(struct exec_options *opt, struct error *err)
{
	struct foreground f = FOREGROUND_CLOSED;
	struct executing *e = NULL;
	int preserved, r;

	/* Ours must not stand in for one of the caller's that is missing. */
	r = preserve_count(opt->preserve_fds, &preserved, err);
	if (r == 0)
		r = foreground_open(&f, err);
	if (r < 0)
		return r;
	opt->foreground_console = f.console_pair[1];
	r = launch_exec(opt, &e, err);
	if (r == 0) {
		r = watch(&f, e, err);
		executing_free(e);
	}
	foreground_close(&f);
	return r;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct exec_flags *f = options;
	struct exec_options opt = exec_options_of(g, f, args);
	int r = check_flags(f, args + 1, err);

	if (r < 0)
		return r;
	return opt.detach ? launch_exec(&opt, NULL, err) : exec_in_foreground(&opt, err);
}

const struct verb verb_exec = {
	.name = "exec",
	.arguments = "<container-id> [command] [argument...]",
	.summary = "run a further process in a container",
	.description =
		"In the foreground signals are forwarded, and the exit status is that of the "
		"process,\n"
		"or 128+n when signal n ended it. Failures of exec itself are 255.",
	.min_args = 1,
	.max_args = -1,
	.stop_at_first_positional = true,
	.options_size = sizeof(struct exec_flags),
	.options = options_table,
	.run = run,
	.failure_status = 255,
};
