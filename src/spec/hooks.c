/* SPDX-License-Identifier: Apache-2.0 */
/* hooks (config.md#posix-platform-hooks). */
#include <limits.h>

#include "base/cleanup.h"
#include "spec/sections.h"

#define HOOKS	   "config.md#posix-platform-hooks"
#define AT(member) offsetof(struct spec_hook, member)

static int read_timeout(struct reader *r, const struct place *at, const struct field *f,
			const cJSON *item, void *base)
{
	int64_t seconds = 0;
	int rc = field_int(r, at, item, 1, INT_MAX, &seconds);

	if (rc == 0)
		*(int *)field_target(f, base) = (int)seconds;
	return rc;
}

static const struct field hook_fields[] = {
	APPLY("path", HOOKS, read_path, AT(path), .required = true),
	APPLY("args", HOOKS, read_strings, AT(args)),
	APPLY("env", HOOKS, read_env, AT(env)),
	APPLY("timeout", HOOKS, read_timeout, AT(timeout_s)),
	{.key = NULL},
};

/* hook_check - execve(2) needs an argv[0] and an environment, be it an empty one. */
static int hook_check(struct reader *r, const struct place *at, void *object)
{
	struct spec_hook *hook = object;
	const char **words;

	(void)at;
	words = arena_alloc(r->arena, 3, sizeof(*words));
	if (!words)
		return field_no_memory(r);
	if (hook->args.count == 0) {
		words[0] = hook->path;
		hook->args = (struct string_list){1, words};
	}
	if (!hook->env.items)
		hook->env.items = words + 2;
	return 0;
}

#define STAGE(name, stage)                                                                  \
	APPLY(name, HOOKS, read_objects, offsetof(struct spec_hooks, list[stage]),          \
	      .fields = hook_fields, .check = hook_check, .size = sizeof(struct spec_hook), \
	      .count_offset = offsetof(struct spec_hooks, count[stage]))

/* One row per stage, in the order of enum hook_stage. */
const struct field hooks_fields[] = {
	STAGE("prestart", HOOK_PRESTART),
	STAGE("createRuntime", HOOK_CREATE_RUNTIME),
	STAGE("createContainer", HOOK_CREATE_CONTAINER),
	STAGE("startContainer", HOOK_START_CONTAINER),
	STAGE("poststart", HOOK_POSTSTART),
	STAGE("poststop", HOOK_POSTSTOP),
	{.key = NULL},
};
_Static_assert(ARRAY_SIZE(hooks_fields) == HOOK_STAGES + 1, "a row per stage");

const char *hook_stage_name(enum hook_stage stage)
{
	return hooks_fields[stage].key;
}
