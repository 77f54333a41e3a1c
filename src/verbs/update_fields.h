/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of linux.resources that have one value: as options of update, and in its event. */
#ifndef VERBS_UPDATE_FIELDS_H
#define VERBS_UPDATE_FIELDS_H

#include <stdbool.h>

#include "container/lifecycle.h"
#include "spec/spec.h"

enum update_option {
	UPDATE_BLKIO_WEIGHT,
	UPDATE_CPU_BURST,
	UPDATE_CPU_IDLE,
	UPDATE_CPU_PERIOD,
	UPDATE_CPU_QUOTA,
	UPDATE_CPU_RT_PERIOD,
	UPDATE_CPU_RT_RUNTIME,
	UPDATE_CPU_SHARE,
	UPDATE_CPUSET_CPUS,
	UPDATE_CPUSET_MEMS,
	UPDATE_MEMORY,
	UPDATE_MEMORY_RESERVATION,
	UPDATE_MEMORY_SWAP,
	UPDATE_PIDS_LIMIT,
	UPDATE_OPTIONS,
};

/*
 * update_fields_parse - put the options that were given into @resources
 * @texts: by enum update_option; NULL: not given. The strings are borrowed.
 * Returns 0 or -EINVAL with the option's name.
 */
int update_fields_parse(const char *const texts[UPDATE_OPTIONS], struct spec_resources *resources,
			struct error *err);

/* update_fields_any - do they ask for any change at all? */
bool update_fields_any(const struct spec_resources *resources);

/* update_fields_members - "resources":{"memory.limit":67108864,"devices":3}: see doc/events.md. */
void update_fields_members(struct event_members *m, const struct spec_resources *resources);

#endif
