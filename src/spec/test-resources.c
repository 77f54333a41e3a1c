/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources: exact numbers and what cgroups cannot mean. */
#include "spec/resources.h"
#include "spec/test-spec.h"

#define RES(members) LINUX("'resources':{" members "}")

static void test_memory(void)
{
	autospec spec = parsed(RES("'memory':{'limit':9007199254740993,'swap':9223372036854775807,"
				   "'reservation':-1,'swappiness':100,'disableOOMKiller':true,"
				   "'kernel':-7,'kernelTCP':'x','checkBeforeUpdate':false}"));
	const struct spec_resources *res = &spec.resources;

	check(res->memory.limit.has);
	check_int(res->memory.limit.value, 9007199254740993);
	check_int(res->memory.swap.value, INT64_MAX);
	check_int(res->memory.reservation.value, -1);
	check_int(res->memory.swappiness.value, 100);
	check(res->memory.disable_oom_killer.has && res->memory.disable_oom_killer.value);
	check(!res->memory.use_hierarchy.has);
	check(res->memory.check_before_update.has && !res->memory.check_before_update.value);
}

#define LIMIT_RANGE "must be from -1 to 9223372036854775807, not "

static void test_bad_memory(void)
{
	refused(RES("'memory':{'limit':9223372036854775808}"),
		"c: linux.resources.memory.limit: " LIMIT_RANGE "9223372036854775808");
	refused(RES("'memory':{'limit':-2}"), "c: linux.resources.memory.limit: " LIMIT_RANGE "-2");
	refused(RES("'memory':{'limit':'1G'}"),
		"c: linux.resources.memory.limit: must be an integer, not a string");
	refused(RES("'memory':{'swap':1}"), "c: linux.resources.memory.swap: needs a memory limit");
	refused(RES("'memory':{'swap':1,'limit':2}"),
		"c: linux.resources.memory.swap: must not be below the memory limit, "
		"which it includes");
	refused(RES("'memory':{'swappiness':101}"),
		"c: linux.resources.memory.swappiness: must be from 0 to 100, not 101");
	accepted(RES("'memory':{'swap':-1,'limit':2}"));
	accepted(RES("'memory':{'swap':0}"));
}

static void test_cpu(void)
{
	autospec spec = parsed(RES("'cpu':{'shares':1024,'quota':-1,'period':100000,'burst':5,"
				   "'realtimeRuntime':1,'realtimePeriod':2,'idle':1,"
				   "'cpus':'0-3,7','mems':''}"));

	check_int(spec.resources.cpu.shares.value, 1024);
	check_int(spec.resources.cpu.quota.value, -1);
	check_int(spec.resources.cpu.idle.value, 1);
	check_text(spec.resources.cpu.cpus, "0-3,7");
	check(spec.resources.cpu.mems == NULL);
	refused(RES("'cpu':{'cpus':'0\\n1'}"),
		"c: linux.resources.cpu.cpus: must be a list such as \"0-3,7\", not \"0?1\"");
	refused(RES("'cpu':{'idle':2}"), "c: linux.resources.cpu.idle: must be from 0 to 1, not 2");
	refused(RES("'cpu':{'shares':-1}"),
		"c: linux.resources.cpu.shares: must be from 0 to 18446744073709551615, not -1");
}

static void test_device_rules(void)
{
	autospec spec = parsed(RES("'devices':[{'allow':false,'access':'rwm'},"
				   "{'allow':true,'type':'c','major':1,'minor':3,'access':'mr'},"
				   "{'allow':true,'type':'b','major':-1}]"));
	const struct spec_device_rule *rules = spec.resources.device_rules;

	check_int(spec.resources.device_rule_count, 3);
	check(!rules[0].allow && rules[0].read && rules[0].write && rules[0].mknod);
	check_int(rules[0].type, 'a');
	check_int(rules[0].major, -1);
	check_int(rules[0].minor, -1);
	check(rules[1].allow && rules[1].read && !rules[1].write && rules[1].mknod);
	check_int(rules[1].major, 1);
	check_int(rules[1].minor, 3);
	check_int(rules[2].type, 'b');
	check_int(rules[2].major, -1);
	check(rules[2].write);
	refused(RES("'devices':[{'type':'c'}]"),
		"c: linux.resources.devices[0].allow: must be given");
	refused(RES("'devices':[{'allow':true,'type':'x'}]"),
		"c: linux.resources.devices[0].type: must be a, b or c, not \"x\"");
	refused(RES("'devices':[{'allow':true,'access':'rx'}]"),
		"c: linux.resources.devices[0].access: must be made of r, w and m, not \"rx\"");
	refused(RES("'devices':[{'allow':true,'minor':-2}]"),
		"c: linux.resources.devices[0].minor: must be from -1 to 4294967295, not -2");
}

static void test_block_io(void)
{
	autospec spec = parsed(RES("'blockIO':{'weight':0,'leafWeight':10,"
				   "'weightDevice':[{'major':8,'minor':0,'weight':500}],"
				   "'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':1}],"
				   "'throttleWriteIOPSDevice':[{'major':8,'minor':16,"
				   "'rate':18446744073709551615}]}"));
	const struct spec_resources *res = &spec.resources;

	check(!res->block_io.weight.has);
	check_int(res->block_io.leaf_weight.value, 10);
	check_int(res->block_io.weight_devices[0].weight.value, 500);
	check(!res->block_io.weight_devices[0].leaf_weight.has);
	check_int(res->block_io.throttle_count[THROTTLE_READ_BPS], 1);
	check_int(res->block_io.throttle_count[THROTTLE_WRITE_BPS], 0);
	check(res->block_io.throttles[THROTTLE_WRITE_IOPS][0].rate == UINT64_MAX);
	check_int(res->block_io.throttles[THROTTLE_WRITE_IOPS][0].minor, 16);
	refused(RES("'blockIO':{'weight':9}"),
		"c: linux.resources.blockIO.weight: must be from 10 to 1000, not 9");
	refused(RES("'blockIO':{'throttleReadBpsDevice':[{'major':8,'rate':1}]}"),
		"c: linux.resources.blockIO.throttleReadBpsDevice[0].minor: must be given");
}

static void test_rest(void)
{
	autospec spec = parsed(RES("'pids':{'limit':0},'unified':{'memory.high':'5'},"
				   "'hugepageLimits':[{'pageSize':'2MB','limit':7}],"
				   "'network':{'classID':4294967295,"
				   "'priorities':[{'name':'eth0','priority':3}]},'rdma':{}"));
	const struct spec_resources *res = &spec.resources;

	check(res->pids_limit.has);
	check_int(res->pids_limit.value, 0);
	check_text(res->unified[0].key, "memory.high");
	check_text(res->hugepages[0].page_size, "2MB");
	check_int(res->hugepages[0].limit_bytes, 7);
	check_int(res->network.class_id.value, 4294967295);
	check_text(res->network.priorities[0].key, "eth0");
	check_text(res->network.priorities[0].value, "3");
}

static void test_bad_rest(void)
{
	refused(RES("'unified':{'../x':'1'}"),
		"c: linux.resources.unified[\"../x\"]: must be the name of a file in a cgroup");
	refused(RES("'unified':{'..':'1'}"),
		"c: linux.resources.unified[\"..\"]: must be the name of a file in a cgroup");
	refused(RES("'unified':{'a':1}"),
		"c: linux.resources.unified[\"a\"]: must be a string, not a number");
	refused(RES("'hugepageLimits':[{'pageSize':'2M','limit':7}]"),
		"c: linux.resources.hugepageLimits[0].pageSize: must be a size such as \"2MB\", "
		"not \"2M\"");
	refused(RES("'hugepageLimits':[{'pageSize':'../2MB','limit':7}]"),
		"c: linux.resources.hugepageLimits[0].pageSize: must be a size such as \"2MB\", "
		"not \"../2MB\"");
	refused(RES("'network':{'priorities':[{'name':'a b','priority':3}]}"),
		"c: linux.resources.network.priorities[0].name: no name of a network interface: "
		"\"a b\"");
	refused(RES("'rdma':{'mlx5_1':{'hcaHandles':3}}"),
		"c: linux.resources.rdma: not supported by this version of ocirun");
	refused(RES("'pids':{'limit':-2}"), "c: linux.resources.pids.limit: " LIMIT_RANGE "-2");
}

/* An update: the object by itself, with ' for ". */
static int update(const char *text, struct resources_update *update, struct error *err)
{
	autofree char *json = strdup(text);

	for (char *p = json; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return resources_parse(json, strlen(json), "u", update, err);
}

static void update_refused(const char *text, const char *expected)
{
	struct error err = ERROR_INIT;
	autoresources none = {0};

	check_int(update(text, &none, &err), -EINVAL);
	check_text(err.text, expected);
	check(none.arena == NULL);
}

static void test_update(void)
{
	struct error err = ERROR_INIT;
	autoresources nothing = {0}, some = {0}, rules = {0};

	check_int(update("{}", &nothing, &err), 0);
	check(!nothing.resources.memory.limit.has && !nothing.resources.device_rules);
	check_int(update("{'memory':{'swap':7},'pids':{'limit':0},'unknown':1,'devices':null}",
			 &some, &err),
		  0);
	check_int(some.resources.memory.swap.value, 7);
	check(some.resources.pids_limit.has && !some.resources.cpu.quota.has);
	check(!some.resources.device_rules);
	/* An empty list is there: no rules but the default ones. */
	check_int(update("{'devices':[]}", &rules, &err), 0);
	check(rules.resources.device_rules && rules.resources.device_rule_count == 0);
	update_refused("{'memory':{'limit':9,'swap':7}}",
		       "u: memory.swap: must not be below the memory limit, which it includes");
	update_refused("{'pids':{'limit':'x'}}", "u: pids.limit: must be an integer, not a string");
	update_refused("{'hugepageLimits':[{'pageSize':'2MB'}]}",
		       "u: hugepageLimits[0].limit: must be given");
	update_refused("[]", "u: must be an object, not an array");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"memory limits are exact", test_memory},
		{"memory limits that mean nothing are refused", test_bad_memory},
		{"cpu", test_cpu},
		{"device rules: what is not said is any", test_device_rules},
		{"block devices", test_block_io},
		{"pids, unified, huge pages, network", test_rest},
		{"names that would leave the cgroup are refused", test_bad_rest},
		{"an update is the object alone, and may leave out anything", test_update},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
