/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp (config-linux.md#seccomp). Names of system calls are setup/seccomp.c's to resolve.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "spec/sections.h"

#define SECCOMP "config-linux.md#seccomp"

#define ERRNO_MAX   4095 /* MAX_ERRNO: the kernel takes no more */
#define TRACE_MAX   UINT16_MAX
#define ARG_INDEXES 6

/* ERRNO and TRACE carry a number that join_action() adds. */
const struct word seccomp_actions[] = {
	{.text = "SCMP_ACT_KILL", .value = SCMP_ACT_KILL},
	{.text = "SCMP_ACT_KILL_PROCESS", .value = SCMP_ACT_KILL_PROCESS},
	{.text = "SCMP_ACT_KILL_THREAD", .value = SCMP_ACT_KILL_THREAD},
	{.text = "SCMP_ACT_TRAP", .value = SCMP_ACT_TRAP},
	{.text = "SCMP_ACT_ERRNO", .value = SCMP_ACT_ERRNO(0)},
	{.text = "SCMP_ACT_TRACE", .value = SCMP_ACT_TRACE(0)},
	{.text = "SCMP_ACT_ALLOW", .value = SCMP_ACT_ALLOW},
	{.text = "SCMP_ACT_LOG", .value = SCMP_ACT_LOG},
	{.text = "SCMP_ACT_NOTIFY", .status = REFUSED},
	{.text = NULL},
};

/* Refused are those that libseccomp 2.5 has no filter for. */
const struct word seccomp_archs[] = {
	{.text = "SCMP_ARCH_X86", .value = SCMP_ARCH_X86},
	{.text = "SCMP_ARCH_X86_64", .value = SCMP_ARCH_X86_64},
	{.text = "SCMP_ARCH_X32", .value = SCMP_ARCH_X32},
	{.text = "SCMP_ARCH_ARM", .value = SCMP_ARCH_ARM},
	{.text = "SCMP_ARCH_AARCH64", .value = SCMP_ARCH_AARCH64},
	{.text = "SCMP_ARCH_LOONGARCH64", .status = REFUSED},
	{.text = "SCMP_ARCH_M68K", .status = REFUSED},
	{.text = "SCMP_ARCH_MIPS", .value = SCMP_ARCH_MIPS},
	{.text = "SCMP_ARCH_MIPS64", .value = SCMP_ARCH_MIPS64},
	{.text = "SCMP_ARCH_MIPS64N32", .value = SCMP_ARCH_MIPS64N32},
	{.text = "SCMP_ARCH_MIPSEL", .value = SCMP_ARCH_MIPSEL},
	{.text = "SCMP_ARCH_MIPSEL64", .value = SCMP_ARCH_MIPSEL64},
	{.text = "SCMP_ARCH_MIPSEL64N32", .value = SCMP_ARCH_MIPSEL64N32},
	{.text = "SCMP_ARCH_PPC", .value = SCMP_ARCH_PPC},
	{.text = "SCMP_ARCH_PPC64", .value = SCMP_ARCH_PPC64},
	{.text = "SCMP_ARCH_PPC64LE", .value = SCMP_ARCH_PPC64LE},
	{.text = "SCMP_ARCH_S390", .value = SCMP_ARCH_S390},
	{.text = "SCMP_ARCH_S390X", .value = SCMP_ARCH_S390X},
	{.text = "SCMP_ARCH_SH", .status = REFUSED},
	{.text = "SCMP_ARCH_SHEB", .status = REFUSED},
	{.text = "SCMP_ARCH_PARISC", .value = SCMP_ARCH_PARISC},
	{.text = "SCMP_ARCH_PARISC64", .value = SCMP_ARCH_PARISC64},
	{.text = "SCMP_ARCH_RISCV64", .value = SCMP_ARCH_RISCV64},
	{.text = NULL},
};

const struct word seccomp_flags[] = {
	{.text = "SECCOMP_FILTER_FLAG_TSYNC", .value = SECCOMP_FILTER_FLAG_TSYNC},
	{.text = "SECCOMP_FILTER_FLAG_LOG", .value = SECCOMP_FILTER_FLAG_LOG},
	{.text = "SECCOMP_FILTER_FLAG_SPEC_ALLOW", .value = SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	/* Has a meaning only beside a listener, as SCMP_ACT_NOTIFY makes one. */
	{.text = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", .status = REFUSED},
	{.text = NULL},
};

const struct word seccomp_operators[] = {
	{.text = "SCMP_CMP_NE", .value = SCMP_CMP_NE},
	{.text = "SCMP_CMP_LT", .value = SCMP_CMP_LT},
	{.text = "SCMP_CMP_LE", .value = SCMP_CMP_LE},
	{.text = "SCMP_CMP_EQ", .value = SCMP_CMP_EQ},
	{.text = "SCMP_CMP_GE", .value = SCMP_CMP_GE},
	{.text = "SCMP_CMP_GT", .value = SCMP_CMP_GT},
	{.text = "SCMP_CMP_MASKED_EQ", .value = SCMP_CMP_MASKED_EQ},
	{.text = NULL},
};

/* An action as written, with the number that some of them take. */
struct action {
	uint32_t value;
	struct optional_u64 number;
};

static int read_action(struct reader *r, const struct place *at, const struct field *f,
		       const cJSON *item, void *base)
{
	struct action *action = field_target(f, base);
	uint64_t value = 0;
	int rc = field_word(r, at, item, seccomp_actions, "action", &value);

	if (rc == 0)
		action->value = (uint32_t)value;
	return rc;
}

/*
 * join_action - put the number into the action
 * @at: place of the number. config-linux.md#seccomp: where the action takes none, "the runtime MUST
 * print an error and fail" is the rule; EPERM is the default for ERRNO.
 */
static int join_action(const struct reader *r, const struct place *at, const struct action *action,
		       uint32_t *ret)
{
	bool is_errno = action->value == SCMP_ACT_ERRNO(0);
	uint64_t max = is_errno ? ERRNO_MAX : TRACE_MAX;
	uint64_t number = action->number.has ? action->number.value : EPERM;

	*ret = action->value;
	if (!is_errno && action->value != SCMP_ACT_TRACE(0)) {
		if (action->number.has)
			return field_error(r, at, "the action takes no such number");
		return 0;
	}
	if (number > max)
		return field_error(r, at, "must be from 0 to %" PRIu64 ", not %" PRIu64, max,
				   number);
	*ret |= (uint32_t)number;
	return 0;
}

#define ARG(member) offsetof(struct spec_seccomp_arg, member)

static int read_operator(struct reader *r, const struct place *at, const struct field *f,
			 const cJSON *item, void *base)
{
	uint64_t value = 0;
	int rc = field_word(r, at, item, seccomp_operators, "operator", &value);

	if (rc == 0)
		*(int *)field_target(f, base) = (int)value;
	return rc;
}

static const struct field arg_fields[] = {
	APPLY("index", SECCOMP, read_u32, ARG(index), .required = true, .max = ARG_INDEXES - 1),
	APPLY("value", SECCOMP, read_u64, ARG(value), .required = true),
	APPLY("valueTwo", SECCOMP, read_u64, ARG(value_two)),
	APPLY("op", SECCOMP, read_operator, ARG(op), .required = true),
	{.key = NULL},
};

/* A rule as written. */
struct listed {
	struct spec_seccomp_rule rule;
	struct action action;
};

#define RULE(member) offsetof(struct listed, member)
static const struct field syscall_fields[] = {
	APPLY("names", SECCOMP, read_strings, RULE(rule.names), .required = true),
	APPLY("action", SECCOMP, read_action, RULE(action), .required = true),
	APPLY("errnoRet", SECCOMP, read_optional_u64, RULE(action.number), .max = UINT32_MAX),
	APPLY("args", SECCOMP, read_objects, RULE(rule.args), .fields = arg_fields,
	      .size = sizeof(struct spec_seccomp_arg), .count_offset = RULE(rule.arg_count)),
	{.key = NULL},
};

static int read_rule(struct reader *r, const struct place *at, const cJSON *item,
		     struct spec_seccomp_rule *ret)
{
	struct listed listed = {0};
	int rc;

	rc = field_read_members(r, at, item, syscall_fields, &listed);
	if (rc < 0)
		return rc;
	if (listed.rule.names.count == 0)
		return field_error(r, MEMBER(at, "names"), "must not be empty");
	for (size_t i = 0; i < listed.rule.names.count; i++) {
		if (listed.rule.names.items[i][0] == '\0')
			return field_error(r, ELEMENT(MEMBER(at, "names"), i), "must not be empty");
	}
	rc = join_action(r, MEMBER(at, "errnoRet"), &listed.action, &listed.rule.action);
	if (rc == 0)
		*ret = listed.rule;
	return rc;
}

static int read_rules(struct reader *r, const struct place *at, const struct field *f,
		      const cJSON *item, void *base)
{
	struct spec_seccomp *seccomp = base;
	struct spec_seccomp_rule *rules;
	const cJSON *child;
	size_t count = 0;

	(void)f;
	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array", item);
	rules = arena_alloc(r->arena, (size_t)cJSON_GetArraySize(item), sizeof(*rules));
	if (!rules)
		return field_no_memory(r);
	cJSON_ArrayForEach(child, item)
	{
		int rc = read_rule(r, ELEMENT(at, count), child, &rules[count]);

		if (rc < 0)
			return rc;
		count++;
	}
	seccomp->rules = rules;
	seccomp->rule_count = count;
	return 0;
}

static int read_archs(struct reader *r, const struct place *at, const struct field *f,
		      const cJSON *item, void *base)
{
	struct spec_seccomp *seccomp = base;
	const cJSON *child;
	uint32_t *archs;
	size_t count = 0;

	(void)f;
	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array of strings", item);
	archs = arena_alloc(r->arena, (size_t)cJSON_GetArraySize(item), sizeof(*archs));
	if (!archs)
		return field_no_memory(r);
	cJSON_ArrayForEach(child, item)
	{
		uint64_t value = 0;
		int rc = field_word(r, ELEMENT(at, count), child, seccomp_archs, "architecture",
				    &value);

		if (rc < 0)
			return rc;
		archs[count++] = (uint32_t)value;
	}
	seccomp->archs = archs;
	seccomp->arch_count = count;
	return 0;
}

static int read_flags(struct reader *r, const struct place *at, const struct field *f,
		      const cJSON *item, void *base)
{
	struct spec_seccomp *seccomp = base;
	const cJSON *child;
	size_t i = 0;

	(void)f;
	if (!cJSON_IsArray(item))
		return field_wrong_type(r, at, "an array of strings", item);
	cJSON_ArrayForEach(child, item)
	{
		uint64_t value = 0;
		int rc = field_word(r, ELEMENT(at, i), child, seccomp_flags, "flag", &value);

		if (rc < 0)
			return rc;
		seccomp->flags |= (uint32_t)value;
		i++;
	}
	return 0;
}

/* The section as written; its first member is what the readers above take @base for. */
struct listed_seccomp {
	struct spec_seccomp seccomp;
	struct action action;
};

#define AT(member) offsetof(struct listed_seccomp, member)
const struct field seccomp_fields[] = {
	APPLY("defaultAction", SECCOMP, read_action, AT(action), .required = true),
	APPLY("defaultErrnoRet", SECCOMP, read_optional_u64, AT(action.number), .max = UINT32_MAX),
	APPLY("architectures", SECCOMP, read_archs, 0),
	APPLY("flags", SECCOMP, read_flags, 0),
	REFUSE_UNLESS_EMPTY("listenerPath", SECCOMP),
	REFUSE_UNLESS_EMPTY("listenerMetadata", SECCOMP),
	APPLY("syscalls", SECCOMP, read_rules, 0, .fields = syscall_fields, .size = 1),
	{.key = NULL},
};

int read_seccomp(struct reader *r, const struct place *at, const struct field *f, const cJSON *item,
		 void *base)
{
	struct listed_seccomp listed = {0};
	int rc;

	rc = field_read_members(r, at, item, seccomp_fields, &listed);
	if (rc == 0)
		rc = join_action(r, MEMBER(at, "defaultErrnoRet"), &listed.action,
				 &listed.seccomp.default_action);
	if (rc < 0)
		return rc;
	listed.seccomp.has = true;
	*(struct spec_seccomp *)field_target(f, base) = listed.seccomp;
	return 0;
}
