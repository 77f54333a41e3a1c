/* SPDX-License-Identifier: Apache-2.0 */
/* process: what is taken, and what is refused with its place. */
#include <linux/capability.h>
#include <sys/resource.h>

#include "spec/sections.h"
#include "spec/test-spec.h"

static void test_args(void)
{
	refused(START "'process':{'cwd':'/'}}", "c: process.args: must name a program");
	refused(START "'process':{'cwd':'/','args':[]}}", "c: process.args: must name a program");
	refused(START "'process':{'cwd':'/','args':null}}", "c: process.args: must name a program");
	refused(START "'process':{'cwd':'/','args':['']}}",
		"c: process.args[0]: must not be empty");
	refused(START "'process':{'cwd':'/','args':['x',1]}}",
		"c: process.args[1]: must be a string, not a number");
	refused(START "'process':{'cwd':'/','args':['x',null]}}",
		"c: process.args[1]: must be a string, not null");
	refused(START "'process':{'cwd':'/','args':'x'}}",
		"c: process.args: must be an array of strings, not a string");
}

static void test_cwd(void)
{
	refused(START "'process':{'args':['x']}}", "c: process.cwd: must be given");
	refused(START "'process':{'args':['x'],'cwd':'x'}}",
		"c: process.cwd: must be an absolute path, not \"x\"");
	refused(START "'process':{'args':['x'],'cwd':''}}", "c: process.cwd: must not be empty");
	refused(START "'process':{'args':['x'],'cwd':'/proc/self/fd/7'}}",
		"c: process.cwd: must not be a path through file descriptors: \"/proc/self/fd/7\"");
	refused(START "'process':{'args':['x'],'cwd':'/dev/fd/7'}}",
		"c: process.cwd: must not be a path through file descriptors: \"/dev/fd/7\"");
	refused(START "'process':{'args':['x'],'cwd':'//proc/./thread-self/fd/7/..'}}",
		"c: process.cwd: must not be a path through file descriptors: "
		"\"//proc/./thread-self/fd/7/..\"");
}

static void test_env(void)
{
	autospec spec = parsed(PROCESS("'env':['A=1','B=2','A=3','AB=4','C=','A=5=6']"));

	check_int(spec.process.env.count, 4);
	check_text(spec.process.env.items[0], "B=2");
	check_text(spec.process.env.items[1], "AB=4");
	check_text(spec.process.env.items[2], "C=");
	check_text(spec.process.env.items[3], "A=5=6");
	check(spec.process.env.items[4] == NULL);
	refused(PROCESS("'env':['A']"), "c: process.env[0]: \"A\" is not of the form NAME=value");
	refused(PROCESS("'env':['']"), "c: process.env[0]: \"\" is not of the form NAME=value");
	refused(PROCESS("'env':['A=1','=x']"), "c: process.env[1]: \"=x\" has no name before '='");
}

static void test_env_absent(void)
{
	autospec spec = parsed(PROCESS("'terminal':false"));

	check_int(spec.process.env.count, 0);
	check(spec.process.env.items != NULL && spec.process.env.items[0] == NULL);
}

static void test_ids(void)
{
	autospec spec = parsed(PROCESS("'user':{'uid':4294967294,'gid':5,'umask':18,"
				       "'additionalGids':[7,3,7,3,1],'username':'x'}"));

	check_int(spec.process.user.uid, 4294967294);
	check_int(spec.process.user.gid, 5);
	check(spec.process.user.has_umask);
	check_int(spec.process.user.umask, 022);
	check_int(spec.process.user.additional_gid_count, 3);
	check_int(spec.process.user.additional_gids[0], 1);
	check_int(spec.process.user.additional_gids[2], 7);
}

#define UID_RANGE "c: process.user.uid: must be from 0 to 4294967294, not "
#define UID_FORM  "c: process.user.uid: must be an integer written without point or exponent, not "

static void test_bad_ids(void)
{
	refused(PROCESS("'user':{'uid':-1}"), UID_RANGE "-1");
	refused(PROCESS("'user':{'uid':4294967295}"), UID_RANGE "4294967295");
	refused(PROCESS("'user':{'uid':4294967296}"), UID_RANGE "4294967296");
	refused(PROCESS("'user':{'uid':18446744073709551616}"), UID_RANGE "18446744073709551616");
	refused(PROCESS("'user':{'uid':1e3}"), UID_FORM "1e3");
	refused(PROCESS("'user':{'uid':0.5}"), UID_FORM "0.5");
	refused(PROCESS("'user':{'uid':'0'}"),
		"c: process.user.uid: must be an integer, not a string");
	refused(PROCESS("'user':{'uid':true}"),
		"c: process.user.uid: must be an integer, not true");
	refused(PROCESS("'user':{'additionalGids':[1,-1]}"),
		"c: process.user.additionalGids[1]: must be from 0 to 4294967294, not -1");
	refused(PROCESS("'user':{'umask':512}"),
		"c: process.user.umask: must be from 0 to 511, not 512");
}

static void test_rlimits(void)
{
	autospec spec = parsed(PROCESS("'rlimits':[{'type':'RLIMIT_NOFILE','soft':0,"
				       "'hard':18446744073709551615}]"));

	check_int(spec.process.rlimit_count, 1);
	check_int(spec.process.rlimits[0].resource, RLIMIT_NOFILE);
	check(spec.process.rlimits[0].hard == UINT64_MAX);
	refused(PROCESS("'rlimits':[{'type':'RLIMIT_FOO','soft':1,'hard':1}]"),
		"c: process.rlimits[0].type: unknown limit \"RLIMIT_FOO\"");
	refused(PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':2,'hard':1}]"),
		"c: process.rlimits[0].soft: must not be above the hard limit");
	refused(PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':1,'hard':1},"
			"{'type':'RLIMIT_CPU','soft':1,'hard':1}]"),
		"c: process.rlimits[1].type: limit is there twice");
	refused(PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':1}]"),
		"c: process.rlimits[0].hard: must be given");
	refused(PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':18446744073709551616,'hard':1}]"),
		"c: process.rlimits[0].soft: must be from 0 to 18446744073709551615, "
		"not 18446744073709551616");
}

static void test_capabilities(void)
{
	autospec spec = parsed(PROCESS("'capabilities':{'bounding':['CAP_KILL','CAP_CHOWN'],"
				       "'permitted':['CAP_KILL'],'effective':['CAP_KILL'],"
				       "'inheritable':['CAP_KILL'],'ambient':['CAP_KILL']}"));
	const struct spec_capabilities *c = &spec.process.capabilities;

	check(c->has);
	check_int(c->bounding, 1 << CAP_KILL | 1 << CAP_CHOWN);
	check_int(c->ambient, 1 << CAP_KILL);
	refused(PROCESS("'capabilities':{'ambient':['CAP_KILL'],'inheritable':['CAP_KILL']}"),
		"c: process.capabilities.ambient: CAP_KILL is not in permitted");
	refused(PROCESS("'capabilities':{'effective':['CAP_KILL']}"),
		"c: process.capabilities.effective: CAP_KILL is not in permitted");
	refused(PROCESS("'capabilities':{'bounding':[7]}"),
		"c: process.capabilities.bounding[0]: must be a string, not a number");
	for (size_t i = 0; capability_words[i].text; i++)
		check_int(capability_words[i].value, i);
}

/* runc's default configuration has such a set; the kernel would refuse it. */
static void test_ambient_beyond_inheritable(void)
{
	autospec spec = parsed(PROCESS("'capabilities':{'ambient':['CAP_KILL','CAP_CHOWN'],"
				       "'permitted':['CAP_KILL','CAP_CHOWN'],"
				       "'inheritable':['CAP_CHOWN']}"));

	check_int(spec.process.capabilities.ambient, 1 << CAP_CHOWN);
}

static void test_unknown_capability(void)
{
	autospec spec = parsed(PROCESS("'capabilities':{'bounding':['CAP_FLY','CAP_KILL']}"));

	check_int(spec.process.capabilities.bounding, 1 << CAP_KILL);
}

static void test_rest(void)
{
	autospec spec = parsed(PROCESS("'terminal':true,'consoleSize':{'height':24,'width':65535},"
				       "'noNewPrivileges':true,'oomScoreAdj':-1000,"
				       "'apparmorProfile':'','selinuxLabel':'u:r:t:s0',"
				       "'commandLine':'x'"));

	check(spec.process.terminal && spec.process.no_new_privileges);
	check(!spec.process.apparmor_profile);
	check_text(spec.process.selinux_label, "u:r:t:s0");
	check_int(spec.process.console_height, 24);
	check_int(spec.process.console_width, 65535);
	check_int(spec.process.oom_score_adj.value, -1000);
	refused(PROCESS("'consoleSize':{'height':24}"),
		"c: process.consoleSize.width: must be given");
	refused(PROCESS("'consoleSize':{'height':65536,'width':1}"),
		"c: process.consoleSize.height: must be from 0 to 65535, not 65536");
	refused(PROCESS("'oomScoreAdj':1001"),
		"c: process.oomScoreAdj: must be from -1000 to 1000, not 1001");
}

#define NOT_YET ": not supported by this version of ocirun"

static void test_refused_by_name(void)
{
	refused(PROCESS("'scheduler':{'policy':'SCHED_OTHER'}"), "c: process.scheduler" NOT_YET);
	refused(PROCESS("'ioPriority':{}"), "c: process.ioPriority" NOT_YET);
}

static void test_affinity(void)
{
	autospec spec = parsed(PROCESS("'execCPUAffinity':{'initial':'0-3,7','final':''}"));

	check_text(spec.process.cpu_affinity_initial, "0-3,7");
	check(!spec.process.cpu_affinity_final);
	accepted(PROCESS("'execCPUAffinity':{}"));
	refused(PROCESS("'execCPUAffinity':{'final':'3-1'}"),
		"c: process.execCPUAffinity.final: no list of CPUs such as \"0-3,7\": \"3-1\"");
	refused(PROCESS("'execCPUAffinity':{'initial':'8192'}"),
		"c: process.execCPUAffinity.initial: no CPU is above 8191: \"8192\"");
	refused(PROCESS("'execCPUAffinity':{'initial':1}"),
		"c: process.execCPUAffinity.initial: must be a string, not a number");
}

static void test_hooks(void)
{
	autospec spec = parsed(TOP("'hooks':{'poststop':[{'path':'/bin/x'},"
				   "{'path':'/bin/y','args':['a','b'],'env':['K=v'],"
				   "'timeout':2147483647}]}"));
	const struct spec_hook *hooks = spec.hooks.list[HOOK_POSTSTOP];

	check_int(spec.hooks.count[HOOK_PRESTART], 0);
	check_int(spec.hooks.count[HOOK_POSTSTOP], 2);
	check_text(hooks[0].args.items[0], "/bin/x");
	check(hooks[0].args.items[1] == NULL);
	check(hooks[0].env.items && hooks[0].env.items[0] == NULL);
	check_int(hooks[0].timeout_s, 0);
	check_text(hooks[1].args.items[1], "b");
	check_text(hooks[1].env.items[0], "K=v");
	check_int(hooks[1].timeout_s, 2147483647);
	check_text(hook_stage_name(HOOK_CREATE_CONTAINER), "createContainer");
}

static void test_bad_hooks(void)
{
	refused(TOP("'hooks':{'prestart':[{}]}"), "c: hooks.prestart[0].path: must be given");
	refused(TOP("'hooks':{'prestart':[{'path':'x'}]}"),
		"c: hooks.prestart[0].path: must be an absolute path, not \"x\"");
	refused(TOP("'hooks':{'poststart':[{'path':'/x','timeout':0}]}"),
		"c: hooks.poststart[0].timeout: must be from 1 to 2147483647, not 0");
	refused(TOP("'hooks':{'poststart':[{'path':'/x','timeout':-1}]}"),
		"c: hooks.poststart[0].timeout: must be from 1 to 2147483647, not -1");
	refused(TOP("'hooks':{'poststart':[{'path':'/x','timeout':2147483648}]}"),
		"c: hooks.poststart[0].timeout: must be from 1 to 2147483647, not 2147483648");
	refused(TOP("'hooks':{'poststart':[{'path':'/x','env':['K']}]}"),
		"c: hooks.poststart[0].env[0]: \"K\" is not of the form NAME=value");
	refused(TOP("'hooks':{'poststart':{}}"),
		"c: hooks.poststart: must be an array, not an object");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"args name a program", test_args},
		{"cwd is absolute and no descriptor", test_cwd},
		{"env: of one name the last value stays", test_env},
		{"no env is an empty one", test_env_absent},
		{"IDs go up to 2^32-2, groups are unique", test_ids},
		{"an ID in any other form is refused", test_bad_ids},
		{"limits are exact, ordered and unique", test_rlimits},
		{"capability sets are within what the kernel allows", test_capabilities},
		{"ambient capabilities that are not inheritable are left out",
		 test_ambient_beyond_inheritable},
		{"an unknown capability is passed over", test_unknown_capability},
		{"terminal, size, no_new_privs and oom_score_adj", test_rest},
		{"the CPUs of exec'd processes are lists", test_affinity},
		{"what cannot be applied is refused by name", test_refused_by_name},
		{"hooks have an argv and an environment", test_hooks},
		{"hooks need an absolute path and a positive timeout", test_bad_hooks},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
