/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that the runtime itself gives to the process: NOTIFY_SOCKET, LISTEN_FDS. */
#include <errno.h>
#include <string.h>

#include "spec/arena.h"
#include "spec/spec.h"

static const char *value_of(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=' ? entry + length + 1
									 : NULL;
}

const char *spec_env(const struct spec *spec, const char *name)
{
	const struct string_list *env = &spec->process.env;

	for (size_t i = 0; i < env->count; i++) {
		const char *value = value_of(env->items[i], name);

		if (value)
			return value;
	}
	return NULL;
}

int spec_set_env(struct spec *spec, const char *name, const char *value, struct error *err)
{
	struct string_list *env = &spec->process.env;
	const char **items = arena_alloc(spec->arena, env->count + 2, sizeof(*items));
	const char *entry = arena_print(spec->arena, "%s=%s", name, value);
	size_t count = 0;

	if (!items || !entry)
		return error_sys_num(err, ENOMEM, "%s", name);
	for (size_t i = 0; i < env->count; i++)
		if (!value_of(env->items[i], name))
			items[count++] = env->items[i];
	items[count++] = entry;
	*env = (struct string_list){count, items};
	return 0;
}
