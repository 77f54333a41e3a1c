/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources (config-linux.md#control-groups), but for blockIO: that is block_io.c. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "spec/resources.h"
#include "spec/sections.h"

#define MEMORY	   "config-linux.md#memory"
#define CPU	   "config-linux.md#cpu"
#define HUGEPAGES  "config-linux.md#huge-page-limits"
#define NETWORK	   "config-linux.md#network"
#define PIDS	   "config-linux.md#pids"
#define UNIFIED	   "config-linux.md#unified"
#define AT(member) offsetof(struct spec_resources, member)

/* -1 is "unlimited" in every limit that is signed; nothing below it means anything. */
#define LIMIT .min = -1, .max = INT64_MAX

/* ---- memory ---- */

static const struct field memory_fields[] = {
	APPLY("limit", MEMORY, read_optional_i64, AT(memory.limit), LIMIT),
	APPLY("reservation", MEMORY, read_optional_i64, AT(memory.reservation), LIMIT),
	APPLY("swap", MEMORY, read_optional_i64, AT(memory.swap), LIMIT),
	/* Not in the kernel any more since 5.11 and 6.11; the runtime-spec advises against both. */
	IGNORE("kernel", MEMORY),
	IGNORE("kernelTCP", MEMORY),
	APPLY("swappiness", MEMORY, read_optional_u64, AT(memory.swappiness), .max = 100),
	APPLY("disableOOMKiller", MEMORY, read_optional_bool, AT(memory.disable_oom_killer)),
	APPLY("useHierarchy", MEMORY, read_optional_bool, AT(memory.use_hierarchy)),
	APPLY("checkBeforeUpdate", MEMORY, read_optional_bool, AT(memory.check_before_update)),
	{.key = NULL},
};

/* memory_check - swap counts memory and swap together, so it cannot be the smaller one. */
static int memory_check(struct reader *r, const struct place *at, void *object)
{
	const struct spec_resources *res = object;
	int64_t limit = res->memory.limit.value, swap = res->memory.swap.value;

	/* 0 and less: nothing asked, or unlimited. */
	if (swap <= 0)
		return 0;
	/* An update has the container's limit to go with. */
	if (limit == 0 && !r->spec)
		return 0;
	if (limit == 0)
		return field_error(r, MEMBER(at, "swap"), "needs a memory limit");
	if (limit < 0 || swap < limit)
		return field_error(r, MEMBER(at, "swap"),
				   "must not be below the memory limit, which it includes");
	return 0;
}

/* ---- cpu ---- */

/* read_cpu_list - "0-3,7": what a cpuset file takes. */
static int read_cpu_list(struct reader *r, const struct place *at, const struct field *f,
			 const cJSON *item, void *base)
{
	const char *text = "";
	int rc = field_string(r, at, item, &text);

	if (rc < 0 || text[0] == '\0')
		return rc;
	if (text[strspn(text, "0123456789,- ")] != '\0')
		return field_error(r, at, "must be a list such as \"0-3,7\", not \"%.100s\"", text);
	*(const char **)field_target(f, base) = text;
	return 0;
}

static const struct field cpu_fields[] = {
	APPLY("shares", CPU, read_optional_u64, AT(cpu.shares)),
	APPLY("quota", CPU, read_optional_i64, AT(cpu.quota), LIMIT),
	APPLY("burst", CPU, read_optional_u64, AT(cpu.burst)),
	APPLY("period", CPU, read_optional_u64, AT(cpu.period)),
	APPLY("realtimeRuntime", CPU, read_optional_i64, AT(cpu.realtime_runtime), LIMIT),
	APPLY("realtimePeriod", CPU, read_optional_u64, AT(cpu.realtime_period)),
	APPLY("cpus", CPU, read_cpu_list, AT(cpu.cpus)),
	APPLY("mems", CPU, read_cpu_list, AT(cpu.mems)),
	APPLY("idle", CPU, read_optional_i64, AT(cpu.idle), .max = 1),
	{.key = NULL},
};

/* ---- hugepageLimits ---- */

/* read_page_size - ^[1-9][0-9]*[KMG]B$: it becomes part of a file's name. */
static int read_page_size(struct reader *r, const struct place *at, const struct field *f,
			  const cJSON *item, void *base)
{
	const char *text = "";
	int rc = field_string(r, at, item, &text);
	size_t digits;

	if (rc < 0)
		return rc;
	digits = strspn(text, "0123456789");
	if (digits == 0 || text[0] == '0' || !strchr("KMG", text[digits]) ||
	    strcmp(text + digits + 1, "B") != 0)
		return field_error(r, at, "must be a size such as \"2MB\", not \"%.100s\"", text);
	*(const char **)field_target(f, base) = text;
	return 0;
}

static const struct field hugepage_fields[] = {
	APPLY("pageSize", HUGEPAGES, read_page_size,
	      offsetof(struct spec_hugepage_limit, page_size), .required = true),
	APPLY("limit", HUGEPAGES, read_u64, offsetof(struct spec_hugepage_limit, limit_bytes),
	      .required = true),
	{.key = NULL},
};

/* ---- network ---- */

static int read_interface(struct reader *r, const struct place *at, const struct field *f,
			  const cJSON *item, void *base)
{
	const char *name;
	int rc = read_text(r, at, f, item, base);

	if (rc < 0)
		return rc;
	name = *(const char **)field_target(f, base);
	for (const char *p = name; *p; p++) {
		if (isspace((unsigned char)*p) || *p == '/' || p - name >= 15)
			return field_error(r, at, "no name of a network interface: \"%.100s\"",
					   name);
	}
	return 0;
}

static int read_priority(struct reader *r, const struct place *at, const struct field *f,
			 const cJSON *item, void *base)
{
	uint64_t value = 0;
	const char *text;
	int rc = field_uint(r, at, item, UINT32_MAX, &value);

	if (rc < 0)
		return rc;
	text = arena_print(r->arena, "%" PRIu64, value);
	if (!text)
		return field_no_memory(r);
	*(const char **)field_target(f, base) = text;
	return 0;
}

static const struct field priority_fields[] = {
	APPLY("name", NETWORK, read_interface, offsetof(struct spec_pair, key), .required = true),
	APPLY("priority", NETWORK, read_priority, offsetof(struct spec_pair, value),
	      .required = true),
	{.key = NULL},
};

static const struct field network_fields[] = {
	APPLY("classID", NETWORK, read_optional_u64, AT(network.class_id), .max = UINT32_MAX),
	APPLY("priorities", NETWORK, read_objects, AT(network.priorities),
	      .fields = priority_fields, .size = sizeof(struct spec_pair),
	      .count_offset = AT(network.priority_count)),
	{.key = NULL},
};

/* ---- pids, unified ---- */

static const struct field pids_fields[] = {
	APPLY("limit", PIDS, read_optional_i64, AT(pids_limit), LIMIT),
	{.key = NULL},
};

static int read_unified(struct reader *r, const struct place *at, const struct field *f,
			const cJSON *item, void *base)
{
	struct spec_resources *res = base;
	struct spec_pair *files = NULL;
	size_t count = 0;
	int rc = field_pairs(r, at, item, &files, &count);

	(void)f;
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		/* A file of the container's own cgroup and no other (GHSA-5g49-rx9x-qfc6). */
		if (strchr(files[i].key, '/') || files[i].key[0] == '.')
			return field_error(r, ENTRY(at, files[i].key),
					   "must be the name of a file in a cgroup");
	}
	res->unified = files;
	res->unified_count = count;
	return 0;
}

const struct field resources_fields[] = {
	APPLY("devices", "config-linux.md#allowed-device-list", read_objects, AT(device_rules),
	      .fields = device_rule_fields, .check = device_rule_check,
	      .size = sizeof(struct spec_device_rule), .count_offset = AT(device_rule_count)),
	APPLY("memory", MEMORY, read_object, 0, .fields = memory_fields, .check = memory_check),
	APPLY("cpu", CPU, read_object, 0, .fields = cpu_fields),
	APPLY("blockIO", "config-linux.md#block-io", read_object, 0, .fields = block_io_fields),
	APPLY("hugepageLimits", HUGEPAGES, read_objects, AT(hugepages), .fields = hugepage_fields,
	      .size = sizeof(struct spec_hugepage_limit), .count_offset = AT(hugepage_count)),
	APPLY("network", NETWORK, read_object, 0, .fields = network_fields),
	APPLY("pids", PIDS, read_object, 0, .fields = pids_fields),
	REFUSE_UNLESS_EMPTY("rdma", "config-linux.md#rdma"),
	APPLY("unified", UNIFIED, read_unified, 0),
	{.key = NULL},
};

static int read_document(struct reader *r, const char *text, size_t length,
			 struct spec_resources *resources)
{
	cJSON *document = NULL;
	int rc = json_parse(text, length, r->name, &document, r->err);

	if (rc < 0)
		return rc;
	arena_adopt(r->arena, document);
	return field_read_members(r, NULL, document, resources_fields, resources);
}

int resources_parse(const char *text, size_t length, const char *name,
		    struct resources_update *update, struct error *err)
{
	struct resources_update fresh = {.arena = arena_new()};
	struct reader r = {.name = name, .arena = fresh.arena, .err = err};
	int rc;

	if (!r.arena)
		return field_no_memory(&r);
	rc = read_document(&r, text, length, &fresh.resources);
	if (rc < 0) {
		arena_free(r.arena);
		return rc;
	}
	*update = fresh;
	return 0;
}

void resources_done(struct resources_update *update)
{
	arena_free(update->arena);
	*update = (struct resources_update){0};
}
