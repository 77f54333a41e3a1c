/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits of the workload. */
#include "stub/internal.h"
#include "stub/syscall.h"

#include <linux/resource.h>

/* These would stand in our own way (accept, the hooks' pipes; the clone of an exec's process, which
 * is the user's already), so they come last. */
static bool rlimit_waits(const struct plan *plan, uint32_t resource)
{
	return resource == RLIMIT_NOFILE || resource == RLIMIT_FSIZE ||
	       (resource == RLIMIT_NPROC && plan->flags & PLAN_JOIN);
}

/* Raising a hard limit needs a capability that is about to go; lowering never does. */
static long rlimit_raise_hard(const struct plan_rlimit *limit)
{
	struct rlimit64 old, raised;
	long r = kernel4(__NR_prlimit64, 0, limit->resource, 0, &old);

	if (r < 0 || limit->hard <= old.rlim_max)
		return r;
	raised.rlim_cur = old.rlim_cur;
	raised.rlim_max = limit->hard;
	return kernel4(__NR_prlimit64, 0, limit->resource, &raised, 0);
}

static long rlimit_set(const struct plan_rlimit *limit)
{
	struct rlimit64 value;

	value.rlim_cur = limit->soft;
	value.rlim_max = limit->hard;
	return kernel4(__NR_prlimit64, 0, limit->resource, &value, 0);
}

void raise_rlimits(struct stub *stub)
{
	uint32_t i;

	for (i = 0; i < stub->plan->rlimit_count; i++)
		(void)rlimit_raise_hard(&stub->plan->rlimits[i]); /* apply_rlimits() tells */
}

void apply_rlimits(struct stub *stub, bool last)
{
	const struct plan *plan = stub->plan;
	uint32_t i;

	for (i = 0; i < plan->rlimit_count; i++) {
		const struct plan_rlimit *limit = &plan->rlimits[i];
		long r = 0;

		if (rlimit_waits(plan, limit->resource) == last)
			r = rlimit_set(limit);
		else if (!last)
			r = rlimit_raise_hard(limit);
		if (r < 0)
			fail(stub, PLAN_STAGE_RLIMIT, r, (int)i, "");
	}
}
