/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices a container may use: the rules of config.json with the default devices, and the
 * choice between v1's lists and eBPF. Source: config-linux.md#allowed-device-list,
 * #default-devices.
 */
#include "cgroup/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroup/dir.h"

#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff

static const struct device_rule defaults[] = {
	/* Nodes may be made, since making one opens nothing. */
	{true, 'c', -1, -1, DEVICE_MKNOD, -1}, {true, 'b', -1, -1, DEVICE_MKNOD, -1},
	{true, 'c', 1, 3, DEVICE_ALL, -1},    /* null */
	{true, 'c', 1, 5, DEVICE_ALL, -1},    /* zero */
	{true, 'c', 1, 7, DEVICE_ALL, -1},    /* full */
	{true, 'c', 1, 8, DEVICE_ALL, -1},    /* random */
	{true, 'c', 1, 9, DEVICE_ALL, -1},    /* urandom */
	{true, 'c', 5, 0, DEVICE_ALL, -1},    /* tty */
	{true, 'c', 5, 1, DEVICE_ALL, -1},    /* console */
	{true, 'c', 5, 2, DEVICE_ALL, -1},    /* ptmx */
	{true, 'c', 136, -1, DEVICE_ALL, -1}, /* pts */
};

static bool is_for_all(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && rule->read &&
	       rule->write && rule->mknod;
}

/*
 * Making a node opens nothing, so that stays allowed for each device of a type until a rule denies
 * it for the type as a whole; v1's lists could not take single devices from it anyway.
 */
static unsigned int effective_access(const struct spec_device_rule *rule, bool *may_mknod)
{
	unsigned int access = (rule->read ? DEVICE_READ : 0U) | (rule->write ? DEVICE_WRITE : 0U) |
			      (rule->mknod ? DEVICE_MKNOD : 0U);

	if (rule->allow || !rule->mknod || !*may_mknod)
		return access;
	if (rule->major >= 0 || rule->minor >= 0)
		return access & ~DEVICE_MKNOD;
	*may_mknod = false;
	return access;
}

static void plan_add(struct device_plan *plan, const struct spec_device_rule *rule, size_t index,
		     char type, bool *may_mknod)
{
	struct device_rule *added = &plan->rules[plan->count];

	added->allow = rule->allow;
	added->type = type;
	added->major = rule->major < 0 ? -1 : rule->major;
	added->minor = rule->minor < 0 ? -1 : rule->minor;
	added->access = effective_access(rule, may_mknod);
	added->config_index = (int)index;
	plan->count += added->access != 0;
}

int device_plan_make(const struct spec_resources *resources, struct device_plan *ret_plan)
{
	const struct spec_device_rule *rules = resources->device_rules;
	struct device_plan plan = {0};
	bool may_mknod_c, may_mknod_b;
	size_t first = 0;

	plan.rules = calloc(ARRAY_SIZE(defaults) + 2 * resources->device_rule_count,
			    sizeof(*plan.rules));
	if (!plan.rules)
		return -ENOMEM;
	/* What stands before a rule for everything has no effect. */
	for (size_t i = 0; i < resources->device_rule_count; i++) {
		if (!is_for_all(&rules[i]))
			continue;
		plan.allow_all = rules[i].allow;
		first = i + 1;
	}
	if (!plan.allow_all) {
		memcpy(plan.rules, defaults, sizeof(defaults));
		plan.count = ARRAY_SIZE(defaults);
	}
	may_mknod_c = may_mknod_b = !plan.allow_all;
	for (size_t i = first; i < resources->device_rule_count; i++) {
		if (rules[i].type != 'b')
			plan_add(&plan, &rules[i], i, 'c', &may_mknod_c);
		if (rules[i].type != 'c')
			plan_add(&plan, &rules[i], i, 'b', &may_mknod_b);
	}
	*ret_plan = plan;
	return 0;
}

void device_plan_done(struct device_plan *plan)
{
	free(plan->rules);
	plan->rules = NULL;
}

bool device_plan_is_default(const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->device_rule_count; i++)
		if (resources->device_rules[i].allow || !is_for_all(&resources->device_rules[i]))
			return false;
	return true;
}

/* Where devices are decided: v1's controller where it is mounted, else eBPF on v2. */
static int devices_index(const struct cgroup *cg)
{
	int index = cgroup_find(cg->host, "devices");

	return index >= 0 ? index : cgroup_find_v2(cg->host);
}

/* A rootless container in a user namespace can make no device node; it does without the list. */
static bool may_skip(const struct cgroup *cg, const struct spec_resources *resources)
{
	return cg->tolerant && device_plan_is_default(resources);
}

/* Linux has 12 bits for a major and 20 for a minor; a greater number must not match cut short. */
static int check_numbers(const struct spec_resources *resources, struct error *err)
{
	for (size_t i = 0; i < resources->device_rule_count; i++) {
		const struct spec_device_rule *rule = &resources->device_rules[i];

		if (rule->major > MAJOR_MAX || rule->minor > MINOR_MAX)
			return error_config(err,
					    "linux.resources.devices[%zu]: there is no device "
					    "%lld:%lld: the last is %d:%d",
					    i, (long long)rule->major, (long long)rule->minor,
					    MAJOR_MAX, MINOR_MAX);
	}
	return 0;
}

int cgroup_devices_check(const struct cgroup *cg, const struct spec_resources *resources,
			 struct error *err)
{
	autoplan plan = {0};
	autolist list = {0};
	int index = devices_index(cg);
	int r = check_numbers(resources, err);

	if (r < 0)
		return r;
	if (index < 0) {
		if (may_skip(cg, resources))
			return 0;
		return error_config(err, "linux.resources.devices: the host has neither the v1 "
					 "devices controller nor cgroup v2");
	}
	r = device_plan_make(resources, &plan);
	if (r < 0)
		return error_sys_num(err, r, "linux.resources.devices");
	if (cg->host->hierarchies[index].v2 || cgroup_find_v2(cg->host) >= 0)
		return 0;
	return device_list_fold(&plan, &list, err);
}

static int apply_v1(const struct cgroup *cg, size_t index, const struct device_plan *plan,
		    struct error *err)
{
	autofd v1_dir = cgroup_dir_open(cg, index);
	struct error ignored = ERROR_INIT;
	autofd v2_dir = -EBADF;
	autolist list = {0};
	int v2 = cgroup_find_v2(cg->host);
	int r;

	if (v1_dir < 0)
		return error_sys_num(err, v1_dir, "open the devices cgroup %s", cg->path);
	if (v2 >= 0 && cgroup_is_present(cg, (size_t)v2))
		v2_dir = cgroup_dir_open(cg, (size_t)v2);
	r = device_list_fold(plan, &list, err);
	if (r == -EOPNOTSUPP && v2_dir >= 0) {
		/* The kernel asks both: let v1 allow everything and eBPF, which can say it, decide.
		 */
		static const struct device_list everything = {.allow_all = true};

		r = device_program_attach(v2_dir, plan, err);
		if (r < 0)
			return r;
		r = device_list_write(v1_dir, &everything, err);
		if (r < 0)
			(void)device_program_detach(v2_dir, &ignored);
		return r;
	}
	if (r == 0)
		r = device_list_write(v1_dir, &list, err);
	/* A program can be there from earlier rules that needed one. */
	if (r == 0 && v2_dir >= 0)
		r = device_program_detach(v2_dir, err);
	return r;
}

static int apply(const struct cgroup *cg, size_t index, const struct device_plan *plan,
		 struct error *err)
{
	autofd dir = -EBADF;

	if (!cg->host->hierarchies[index].v2)
		return apply_v1(cg, index, plan, err);
	dir = cgroup_dir_open(cg, index);
	if (dir < 0)
		return error_sys_num(err, dir, "open cgroup %s", cg->path);
	return device_program_attach(dir, plan, err);
}

int cgroup_devices_apply(const struct cgroup *cg, const struct spec_resources *resources,
			 struct error *err)
{
	autoplan plan = {0};
	int index = devices_index(cg);
	int r;

	if (index < 0 || !cgroup_is_present(cg, (size_t)index)) {
		if (may_skip(cg, resources))
			return 0;
		return error_config(err, "linux.resources.devices: the container has no cgroup "
					 "that could enforce them");
	}
	r = device_plan_make(resources, &plan);
	if (r < 0)
		return error_sys_num(err, r, "linux.resources.devices");
	r = apply(cg, (size_t)index, &plan, err);
	if (r < 0 && may_skip(cg, resources) && (r == -EPERM || r == -EACCES || r == -EROFS))
		return 0;
	return r < 0 ? error_in(err, "linux.resources.devices") : 0;
}
