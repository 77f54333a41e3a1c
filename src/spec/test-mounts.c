/* SPDX-License-Identifier: Apache-2.0 */
/* mounts: kinds, flags, propagation, data; and what no mount may do. */
#include <sys/mount.h>

#include "spec/sections.h"
#include "spec/test-spec.h"

#define MOUNT(members) TOP("'mounts':[{'destination':'/m'," members "}]")

static void test_filesystem(void)
{
	autospec spec =
		parsed(MOUNT("'type':'tmpfs','source':'tmpfs','options':["
			     "'','nosuid','strictatime','mode=755','ro','','size=64k','rw','']"));
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
		parsed(MOUNT("'source':'../s','options':['','rbind','rprivate','ro','nodev']"));
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
	refused(MOUNT("'type':'tmpfs','options':[1]"),
		"c: mounts[0].options[0]: must be a string, not a number");
	refused(MOUNT("'type':'tmpfs','options':'ro'"),
		"c: mounts[0].options: must be an array of strings, not a string");
	refused(TOP("'mounts':{}"), "c: mounts: must be an array, not an object");
	refused(TOP("'mounts':[7]"), "c: mounts[0]: must be an object, not a number");
}

static void test_recursive_flags(void)
{
	autospec spec = parsed(MOUNT("'source':'/s','options':['rbind','ro','rro','rnosuid','rdev',"
				     "'rnoatime','rstrictatime','rrw']"));
	const struct spec_mount *m = &spec.mounts[0];

	check_int(m->flags_set, MS_RDONLY);
	check_int(m->recursive_set, MS_NOSUID | MS_STRICTATIME);
	check_int(m->recursive_clear, MS_RDONLY | MS_NODEV | MS_NOATIME | MS_RELATIME);
}

static void test_extras(void)
{
	autospec spec =
		parsed(TOP("'mounts':["
			   "{'destination':'/a','type':'tmpfs','options':['tmpcopyup','size=1']},"
			   "{'destination':'/b','source':'/s','options':['bind','copy-symlink']},"
			   "{'destination':'/c','source':'/s','options':['bind','src-nofollow']},"
			   "{'destination':'/d','source':'/s','options':['bind','dest-nofollow']},"
			   "{'destination':'/e','options':['remount','ro']},"
			   "{'destination':'/proc','options':['bind','remount','ro']}]"));

	check_int(spec.mounts[0].extras, MOUNT_COPY_UP);
	check_text(spec.mounts[0].data, "size=1");
	check_int(spec.mounts[1].extras, MOUNT_COPY_SYMLINK);
	check_int(spec.mounts[2].extras, MOUNT_SOURCE_NOFOLLOW);
	check_int(spec.mounts[3].extras, MOUNT_DESTINATION_NOFOLLOW);
	check_int(spec.mounts[4].kind, MOUNT_REMOUNT);
	check_int(spec.mounts[4].extras, 0);
	check_int(spec.mounts[5].kind, MOUNT_REMOUNT);
	check_int(spec.mounts[5].extras, MOUNT_ONLY_FLAGS);
}

static void test_bad_extras(void)
{
	refused(MOUNT("'source':'/s','options':['bind','tmpcopyup']"),
		"c: mounts[0].options: tmpcopyup: only for a mount of type tmpfs");
	refused(MOUNT("'type':'proc','options':['tmpcopyup']"),
		"c: mounts[0].options: tmpcopyup: only for a mount of type tmpfs");
	refused(MOUNT("'type':'tmpfs','options':['copy-symlink']"),
		"c: mounts[0].options: copy-symlink: only for a bind mount");
	refused(MOUNT("'type':'tmpfs','options':['src-nofollow']"),
		"c: mounts[0].options: src-nofollow: only for a bind mount");
	refused(MOUNT("'type':'tmpfs','options':['remount','dest-nofollow']"),
		"c: mounts[0].options: dest-nofollow: only for a bind mount");
	refused(MOUNT("'source':'/s','options':['bind','copy-symlink','dest-nofollow']"),
		"c: mounts[0].options: copy-symlink excludes src-nofollow and dest-nofollow");
	refused(MOUNT("'options':['bind','remount','size=1']"),
		"c: mounts[0].options[2]: a bind mount has no option \"size=1\"");
	refused(MOUNT("'source':'/s','options':['bind','rsync']"),
		"c: mounts[0].options[1]: a bind mount has no option \"rsync\"");
}

#define MAPS	  "[{'containerID':0,'hostID':1000,'size':10}]"
#define BOTH_MAPS "'uidMappings':" MAPS ",'gidMappings':" MAPS
#define IN_USERNS(members)                                                           \
	LINUX_WITH("{'type':'user'}",                                                \
		   "'uidMappings':[{'containerID':0,'hostID':100000,'size':100},"    \
		   "{'containerID':100,'hostID':500000,'size':100}],"                \
		   "'gidMappings':[{'containerID':0,'hostID':200000,'size':1000}]}," \
		   "'mounts':[{'destination':'/m','source':'/s'," members "}],'annotations':{")

static void test_ids(void)
{
	autospec spec = parsed(MOUNT("'source':'/s','options':['bind'],'uidMappings':" MAPS
				     ",'gidMappings':[{'containerID':1,'hostID':2,'size':3}]"));
	autospec recursive = parsed(MOUNT("'source':'/s','options':['rbind','ridmap']," BOTH_MAPS));
	autospec container = parsed(IN_USERNS("'options':['bind','idmap']"));
	const struct spec_mount *m = &spec.mounts[0];

	check_int(m->ids, MOUNT_IDS_MAPPED);
	check_int(m->extras, 0);
	check_int(m->uid_map_count, 1);
	check_int(m->uid_maps[0].host_id, 1000);
	check_int(m->gid_map_count, 1);
	check_int(m->gid_maps[0].size, 3);
	check_int(recursive.mounts[0].ids, MOUNT_IDS_MAPPED);
	check_int(recursive.mounts[0].extras, MOUNT_RECURSIVE_IDS);
	check_int(container.mounts[0].ids, MOUNT_IDS_OF_CONTAINER);
}

static void test_ids_text(void)
{
	autospec spec = parsed(IN_USERNS("'options':['rbind','ridmap=gids=0-5-1;uids="
					 "@7-8-9#@100-100-100#1-2-3']"));
	const struct spec_mount *m = &spec.mounts[0];

	check_int(m->ids, MOUNT_IDS_MAPPED);
	check_int(m->extras, MOUNT_RECURSIVE_IDS);
	check(m->data == NULL);
	check_int(m->uid_map_count, 3);
	check_int(m->uid_maps[0].container_id, 7);
	check_int(m->uid_maps[0].host_id, 100008);
	check_int(m->uid_maps[0].size, 9);
	check_int(m->uid_maps[1].host_id, 500000);
	check_int(m->uid_maps[2].host_id, 2);
	check_int(m->gid_map_count, 1);
	check_int(m->gid_maps[0].host_id, 5);
}

static void test_bad_ids(void)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{"", "\"\": must be uids=... or gids=..., once each"},
		{"uids=0-1-1", "uids and gids must both be given"},
		{"uids=0-1-1;gids=", "gids: \"\" is no mapping such as \"0-1000-10\""},
		{"uids=0-1-0;gids=0-1-1", "uids: \"0-1-0\" is no mapping such as \"0-1000-10\""},
		{"uids=0-1;gids=0-1-1", "uids: \"0-1\" is no mapping such as \"0-1000-10\""},
		{"uids=0--1-1;gids=0-1-1", "uids: \"0--1-1\" is no mapping such as \"0-1000-10\""},
		{"uids=0-4294967295-1;gids=0-1-1",
		 "uids: \"0-4294967295-1\" is no mapping such as \"0-1000-10\""},
		{"uids=0-4294967294-2;gids=0-1-1", "uids: \"0-4294967294-2\" goes beyond 2^32-2"},
		{"uids=0-1-1 ;gids=0-1-1", "uids: \"0-1-1 \" is no mapping such as \"0-1000-10\""},
		{"uids=0-1-1;uids=1-2-1",
		 "\"uids=1-2-1\": must be uids=... or gids=..., once each"},
		{"pids=0-1-1", "\"pids=0-1-1\": must be uids=... or gids=..., once each"},
		{"uids=@0-99-2;gids=0-1-1",
		 "uids: \"@0-99-2\" is not in one range of linux.uidMappings"},
		{"uids=0-1-1;gids=@0-1000-1",
		 "gids: \"@0-1000-1\" is not in one range of linux.gidMappings"},
	};
	char document[1024], expected[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		(void)snprintf(document, sizeof(document),
			       IN_USERNS("'options':['bind','idmap=%s']"), rows[i].text);
		(void)snprintf(expected, sizeof(expected), "c: mounts[0].options: idmap: %s",
			       rows[i].problem);
		refused(document, expected);
	}
}

static void test_refused_ids(void)
{
	refused(MOUNT("'type':'tmpfs'," BOTH_MAPS),
		"c: mounts[0]: only a bind mount can be id-mapped");
	refused(MOUNT("'type':'tmpfs','options':['idmap']"),
		"c: mounts[0]: only a bind mount can be id-mapped");
	refused(MOUNT("'source':'/s','options':['bind'],'uidMappings':" MAPS),
		"c: mounts[0]: uidMappings and gidMappings must both be given");
	refused(MOUNT("'source':'/s','options':['bind','idmap']"),
		"c: mounts[0].options: idmap needs uidMappings and gidMappings, or a user "
		"namespace");
	refused(MOUNT("'source':'/s','options':['bind','idmap=uids=0-0-1;gids=0-0-1']," BOTH_MAPS),
		"c: mounts[0].options: \"idmap=uids=0-0-1;gids=0-0-1\": there are uidMappings "
		"already");
	refused(MOUNT("'source':'/s','options':['bind'],'gidMappings':" MAPS ",'uidMappings':["
		      "{'containerID':0,'hostID':0,'size':2},{'containerID':1,'hostID':5,'size':1}"
		      "]"),
		"c: mounts[0].uidMappings[1]: overlaps entry 0 on the container's side");
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
		{"the forms with r are kept apart", test_recursive_flags},
		{"words that ask for more than flags", test_extras},
		{"and where they cannot be meant", test_bad_extras},
		{"mappings, idmap and ridmap say whose ids a bind shows", test_ids},
		{"idmap=... has its mappings in the option", test_ids_text},
		{"and bad ones are refused with the part that is bad", test_bad_ids},
		{"ids that cannot be mapped are refused", test_refused_ids},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
