/* SPDX-License-Identifier: Apache-2.0 */
/* The process of an exec: the container's or a file's, and then the options, one row each. */
#include "spec/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "spec/sections.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX of the kernel */

/* ---- --process ---- */

/* What a file may leave out, and has from the container then. Capabilities are read bit by bit into
 * what is there, so they come after. */
static struct spec_process inherited(const struct spec_process *container)
{
	return (struct spec_process){
		.user = {.has_umask = container->user.has_umask, .umask = container->user.umask},
		.rlimit_count = container->rlimit_count,
		.rlimits = container->rlimits,
		.no_new_privileges = container->no_new_privileges,
		.oom_score_adj = container->oom_score_adj,
		.apparmor_profile = container->apparmor_profile,
		.selinux_label = container->selinux_label,
		.cpu_affinity_initial = container->cpu_affinity_initial,
		.cpu_affinity_final = container->cpu_affinity_final,
	};
}

static int parse_file(struct reader *r, const char *text, size_t length, struct spec_process *p)
{
	cJSON *document = NULL;
	int rc;

	rc = json_parse(text, length, r->name, &document, r->err);
	if (rc < 0)
		return rc;
	arena_adopt(r->arena, document);
	rc = field_read_members(r, NULL, document, process_fields, p);
	if (rc == 0)
		rc = process_settle(r, NULL, p);
	if (rc == 0)
		rc = user_check(r, MEMBER(NULL, "user"), &p->user);
	return rc;
}

static int from_file(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	const struct spec_process *container = &r->spec->process;
	autofree char *text = NULL;
	ssize_t length;
	int rc;

	r->name = exec->file;
	length = spec_read_file(AT_FDCWD, exec->file, true, &text, r->err);
	if (length < 0)
		return (int)length;
	*p = inherited(container);
	rc = parse_file(r, text, (size_t)length, p);
	if (rc == 0 && !exec->args[0])
		rc = process_check_args(r, NULL, p);
	if (rc == 0 && !p->capabilities.has)
		p->capabilities = container->capabilities;
	return rc;
}

/* ---- options ---- */

static int apply_args(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	size_t count = 0;
	const char **items;

	while (exec->args[count])
		count++;
	if (count == 0 && exec->file)
		return 0;
	items = arena_alloc(r->arena, count + 1, sizeof(*items));
	if (!items)
		return field_no_memory(r);
	for (size_t i = 0; i < count; i++)
		items[i] = exec->args[i];
	p->args = (struct string_list){count, items};
	if (count == 0 || items[0][0] == '\0')
		return field_error(r, NULL, "must name a program");
	return 0;
}

static int apply_cwd(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	if (!exec->cwd)
		return 0;
	if (exec->cwd[0] != '/')
		return field_error(r, NULL, "must be an absolute path, not \"%.200s\"", exec->cwd);
	p->cwd = exec->cwd;
	return process_check_cwd(r, NULL, exec->cwd);
}

static int apply_env(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	size_t count = p->env.count + exec->env_count;
	const char **items;
	int rc;

	if (exec->env_count == 0)
		return 0;
	items = arena_alloc(r->arena, count + 1, sizeof(*items));
	if (!items)
		return field_no_memory(r);
	for (size_t i = 0; i < p->env.count; i++)
		items[i] = p->env.items[i];
	for (size_t i = 0; i < exec->env_count; i++) {
		rc = env_check(r, NULL, exec->env[i]);
		if (rc < 0)
			return rc;
		items[p->env.count + i] = exec->env[i];
	}
	p->env = (struct string_list){count, items};
	return env_unique(r, &p->env);
}

/*
 * take_id - the decimal number at *text, and move on; -EINVAL: none, -ERANGE: no ID
 * By hand: strtoul takes blanks and signs, and what does not fit must never come out as 0, which is
 * root (CVE-2026-30892). 2^32-1 means "no ID" to the kernel.
 */
static int take_id(const char **text, uint32_t *ret)
{
	const char *start = *text;
	uint64_t value = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		value = value * 10 + (uint64_t)(**text - '0');
		if (value >= UINT32_MAX)
			return -ERANGE;
	}
	*ret = (uint32_t)value;
	return *text == start ? -EINVAL : 0;
}

static int bad_id(const struct reader *r, int rc, const char *wanted, const char *text)
{
	if (rc == -ERANGE)
		return field_error(r, NULL, "an ID must be from 0 to 4294967294: \"%.100s\"", text);
	return field_error(r, NULL, "must be %s in decimal, not \"%.100s\"", wanted, text);
}

/* As with runc, a UID alone leaves the group as it is. */
static int apply_user(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	const char *end = exec->user;
	int rc;

	if (!exec->user)
		return 0;
	rc = take_id(&end, &p->user.uid);
	if (rc == 0 && *end == ':') {
		end++;
		rc = take_id(&end, &p->user.gid);
	}
	if (rc < 0 || *end)
		return bad_id(r, rc, "UID or UID:GID", exec->user);
	rc = user_check_uid(r, NULL, p->user.uid);
	if (rc == 0)
		rc = user_check_gid(r, NULL, p->user.gid);
	return rc;
}

static int one_group(const struct reader *r, const char *text, uint32_t *ret)
{
	const char *end = text;
	int rc = take_id(&end, ret);

	if (rc < 0 || *end)
		return bad_id(r, rc, "a GID", text);
	return user_check_gid(r, NULL, *ret);
}

static int apply_groups(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	size_t before = p->user.additional_gid_count, count = before + exec->gid_count;
	uint32_t *groups;
	int rc;

	if (exec->gid_count == 0)
		return 0;
	if (count > GROUPS_MAX)
		return field_error(r, NULL, "must not have more than %d groups", GROUPS_MAX);
	groups = arena_alloc(r->arena, count, sizeof(*groups));
	if (!groups)
		return field_no_memory(r);
	for (size_t i = 0; i < before; i++)
		groups[i] = p->user.additional_gids[i];
	for (size_t i = 0; i < exec->gid_count; i++) {
		rc = one_group(r, exec->gids[i], &groups[before + i]);
		if (rc < 0)
			return rc;
	}
	user_set_groups(&p->user, groups, count);
	return 0;
}

/* find_capability - in any case, with CAP_ or without: both are in use on command lines. */
static const struct word *find_capability(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (const struct word *w = capability_words; w->text; w++) {
		if (strcasecmp(w->text + 4, name) == 0)
			return w;
	}
	return NULL;
}

static int apply_caps(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	struct spec_capabilities *c = &p->capabilities;

	for (size_t i = 0; i < exec->cap_count; i++) {
		const struct word *w = find_capability(exec->caps[i]);
		uint64_t bit;

		if (!w)
			return field_error(r, NULL, "unknown capability \"%.64s\"", exec->caps[i]);
		bit = UINT64_C(1) << w->value;
		c->has = true;
		c->bounding |= bit;
		c->effective |= bit;
		c->permitted |= bit;
		/* An inheritable one would raise what files grant (CVE-2022-29162); the kernel has
		 * no ambient one that is not inheritable. */
		c->ambient |= bit & c->inheritable;
	}
	return 0;
}

/* Whether this host has the modules is launch/'s to see. */
static int apply_labels(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	(void)r;
	if (exec->apparmor && exec->apparmor[0] != '\0')
		p->apparmor_profile = exec->apparmor;
	if (exec->process_label && exec->process_label[0] != '\0')
		p->selinux_label = exec->process_label;
	return 0;
}

static int apply_flags(struct reader *r, const struct exec_process *exec, struct spec_process *p)
{
	(void)r;
	/* A flag only adds: what a file says stays where it is not given. */
	p->terminal = exec->terminal || (exec->file && p->terminal);
	p->no_new_privileges |= exec->no_new_privileges;
	return 0;
}

typedef int option_step(struct reader *r, const struct exec_process *exec, struct spec_process *p);

static const struct {
	const char *name; /* as errors call it */
	option_step *apply;
} steps[] = {
	{"command", apply_args},
	{"--cwd", apply_cwd},
	{"--env", apply_env},
	{"--user", apply_user},
	{"--additional-gids", apply_groups},
	{"--cap", apply_caps},
	{"", apply_labels},
	{"", apply_flags},
};

int spec_exec_process(struct spec *spec, const struct exec_process *exec, struct error *err)
{
	struct reader r = {.arena = spec->arena, .spec = spec, .err = err};
	struct spec_process p = spec->process;
	int rc = 0;

	if (exec->file)
		rc = from_file(&r, exec, &p);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		r.name = steps[i].name;
		rc = steps[i].apply(&r, exec, &p);
		if (rc < 0) {
			err->kind = err->kind == ERROR_CONFIG ? ERROR_USAGE : err->kind;
			return rc;
		}
	}
	spec->process = p;
	return 0;
}
