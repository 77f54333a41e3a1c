/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun update: other limits for a container that is there. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/lifecycle.h"
#include "spec/resources.h"
#include "verbs/settings.h"
#include "verbs/update_fields.h"
#include "verbs/verb.h"

#define FILE_MAX (4 * 1024 * 1024)

struct update_options {
	const char *resources;
	const char *texts[UPDATE_OPTIONS];
	const char *l3_cache_schema, *mem_bw_schema;
};

#define LIMIT(name_, index, value, text)                                                        \
	{                                                                                       \
		.name = (name_), .kind = OPTION_STRING,                                         \
		.offset = offsetof(struct update_options, texts[index]), .value_name = (value), \
		.help = (text),                                                                 \
	}

static const struct option_spec options_table[] = {
	{.name = "resources",
	 .letter = 'r',
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct update_options, resources),
	 .value_name = "FILE",
	 .help = "take the limits from a JSON object as it stands under linux.resources in "
		 "config.json; - is standard input; the options below come after it"},
	LIMIT("blkio-weight", UPDATE_BLKIO_WEIGHT, "WEIGHT", "share of block I/O, 10 to 1000"),
	LIMIT("cpu-burst", UPDATE_CPU_BURST, "USEC",
	      "CPU time that may be saved up beyond the quota"),
	LIMIT("cpu-idle", UPDATE_CPU_IDLE, "0|1", "1: run only when nobody else wants the CPU"),
	LIMIT("cpu-period", UPDATE_CPU_PERIOD, "USEC", "the period that the quota is for"),
	LIMIT("cpu-quota", UPDATE_CPU_QUOTA, "USEC", "CPU time in each period; -1: no limit"),
	LIMIT("cpu-rt-period", UPDATE_CPU_RT_PERIOD, "USEC",
	      "the period that the realtime budget is for"),
	LIMIT("cpu-rt-runtime", UPDATE_CPU_RT_RUNTIME, "USEC",
	      "realtime CPU time in each period; -1: no limit"),
	LIMIT("cpu-share", UPDATE_CPU_SHARE, "SHARES", "share of CPU time, 2 to 262144"),
	LIMIT("cpuset-cpus", UPDATE_CPUSET_CPUS, "LIST", "CPUs to run on, such as 0-3,7"),
	LIMIT("cpuset-mems", UPDATE_CPUSET_MEMS, "LIST", "memory nodes to use, such as 0-1"),
	{.name = "kernel-memory",
	 .kind = OPTION_NONE,
	 .takes_value = true,
	 .value_name = "SIZE",
	 .help = "without effect, since the kernel has no such limit any more"},
	{.name = "kernel-memory-tcp",
	 .kind = OPTION_NONE,
	 .takes_value = true,
	 .value_name = "SIZE",
	 .help = "without effect, since the kernel has no such limit any more"},
	{.name = "l3-cache-schema",
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct update_options, l3_cache_schema),
	 .value_name = "SCHEMA",
	 .help = "refused, as linux.intelRdt is"},
	{.name = "mem-bw-schema",
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct update_options, mem_bw_schema),
	 .value_name = "SCHEMA",
	 .help = "refused, as linux.intelRdt is"},
	LIMIT("memory", UPDATE_MEMORY, "SIZE", "memory, such as 512m; -1: no limit"),
	LIMIT("memory-reservation", UPDATE_MEMORY_RESERVATION, "SIZE",
	      "memory that is kept when the host runs short"),
	LIMIT("memory-swap", UPDATE_MEMORY_SWAP, "SIZE",
	      "memory and swap together; -1: no limit on swap"),
	LIMIT("pids-limit", UPDATE_PIDS_LIMIT, "NUMBER", "processes and threads; -1: no limit"),
	{0},
};

/* ---- what is asked ---- */

static int read_document(const char *file, char **ret_text, size_t *ret_length, struct error *err)
{
	bool is_stdin = strcmp(file, "-") == 0;
	autofd opened = is_stdin ? -EBADF : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t length;

	if (!is_stdin && opened < 0)
		return error_sys(err, "--resources %s", file);
	length = fd_read_text(is_stdin ? STDIN_FILENO : opened, FILE_MAX, ret_text);
	if (length == -EFBIG)
		return error_config(err, "--resources %s: must not be larger than 4 MiB", file);
	if (length < 0)
		return error_sys_num(err, (int)length, "--resources %s: read", file);
	*ret_length = (size_t)length;
	return 0;
}

static int read_resources(const struct update_options *opt, struct resources_update *update,
			  struct error *err)
{
	autofree char *text = NULL;
	size_t length = 0;
	int r = 0;

	if (opt->l3_cache_schema || opt->mem_bw_schema)
		return error_set(err, ERROR_USAGE, EOPNOTSUPP,
				 "--%s: linux.intelRdt is not supported by this version of ocirun",
				 opt->l3_cache_schema ? "l3-cache-schema" : "mem-bw-schema");
	if (opt->resources)
		r = read_document(opt->resources, &text, &length, err);
	if (r == 0 && opt->resources)
		r = resources_parse(text, length,
				    strcmp(opt->resources, "-") ? opt->resources : "standard input",
				    update, err);
	if (r == 0)
		r = update_fields_parse(opt->texts, &update->resources, err);
	return r;
}

/* ---- doing it ---- */

static int check_status(const struct settings *s, struct error *err)
{
	switch (s->c.status) {
	case STATUS_CREATED:
	case STATUS_RUNNING:
	case STATUS_PAUSED:
		break;
	default:
		return error_set(err, ERROR_STATE, EBUSY, "container not running: it is %s",
				 container_status_name(s->c.status));
	}
	if (s->cgroup.disabled)
		return error_set(err, ERROR_STATE, ENOTSUP,
				 "limits need a cgroup, and this container was created without "
				 "one");
	return 0;
}

static void record_updated(struct container *c, const struct spec_resources *resources)
{
	struct error err = ERROR_INIT;
	struct event_members m;

	members_init(&m);
	update_fields_members(&m, resources);
	/* The limits are in force: a log that takes no line, or an end meanwhile, is no failed
	 * update. */
	if (lifecycle_record(&c->journal, CAUSE_UPDATE, &m, &err) < 0 && err.kind != ERROR_STATE)
		log_warning("update %s: %s", c->id, err.text);
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	autoresources update = {0};
	autosettings s = SETTINGS_CLOSED;
	int r;

	r = read_resources(options, &update, err);
	if (r == 0)
		r = settings_open(&s, &g->store, args[0], err);
	if (r == 0)
		r = check_status(&s, err);
	if (r < 0 || !update_fields_any(&update.resources))
		return r;
	r = cgroup_update(&s.cgroup, &update.resources, err);
	if (r < 0)
		return r;
	record_updated(&s.c, &update.resources);
	return 0;
}

const struct verb verb_update = {
	.name = "update",
	.arguments = "<container-id>",
	.summary = "change the limits of a container",
	.description =
		"What is not named stays as it is. Either all is changed, or nothing and the "
		"error says why.",
	.min_args = 1,
	.max_args = 1,
	.options_size = sizeof(struct update_options),
	.options = options_table,
	.run = run,
};
