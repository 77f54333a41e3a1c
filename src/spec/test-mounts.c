/* SPDX-License-Identifier: Apache-2.0 */
/* mounts: kinds, flags, propagation, data; and what no mount may do. */
#include <sys/mount.h>

#include "spec/sections.h"
#include "spec/test-spec.h"

#define MOUNT(members) TOP("'mounts':[{'destination':'/m'," members "}]")

static void test_filesystem(void)
{
	autospec spec = parsed(MOUNT("'type':'tmpfs','source':'tmpfs','options':["
				     "'nosuid','strictatime','mode=755','ro','size=64k','rw']"));
	const struct spec_mount *m = &spec.mounts[0];

	check_int(spec.mount_count, 1);
	check_int(m->kind, MOUNT_FILESYSTEM);
	check_text(m->destination, "/m");
	check_text(m->type, "tmpfs");
	check_text(m->source, "tmpfs");
	check_int(m->flags_set, MS_NOSUID | MS_STRICTATIME);
	check_int(m->flags_clear, MS_RDONLY | MS_NOATIME | MS_RELATIME);
	check_text(m->data, "mode=755,size=64k");
	check_int(m->propagation, 0);
}

static void test_bind(void)
{
	autospec spec =
		parsed(MOUNT("'source':'../s','options':['rbind','rprivate','ro','nodev']"));
	const struct spec_mount *m = &spec.mounts[0];

	check_int(m->kind, MOUNT_BIND);
	check(m->recursive_bind);
	check_text(m->source, "../s");
	check(m->type == NULL && m->data == NULL);
	check_int(m->flags_set, MS_RDONLY | MS_NODEV);
	check_int(m->propagation, MS_PRIVATE | MS_REC);
}

static void test_kinds(void)
{
	autospec spec =
		parsed(TOP("'mounts':["
			   "{'destination':'/a','type':'bind','source':'/s'},"
			   "{'destination':'/b','type':'none','source':'/s','options':['bind']},"
			   "{'destination':'/c','type':'cgroup','source':'cgroup'},"
			   "{'destination':'/d','type':'cgroup2'},"
			   "{'destination':'/e','type':'cgroup','source':'/s','options':['bind']},"
			   "{'destination':'/proc','type':'proc'},"
			   "{'destination':'/proc/meminfo','source':'/s','options':['bind']},"
			   "{'destination':'/f/../../g','type':'sysfs'}]"));

	check_int(spec.mounts[0].kind, MOUNT_BIND);
	check(!spec.mounts[0].recursive_bind);
	check_int(spec.mounts[1].kind, MOUNT_BIND);
	check_int(spec.mounts[2].kind, MOUNT_CGROUP);
	check_int(spec.mounts[3].kind, MOUNT_CGROUP);
	check_int(spec.mounts[4].kind, MOUNT_BIND);
	check_int(spec.mounts[7].kind, MOUNT_FILESYSTEM);
}

static void test_flags(void)
{
	autospec spec = parsed(MOUNT("'type':'ext4','options':['defaults','sync','dirsync','mand',"
				     "'silent','iversion','lazytime','nodiratime','nosymfollow',"
				     "'noexec','noatime','relatime']"));

	check_int(spec.mounts[0].flags_set, MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_SILENT |
						    MS_I_VERSION | MS_LAZYTIME | MS_NODIRATIME |
						    MS_NOSYMFOLLOW | MS_NOEXEC | MS_RELATIME);
	check(spec.mounts[0].data == NULL);
}

static void test_option_table(void)
{
	for (size_t i = 0; mount_options[i].name; i++) {
		check(mount_option_find(mount_options[i].name) == &mount_options[i]);
		if (i > 0)
			check(strcmp(mount_options[i - 1].name, mount_options[i].name) < 0);
	}
	check(mount_option_find("size=1") == NULL);
	check(mount_option_find("") == NULL);
}

static void test_destination(void)
{
	refused(TOP("'mounts':[{'type':'tmpfs'}]"), "c: mounts[0].destination: must be given");
	refused(TOP("'mounts':[{'destination':'x','type':'tmpfs'}]"),
		"c: mounts[0].destination: must be an absolute path, not \"x\"");
	refused(TOP("'mounts':[{'destination':'/x/..','type':'tmpfs'}]"),
		"c: mounts[0].destination: must not be the root itself");
	refused(TOP("'mounts':[{'destination':'/proc','type':'tmpfs'}]"),
		"c: mounts[0].destination: only a proc file system may be at /proc");
	refused(TOP("'mounts':[{'destination':'/x/../proc/self/attr','type':'tmpfs'}]"),
		"c: mounts[0].destination: /proc/self/attr is inside /proc and must stay visible");
	refused(TOP("'mounts':[{'destination':'/proc/sys/net','source':'/s','options':['bind']}]"),
		"c: mounts[0].destination: /proc/sys/net is inside /proc and must stay visible");
}

static void test_bad_mounts(void)
{
	refused(MOUNT("'source':'x'"),
		"c: mounts[0].type: must be given: the options say neither bind nor rbind");
	refused(MOUNT("'options':['bind']"), "c: mounts[0].source: a bind mount needs one");
	refused(MOUNT("'source':'','options':['bind']"),
		"c: mounts[0].source: a bind mount needs one");
	refused(MOUNT("'source':'/s','options':['bind','size=1']"),
		"c: mounts[0].options[1]: a bind mount has no option \"size=1\"");
	refused(MOUNT("'source':'/s','options':['sync','bind']"),
		"c: mounts[0].options[0]: a bind mount has no option \"sync\"");
	refused(MOUNT("'type':'tmpfs','options':['shared','slave']"),
		"c: mounts[0].options[1]: \"slave\" contradicts an earlier option");
	refused(MOUNT("'type':'tmpfs','options':['']"),
		"c: mounts[0].options[0]: must not be empty");
	refused(MOUNT("'type':'tmpfs','options':[1]"),
		"c: mounts[0].options[0]: must be a string, not a number");
	refused(MOUNT("'type':'tmpfs','options':'ro'"),
		"c: mounts[0].options: must be an array of strings, not a string");
	refused(TOP("'mounts':{}"), "c: mounts: must be an array, not an object");
	refused(TOP("'mounts':[7]"), "c: mounts[0]: must be an object, not a number");
}

static void test_refused_by_name(void)
{
	static const char *const words[] = {"rro",    "rnosuid", "tmpcopyup",	    "idmap",
					    "ridmap", "remount", "idmap=uids=0-1-1"};
	char document[512], expected[128];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		(void)snprintf(document, sizeof(document),
			       MOUNT("'source':'/s','options':['bind','%s']"), words[i]);
		(void)snprintf(
			expected, sizeof(expected),
			"c: mounts[0].options[1]: %s: not supported by this version of ocirun",
			words[i]);
		refused(document, expected);
	}
	refused(MOUNT("'type':'tmpfs','uidMappings':[{}]"),
		"c: mounts[0].uidMappings: not supported by this version of ocirun");
	accepted(MOUNT("'type':'tmpfs','uidMappings':[],'gidMappings':[]"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a file system has flags and data", test_filesystem},
		{"a bind needs no type and keeps its source as written", test_bind},
		{"options and type say the kind", test_kinds},
		{"every usual flag has its word", test_flags},
		{"the table of options is sorted and found by name", test_option_table},
		{"no mount covers the root or what is in /proc", test_destination},
		{"a mount that cannot be meant is refused", test_bad_mounts},
		{"what cannot be applied is refused by name", test_refused_by_name},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
