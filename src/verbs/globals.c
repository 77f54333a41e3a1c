/* SPDX-License-Identifier: Apache-2.0 */
/* The global flags. */
#include "verbs/globals.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "launch/rootless.h"
#include "verbs/conf.h"
#include "verbs/options.h"

#define GLOBAL(member) offsetof(struct invocation, globals.member)
#define SETTING(id)    offsetof(struct invocation, settings[SETTING_##id])

const struct option_spec global_options[] = {
	{.name = "root",
	 .kind = OPTION_STRING,
	 .offset = GLOBAL(store.root),
	 .value_name = "DIR",
	 .help = "where containers are kept (default: /run/ocirun)"},
	{.name = "log",
	 .kind = OPTION_STRING,
	 .offset = GLOBAL(log),
	 .value_name = "FILE",
	 .help = "append errors to FILE as well as writing them to stderr"},
	{.name = "log-format",
	 .kind = OPTION_STRING,
	 .offset = GLOBAL(log_format),
	 .value_name = "FORMAT",
	 .help = "text or json (default: text)"},
	{.name = "log-level",
	 .kind = OPTION_STRING,
	 .offset = GLOBAL(log_level),
	 .value_name = "LEVEL",
	 .help = "error, warning or debug (default: warning)"},
	{.name = "debug",
	 .kind = OPTION_FLAG,
	 .offset = GLOBAL(debug),
	 .help = "log what is done and why"},
	{.name = "cgroup-manager",
	 .kind = OPTION_STRING,
	 .offset = GLOBAL(cgroup_manager),
	 .value_name = "MANAGER",
	 .help = "cgroupfs, or disabled to stay in the caller's cgroup (default: cgroupfs)"},
	{.name = "systemd-cgroup",
	 .kind = OPTION_FLAG,
	 .offset = GLOBAL(systemd_cgroup),
	 .help = "refused: this build has no systemd cgroup driver"},
	{.name = "rootless",
	 .kind = OPTION_STRING,
	 .offset = GLOBAL(rootless),
	 .value_name = "BOOL",
	 .help = "ignore missing permission for cgroups: true, false or auto (default: auto)"},
	{.name = "monitor",
	 .kind = OPTION_STRING,
	 .offset = GLOBAL(monitor),
	 .value_name = "MODE",
	 .help = "who watches a container: auto, sibling, parent or none (default: auto)"},
	{.name = "exit-source",
	 .kind = OPTION_STRING,
	 .offset = GLOBAL(exit_source),
	 .value_name = "SOURCE",
	 .help = "how the exit status is learnt: auto, pidfd, netlink, parent or ptrace (default: "
		 "auto)"},
	{.name = "feed",
	 .kind = OPTION_STRING,
	 .offset = SETTING(FEED),
	 .value_name = "DIR|none",
	 .help = "where the file with the events of all containers is (default: .feed of --root)"},
	{.name = "feed-size",
	 .kind = OPTION_STRING,
	 .offset = SETTING(FEED_SIZE),
	 .value_name = "SIZE",
	 .help = "size at which that file is put aside and a new one begun (default: 16m)"},
	{.name = "feed-count",
	 .kind = OPTION_STRING,
	 .offset = SETTING(FEED_COUNT),
	 .value_name = "N",
	 .help = "how many files put aside are kept (default: 2)"},
	{.name = "feed-group",
	 .kind = OPTION_STRING,
	 .offset = SETTING(FEED_GROUP),
	 .value_name = "GROUP",
	 .help = "name or number of a group that may read them (default: nobody else)"},
	{.name = "log-age",
	 .kind = OPTION_STRING,
	 .offset = SETTING(LOG_AGE),
	 .value_name = "DURATION",
	 .help = "how long the event log of a deleted container is kept (default: 1h)"},
	{.name = "log-count",
	 .kind = OPTION_STRING,
	 .offset = SETTING(LOG_COUNT),
	 .value_name = "N",
	 .help = "how many logs of deleted containers are kept (default: 1000)"},
	{.name = "log-size",
	 .kind = OPTION_STRING,
	 .offset = SETTING(LOG_SIZE),
	 .value_name = "SIZE",
	 .help = "how much space they may take together (default: 256m)"},
	{.name = "criu",
	 .kind = OPTION_NONE,
	 .takes_value = true,
	 .value_name = "FILE",
	 .help = "without effect; taken because old clients send it"},
	{.name = "version",
	 .letter = 'v',
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct invocation, version),
	 .help = "show the versions"},
	{0},
};

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"error", "warning", "debug", NULL};
static const char *const cgroup_managers[] = {"cgroupfs", "systemd", "disabled", NULL};
static const char *const rootless_values[] = {"true", "false", "auto", NULL};
static const char *const monitors[] = {"auto", "sibling", "parent", "none", NULL};
static const char *const exit_sources[] = {"auto", "pidfd", "netlink", "parent", "ptrace", NULL};

/* Flags whose value is one of a few words. */
static const struct {
	const char *name;
	size_t offset;
	const char *const *values;
	const char *usual;
} choices[] = {
	{"log-format", GLOBAL(log_format), log_formats, "text"},
	{"log-level", GLOBAL(log_level), log_levels, "warning"},
	{"cgroup-manager", GLOBAL(cgroup_manager), cgroup_managers, "cgroupfs"},
	{"rootless", GLOBAL(rootless), rootless_values, "auto"},
	{"monitor", GLOBAL(monitor), monitors, "auto"},
	{"exit-source", GLOBAL(exit_source), exit_sources, "auto"},
};

static bool is_one_of(const char *value, const char *const *values)
{
	for (; *values; values++)
		if (strcmp(value, *values) == 0)
			return true;
	return false;
}

static int unknown_value(const char *name, const char *value, const char *const *values,
			 struct error *err)
{
	char wanted[96] = "";

	for (; *values; values++) {
		size_t length = strlen(wanted);

		(void)snprintf(wanted + length, sizeof(wanted) - length, "%s%s",
			       length == 0 ? ""
			       : values[1] ? ", "
					   : " or ",
			       *values);
	}
	return error_set(err, ERROR_USAGE, EINVAL, "--%s: unknown value \"%s\"; %s is needed", name,
			 value, wanted);
}

static int settle_choices(struct invocation *invocation, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		const char **value = (const char **)((char *)invocation + choices[i].offset);

		if (!*value)
			*value = choices[i].usual;
		if (!is_one_of(*value, choices[i].values))
			return unknown_value(choices[i].name, *value, choices[i].values, err);
	}
	return 0;
}

/* Root of a user namespace may be a user who wants his own containers, or a "machine" of its own.
 */
static bool wants_own_root(void)
{
	const char *user = getenv("USER");

	if (geteuid() != 0)
		return true;
	return rootless_in_user_namespace() && (!user || strcmp(user, "root") != 0);
}

static int default_root(char **ret, struct error *err)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	int r;

	if (runtime_dir && runtime_dir[0] == '/' && wants_own_root())
		r = asprintf(ret, "%s/ocirun", runtime_dir);
	else
		r = asprintf(ret, "/run/ocirun");
	return r < 0 ? error_sys_num(err, ENOMEM, "--root") : 0;
}

/* Hooks and the monitor have another working directory. */
static int absolute(const char *option, const char *path, char **ret, struct error *err)
{
	autofree char *here = NULL;
	int r;

	if (path[0] == '\0')
		return error_set(err, ERROR_USAGE, EINVAL, "--%s: the directory's name is empty",
				 option);
	if (path[0] == '/') {
		*ret = strdup(path);
		return *ret ? 0 : error_sys_num(err, ENOMEM, "--%s", option);
	}
	here = getcwd(NULL, 0);
	if (!here)
		return error_sys(err, "--%s: getcwd", option);
	r = asprintf(ret, "%s/%s", here, path);
	return r < 0 ? error_sys_num(err, ENOMEM, "--%s", option) : 0;
}

static int settle_root(struct invocation *invocation, struct error *err)
{
	const char *given = invocation->globals.store.root;

	return given ? absolute("root", given, &invocation->root, err)
		     : default_root(&invocation->root, err);
}

static int settle_setting(struct invocation *invocation, enum setting_id id, struct error *err)
{
	const char *value = invocation->settings[id];
	autofree char *path = NULL;
	int r = 0;

	if (!value)
		return 0;
	if (id == SETTING_FEED && strcmp(value, "none") != 0)
		r = absolute("feed", value, &path, err);
	if (r < 0)
		return r;
	r = setting_apply(id, path ? path : value, &invocation->globals.store, &invocation->feed,
			  err);
	return r < 0 ? error_in(err, "--%s", setting_name(id)) : 0;
}

/* Every value is looked at, also one that another replaces: a mistake shows at once. */
static int settle_store(struct invocation *invocation, struct error *err)
{
	struct store *store = &invocation->globals.store;
	int r;

	*store = (struct store){.root = invocation->root, STORE_DEFAULTS};
	r = conf_read(wants_own_root(), store, &invocation->feed, err);
	for (unsigned int id = 0; id < SETTINGS && r == 0; id++)
		r = settle_setting(invocation, (enum setting_id)id, err);
	return r;
}

int globals_settle(struct invocation *invocation, struct error *err)
{
	const struct globals *g = &invocation->globals;
	int r;

	r = settle_choices(invocation, err);
	if (r < 0)
		return r;
	if (g->systemd_cgroup || strcmp(g->cgroup_manager, "systemd") == 0)
		return error_set(err, ERROR_USAGE, ENOTSUP,
				 "systemd cgroup driver is not supported by this build");
	r = settle_root(invocation, err);
	return r < 0 ? r : settle_store(invocation, err);
}

/* crun's other destinations would otherwise become files of that name. */
static int log_path(const char *log, const char **ret, struct error *err)
{
	*ret = log;
	if (!log || strcmp(log, "/dev/stderr") == 0)
		*ret = NULL;
	else if (log[0] == '\0')
		return error_set(err, ERROR_USAGE, EINVAL, "--log: the file's name is empty");
	else if (strncmp(log, "file:", 5) == 0)
		*ret = log + 5;
	else if (strncmp(log, "journald:", 9) == 0 || strncmp(log, "syslog:", 7) == 0)
		return error_set(err, ERROR_USAGE, ENOTSUP,
				 "--log: %.*s is not supported by this build; a file is needed",
				 (int)strcspn(log, ":"), log);
	return 0;
}

int globals_open_log(const struct globals *g, struct error *err)
{
	enum log_format format = LOG_TEXT;
	enum log_level level = LOG_LEVEL_WARNING;
	const char *path;
	int r;

	if (g->log_format && strcmp(g->log_format, "json") == 0)
		format = LOG_JSON;
	if (g->log_level && strcmp(g->log_level, "error") == 0)
		level = LOG_LEVEL_ERROR;
	if (g->debug || (g->log_level && strcmp(g->log_level, "debug") == 0))
		level = LOG_LEVEL_DEBUG;
	r = log_path(g->log, &path, err);
	if (r < 0)
		return r;
	return log_open(path, format, level, err);
}

int globals_parse(char **argv, struct invocation *invocation, struct error *err)
{
	struct command_line line = {
		.table = global_options,
		.target = invocation,
		.stop_at_first_positional = true,
	};
	size_t count = 0;
	int r;

	while (argv[count])
		count++;
	line.args = calloc(count + 1, sizeof(*line.args));
	if (!line.args)
		return error_sys_num(err, ENOMEM, "command line");
	r = options_parse(&line, argv[0] ? argv + 1 : argv, err);
	invocation->words = line.args;
	invocation->word_count = line.arg_count;
	invocation->help = line.help;
	return r;
}

void globals_done(struct invocation *invocation)
{
	free(invocation->words);
	free(invocation->root);
	free(invocation->feed);
}
