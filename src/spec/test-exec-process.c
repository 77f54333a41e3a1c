/* SPDX-License-Identifier: Apache-2.0 */
/* The process of an exec: the container's or a file's, and what the options make of it. */
#include "spec/exec_process.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include "spec/test-spec.h"

#define BIT(number) (UINT64_C(1) << (number))

/* A container whose process has a value everywhere. */
#define FULL                                                                                       \
	START                                                                                      \
	"'process':{'cwd':'/srv','args':['init','-x'],'terminal':true,'noNewPrivileges':true,"     \
	"'env':['PATH=/bin','A=1'],'oomScoreAdj':7,'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,"   \
	"'hard':2}],'user':{'uid':1,'gid':2,'umask':23,'additionalGids':[5,3]},"                   \
	"'execCPUAffinity':{'initial':'0','final':'1'},"                                           \
	"'capabilities':{'bounding':['CAP_KILL'],'permitted':['CAP_KILL'],'effective':['CAP_KILL'" \
	"]}}"
#define HOST_IDS FULL ",'linux':{'namespaces':[{'type':'mount'}]}}"
#define MAPPED                                                                            \
	FULL ",'linux':{'namespaces':[{'type':'mount'},{'type':'user'}],'uidMappings':[{" \
	     "'containerID':0,'hostID':1000,'size':10}],'gidMappings':[{'containerID':0," \
	     "'hostID':1000,'size':20}]}}"

static char *const no_args[] = {NULL};
static char *const command[] = {(char *)"ls", (char *)"-l", NULL};

/* made - the options are taken; the caller releases the result (autospec). */
static struct spec made(const char *container, const struct exec_process *exec)
{
	struct error err = ERROR_INIT;
	struct spec spec = parsed(container);

	check_int(spec_exec_process(&spec, exec, &err), 0);
	check_text(err.text, "");
	return spec;
}

/* not_made - an error of this kind and text, and the process is still the container's. */
static void not_made(const char *container, const struct exec_process *exec, enum error_kind kind,
		     const char *text)
{
	struct error err = ERROR_INIT;
	autospec spec = parsed(container);

	check(spec_exec_process(&spec, exec, &err) < 0);
	check_int(err.kind, kind);
	check_text(err.text, text);
	check_text(spec.process.args.items[0], "init");
	check_int(spec.process.user.uid, 1);
}

/* process_file - a file of this content, ' for "; *ret is unlinked by drop_file. */
static const char *process_file(const char *content)
{
	static char path[] = "/tmp/test-exec-process.XXXXXX";
	autofree char *json = strdup(content);
	autofd fd = -EBADF;

	(void)strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	for (char *p = json; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	check_int(write(fd, json, strlen(json)), strlen(json));
	return path;
}

static void file_refused(const char *container, const char *content, const char *text)
{
	struct exec_process exec = {.file = process_file(content), .args = no_args};
	char expected[1024];

	(void)snprintf(expected, sizeof(expected), "%s: %s", exec.file, text);
	not_made(container, &exec, ERROR_CONFIG, expected);
	(void)unlink(exec.file);
}

static struct spec file_made(const char *container, const char *content, struct exec_process exec)
{
	struct spec spec;

	exec.file = process_file(content);
	if (!exec.args)
		exec.args = no_args;
	spec = made(container, &exec);
	(void)unlink(exec.file);
	return spec;
}

static void test_command(void)
{
	autospec spec = made(HOST_IDS, &(struct exec_process){.args = command});
	const struct spec_process *p = &spec.process;

	check_int(p->args.count, 2);
	check_text(p->args.items[0], "ls");
	check_text(p->args.items[1], "-l");
	check(!p->args.items[2]);
	check(!p->terminal);
	check_text(p->cwd, "/srv");
	check_int(p->env.count, 2);
	check_int(p->user.gid, 2);
	check(p->no_new_privileges);
	check_int(p->rlimit_count, 1);
	check_text(p->cpu_affinity_initial, "0");
	check_text(p->cpu_affinity_final, "1");
	check(p->capabilities.effective == BIT(CAP_KILL));
}

static void test_no_command(void)
{
	char *const empty[] = {(char *)"", NULL};

	not_made(HOST_IDS, &(struct exec_process){.args = no_args}, ERROR_USAGE,
		 "command: must name a program");
	not_made(HOST_IDS, &(struct exec_process){.args = empty}, ERROR_USAGE,
		 "command: must name a program");
}

static void test_flags(void)
{
	autospec spec = made(
		HOST_IDS, &(struct exec_process){.args = command, .terminal = true, .cwd = "/a b"});
	autospec without = made(START PROGRAM ",'linux':{'namespaces':[{'type':'mount'}]}}",
				&(struct exec_process){.args = command});
	autospec with = made(START PROGRAM ",'linux':{'namespaces':[{'type':'mount'}]}}",
			     &(struct exec_process){.args = command, .no_new_privileges = true});

	check(spec.process.terminal);
	check_text(spec.process.cwd, "/a b");
	check(!without.process.no_new_privileges);
	check(with.process.no_new_privileges);
}

static void test_bad_cwd(void)
{
	static const char *const fds[] = {"/proc/self/fd/7", "/dev/fd/3", "/proc//1/./fd"};
	char expected[200];

	not_made(HOST_IDS, &(struct exec_process){.args = command, .cwd = "x"}, ERROR_USAGE,
		 "--cwd: must be an absolute path, not \"x\"");
	not_made(HOST_IDS, &(struct exec_process){.args = command, .cwd = ""}, ERROR_USAGE,
		 "--cwd: must be an absolute path, not \"\"");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		(void)snprintf(expected, sizeof(expected),
			       "--cwd: must not be a path through file descriptors: \"%s\"",
			       fds[i]);
		not_made(HOST_IDS, &(struct exec_process){.args = command, .cwd = fds[i]},
			 ERROR_USAGE, expected);
	}
}

static void test_env(void)
{
	const char *const added[] = {"B=2", "A=3", "C=", "B=4=5"};
	autospec spec = made(HOST_IDS,
			     &(struct exec_process){.args = command, .env = added, .env_count = 4});
	const struct string_list *env = &spec.process.env;

	check_int(env->count, 4);
	check_text(env->items[0], "PATH=/bin");
	check_text(env->items[1], "A=3");
	check_text(env->items[2], "C=");
	check_text(env->items[3], "B=4=5");
	check(!env->items[4]);
}

static void test_bad_env(void)
{
	const char *const no_value[] = {"A=1", "B"}, *const no_name[] = {"=x"};

	not_made(HOST_IDS, &(struct exec_process){.args = command, .env = no_value, .env_count = 2},
		 ERROR_USAGE, "--env: \"B\" is not of the form NAME=value");
	not_made(HOST_IDS, &(struct exec_process){.args = command, .env = no_name, .env_count = 1},
		 ERROR_USAGE, "--env: \"=x\" has no name before '='");
}

/* ---- users (CVE-2026-30892, CVE-2016-3697) ---- */

static void is_user(const char *text, uint32_t uid, uint32_t gid)
{
	autospec spec = made(HOST_IDS, &(struct exec_process){.args = command, .user = text});

	check_int(spec.process.user.uid, uid);
	check_int(spec.process.user.gid, gid);
}

static void test_users(void)
{
	is_user("0", 0, 2);
	is_user("1", 1, 2);
	is_user("1000", 1000, 2);
	is_user("1:2", 1, 2);
	is_user("7:0", 7, 0);
	is_user("2147483648", 2147483648, 2);
	is_user("4294967294:4294967294", 4294967294, 4294967294);
}

static void test_bad_users(void)
{
	static const char *const form[] = {"",	  " 1",	  "1 ",	  "1x",	  "x",	     "0x10", "-1",
					   "+1",  "1:",	  ":1",	  ":",	  "1:2:3",   "1e3",  "1.0",
					   "1,2", "root", "1: 2", "1:-2", "\xd9\xa1"};
	static const char *const range[] = {
		"4294967295",		"4294967296",
		"18446744073709551615", "18446744073709551616",
		"18446744073709551617", "1:4294967295",
		"1:4294967296",		"99999999999999999999999999999999999999",
	};
	char expected[300];

	for (size_t i = 0; i < ARRAY_SIZE(form); i++) {
		(void)snprintf(expected, sizeof(expected),
			       "--user: must be UID or UID:GID in decimal, not \"%s\"", form[i]);
		not_made(HOST_IDS, &(struct exec_process){.args = command, .user = form[i]},
			 ERROR_USAGE, expected);
	}
	for (size_t i = 0; i < ARRAY_SIZE(range); i++) {
		(void)snprintf(expected, sizeof(expected),
			       "--user: an ID must be from 0 to 4294967294: \"%s\"", range[i]);
		not_made(HOST_IDS, &(struct exec_process){.args = command, .user = range[i]},
			 ERROR_USAGE, expected);
	}
}

static void test_unmapped(void)
{
	const char *const gids[] = {"19", "20"};
	autospec spec = made(MAPPED, &(struct exec_process){.args = command, .user = "9:19"});

	check_int(spec.process.user.gid, 19);
	not_made(MAPPED, &(struct exec_process){.args = command, .user = "10"}, ERROR_USAGE,
		 "--user: 10 is not in linux.uidMappings");
	not_made(MAPPED, &(struct exec_process){.args = command, .user = "9:20"}, ERROR_USAGE,
		 "--user: 20 is not in linux.gidMappings");
	not_made(MAPPED, &(struct exec_process){.args = command, .gids = gids, .gid_count = 2},
		 ERROR_USAGE, "--additional-gids: 20 is not in linux.gidMappings");
	file_refused(MAPPED, "{'cwd':'/','args':['x'],'user':{'uid':10}}",
		     "user.uid: 10 is not in linux.uidMappings");
	file_refused(MAPPED, "{'cwd':'/','args':['x'],'user':{'additionalGids':[1,20]}}",
		     "user.additionalGids: 20 is not in linux.gidMappings");
}

static void test_groups(void)
{
	const char *const gids[] = {"4", "3", "4294967294"};
	autospec spec = made(HOST_IDS,
			     &(struct exec_process){.args = command, .gids = gids, .gid_count = 3});
	const struct spec_user *user = &spec.process.user;
	static const char *const bad[] = {"", "1,2", "-1", "1:2", "users"};
	char expected[200];

	check_int(user->additional_gid_count, 4);
	check_int(user->additional_gids[0], 3);
	check_int(user->additional_gids[1], 4);
	check_int(user->additional_gids[2], 5);
	check_int(user->additional_gids[3], 4294967294);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		(void)snprintf(expected, sizeof(expected),
			       "--additional-gids: must be a GID in decimal, not \"%s\"", bad[i]);
		not_made(HOST_IDS,
			 &(struct exec_process){.args = command, .gids = &bad[i], .gid_count = 1},
			 ERROR_USAGE, expected);
	}
}

/* ---- capabilities ---- */

static void test_caps(void)
{
	const char *const caps[] = {"CAP_NET_RAW", "sys_chroot", "Cap_Chown"};
	autospec spec = made(HOST_IDS,
			     &(struct exec_process){.args = command, .caps = caps, .cap_count = 3});
	uint64_t all = BIT(CAP_KILL) | BIT(CAP_NET_RAW) | BIT(CAP_SYS_CHROOT) | BIT(CAP_CHOWN);
	const struct spec_capabilities *c = &spec.process.capabilities;

	check(c->bounding == all && c->effective == all && c->permitted == all);
	check(c->inheritable == 0 && c->ambient == 0);
}

static void test_caps_with_inheritable(void)
{
	const char *const caps[] = {"KILL", "CHOWN"};
	autospec spec = made(PROCESS("'capabilities':{'inheritable':['CAP_KILL']}"),
			     &(struct exec_process){.args = command, .caps = caps, .cap_count = 2});
	const struct spec_capabilities *c = &spec.process.capabilities;

	check(c->inheritable == BIT(CAP_KILL));
	check(c->ambient == BIT(CAP_KILL));
	check(c->permitted == (BIT(CAP_KILL) | BIT(CAP_CHOWN)));
}

static void test_caps_without_sets(void)
{
	const char *const caps[] = {"KILL"};
	autospec spec = made(PROCESS("'env':[]"),
			     &(struct exec_process){.args = command, .caps = caps, .cap_count = 1});

	check(spec.process.capabilities.has);
	check(spec.process.capabilities.bounding == BIT(CAP_KILL));
}

static void test_bad_caps(void)
{
	static const char *const bad[] = {"CAP_FLY",	  "",	       "CAP_", "ALL",
					  "CAP_CAP_KILL", "KILL,CHOWN"};
	char expected[100];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		(void)snprintf(expected, sizeof(expected), "--cap: unknown capability \"%s\"",
			       bad[i]);
		not_made(HOST_IDS,
			 &(struct exec_process){.args = command, .caps = &bad[i], .cap_count = 1},
			 ERROR_USAGE, expected);
	}
}

/* ---- --process ---- */

static void test_file(void)
{
	autospec spec = file_made(
		HOST_IDS,
		"{'cwd':'/"
		"x','args':['ps','a'],'env':['Z=1'],'user':{'uid':9},'noNewPrivileges':false,"
		"'oomScoreAdj':-5,'rlimits':[],'execCPUAffinity':{'initial':'0-1'},"
		"'capabilities':{'bounding':['CAP_CHOWN']}}",
		(struct exec_process){0});
	const struct spec_process *p = &spec.process;

	check_text(p->args.items[1], "a");
	check_text(p->cwd, "/x");
	check_int(p->env.count, 1);
	check_text(p->env.items[0], "Z=1");
	check_int(p->user.uid, 9);
	check_int(p->user.gid, 0);
	check_int(p->user.additional_gid_count, 0);
	check(!p->no_new_privileges && !p->terminal);
	check_int(p->oom_score_adj.value, -5);
	check_int(p->rlimit_count, 0);
	check_text(p->cpu_affinity_initial, "0-1");
	check_text(p->cpu_affinity_final, "1");
	check(p->capabilities.bounding == BIT(CAP_CHOWN) && p->capabilities.permitted == 0);
}

static void test_file_leaves_out(void)
{
	autospec spec = file_made(HOST_IDS, "{'cwd':'/','args':['ps']}", (struct exec_process){0});
	const struct spec_process *p = &spec.process;

	check(p->capabilities.has && p->capabilities.bounding == BIT(CAP_KILL));
	check_int(p->rlimit_count, 1);
	check_int(p->rlimits[0].hard, 2);
	check(p->no_new_privileges);
	check_int(p->oom_score_adj.value, 7);
	check(p->user.has_umask);
	check_int(p->user.umask, 23);
	check_text(p->cpu_affinity_final, "1");
	/* Who it is, its environment and its terminal are never the container's. */
	check_int(p->user.uid, 0);
	check_int(p->user.additional_gid_count, 0);
	check(p->env.items && !p->env.items[0]);
	check(!p->terminal);
}

static void test_file_and_options(void)
{
	const char *const added[] = {"B=2"};
	autospec spec = file_made(HOST_IDS,
				  "{'cwd':'/','args':['ps'],'env':['Z=1','B=1'],'terminal':true,"
				  "'user':{'uid':9,'gid':8}}",
				  (struct exec_process){.args = command,
							.cwd = "/y",
							.user = "6",
							.env = added,
							.env_count = 1,
							.no_new_privileges = true});
	const struct spec_process *p = &spec.process;

	check_text(p->args.items[0], "ls");
	check_text(p->cwd, "/y");
	check_int(p->env.count, 2);
	check_text(p->env.items[1], "B=2");
	check_int(p->user.uid, 6);
	check_int(p->user.gid, 8);
	check(p->terminal && p->no_new_privileges);
}

static void test_command_for_file(void)
{
	autospec spec = file_made(HOST_IDS, "{'cwd':'/'}", (struct exec_process){.args = command});

	check_text(spec.process.args.items[0], "ls");
	file_refused(HOST_IDS, "{'cwd':'/'}", "args: must name a program");
	file_refused(HOST_IDS, "{'cwd':'/','args':['']}", "args[0]: must not be empty");
}

static void test_bad_file(void)
{
	file_refused(HOST_IDS, "{'args':['x']}", "cwd: must be given");
	file_refused(HOST_IDS, "{'cwd':'x','args':['x']}",
		     "cwd: must be an absolute path, not \"x\"");
	file_refused(HOST_IDS, "{'cwd':'/proc/self/fd/9','args':['x']}",
		     "cwd: must not be a path through file descriptors: \"/proc/self/fd/9\"");
	file_refused(HOST_IDS, "{'cwd':'/','args':['x'],'user':{'uid':-1}}",
		     "user.uid: must be from 0 to 4294967294, not -1");
	file_refused(HOST_IDS, "{'cwd':'/','args':['x'],'user':{'uid':4294967296}}",
		     "user.uid: must be from 0 to 4294967294, not 4294967296");
	file_refused(HOST_IDS, "{'cwd':'/','args':['x'],'env':['A=1','A']}",
		     "env[1]: \"A\" is not of the form NAME=value");
	file_refused(HOST_IDS, "{'cwd':'/','args':['x'],'rlimits':[{'type':'RLIMIT_CPU'}]}",
		     "rlimits[0].soft: must be given");
	file_refused(HOST_IDS, "{'cwd':'/','args':['x'],'scheduler':{}}",
		     "scheduler: not supported by this version of ocirun");
	file_refused(HOST_IDS, "[]", "must be an object, not an array");
}

static void test_no_file(void)
{
	struct exec_process exec = {.file = "/nowhere/process.json", .args = no_args};
	struct error err = ERROR_INIT;
	autospec spec = parsed(HOST_IDS);

	not_made(HOST_IDS, &exec, ERROR_CONFIG, "/nowhere/process.json: No such file or directory");
	exec.file = "/";
	not_made(HOST_IDS, &exec, ERROR_CONFIG, "/: must be a regular file or a pipe");
	exec.file = "/dev/zero";
	not_made(HOST_IDS, &exec, ERROR_CONFIG, "/dev/zero: must be a regular file or a pipe");
	exec.file = process_file("{'cwd':'/',");
	check_int(spec_exec_process(&spec, &exec, &err), -EINVAL);
	check(strncmp(err.text, exec.file, strlen(exec.file)) == 0 && strstr(err.text, "line 1"));
	(void)unlink(exec.file);
}

static void test_pipe(void)
{
	static const char text[] = "{\"cwd\":\"/\",\"args\":[\"ps\"]}";
	char path[32];
	int pair[2];
	struct exec_process exec = {.file = path, .args = no_args};

	check_int(pipe(pair), 0);
	check_int(write(pair[1], text, strlen(text)), strlen(text));
	(void)close(pair[1]);
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", pair[0]);
	{
		autospec spec = made(HOST_IDS, &exec);

		check_text(spec.process.args.items[0], "ps");
	}
	(void)close(pair[0]);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a command is the container's process with other arguments", test_command},
		{"without a command there is nothing to execute", test_no_command},
		{"a terminal, a cwd and no_new_privs as asked for", test_flags},
		{"a cwd that is no absolute path, or a descriptor, is refused", test_bad_cwd},
		{"--env adds, and of one name the last value stays", test_env},
		{"--env without a name or a value is refused", test_bad_env},
		{"users are decimal IDs up to 2^32-2", test_users},
		{"a user in any other form, and 2^32-1 and more, is refused", test_bad_users},
		{"IDs that the user namespace does not map are refused", test_unmapped},
		{"--additional-gids adds groups", test_groups},
		{"--cap adds to three sets, and never to the inheritable one", test_caps},
		{"--cap adds to the ambient set what is inheritable", test_caps_with_inheritable},
		{"--cap where there were no sets gives exactly these", test_caps_without_sets},
		{"an unknown capability is refused", test_bad_caps},
		{"a file is the whole process", test_file},
		{"what a file leaves out of limits is the container's", test_file_leaves_out},
		{"options change what a file says", test_file_and_options},
		{"a command replaces the file's", test_command_for_file},
		{"errors in a file name it and the place", test_bad_file},
		{"no file, or none that can be read, is refused", test_no_file},
		{"the file may be a pipe", test_pipe},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
