/* SPDX-License-Identifier: Apache-2.0 */
/* From init's identity to the workload's: ids, groups, capabilities, umask, no_new_privs. */
#include "stub/internal.h"
#include "stub/syscall.h"

#include <linux/capability.h>
#include <linux/prctl.h>

struct cap_sets {
	uint64_t effective, permitted, inheritable;
};

static long caps_get(struct cap_sets *ret)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	long r = kernel2(__NR_capget, &header, data);

	if (r < 0)
		return r;
	ret->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	ret->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	ret->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	return 0;
}

static long caps_set(const struct cap_sets *sets)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int i;

	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(sets->effective >> (32 * i));
		data[i].permitted = (uint32_t)(sets->permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(sets->inheritable >> (32 * i));
	}
	return kernel2(__NR_capset, &header, data);
}

static void drop_bounding(struct stub *stub)
{
	uint64_t keep = stub->plan->bounding;
	int cap;

	for (cap = 0; cap < 64; cap++) {
		long r;

		if (keep & 1ULL << cap)
			continue;
		r = kernel2(__NR_prctl, PR_CAPBSET_DROP, cap);
		if (r == -EINVAL) /* past the kernel's last capability */
			return;
		/* Without CAP_SETPCAP, what is not there need not be dropped. */
		if (r < 0 && kernel2(__NR_prctl, PR_CAPBSET_READ, cap) != 0)
			fail(stub, PLAN_STAGE_CAPABILITIES, r, cap, "PR_CAPBSET_DROP");
	}
}

static void change_user(struct stub *stub)
{
	const struct plan *plan = stub->plan;
	long r;

	/* Otherwise leaving uid 0 would clear what the configuration grants. Gone at execve. */
	r = kernel2(__NR_prctl, PR_SET_KEEPCAPS, 1);
	if (r < 0)
		fail(stub, PLAN_STAGE_USER, r, 0, "PR_SET_KEEPCAPS");
	if (plan->flags & PLAN_SET_GROUPS) {
		r = kernel2(STUB_SETGROUPS, plan->gid_count, plan_at(stub, plan->gids_offset));
		if (r < 0)
			fail(stub, PLAN_STAGE_GROUPS, r, 0, "setgroups");
	}
	r = kernel3(STUB_SETRESGID, plan->gid, plan->gid, plan->gid);
	if (r < 0)
		fail(stub, PLAN_STAGE_USER, r, 0, "setresgid");
	r = kernel3(STUB_SETRESUID, plan->uid, plan->uid, plan->uid);
	if (r < 0)
		fail(stub, PLAN_STAGE_USER, r, 0, "setresuid");
}

static void raise_ambient(struct stub *stub, uint64_t ambient)
{
	int cap;
	long r;

	/* Linux < 4.3 has no ambient set to clear. */
	(void)kernel5(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (cap = 0; cap < 64; cap++) {
		if (!(ambient & 1ULL << cap))
			continue;
		r = kernel5(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
		if (r < 0)
			fail(stub, PLAN_STAGE_CAPABILITIES, r, cap, "PR_CAP_AMBIENT_RAISE");
	}
}

/* What the user change alone would have left: all of it to root, none to anyone else. */
static struct cap_sets caps_of_user(const struct plan *plan, const struct cap_sets *now)
{
	struct cap_sets sets = *now;

	if (plan->uid != 0)
		sets.permitted = sets.effective = 0;
	return sets;
}

static struct cap_sets caps_of_plan(const struct plan *plan, const struct cap_sets *now)
{
	struct cap_sets sets;

	sets.permitted = plan->permitted & now->permitted;
	sets.effective = plan->effective & sets.permitted;
	sets.inheritable = plan->inheritable & now->permitted;
	return sets;
}

/*
 * Without no_new_privs, loading a filter needs CAP_SYS_ADMIN, so it stays until execve. There it
 * goes by itself: execve computes the permitted set from the inheritable, bounding and ambient sets
 * alone (it looks at the old permitted set only under no_new_privs). So no capset is needed under
 * the user's filter, which might refuse it.
 */
static uint64_t caps_until_exec(const struct plan *plan)
{
	bool needed = plan->flags & PLAN_SECCOMP && !(plan->flags & PLAN_NO_NEW_PRIVILEGES);

	return needed ? 1ULL << CAP_SYS_ADMIN : 0;
}

static void apply_capabilities(struct stub *stub, const struct cap_sets *now)
{
	const struct plan *plan = stub->plan;
	bool given = plan->flags & PLAN_SET_CAPABILITIES;
	struct cap_sets want = given ? caps_of_plan(plan, now) : caps_of_user(plan, now), got;
	uint64_t extra = caps_until_exec(plan) & now->permitted;
	long r;

	want.permitted |= extra;
	want.effective |= extra;
	r = caps_set(&want);
	if (r < 0)
		fail(stub, PLAN_STAGE_CAPABILITIES, r, 0, "capset");
	raise_ambient(stub, given ? plan->ambient & want.inheritable & want.permitted & ~extra : 0);
	r = caps_get(&got);
	if (r < 0)
		fail(stub, PLAN_STAGE_CAPABILITIES, r, 0, "capget");
	if (got.permitted != want.permitted || got.effective != want.effective ||
	    got.inheritable != want.inheritable)
		fail(stub, PLAN_STAGE_CAPABILITIES, -EPERM, 0,
		     "capget: not the sets that were set");
	if (given)
		stub->report.ungranted =
			(plan->bounding | plan->permitted | plan->inheritable) & ~now->permitted;
}

void apply_user_and_capabilities(struct stub *stub)
{
	const struct plan *plan = stub->plan;
	struct cap_sets now;
	long r = caps_get(&now);

	if (r < 0)
		fail(stub, PLAN_STAGE_CAPABILITIES, r, 0, "capget");
	if (plan->flags & PLAN_SET_CAPABILITIES)
		drop_bounding(stub);
	change_user(stub);
	apply_capabilities(stub, &now);
	/* A change of user may have set it back to fs.suid_dumpable. */
	(void)kernel2(__NR_prctl, PR_SET_DUMPABLE, 0);
	(void)kernel1(__NR_umask, plan->flags & PLAN_SET_UMASK ? plan->umask : 022);
	if (plan->flags & PLAN_NO_NEW_PRIVILEGES) {
		r = kernel5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (r < 0)
			fail(stub, PLAN_STAGE_NO_NEW_PRIVILEGES, r, 0, "");
	}
}
