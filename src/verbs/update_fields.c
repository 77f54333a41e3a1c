/* SPDX-License-Identifier: Apache-2.0 */
/* What update changes, as a table. Zero is "not set" where cgroup/cgroup.h says so. */
#include "verbs/update_fields.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "verbs/size.h"

#define LIST_TEXT_MAX 1000

enum kind {
	KIND_INT,  /* optional_i64 */
	KIND_UINT, /* optional_u64 */
	KIND_BOOL, /* optional_bool */
	KIND_TEXT, /* const char * */
};

enum reading {
	NUMBER,
	SIZE, /* or -1 */
};

struct update_field {
	const char *path; /* below linux.resources */
	enum kind kind;
	size_t offset;
	bool zero_counts;
	const char *option; /* NULL: only in JSON */
	enum update_option index;
	enum reading reading;
	int64_t min, max;
};

#define FIELD(path_, kind_, member, ...)                                         \
	{                                                                        \
		.path = (path_), .kind = (kind_),                                \
		.offset = offsetof(struct spec_resources, member), ##__VA_ARGS__ \
	}
#define OPTION(name, index_) .option = (name), .index = (index_)
#define FROM(min_)	     .min = (min_), .max = INT64_MAX

static const struct update_field fields[] = {
	FIELD("memory.limit", KIND_INT, memory.limit, OPTION("memory", UPDATE_MEMORY),
	      .reading = SIZE, FROM(-1)),
	FIELD("memory.reservation", KIND_INT, memory.reservation,
	      OPTION("memory-reservation", UPDATE_MEMORY_RESERVATION), .reading = SIZE, FROM(-1)),
	FIELD("memory.swap", KIND_INT, memory.swap, OPTION("memory-swap", UPDATE_MEMORY_SWAP),
	      .reading = SIZE, FROM(-1)),
	FIELD("memory.swappiness", KIND_UINT, memory.swappiness, .zero_counts = true),
	FIELD("memory.disableOOMKiller", KIND_BOOL, memory.disable_oom_killer),
	FIELD("memory.useHierarchy", KIND_BOOL, memory.use_hierarchy),
	FIELD("cpu.shares", KIND_UINT, cpu.shares, OPTION("cpu-share", UPDATE_CPU_SHARE), FROM(0)),
	FIELD("cpu.quota", KIND_INT, cpu.quota, OPTION("cpu-quota", UPDATE_CPU_QUOTA), FROM(-1)),
	FIELD("cpu.period", KIND_UINT, cpu.period, OPTION("cpu-period", UPDATE_CPU_PERIOD),
	      FROM(0)),
	FIELD("cpu.burst", KIND_UINT, cpu.burst, .zero_counts = true,
	      OPTION("cpu-burst", UPDATE_CPU_BURST), FROM(0)),
	FIELD("cpu.idle", KIND_INT, cpu.idle, .zero_counts = true,
	      OPTION("cpu-idle", UPDATE_CPU_IDLE), .max = 1),
	FIELD("cpu.realtimePeriod", KIND_UINT, cpu.realtime_period,
	      OPTION("cpu-rt-period", UPDATE_CPU_RT_PERIOD), FROM(0)),
	FIELD("cpu.realtimeRuntime", KIND_INT, cpu.realtime_runtime,
	      OPTION("cpu-rt-runtime", UPDATE_CPU_RT_RUNTIME), FROM(-1)),
	FIELD("cpu.cpus", KIND_TEXT, cpu.cpus, OPTION("cpuset-cpus", UPDATE_CPUSET_CPUS)),
	FIELD("cpu.mems", KIND_TEXT, cpu.mems, OPTION("cpuset-mems", UPDATE_CPUSET_MEMS)),
	FIELD("pids.limit", KIND_INT, pids_limit, .zero_counts = true,
	      OPTION("pids-limit", UPDATE_PIDS_LIMIT), FROM(-1)),
	FIELD("blockIO.weight", KIND_UINT, block_io.weight,
	      OPTION("blkio-weight", UPDATE_BLKIO_WEIGHT), .max = 1000),
	FIELD("blockIO.leafWeight", KIND_UINT, block_io.leaf_weight),
	FIELD("network.classID", KIND_UINT, network.class_id, .zero_counts = true),
};

/* ---- options ---- */

static int parse_number(const char *text, int64_t *ret)
{
	const char *digits = text + (*text == '-');
	size_t count = strspn(digits, "0123456789");

	if (count == 0 || digits[count])
		return -EINVAL;
	errno = 0;
	*ret = strtoll(text, NULL, 10);
	return errno ? -ERANGE : 0;
}

static int parse_value(const struct update_field *f, const char *text, int64_t *ret,
		       struct error *err)
{
	int r;

	if (f->reading == SIZE && strcmp(text, "-1") != 0)
		return size_parse(text, ret, err);
	r = parse_number(text, ret);
	if (r < 0 || *ret < f->min || *ret > f->max)
		return error_set(err, ERROR_USAGE, EINVAL,
				 f->max == INT64_MAX ? "\"%s\" is no number from %lld"
						     : "\"%s\" is no number from %lld to %lld",
				 text, (long long)f->min, (long long)f->max);
	return 0;
}

static int parse_text(const char *text, const char **ret, struct error *err)
{
	if (text[strspn(text, "0123456789,- ")])
		return error_set(err, ERROR_USAGE, EINVAL,
				 "\"%s\" is no list of numbers such as 0-3,7", text);
	*ret = text;
	return 0;
}

static int parse_option(const struct update_field *f, const char *text, void *target,
			struct error *err)
{
	int64_t value = 0;
	int r = f->kind == KIND_TEXT ? parse_text(text, target, err)
				     : parse_value(f, text, &value, err);

	if (r < 0)
		return error_in(err, "--%s", f->option);
	if (f->kind == KIND_INT)
		*(struct optional_i64 *)target = (struct optional_i64){true, value};
	if (f->kind == KIND_UINT)
		*(struct optional_u64 *)target = (struct optional_u64){true, (uint64_t)value};
	return 0;
}

int update_fields_parse(const char *const texts[UPDATE_OPTIONS], struct spec_resources *resources,
			struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct update_field *f = &fields[i];
		int r;

		if (!f->option || !texts[f->index])
			continue;
		r = parse_option(f, texts[f->index], (char *)resources + f->offset, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- what is set ---- */

static bool is_set(const struct update_field *f, const void *value)
{
	const struct optional_i64 *i = value;
	const struct optional_u64 *u = value;
	const char *const *text = value;

	switch (f->kind) {
	case KIND_INT:
		return i->has && (i->value != 0 || f->zero_counts);
	case KIND_UINT:
		return u->has && (u->value != 0 || f->zero_counts);
	case KIND_BOOL:
		return ((const struct optional_bool *)value)->has;
	case KIND_TEXT:
		return *text && **text;
	}
	return false;
}

struct update_list {
	const char *path;
	size_t count_offset;
};

#define LIST(path_, member)                                                              \
	{                                                                                \
		.path = (path_), .count_offset = offsetof(struct spec_resources, member) \
	}

static const struct update_list lists[] = {
	LIST("blockIO.weightDevice", block_io.weight_device_count),
	LIST("blockIO.throttleReadBpsDevice", block_io.throttle_count[THROTTLE_READ_BPS]),
	LIST("blockIO.throttleWriteBpsDevice", block_io.throttle_count[THROTTLE_WRITE_BPS]),
	LIST("blockIO.throttleReadIOPSDevice", block_io.throttle_count[THROTTLE_READ_IOPS]),
	LIST("blockIO.throttleWriteIOPSDevice", block_io.throttle_count[THROTTLE_WRITE_IOPS]),
	LIST("hugepageLimits", hugepage_count),
	LIST("network.priorities", network.priority_count),
	LIST("unified", unified_count),
};

static const void *at(const struct spec_resources *resources, size_t offset)
{
	return (const char *)resources + offset;
}

bool update_fields_any(const struct spec_resources *resources)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (is_set(&fields[i], at(resources, fields[i].offset)))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (*(const size_t *)at(resources, lists[i].count_offset) > 0)
			return true;
	return resources->device_rules;
}

static void add_field(struct event_members *m, const struct update_field *f, const void *value)
{
	if (!is_set(f, value))
		return;
	switch (f->kind) {
	case KIND_INT:
		members_add_int(m, f->path, ((const struct optional_i64 *)value)->value);
		break;
	case KIND_UINT:
		members_add_uint(m, f->path, ((const struct optional_u64 *)value)->value);
		break;
	case KIND_BOOL:
		members_add_bool(m, f->path, ((const struct optional_bool *)value)->value);
		break;
	case KIND_TEXT:
		/* One CPU in two of a large host makes a long list. */
		members_add_tail(m, f->path, *(const char *const *)value,
				 strlen(*(const char *const *)value), LIST_TEXT_MAX);
		break;
	}
}

void update_fields_members(struct event_members *m, const struct spec_resources *resources)
{
	members_open(m, "resources");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		add_field(m, &fields[i], at(resources, fields[i].offset));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		size_t count = *(const size_t *)at(resources, lists[i].count_offset);

		if (count > 0)
			members_add_uint(m, lists[i].path, count);
	}
	/* An empty list of rules is a rule, too: nothing but the default devices. */
	if (resources->device_rules)
		members_add_uint(m, "devices", resources->device_rule_count);
	members_close(m);
}
