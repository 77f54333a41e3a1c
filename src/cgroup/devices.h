/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside src/cgroup: which devices a container may use. The plan is what config.json means; v1's
 * lists and the eBPF program are two ways of telling the kernel.
 */
#ifndef CGROUP_DEVICES_H
#define CGROUP_DEVICES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "cgroup/cgroup.h"

enum device_access {
	DEVICE_MKNOD = 1, /* the numbers of BPF_DEVCG_ACC_* */
	DEVICE_READ = 2,
	DEVICE_WRITE = 4,
	DEVICE_ALL = 7,
};

struct device_rule {
	bool allow;
	char type;	      /* 'b' or 'c' */
	int64_t major, minor; /* -1: any */
	unsigned int access;  /* enum device_access */
	int config_index;     /* in linux.resources.devices; -1: one of the defaults */
};

/*
 * What holds where no rule matches, then rules of which the last that matches wins, for each kind
 * of access by itself. Without a word from the config nothing is allowed but the default devices; a
 * rule for all devices starts over from there, or from everything.
 */
struct device_plan {
	bool allow_all;
	size_t count;
	struct device_rule *rules; /* owned */
};

/* device_plan_make - 0 or -ENOMEM. device_plan_is_default - do the rules ask for no device? */
int device_plan_make(const struct spec_resources *resources, struct device_plan *ret_plan);
bool device_plan_is_default(const struct spec_resources *resources);
void device_plan_done(struct device_plan *plan);
#define autoplan __attribute__((cleanup(device_plan_done))) struct device_plan

/* cgroup_devices_check / _apply - the whole subject, choosing v1's lists or eBPF. */
int cgroup_devices_check(const struct cgroup *cg, const struct spec_resources *resources,
			 struct error *err);
int cgroup_devices_apply(const struct cgroup *cg, const struct spec_resources *resources,
			 struct error *err);

/* v1: a default and exceptions from it, one for each (type, major, minor). */
struct device_list {
	bool allow_all;
	size_t count;
	struct device_rule *exceptions; /* owned; .allow is unused */
};

/*
 * device_list_fold - the plan in v1's terms
 * Returns 0, -ENOMEM, or -EOPNOTSUPP with @err naming the rule that would make a hole in a wider
 * one, which v1's lists cannot say.
 */
int device_list_fold(const struct device_plan *plan, struct device_list *ret_list,
		     struct error *err);
void device_list_done(struct device_list *list);
#define autolist __attribute__((cleanup(device_list_done))) struct device_list

/* device_list_write - bring devices.list of @dirfd from what it is to @list, or back on failure. */
int device_list_write(int dirfd, const struct device_list *list, struct error *err);

/* device_program_make - the plan as a BPF_PROG_TYPE_CGROUP_DEVICE program; malloc'd. */
int device_program_make(const struct device_plan *plan, struct bpf_insn **ret_code,
			size_t *ret_count);

/* device_program_load - a descriptor, or a negative errno with the verifier's last words in @err.
 */
int device_program_load(const struct bpf_insn *code, size_t count, struct error *err);

/*
 * device_program_attach - put the plan's program on a v2 cgroup, in place of ours that was there
 * device_program_detach - take ours away. Both leave other people's programs alone.
 */
int device_program_attach(int dirfd, const struct device_plan *plan, struct error *err);
int device_program_detach(int dirfd, struct error *err);

#endif
