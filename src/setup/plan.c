/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as a file: a header, then strings and arrays that it points to by offset. */
#include "setup/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "setup/capabilities.h"
#include "setup/hooks.h"
#include "setup/labels.h"
#include "setup/seccomp.h"
#include "stub/plan.h"

#define ALIGNMENT     8	      /* of every array in the tail */
#define NOEXEC_SEAL   0x0008U /* MFD_NOEXEC_SEAL, newer than our libc */
#define ALL_SEALS     (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define DEFAULT_UMASK 022
/* Where libc looks, too, when there is no PATH. */
#define DEFAULT_PATH "/bin:/usr/bin"

/* The file under construction; starts with the header. */
struct builder {
	char *bytes;
	size_t length, size;
	bool failed; /* out of memory, or longer than offsets can say */
};

static void builder_done(struct builder *b)
{
	free(b->bytes);
}

static struct plan *header(struct builder *b)
{
	return (struct plan *)(void *)b->bytes;
}

/* Room for @length bytes; returns their offset. */
static uint32_t reserve(struct builder *b, size_t length)
{
	size_t offset = (b->length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	size_t size = b->size;
	char *grown;

	if (b->failed || length > INT32_MAX || offset + length > INT32_MAX) {
		b->failed = true;
		return 0;
	}
	while (size < offset + length)
		size = size ? size * 2 : 16384;
	if (size > b->size) {
		grown = realloc(b->bytes, size);
		if (!grown) {
			b->failed = true;
			return 0;
		}
		memset(grown + b->size, 0, size - b->size);
		b->bytes = grown;
		b->size = size;
	}
	b->length = offset + length;
	return (uint32_t)offset;
}

static uint32_t append(struct builder *b, const void *data, size_t length)
{
	uint32_t offset = reserve(b, length);

	if (!b->failed && length > 0)
		memcpy(b->bytes + offset, data, length);
	return offset;
}

static uint32_t append_text(struct builder *b, const char *text)
{
	return append(b, text, strlen(text) + 1);
}

static uint32_t append_list(struct builder *b, const struct string_list *list)
{
	uint32_t array = reserve(b, list->count * sizeof(uint32_t));

	for (size_t i = 0; i < list->count; i++) {
		uint32_t offset = append_text(b, list->items[i]);

		if (b->failed)
			return 0;
		memcpy(b->bytes + array + i * sizeof(offset), &offset, sizeof(offset));
	}
	return array;
}

static void add_process(struct builder *b, const struct spec_process *process)
{
	const struct spec_user *user = &process->user;
	struct plan *plan = header(b);

	plan->uid = user->uid;
	plan->gid = user->gid;
	plan->umask = user->has_umask ? user->umask : DEFAULT_UMASK;
	plan->flags |= PLAN_SET_UMASK;
	if (process->no_new_privileges)
		plan->flags |= PLAN_NO_NEW_PRIVILEGES;
	for (size_t i = 0; i < process->rlimit_count; i++) {
		plan->rlimits[i].resource = (uint32_t)process->rlimits[i].resource;
		plan->rlimits[i].soft = process->rlimits[i].soft;
		plan->rlimits[i].hard = process->rlimits[i].hard;
	}
	plan->rlimit_count = (uint32_t)process->rlimit_count;
}

static void add_capabilities(struct plan *plan, const struct spec_capabilities *capabilities)
{
	plan->last_capability = capabilities_last();
	if (!capabilities->has)
		return;
	plan->flags |= PLAN_SET_CAPABILITIES;
	plan->bounding = capabilities->bounding;
	plan->effective = capabilities->effective;
	plan->inheritable = capabilities->inheritable;
	plan->permitted = capabilities->permitted;
	plan->ambient = capabilities->ambient;
}

static const char *path_of(const struct string_list *env)
{
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], "PATH=", 5) == 0)
			return env->items[i] + 5;
	return DEFAULT_PATH;
}

/* Every append may move the header: fetch it again afterwards. */
static void add_tail(struct builder *b, const struct spec_process *process, bool set_groups)
{
	const struct spec_user *user = &process->user;
	uint32_t gids = 0, cwd, path;

	if (set_groups)
		gids = append(b, user->additional_gids,
			      user->additional_gid_count * sizeof(*user->additional_gids));
	cwd = append_text(b, process->cwd ? process->cwd : "/");
	path = append_text(b, path_of(&process->env));
	if (b->failed)
		return;
	header(b)->cwd_offset = cwd;
	header(b)->path_offset = path;
	if (set_groups) {
		header(b)->flags |= PLAN_SET_GROUPS;
		header(b)->gid_count = (uint32_t)user->additional_gid_count;
		header(b)->gids_offset = gids;
	}
}

static void add_seccomp(struct builder *b, const struct seccomp_program *program)
{
	uint32_t offset = append(b, program->filter, program->count * sizeof(*program->filter));

	if (b->failed)
		return;
	header(b)->flags |= PLAN_SECCOMP;
	header(b)->seccomp_flags = program->flags;
	header(b)->seccomp_count = (uint32_t)program->count;
	header(b)->seccomp_offset = offset;
}

static struct plan_hook hook_plan(struct builder *b, const struct spec_hook *hook)
{
	const char *items[] = {hook->path, NULL};
	const struct string_list path_only = {1, items};
	const struct string_list *args = hook->args.count ? &hook->args : &path_only;
	struct plan_hook plan = {
		.path_offset = append_text(b, hook->path),
		.argc = (uint32_t)args->count,
		.argv_offset = append_list(b, args),
		.envc = (uint32_t)hook->env.count,
		.envp_offset = append_list(b, &hook->env),
		.timeout_s = hook->timeout_s > 0 ? (uint32_t)hook->timeout_s : 0,
	};

	return plan;
}

static void add_hooks(struct builder *b, const struct spec_hooks *hooks, const char *state_json)
{
	size_t count = hooks->count[HOOK_START_CONTAINER];
	uint32_t array = reserve(b, count * sizeof(struct plan_hook)), state;

	for (size_t i = 0; i < count; i++) {
		struct plan_hook hook = hook_plan(b, &hooks->list[HOOK_START_CONTAINER][i]);

		if (b->failed)
			return;
		memcpy(b->bytes + array + i * sizeof(hook), &hook, sizeof(hook));
	}
	state = append_text(b, state_json ? state_json : "");
	if (b->failed)
		return;
	header(b)->hook_count = (uint32_t)count;
	header(b)->hooks_offset = array;
	header(b)->state_offset = state;
	header(b)->state_length = (uint32_t)strlen(state_json ? state_json : "");
}

static int check_limits(const struct spec_process *process, struct error *err)
{
	if (process->rlimit_count > PLAN_MAX_RLIMITS)
		return error_config(err, "process.rlimits: more than %d", PLAN_MAX_RLIMITS);
	if (process->user.additional_gid_count > PLAN_MAX_GIDS)
		return error_config(err, "process.user.additionalGids: more than %d",
				    PLAN_MAX_GIDS);
	return 0;
}

static int to_memfd(const struct builder *b, struct error *err)
{
	autofd fd = memfd_create("ocirun-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING | NOEXEC_SEAL);
	int r;

	if (fd < 0 && errno == EINVAL) /* Linux < 6.3 */
		fd = memfd_create("ocirun-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return error_sys(err, "memfd_create");
	r = fd_write_all(fd, b->bytes, b->length);
	if (r < 0)
		return error_sys_num(err, r, "write the plan");
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return error_sys(err, "seal the plan");
	return take_fd(&fd);
}

static struct plan_label label_plan(struct builder *b, const struct label *label)
{
	size_t command = strlen(label->command), name = strlen(label->name);
	struct plan_label plan = {
		.lsm = label->module,
		.attribute = label->attribute,
		.file_offset = append_text(b, label->file),
		.text_offset = reserve(b, command + name + 1),
		.text_length = (uint32_t)(command + name),
	};

	if (b->failed)
		return plan;
	memcpy(b->bytes + plan.text_offset, label->command, command);
	memcpy(b->bytes + plan.text_offset + command, label->name, name + 1);
	return plan;
}

static void add_labels(struct builder *b, const struct labels *labels, int proc_fd)
{
	uint32_t array = reserve(b, labels->count * sizeof(struct plan_label));

	for (size_t i = 0; i < labels->count; i++) {
		struct plan_label label = label_plan(b, &labels->list[i]);

		if (b->failed)
			return;
		memcpy(b->bytes + array + i * sizeof(label), &label, sizeof(label));
	}
	if (b->failed || labels->count == 0)
		return;
	header(b)->label_count = (uint32_t)labels->count;
	header(b)->labels_offset = array;
	header(b)->label_proc_fd = proc_fd;
}

static void add_join(struct builder *b, const struct plan_input *input)
{
	uint32_t keyring = input->keyring ? append_text(b, input->keyring) : 0;

	if (b->failed)
		return;
	header(b)->flags |= PLAN_JOIN;
	header(b)->join = *input->join;
	header(b)->join.keyring_offset = keyring;
}

static uint32_t flags_of(const struct plan_input *input)
{
	return (input->wait_for_start ? PLAN_WAIT_FOR_START : 0) |
	       (input->await_commit ? PLAN_AWAIT_COMMIT : 0) |
	       (input->wait_for_go ? PLAN_WAIT_FOR_GO : 0) |
	       (input->set_listen_pid ? PLAN_SET_LISTEN_PID : 0);
}

int plan_build(const struct spec *spec, const struct plan_input *input, struct error *err)
{
	__attribute__((cleanup(builder_done))) struct builder b = {NULL, 0, 0, false};
	int r = check_limits(&spec->process, err);

	if (r < 0)
		return r;
	(void)reserve(&b, sizeof(struct plan));
	if (!b.failed) {
		header(&b)->label_proc_fd = -1;
		add_process(&b, &spec->process);
		add_capabilities(header(&b), &spec->process.capabilities);
		add_tail(&b, &spec->process, input->set_groups);
		if (input->seccomp)
			add_seccomp(&b, input->seccomp);
		if (input->wait_for_start)
			add_hooks(&b, &spec->hooks, input->state_json);
		if (input->join)
			add_join(&b, input);
		if (input->labels)
			add_labels(&b, input->labels, input->label_proc_fd);
	}
	if (b.failed)
		return error_sys_num(err, ENOMEM, "plan");
	header(&b)->version = PLAN_VERSION;
	header(&b)->size = (uint32_t)b.length;
	header(&b)->monitor_fd = input->monitor_fd;
	header(&b)->start_fd = input->wait_for_start ? input->start_fd : -1;
	header(&b)->hook_stdout_fd = input->hook_output ? input->hook_output->stdout_fd : -1;
	header(&b)->hook_stderr_fd = input->hook_output ? input->hook_output->stderr_fd : -1;
	header(&b)->flags |= flags_of(input);
	return to_memfd(&b, err);
}
