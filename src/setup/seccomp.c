/* SPDX-License-Identifier: Apache-2.0 */
/* libseccomp's part: names and conditions become one BPF program, searched as a tree. */
#include "setup/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "setup/seccomp_newer.h"

#define MAX_ARGS	 6
#define OPTIMIZE_AS_TREE 2
#define EXPORT_MAX	 (1 << 20)

static void release_filter(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

#define autofilter __attribute__((cleanup(release_filter))) scmp_filter_ctx

void seccomp_done(struct seccomp_program *program)
{
	free(program->filter);
	program->filter = NULL;
	program->count = 0;
}

/* ---- what can be told early ---- */

/* With a null program, a kernel that knows the flags says EFAULT and one that does not, EINVAL. */
static bool kernel_knows_flags(uint32_t flags)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

static int check_action(uint32_t action, const char *where, struct error *err)
{
	uint32_t kind = action & SECCOMP_RET_ACTION_FULL;

	if (action == SCMP_ACT_NOTIFY)
		return error_config(err, "%s: SCMP_ACT_NOTIFY is not supported", where);
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kind) < 0 && errno == EOPNOTSUPP)
		return error_config(err, "%s: this kernel does not have the action 0x%x", where,
				    action);
	return 0;
}

int seccomp_check(const struct spec_seccomp *seccomp, struct error *err)
{
	int r = 0;

	if (!seccomp->has)
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno != EFAULT)
		return error_set(err, ERROR_SYSTEM, ENOSYS,
				 "linux.seccomp: this kernel has no seccomp filters");
	if (seccomp->flags && !kernel_knows_flags(seccomp->flags))
		return error_config(err, "linux.seccomp.flags: not all known to this kernel");
	r = check_action(seccomp->default_action, "linux.seccomp.defaultAction", err);
	for (size_t i = 0; i < seccomp->rule_count && r == 0; i++) {
		r = check_action(seccomp->rules[i].action, "action", err);
		if (r < 0)
			r = error_in(err, "linux.seccomp.syscalls[%zu]", i);
	}
	return r;
}

/* ---- rules ---- */

static struct scmp_arg_cmp comparison(const struct spec_seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){
		.arg = arg->index,
		.op = (enum scmp_compare)arg->op,
		.datum_a = arg->value,
		.datum_b = arg->value_two,
	};
}

static bool has_repeated_index(const struct spec_seccomp_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->arg_count; i++) {
		unsigned int bit = 1U << (rule->args[i].index % 32);

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

/* The same rule twice is no mistake of the user's: profiles are put together from parts. */
static int add(scmp_filter_ctx filter, uint32_t action, int number, unsigned int count,
	       const struct scmp_arg_cmp *comparisons)
{
	int r = seccomp_rule_add_array(filter, action, number, count, comparisons);

	return r == -EEXIST ? 0 : r;
}

/*
 * One rule asks for all its conditions. Two on the same argument could never both hold in the usual
 * profiles ("personality is 0 or 8"), so then each is a rule of its own, as runc has it.
 */
static int add_conditions(scmp_filter_ctx filter, const struct spec_seccomp_rule *rule, int number)
{
	struct scmp_arg_cmp comparisons[MAX_ARGS];
	int r = 0;

	if (has_repeated_index(rule) || rule->arg_count > MAX_ARGS) {
		for (size_t i = 0; i < rule->arg_count && r == 0; i++) {
			comparisons[0] = comparison(&rule->args[i]);
			r = add(filter, rule->action, number, 1, comparisons);
		}
		return r;
	}
	for (size_t i = 0; i < rule->arg_count; i++)
		comparisons[i] = comparison(&rule->args[i]);
	return add(filter, rule->action, number, (unsigned int)rule->arg_count, comparisons);
}

static int add_rule(scmp_filter_ctx filter, const struct spec_seccomp_rule *rule, struct error *err)
{
	for (size_t i = 0; i < rule->names.count; i++) {
		const char *name = rule->names.items[i];
		int number = seccomp_syscall_resolve_name(name), r;

		if (number == __NR_SCMP_ERROR) {
			log_debug("seccomp: this libseccomp does not know %s; skipped", name);
			continue;
		}
		r = add_conditions(filter, rule, number);
		if (r < 0)
			return error_sys_num(err, r, "names[%zu]: %s: seccomp_rule_add", i, name);
	}
	return 0;
}

static int add_rules(scmp_filter_ctx filter, const struct spec_seccomp *seccomp, struct error *err)
{
	for (size_t i = 0; i < seccomp->rule_count; i++) {
		int r;

		/* libseccomp refuses what would change nothing. */
		if (seccomp->rules[i].action == seccomp->default_action)
			continue;
		r = add_rule(filter, &seccomp->rules[i], err);
		if (r < 0)
			return error_in(err, "linux.seccomp.syscalls[%zu]", i);
	}
	return 0;
}

/* The native architecture is in from the start; each listed one joins it. */
static int add_architectures(scmp_filter_ctx filter, const struct spec_seccomp *seccomp,
			     struct error *err)
{
	for (size_t i = 0; i < seccomp->arch_count; i++) {
		int r = seccomp_arch_add(filter, seccomp->archs[i]);

		if (r < 0 && r != -EEXIST)
			return error_sys_num(
				err, r, "linux.seccomp.architectures[%zu]: seccomp_arch_add", i);
	}
	return 0;
}

/* ---- the program ---- */

static int export(scmp_filter_ctx filter, char **ret, size_t *ret_length, struct error *err)
{
	autofd fd = memfd_create("seccomp", MFD_CLOEXEC);
	ssize_t length;
	int r;

	if (fd < 0)
		return error_sys(err, "memfd_create");
	r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		return error_sys_num(err, r, "seccomp_export_bpf");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(err, "lseek");
	length = fd_read_text(fd, EXPORT_MAX, ret);
	if (length < 0)
		return error_sys_num(err, (int)length, "read the exported filter");
	*ret_length = (size_t)length;
	return 0;
}

static int assemble(const struct spec_seccomp *seccomp, const char *bytes, size_t length,
		    struct seccomp_program *ret, struct error *err)
{
	struct sock_filter newer[SECCOMP_NEWER_MAX];
	size_t count = seccomp_newer(seccomp, newer);
	size_t total = count + length / sizeof(*newer);
	struct sock_filter *filter;

	if (total > BPF_MAXINSNS)
		return error_config(err, "linux.seccomp: %zu instructions; the kernel takes %d",
				    total, BPF_MAXINSNS);
	filter = calloc(total, sizeof(*filter));
	if (!filter)
		return error_sys_num(err, ENOMEM, "linux.seccomp");
	memcpy(filter, newer, count * sizeof(*filter));
	memcpy(filter + count, bytes, length);
	ret->flags = seccomp->flags;
	ret->count = total;
	ret->filter = filter;
	return 0;
}

int seccomp_compile(const struct spec_seccomp *seccomp, struct seccomp_program *ret,
		    struct error *err)
{
	autofilter filter = seccomp_init(seccomp->default_action);
	autofree char *bytes = NULL;
	size_t length = 0;
	int r;

	if (!filter)
		return error_config(err, "linux.seccomp.defaultAction: libseccomp refuses it");
	/* Only the stub decides on no_new_privs. A tree loads and runs faster than a list. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_AS_TREE);
	if (r < 0)
		return error_sys_num(err, r, "seccomp_attr_set");
	r = add_architectures(filter, seccomp, err);
	if (r == 0)
		r = add_rules(filter, seccomp, err);
	if (r == 0)
		r = export(filter, &bytes, &length, err);
	return r < 0 ? r : assemble(seccomp, bytes, length, ret, err);
}
