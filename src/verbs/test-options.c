/* SPDX-License-Identifier: Apache-2.0 */
/* The command line as clients write it: cli rules of runc's, crun's and Go's flag parsers. */
#include <errno.h>
#include <stddef.h>

#include "base/tap.h"
#include "verbs/globals.h"
#include "verbs/options.h"

struct values {
	bool force;
	bool quiet;
	const char *bundle;
	const char *pid_file;
	int count;
	struct option_list env;
};

#define VALUE(member) offsetof(struct values, member)

static const struct option_spec table[] = {
	{.name = "force", .letter = 'f', .kind = OPTION_FLAG, .offset = VALUE(force)},
	{.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = VALUE(quiet)},
	{.name = "bundle", .letter = 'b', .kind = OPTION_STRING, .offset = VALUE(bundle)},
	{.name = "pid-file", .kind = OPTION_STRING, .offset = VALUE(pid_file)},
	{.name = "preserve-fds", .kind = OPTION_INT, .offset = VALUE(count)},
	{.name = "env", .letter = 'e', .kind = OPTION_LIST, .offset = VALUE(env)},
	{.name = "no-subreaper", .kind = OPTION_NONE},
	{.name = "criu", .kind = OPTION_NONE, .takes_value = true},
	{0},
};

static struct values values;
static char *args[32];
static struct command_line line;
static struct error err;

#define WORDS(...) ((char **)(const char *const[]){__VA_ARGS__, NULL})

static int parse_as(bool stop, char **words)
{
	options_done(table, &values);
	values = (struct values){0};
	err = (struct error)ERROR_INIT;
	line = (struct command_line){
		.table = table,
		.target = &values,
		.stop_at_first_positional = stop,
		.args = args,
	};
	return options_parse(&line, words, &err);
}

static int parse(char **words)
{
	return parse_as(false, words);
}

static void long_names(void)
{
	check_int(parse(WORDS("--force", "-quiet", "--bundle", "/b", "-pid-file=/p", "web")), 0);
	check(values.force);
	check(values.quiet);
	check_text(values.bundle, "/b");
	check_text(values.pid_file, "/p");
	check_int(line.arg_count, 1);
	check_text(args[0], "web");
	check(!args[1]);
}

static void letters(void)
{
	check_int(parse(WORDS("-fq", "-b", "/b", "web")), 0);
	check(values.force && values.quiet);
	check_text(values.bundle, "/b");
	check_int(parse(WORDS("-fb", "/b")), 0);
	check(values.force);
	check_text(values.bundle, "/b");
	check_int(parse(WORDS("-fb=/b")), 0);
	check_text(values.bundle, "/b");
	check_int(parse(WORDS("-b=/b=c")), 0);
	check_text(values.bundle, "/b=c");
	check_int(parse(WORDS("--b", "/b", "--f")), 0);
	check_text(values.bundle, "/b");
	check(values.force);
}

static void flags_after_positionals(void)
{
	check_int(parse(WORDS("web", "--force", "TERM", "-q")), 0);
	check(values.force && values.quiet);
	check_int(line.arg_count, 2);
	check_text(args[1], "TERM");
}

static void stop_at_first(void)
{
	check_int(parse_as(true, WORDS("-f", "web", "-q", "--", "--bogus")), 0);
	check(values.force);
	check(!values.quiet);
	check_int(line.arg_count, 4);
	check_text(args[1], "-q");
	check_text(args[2], "--");
	check_text(args[3], "--bogus");
}

static void two_dashes_alone(void)
{
	check_int(parse(WORDS("-f", "--", "-q", "--", "web")), 0);
	check(!values.quiet);
	check_int(line.arg_count, 3);
	check_text(args[0], "-q");
	check_text(args[1], "--");
	check_int(parse(WORDS("--bundle", "--", "-")), 0);
	check_text(values.bundle, "--");
	check_int(line.arg_count, 1);
	check_text(args[0], "-");
}

static void booleans(void)
{
	check_int(parse(WORDS("--force=true", "-quiet=1")), 0);
	check(values.force && values.quiet);
	check_int(parse(WORDS("--force", "--force=false", "-q=true", "--quiet=0")), 0);
	check(!values.force && !values.quiet);
	check_int(parse(WORDS("--force", "true")), 0);
	check_int(line.arg_count, 1);
	check_int(parse(WORDS("--force=maybe")), -EINVAL);
	check_text(err.text, "--force: invalid value \"maybe\"; true or false is needed");
	check_int(parse(WORDS("--force=")), -EINVAL);
}

static void numbers(void)
{
	check_int(parse(WORDS("--preserve-fds", "2147483647")), 0);
	check_int(values.count, 2147483647);
	check_int(parse(WORDS("--preserve-fds=0")), 0);
	check_int(parse(WORDS("--preserve-fds=2147483648")), -EINVAL);
	check_int(parse(WORDS("--preserve-fds=99999999999999999999")), -EINVAL);
	check_int(parse(WORDS("--preserve-fds=-1")), -EINVAL);
	check_int(parse(WORDS("--preserve-fds= 1")), -EINVAL);
	check_int(parse(WORDS("--preserve-fds=1x")), -EINVAL);
	check_int(parse(WORDS("--preserve-fds=")), -EINVAL);
}

static void lists(void)
{
	check_int(parse(WORDS("-e", "A=1,B=2", "--env", "C", "-e=D")), 0);
	check_int(values.env.count, 3);
	check_text(values.env.items[0], "A=1,B=2");
	check_text(values.env.items[2], "D");
}

static void no_effect(void)
{
	check_int(parse(WORDS("-no-subreaper", "--criu", "/usr/sbin/criu", "web")), 0);
	check_int(line.arg_count, 1);
	check_text(args[0], "web");
}

static void repeated(void)
{
	check_int(parse(WORDS("--bundle", "/a", "--bundle=/b")), 0);
	check_text(values.bundle, "/b");
}

static void unknown(void)
{
	check_int(parse(WORDS("--bogus=1", "web")), -EINVAL);
	check_text(err.text, "flag provided but not defined: -bogus");
	check_int(err.kind, ERROR_USAGE);
	check_int(parse(WORDS("-bogus")), -EINVAL);
	check_text(err.text, "flag provided but not defined: -bogus");
	check_int(parse(WORDS("-xf")), -EINVAL);
	check_text(err.text, "flag provided but not defined: -xf");
	check_int(parse(WORDS("--forc")), -EINVAL);
	check_text(err.text, "flag provided but not defined: -forc");
	check_int(parse(WORDS("--forced")), -EINVAL);
	check_int(parse(WORDS("---force")), -EINVAL);
	check_int(parse(WORDS("--=x")), -EINVAL);
	check_int(parse(WORDS("-=x")), -EINVAL);
}

static void missing_values(void)
{
	check_int(parse(WORDS("web", "--pid-file")), -EINVAL);
	check_text(err.text, "flag needs an argument: --pid-file");
	check_int(parse(WORDS("-fb")), -EINVAL);
	check_text(err.text, "flag needs an argument: --bundle");
	check_int(parse(WORDS("--bundle=")), 0);
	check_text(values.bundle, "");
}

static void help(void)
{
	check_int(parse(WORDS("web", "--help", "--bogus")), 0);
	check(line.help);
	check_int(parse(WORDS("-h")), 0);
	check(line.help);
	check_int(parse(WORDS("-help")), 0);
	check(line.help);
	check_int(parse_as(true, WORDS("web", "--help")), 0);
	check(!line.help);
}

static void no_table(void)
{
	line = (struct command_line){.args = args};
	check_int(options_parse(&line, WORDS("--help"), &err), 0);
	check(line.help);
	check_int(options_parse(&line, WORDS("--force"), &err), -EINVAL);
}

static int globals(struct invocation *invocation, char **argv)
{
	int r;

	*invocation = (struct invocation){0};
	err = (struct error)ERROR_INIT;
	r = globals_parse(argv, invocation, &err);
	return r < 0 ? r : globals_settle(invocation, &err);
}

static void globals_of_engines(void)
{
	struct invocation i;

	check_int(globals(&i,
			  WORDS("ocirun", "--root", "/r", "--log", "/l", "--log-format", "json",
				"--rootless=true", "--root", "/run/x", "create", "--bundle", "/b")),
		  0);
	check_text(i.globals.store.root, "/run/x");
	check_text(i.globals.log_format, "json");
	check_text(i.globals.rootless, "true");
	check_text(i.globals.monitor, "auto");
	check_text(i.globals.cgroup_manager, "cgroupfs");
	check_int(i.word_count, 3);
	check_text(i.words[0], "create");
	check_text(i.words[1], "--bundle");
	globals_done(&i);
}

static void globals_refused(void)
{
	struct invocation i;

	check_int(globals(&i, WORDS("ocirun", "--systemd-cgroup", "state", "web")), -ENOTSUP);
	check_text(err.text, "systemd cgroup driver is not supported by this build");
	globals_done(&i);
	check_int(globals(&i, WORDS("ocirun", "--cgroup-manager", "systemd", "list")), -ENOTSUP);
	globals_done(&i);
	check_int(globals(&i, WORDS("ocirun", "--systemd-cgroup=false", "list")), 0);
	globals_done(&i);
	check_int(globals(&i, WORDS("ocirun", "--rootless=perhaps", "list")), -EINVAL);
	check_text(err.text,
		   "--rootless: unknown value \"perhaps\"; true, false or auto is needed");
	globals_done(&i);
	check_int(globals(&i, WORDS("ocirun", "--log-format", "xml", "list")), -EINVAL);
	check_text(err.text, "--log-format: unknown value \"xml\"; text or json is needed");
	globals_done(&i);
	check_int(globals(&i, WORDS("ocirun", "--monitor=maybe", "list")), -EINVAL);
	check_text(err.text,
		   "--monitor: unknown value \"maybe\"; auto, sibling, parent or none is needed");
	globals_done(&i);
	check_int(globals(&i, WORDS("ocirun", "--root=", "list")), -EINVAL);
	globals_done(&i);
}

static const struct tap_test tests[] = {
	{"one dash and a long name is as good as two", long_names},
	{"letters stand alone or in a bundle that may end in one with a value", letters},
	{"flags may follow the ID", flags_after_positionals},
	{"some verbs leave what follows the first positional alone", stop_at_first},
	{"-- ends the flags, and - is no flag", two_dashes_alone},
	{"booleans take =true and =false, and never the next word", booleans},
	{"numbers are decimal, whole and in range", numbers},
	{"lists grow and are not split at commas", lists},
	{"flags without effect are taken, value and all", no_effect},
	{"the last of a repeated flag counts", repeated},
	{"an unknown flag is named", unknown},
	{"a missing value is named", missing_values},
	{"--help ends the parsing", help},
	{"a verb without options has --help", no_table},
	{"global flags as engines send them", globals_of_engines},
	{"global values that mean nothing here are refused by name", globals_refused},
};

int main(void)
{
	int failed = tap_run(tests, sizeof(tests) / sizeof(tests[0]));

	options_done(table, &values);
	return failed;
}
