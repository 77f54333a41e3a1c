/* SPDX-License-Identifier: Apache-2.0 */
/* linux: namespaces, maps, time, devices, sysctl, paths. */
#include <sched.h>
#include <sys/mount.h>

#include "spec/sections.h"
#include "spec/test-spec.h"

#define NOT_YET ": not supported by this version of ocirun"

static void test_namespaces(void)
{
	autospec spec = parsed(LINUX_WITH("{'type':'pid'},{'type':'network','path':'/n'},"
					  "{'type':'uts','path':''},{'type':'ipc'},"
					  "{'type':'cgroup'},{'type':'time'}",
					  ""
					  "'devices':[]"));

	check(spec_is_new(&spec, NAMESPACE_PID));
	check(spec_is_joined(&spec, NAMESPACE_NETWORK));
	check_text(spec.namespaces[NAMESPACE_NETWORK].path, "/n");
	check(spec_is_new(&spec, NAMESPACE_UTS));
	check(!spec.namespaces[NAMESPACE_USER].wanted);
	for (size_t i = 0; namespace_words[i].text; i++) {
		enum namespace_type type = (enum namespace_type)namespace_words[i].value;

		check_text(namespace_name(type), namespace_words[i].text);
	}
	check_int(namespace_flag(NAMESPACE_MOUNT), CLONE_NEWNS);
	check_text(namespace_file(NAMESPACE_MOUNT), "mnt");
}

static void test_bad_namespaces(void)
{
	refused(LINUX_WITH("{'type':'mount'}", "'devices':[]"),
		"c: linux.namespaces[1].type: namespace \"mount\" is there twice");
	refused(LINUX_WITH("{'type':'net'}", "'devices':[]"),
		"c: linux.namespaces[1].type: unknown namespace \"net\"");
	refused(LINUX_WITH("{}", "'devices':[]"), "c: linux.namespaces[1].type: must be given");
	refused(LINUX_WITH("{'type':'pid','path':'x'}", "'devices':[]"),
		"c: linux.namespaces[1].path: must be an absolute path, not \"x\"");
}

#define USER		 "{'type':'user'}"
#define MAPS(uids, gids) LINUX_WITH(USER, "'uidMappings':[" uids "],'gidMappings':[" gids "]")
#define ALL		 "{'containerID':0,'hostID':1000,'size':65536}"

static void test_maps(void)
{
	autospec spec = parsed(MAPS(ALL ",{'containerID':65536,'hostID':0,'size':1000}", ALL));

	check_int(spec.uid_map_count, 2);
	check_int(spec.gid_map_count, 1);
	check_int(spec.uid_maps[1].container_id, 65536);
	check_int(spec.uid_maps[1].size, 1000);
	accepted(LINUX_WITH("{'type':'user','path':'/p'}", "'devices':[]"));
	accepted(LINUX_WITH("{'type':'user','path':'/p'}", "'uidMappings':[" ALL "]"));
	accepted(MAPS("{'containerID':0,'hostID':0,'size':4294967295}", ALL));
}

static void test_bad_maps(void)
{
	refused(LINUX_WITH(USER, "'devices':[]"),
		"c: linux.uidMappings: must be given for a new user namespace");
	refused(LINUX_WITH(USER, "'uidMappings':[" ALL "]"),
		"c: linux.gidMappings: must be given for a new user namespace");
	refused(LINUX("'gidMappings':[" ALL "]"), "c: linux.gidMappings: needs a user namespace");
	refused(MAPS(ALL ",{'containerID':65535,'hostID':100000,'size':1}", ALL),
		"c: linux.uidMappings[1]: overlaps entry 0 on the container's side");
	refused(MAPS(ALL, ALL ",{'containerID':70000,'hostID':0,'size':1001}"),
		"c: linux.gidMappings[0]: overlaps entry 1 on the host's side");
	refused(MAPS("{'containerID':0,'hostID':0,'size':0}", ALL),
		"c: linux.uidMappings[0].size: must be from 1 to 4294967295, not 0");
	refused(MAPS("{'containerID':1,'hostID':0,'size':4294967295}", ALL),
		"c: linux.uidMappings[0].size: the range goes beyond 2^32-2");
	refused(MAPS("{'containerID':0,'size':1}", ALL),
		"c: linux.uidMappings[0].hostID: must be given");
	refused(MAPS("{'containerID':1,'hostID':0,'size':1}", ALL),
		"c: process.user.uid: 0 is not in linux.uidMappings");
}

static void test_ids_in_maps(void)
{
	refused(START "'process':{'cwd':'/','args':['x'],'user':{'additionalGids':[70000]}},"
		      "'linux':{'namespaces':[{'type':'mount'}," USER "],"
		      "'uidMappings':[" ALL "],'gidMappings':[" ALL "]}}",
		"c: process.user.additionalGids: 70000 is not in linux.gidMappings");
}

static void test_time(void)
{
	autospec spec = parsed(LINUX_WITH("{'type':'time'}",
					  "'timeOffsets':{'boottime':{'secs':-5,'nanosecs':7}}"));

	check(spec.boottime_offset.has && !spec.monotonic_offset.has);
	check_int(spec.boottime_offset.seconds, -5);
	check_int(spec.boottime_offset.nanoseconds, 7);
	refused(LINUX("'timeOffsets':{'monotonic':{'secs':1}}"),
		"c: linux.timeOffsets: needs a new time namespace");
	refused(LINUX_WITH("{'type':'time','path':'/t'}", "'timeOffsets':{'monotonic':{'secs':1}}"),
		"c: linux.timeOffsets: needs a new time namespace");
	refused(LINUX("'timeOffsets':{'monotonic':{'nanosecs':1000000000}}"),
		"c: linux.timeOffsets.monotonic.nanosecs: must be from 0 to 999999999, "
		"not 1000000000");
}

static void test_devices(void)
{
	autospec spec = parsed(LINUX("'devices':["
				     "{'path':'/dev/x','type':'u','major':1,'minor':1048575},"
				     "{'path':'/dev/y','type':'b','major':8,'minor':0,"
				     "'fileMode':25008,'uid':1,'gid':2},"
				     "{'path':'/dev/..p','type':'p','fileMode':384}]"));

	check_int(spec.device_count, 3);
	check_int(spec.devices[0].type, 'c');
	check_int(spec.devices[0].mode, 0666);
	check_int(spec.devices[0].minor, 1048575);
	check_int(spec.devices[1].mode, 0660);
	check_int(spec.devices[1].uid, 1);
	check_int(spec.devices[1].gid, 2);
	check_int(spec.devices[2].mode, 0600);
}

#define DEVICE(members) LINUX("'devices':[{'path':'/dev/x','type':'c'," members "}]")

static void test_bad_devices(void)
{
	refused(DEVICE("'minor':1"), "c: linux.devices[0].major: must be given");
	refused(DEVICE("'major':1"), "c: linux.devices[0].minor: must be given");
	refused(DEVICE("'major':-1,'minor':1"),
		"c: linux.devices[0].major: must be from 0 to 4095, not -1");
	refused(DEVICE("'major':1,'minor':1048576"),
		"c: linux.devices[0].minor: must be from 0 to 1048575, not 1048576");
	refused(DEVICE("'major':1,'minor':1,'fileMode':4096"),
		"c: linux.devices[0].fileMode: must be permission bits, from 0 to 4095 (07777), "
		"not 4096");
	refused(LINUX("'devices':[{'path':'/dev/x','type':'d'}]"),
		"c: linux.devices[0].type: must be c, b, u or p, not \"d\"");
	refused(LINUX("'devices':[{'path':'/dev/../x','type':'c'}]"),
		"c: linux.devices[0].path: must not contain \"..\": \"/dev/../x\"");
	refused(LINUX("'devices':[{'path':'dev/x','type':'c'}]"),
		"c: linux.devices[0].path: must be an absolute path, not \"dev/x\"");
	refused(LINUX("'devices':[{'type':'c'}]"), "c: linux.devices[0].path: must be given");
}

static void test_sysctl(void)
{
	autospec spec = parsed(LINUX_WITH(
		"{'type':'network'},{'type':'ipc'},{'type':'uts'}",
		"'sysctl':{'net.ipv4.ip_forward':'1','net/ipv4/conf/eth0.1/forwarding':'1',"
		"'net.ipv4.conf.eth0/1.forwarding':'0','kernel.msgmax':'5','fs.mqueue.msg_max':'7',"
		"'kernel.domainname':'x'}"));

	check_int(spec.sysctl_count, 6);
	check_text(spec.sysctls[0].name, "net.ipv4.ip_forward");
	check_text(spec.sysctls[0].path, "net/ipv4/ip_forward");
	check_text(spec.sysctls[0].value, "1");
	check_int(spec.sysctls[0].owner, NAMESPACE_NETWORK);
	check_text(spec.sysctls[1].path, "net/ipv4/conf/eth0.1/forwarding");
	check_text(spec.sysctls[2].path, "net/ipv4/conf/eth0.1/forwarding");
	check_int(spec.sysctls[3].owner, NAMESPACE_IPC);
	check_int(spec.sysctls[5].owner, NAMESPACE_UTS);
}

#define SYSCTL(members) LINUX("'sysctl':{" members "}")
#define HOST		": belongs to no namespace: it would change the host"

static void test_bad_sysctl(void)
{
	refused(SYSCTL("'net.core.somaxconn':'1'"),
		"c: linux.sysctl[\"net.core.somaxconn\"]: needs a namespace of type \"network\"");
	refused(SYSCTL("'user.max_pid_namespaces':'1'"),
		"c: linux.sysctl[\"user.max_pid_namespaces\"]: needs a namespace of type \"user\"");
	refused(SYSCTL("'kernel.hostname':'x'"),
		"c: linux.sysctl[\"kernel.hostname\"]: use hostname instead");
	refused(SYSCTL("'kernel.core_pattern':'x'"),
		"c: linux.sysctl[\"kernel.core_pattern\"]" HOST);
	refused(SYSCTL("'kernel.msgmaxx':'x'"), "c: linux.sysctl[\"kernel.msgmaxx\"]" HOST);
	refused(SYSCTL("'kernel.sem.x':'x'"), "c: linux.sysctl[\"kernel.sem.x\"]" HOST);
	refused(SYSCTL("'net':'x'"), "c: linux.sysctl[\"net\"]" HOST);
	refused(SYSCTL("'net/../kernel/core_pattern':'x'"),
		"c: linux.sysctl[\"net/../kernel/core_pattern\"]: no name of a sysctl");
	refused(SYSCTL("'/net/x':'x'"), "c: linux.sysctl[\"/net/x\"]: no name of a sysctl");
	refused(SYSCTL("'net..x':'x'"), "c: linux.sysctl[\"net..x\"]: no name of a sysctl");
	refused(SYSCTL("'net.x+y':'x'"), "c: linux.sysctl[\"net.x+y\"]: no name of a sysctl");
	refused(SYSCTL("'net.x':'1\\n2'"),
		"c: linux.sysctl[\"net.x\"]: must not contain a line break");
	refused(SYSCTL("'net.x':1"), "c: linux.sysctl[\"net.x\"]: must be a string, not a number");
}

static void test_paths(void)
{
	autospec spec = parsed(LINUX("'maskedPaths':['/a','/b'],'readonlyPaths':['/c'],"
				     "'rootfsPropagation':'shared','cgroupsPath':'/x/..y',"
				     "'mountLabel':''"));

	check_int(spec.masked_paths.count, 2);
	check_text(spec.readonly_paths.items[0], "/c");
	check_int(spec.rootfs_propagation, MS_SHARED);
	check_text(spec.cgroups_path, "/x/..y");
	refused(LINUX("'maskedPaths':['/a','b']"),
		"c: linux.maskedPaths[1]: must be an absolute path, not \"b\"");
	refused(LINUX("'readonlyPaths':['']"), "c: linux.readonlyPaths[0]: must not be empty");
	refused(LINUX("'rootfsPropagation':'loud'"),
		"c: linux.rootfsPropagation: unknown propagation \"loud\"");
	refused(LINUX("'cgroupsPath':'/x/../y'"),
		"c: linux.cgroupsPath: must not contain \"..\": \"/x/../y\"");
	refused(LINUX("'cgroupsPath':'/x\\ny'"),
		"c: linux.cgroupsPath: must not contain control characters");
}

static void test_refused_by_name(void)
{
	refused(LINUX("'intelRdt':{}"), "c: linux.intelRdt" NOT_YET);
	refused(LINUX("'memoryPolicy':{}"), "c: linux.memoryPolicy" NOT_YET);
	refused(LINUX("'personality':{'domain':'LINUX'}"), "c: linux.personality" NOT_YET);
	refused(LINUX("'mountLabel':'a b'"), "c: linux.mountLabel: is not a label: \"a b\"");
	refused(LINUX("'netDevices':{'eth0':{}}"), "c: linux.netDevices" NOT_YET);
	accepted(LINUX("'netDevices':{}"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"namespaces are new or joined, and named alike everywhere", test_namespaces},
		{"unknown, doubled and relative namespaces are refused", test_bad_namespaces},
		{"maps of a user namespace", test_maps},
		{"maps that overlap, overflow or lack are refused", test_bad_maps},
		{"the user's groups have a place in the map", test_ids_in_maps},
		{"time offsets need a new time namespace", test_time},
		{"devices, with or without type bits in their mode", test_devices},
		{"devices that cannot be are refused", test_bad_devices},
		{"sysctls by dots or slashes belong to a namespace", test_sysctl},
		{"any other sysctl would change the host", test_bad_sysctl},
		{"masked and read-only paths, propagation, cgroup path", test_paths},
		{"what cannot be applied is refused by name", test_refused_by_name},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
