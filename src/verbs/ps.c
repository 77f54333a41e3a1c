/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun ps: the processes of a container, as numbers or as ps(1) of the host shows them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "monitor/adopt.h"
#include "verbs/ps_table.h"
#include "verbs/verb.h"

#define TABLE_MAX ((size_t)256 << 20)

struct ps_options {
	const char *format;
};

static const struct option_spec options_table[] = {
	{.name = "format",
	 .letter = 'f',
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct ps_options, format),
	 .value_name = "FORMAT",
	 .help = "table or json (default: table)"},
	{0},
};

/* ---- who ---- */

static int find_pids(const struct container *c, pid_t **ret_pids, size_t *ret_count,
		     struct error *err)
{
	struct cgroup_host host;
	struct cgroup cg;
	int r;

	if (c->status == STATUS_DELETED)
		return error_set(err, ERROR_MISSING, ENOENT, "container does not exist: \"%s\"",
				 c->id);
	/* A pid namespace may be shared, and children can leave their parents. */
	if (!c->record.cgroup_path)
		return error_set(err, ERROR_STATE, ENOTSUP,
				 "only a cgroup tells which processes are the container's, and "
				 "this one was created without");
	r = cgroup_host_probe(&host, "/sys/fs/cgroup", err);
	if (r < 0)
		return r;
	cgroup_open(&cg, &host, c->record.cgroup_path);
	return cgroup_pids(&cg, ret_pids, ret_count, err);
}

static int by_number(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

static int print_json(const pid_t *pids, size_t count, struct error *err)
{
	autofree char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return error_sys(err, "ps");
	(void)fputc('[', out);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%s%d", i ? "," : "", (int)pids[i]);
	(void)fputs("]\n", out);
	if (fclose(out) != 0)
		return error_sys(err, "ps");
	return print_out(text, length, err);
}

/* ---- the program ps ---- */

/* Files in memory, since nobody reads while ps writes. */
struct ps_output {
	int table_fd, complaint_fd;
};

static int spawn(char **argv, posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes,
		 pid_t *ret_pid)
{
	static const char *const paths[] = {"/bin/ps", "/usr/bin/ps"};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		r = posix_spawn(ret_pid, paths[i], files, attributes, argv, environ);
		if (r != ENOENT)
			return r;
	}
	return posix_spawnp(ret_pid, argv[0], files, attributes, argv, environ);
}

static int start_ps(char **argv, const struct ps_output *output, pid_t *ret_pid, struct error *err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t by_default;
	int r;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attributes);
	(void)sigemptyset(&by_default);
	(void)sigaddset(&by_default, SIGPIPE);
	(void)sigaddset(&by_default, SIGXFSZ);
	r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, output->table_fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, output->complaint_fd, STDERR_FILENO);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attributes, &by_default);
	if (r == 0)
		r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = spawn(argv, &files, &attributes, ret_pid);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&files);
	return r == 0 ? 0 : error_sys_num(err, r, "execute ps");
}

static ssize_t text_of(int fd, char **ret)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return fd_read_text(fd, TABLE_MAX, ret);
}

static int complain(int complaint_fd, int status, struct error *err)
{
	autofree char *text = NULL;

	if (text_of(complaint_fd, &text) < 0)
		text = NULL;
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return error_set(err, ERROR_USAGE, EINVAL, "ps ended with %s %d%s%.300s",
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
			 text && *text ? ": " : "", text ? text : "");
}

static int read_table(const struct ps_output *output, int status, char **ret_text,
		      struct error *err)
{
	ssize_t length = text_of(output->table_fd, ret_text);

	if (length < 0)
		return error_sys_num(err, (int)length, "read what ps wrote");
	/* 1 with a header is only that it found nobody. */
	if (WIFEXITED(status) &&
	    (WEXITSTATUS(status) == 0 || (WEXITSTATUS(status) == 1 && length > 0 &&
					  lseek(output->complaint_fd, 0, SEEK_END) == 0)))
		return 0;
	return complain(output->complaint_fd, status, err);
}

static int run_ps(char **argv, char **ret_text, struct error *err)
{
	autofd table_fd = memfd_create("ps", MFD_CLOEXEC);
	autofd complaint_fd = memfd_create("ps", MFD_CLOEXEC);
	const struct ps_output output = {table_fd, complaint_fd};
	pid_t pid;
	int status, r;

	if (table_fd < 0 || complaint_fd < 0)
		return error_sys(err, "memfd_create");
	r = start_ps(argv, &output, &pid, err);
	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_sys(err, "wait for ps");
	return read_table(&output, status, ret_text, err);
}

/* ---- its arguments ---- */

/* One word may be many: containerd sends "-o pid,args" as one. Several are the words they are. */
static int make_argv(char **args, size_t count, char *words, char ***ret_argv, struct error *err)
{
	static char name[] = "ps", everybody[] = "-ef";
	size_t room = 3 + count + (words ? strlen(words) : 0);
	char **argv = calloc(room, sizeof(*argv));
	size_t used = 0;
	char *save = NULL;

	if (!argv)
		return error_sys_num(err, ENOMEM, "ps");
	argv[used++] = name;
	if (count > 1)
		memcpy(argv + used, args, count * sizeof(*argv));
	else if (words)
		for (char *word = strtok_r(words, " \t\n", &save); word;
		     word = strtok_r(NULL, " \t\n", &save))
			argv[used++] = word;
	if (!argv[1])
		argv[used] = everybody;
	*ret_argv = argv;
	return 0;
}

static int print_table(const pid_t *pids, size_t count, char **args, struct error *err)
{
	autofree char *words = args[0] && !args[1] ? strdup(args[0]) : NULL;
	autofree char **argv = NULL;
	autofree char *text = NULL, *kept = NULL;
	size_t arg_count = 0;
	int r;

	while (args[arg_count])
		arg_count++;
	if (arg_count == 1 && !words)
		return error_sys_num(err, ENOMEM, "ps");
	r = make_argv(args, arg_count, words, &argv, err);
	if (r == 0)
		r = run_ps(argv, &text, err);
	if (r == 0)
		r = ps_table_filter(text, pids, count, &kept, err);
	return r < 0 ? r : print_out(kept, strlen(kept), err);
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct ps_options *opt = options;
	bool json = opt->format && strcmp(opt->format, "json") == 0;
	autocontainer c = CONTAINER_CLOSED;
	autofree pid_t *pids = NULL;
	size_t count = 0;
	int r;

	if (opt->format && !json && strcmp(opt->format, "table") != 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--format: unknown value \"%s\"; table or json is needed",
				 opt->format);
	if (json && args[1])
		return error_set(err, ERROR_USAGE, EINVAL,
				 "unexpected argument \"%s\": options of ps need --format table",
				 args[1]);
	r = container_open(&c, &g->store, args[0], err);
	if (r == 0)
		r = monitor_adopt(&c, err);
	if (r == 0)
		r = find_pids(&c, &pids, &count, err);
	if (r < 0)
		return r;
	if (count > 0)
		qsort(pids, count, sizeof(*pids), by_number);
	return json ? print_json(pids, count, err) : print_table(pids, count, args + 1, err);
}

const struct verb verb_ps = {
	.name = "ps",
	.arguments = "<container-id> [ps-options]",
	.summary = "show the processes of a container",
	.description = "The options are those of ps(1), in one word or several; -ef without any. "
		       "They must show\n"
		       "the column PID.",
	.min_args = 1,
	.max_args = -1,
	.stop_at_first_positional = true,
	.options_size = sizeof(struct ps_options),
	.options = options_table,
	.run = run,
};
