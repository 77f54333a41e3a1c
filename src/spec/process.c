/* SPDX-License-Identifier: Apache-2.0 */
/* root and process (config.md#root, #process, #user). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cpu_list.h"
#include "base/path.h"
#include "spec/sections.h"

#define ROOT	"config.md#root"
#define PROCESS "config.md#process"
#define POSIX	"config.md#posix-process"
#define LINUX	"config.md#linux-process"
#define USER	"config.md#posix-platform-user"
#define WINDOWS "config.md#windows-user"

#define GROUPS_MAX 65536 /* NGROUPS_MAX of the kernel */

const struct field root_fields[] = {
	APPLY("path", ROOT, read_text, offsetof(struct spec_root, path), .required = true),
	APPLY("readonly", ROOT, read_bool, offsetof(struct spec_root, readonly)),
	{.key = NULL},
};

static int read_umask(struct reader *r, const struct place *at, const struct field *f,
		      const cJSON *item, void *base)
{
	struct spec_user *user = field_target(f, base);
	uint64_t value = 0;
	int rc = field_uint(r, at, item, 0777, &value);

	if (rc == 0) {
		user->umask = (mode_t)value;
		user->has_umask = true;
	}
	return rc;
}

static int id_order(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

void user_set_groups(struct spec_user *user, uint32_t *groups, size_t count)
{
	size_t kept = 0;

	qsort(groups, count, sizeof(*groups), id_order);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || groups[kept - 1] != groups[i])
			groups[kept++] = groups[i];
	}
	user->additional_gids = groups;
	user->additional_gid_count = kept;
}

static int read_groups(struct reader *r, const struct place *at, const struct field *f,
		       const cJSON *item, void *base)
{
	static const struct field element = {.offset = 0};
	struct spec_user *user = field_target(f, base);
	size_t count, i = 0;
	const cJSON *child;
	uint32_t *groups;
	int rc;

	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array of group numbers", item);
	count = (size_t)cJSON_GetArraySize(item);
	if (count > GROUPS_MAX)
		return field_error(r, at, "must not have more than %d groups", GROUPS_MAX);
	groups = arena_alloc(r->arena, count, sizeof(*groups));
	if (!groups)
		return field_no_memory(r);
	cJSON_ArrayForEach(child, item)
	{
		rc = read_id(r, ELEMENT(at, i), &element, child, &groups[i]);
		if (rc < 0)
			return rc;
		i++;
	}
	user_set_groups(user, groups, count);
	return 0;
}

#define AT(member) offsetof(struct spec_user, member)
static const struct field user_fields[] = {
	APPLY("uid", USER, read_id, AT(uid)),
	APPLY("gid", USER, read_id, AT(gid)),
	APPLY("umask", USER, read_umask, 0),
	APPLY("additionalGids", USER, read_groups, 0),
	/* Windows only. */
	IGNORE("username", WINDOWS),
	{.key = NULL},
};
#undef AT

static int read_cpus(struct reader *r, const struct place *at, const struct field *f,
		     const cJSON *item, void *base)
{
	const char *text = "";
	struct cpu_list list;
	int rc = field_string(r, at, item, &text);

	if (rc < 0 || text[0] == '\0')
		return rc;
	rc = cpu_list_parse(text, &list);
	if (rc == -ERANGE)
		return field_error(r, at, "no CPU is above %d: \"%.200s\"", CPU_LIST_MAX - 1, text);
	if (rc < 0)
		return field_error(r, at, "no list of CPUs such as \"0-3,7\": \"%.200s\"", text);
	*(const char **)field_target(f, base) = text;
	return 0;
}

#define AT(member) offsetof(struct spec_process, member)
static const struct field console_fields[] = {
	APPLY("height", PROCESS, read_u16, AT(console_height), .required = true),
	APPLY("width", PROCESS, read_u16, AT(console_width), .required = true),
	{.key = NULL},
};

static const struct field affinity_fields[] = {
	APPLY("initial", LINUX, read_cpus, AT(cpu_affinity_initial)),
	APPLY("final", LINUX, read_cpus, AT(cpu_affinity_final)),
	{.key = NULL},
};

const struct field process_fields[] = {
	APPLY("terminal", PROCESS, read_bool, AT(terminal)),
	/* Its members are members of struct spec_process itself. */
	APPLY("consoleSize", PROCESS, read_object, 0, .fields = console_fields),
	APPLY("cwd", PROCESS, read_path, AT(cwd), .required = true),
	APPLY("env", PROCESS, read_env, AT(env)),
	APPLY("args", PROCESS, read_strings, AT(args)),
	/* Windows only. */
	IGNORE("commandLine", PROCESS),
	APPLY("rlimits", POSIX, read_objects, AT(rlimits), .fields = rlimit_fields,
	      .check = rlimit_check, .size = sizeof(struct spec_rlimit),
	      .count_offset = AT(rlimit_count)),
	APPLY("apparmorProfile", LINUX, read_string, AT(apparmor_profile)),
	APPLY("capabilities", LINUX, read_object, AT(capabilities), .fields = capabilities_fields,
	      .check = capabilities_check),
	APPLY("noNewPrivileges", LINUX, read_bool, AT(no_new_privileges)),
	APPLY("oomScoreAdj", LINUX, read_optional_i64, AT(oom_score_adj), .min = -1000,
	      .max = 1000),
	REFUSE("scheduler", LINUX),
	APPLY("selinuxLabel", LINUX, read_string, AT(selinux_label)),
	REFUSE("ioPriority", LINUX),
	/* Its members are members of struct spec_process itself. */
	APPLY("execCPUAffinity", LINUX, read_object, 0, .fields = affinity_fields),
	APPLY("user", "config.md#user", read_object, AT(user), .fields = user_fields),
	{.key = NULL},
};
#undef AT

static int check_rlimits(const struct reader *r, const struct place *at,
			 const struct spec_process *p)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < p->rlimit_count; i++) {
		uint64_t bit = UINT64_C(1) << p->rlimits[i].resource;

		/* config.md#posix-process: a limit that is there twice MUST be an error. */
		if (seen & bit)
			return field_error(r, MEMBER(ELEMENT(MEMBER(at, "rlimits"), i), "type"),
					   "limit is there twice");
		seen |= bit;
	}
	return 0;
}

/*
 * process_check_cwd - refuse paths through /proc or /dev that name a descriptor
 * None survives into the container, and one that did would lead out of it (CVE-2024-21626).
 */
int process_check_cwd(const struct reader *r, const struct place *at, const char *cwd)
{
	autofree char *clean = path_clean(cwd);
	const char *fd;

	if (!clean)
		return field_no_memory(r);
	if (strncmp(clean, "/proc/", 6) != 0 && strncmp(clean, "/dev/", 5) != 0)
		return 0;
	fd = strstr(clean, "/fd");
	if (fd && (fd[3] == '/' || fd[3] == '\0'))
		return field_error(r, at, "must not be a path through file descriptors: \"%.200s\"",
				   cwd);
	return 0;
}

int process_check_args(const struct reader *r, const struct place *at, const struct spec_process *p)
{
	/* runtime.md#start lets args wait until then; create looks the program up, so it is too
	 * late. */
	if (p->args.count == 0)
		return field_error(r, MEMBER(at, "args"), "must name a program");
	if (p->args.items[0][0] == '\0')
		return field_error(r, ELEMENT(MEMBER(at, "args"), 0), "must not be empty");
	return 0;
}

int process_settle(struct reader *r, const struct place *at, struct spec_process *p)
{
	int rc;

	if (!p->env.items)
		p->env.items = arena_alloc(r->arena, 1, sizeof(*p->env.items));
	if (!p->env.items)
		return field_no_memory(r);
	rc = check_rlimits(r, at, p);
	if (rc == 0)
		rc = process_check_cwd(r, MEMBER(at, "cwd"), p->cwd);
	return rc;
}

int process_check(struct reader *r, const struct place *at, void *object)
{
	int rc;

	r->spec->has_process = true;
	rc = process_check_args(r, at, object);
	if (rc == 0)
		rc = process_settle(r, at, object);
	return rc;
}
