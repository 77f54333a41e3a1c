/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json as C structs, and reading it. Nothing here changes the system: files are read,
 * values are checked, and what cannot be applied is refused by its JSON path.
 *
 * All memory hangs off struct spec (one arena); strings live as long as it does. An absent string
 * is NULL, an absent list has count 0, an absent number has its `has_` flag clear.
 * Source: runtime-spec config.md and config-linux.md, 1.3.
 */
#ifndef SPEC_SPEC_H
#define SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* A number that may be absent. */
struct optional_i64 {
	bool has;
	int64_t value;
};
struct optional_u64 {
	bool has;
	uint64_t value;
};
struct optional_bool {
	bool has;
	bool value;
};

struct string_list {
	size_t count;
	const char **items; /* NULL-terminated, so it serves as argv or envp */
};

/* ---- process (config.md#process) ---- */

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

/* Capability sets as bit masks over CAP_* numbers (config.md#linux-process). */
struct spec_capabilities {
	bool has; /* absent: the process keeps what the user change leaves */
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct spec_user {
	uint32_t uid, gid;
	bool has_umask;
	mode_t umask;
	size_t additional_gid_count;
	const uint32_t *additional_gids; /* without duplicates */
};

struct spec_process {
	bool terminal;
	uint16_t console_height, console_width; /* 0: not given */
	struct spec_user user;
	struct string_list args;
	struct string_list env; /* a later duplicate of a name has replaced the earlier one */
	const char *cwd;
	struct spec_capabilities capabilities;
	size_t rlimit_count;
	const struct spec_rlimit *rlimits;
	bool no_new_privileges;
	struct optional_i64 oom_score_adj;
	const char *apparmor_profile, *selinux_label; /* or NULL */
	/* Of exec'd processes only, before and after they are in the cgroup: lists for
	 * cpu_list_parse (base/cpu_list.h), which has taken them; or NULL. */
	const char *cpu_affinity_initial, *cpu_affinity_final;
};

/* ---- root and mounts (config.md#root, #mounts) ---- */

struct spec_root {
	const char *path; /* as written; relative to the bundle unless absolute */
	bool readonly;
};

enum mount_kind {
	MOUNT_FILESYSTEM, /* type and data go to the kernel */
	MOUNT_BIND,	  /* bind or rbind */
	MOUNT_CGROUP,	  /* type "cgroup" or "cgroup2": the container's view of its cgroups */
	MOUNT_REMOUNT,	  /* other flags for what is mounted at the destination already */
};

/* What else an option can ask for; bits of spec_mount.extras. */
enum mount_extra {
	MOUNT_COPY_UP = 1 << 0,		     /* tmpcopyup: a tmpfs with what it covers in it */
	MOUNT_COPY_SYMLINK = 1 << 1,	     /* copy-symlink: a source that is a link is copied */
	MOUNT_SOURCE_NOFOLLOW = 1 << 2,	     /* src-nofollow: or bound itself */
	MOUNT_DESTINATION_NOFOLLOW = 1 << 3, /* dest-nofollow: and a link there is covered itself */
	MOUNT_RECURSIVE_IDS = 1 << 4,	     /* ridmap: also what is mounted below */
	MOUNT_ONLY_FLAGS = 1 << 5, /* remount with bind: the mount, and not its file system */
};

/* Who owns the files that a bind shows (idmap, ridmap). */
enum mount_ids {
	MOUNT_IDS_OF_SOURCE,
	MOUNT_IDS_OF_CONTAINER, /* mapped as the container's user namespace maps its own */
	MOUNT_IDS_MAPPED,	/* by the mount's uid_maps and gid_maps */
};

struct spec_id_map {
	uint32_t container_id, host_id, size;
};

struct spec_mount {
	const char *destination; /* absolute */
	const char *type;	 /* NULL for a bind without one */
	const char *source; /* bind: absolute host path (relative ones are joined to the bundle) */
	enum mount_kind kind;
	bool recursive_bind;
	unsigned int extras;	   /* enum mount_extra */
	uint64_t flags_set;	   /* MS_* that options switch on, MS_BIND and MS_REC left out */
	uint64_t flags_clear;	   /* MS_* that options switch off ("rw", "exec", "dev", ...) */
	uint64_t recursive_set;	   /* the same of "rro", "rnoexec", ...: with what is below */
	uint64_t recursive_clear;  /* "rrw", "rexec", ... */
	unsigned long propagation; /* 0 or MS_PRIVATE/SLAVE/SHARED/UNBINDABLE, | MS_REC */
	const char *data; /* the options that no flag stands for, joined by commas; or NULL */
	enum mount_ids ids;
	const char *ids_text; /* what followed "idmap=": the maps, when all is read */
	size_t uid_map_count, gid_map_count;
	const struct spec_id_map *uid_maps, *gid_maps; /* container_id: in the source's files */
};

/* ---- hooks (config.md#posix-platform-hooks) ---- */

enum hook_stage {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_STAGES,
};

struct spec_hook {
	const char *path;
	struct string_list args; /* args.items[0] defaults to path */
	struct string_list env;	 /* exactly this; empty when absent */
	int timeout_s;		 /* 0: none */
};

struct spec_hooks {
	size_t count[HOOK_STAGES];
	const struct spec_hook *list[HOOK_STAGES];
};

/* hook_stage_name - "prestart", "createRuntime", ... as config.json spells it. */
const char *hook_stage_name(enum hook_stage stage);

/* ---- linux (config-linux.md) ---- */

enum namespace_type {
	NAMESPACE_USER,
	NAMESPACE_PID,
	NAMESPACE_NETWORK,
	NAMESPACE_IPC,
	NAMESPACE_UTS,
	NAMESPACE_MOUNT,
	NAMESPACE_CGROUP,
	NAMESPACE_TIME,
	NAMESPACE_TYPES,
};

struct spec_namespace {
	bool wanted;	  /* listed: new, or joined when there is a path */
	const char *path; /* absolute, or NULL for a new one */
};

/* namespace_flag - CLONE_NEW*; namespace_name - config.json's word ("network"); _file -
 * /proc/PID/ns/ */
int namespace_flag(enum namespace_type type);
const char *namespace_name(enum namespace_type type);
const char *namespace_file(enum namespace_type type);

struct spec_time_offset {
	bool has;
	int64_t seconds;
	uint32_t nanoseconds;
};

struct spec_device {
	const char *path;
	char type; /* 'c', 'b', 'p' */
	int64_t major, minor;
	mode_t mode; /* permission bits; 0666 when absent */
	uint32_t uid, gid;
};

struct spec_sysctl {
	const char *name; /* as written: "net.ipv4.ip_forward" */
	const char *path; /* the file below /proc/sys: "net/ipv4/ip_forward" */
	const char *value;
	enum namespace_type owner; /* the namespace that it belongs to */
};

struct spec_pair { /* an annotation, a unified file */
	const char *key, *value;
};

/* ---- resources (config-linux.md#control-groups) ---- */

struct spec_device_rule {
	bool allow;
	char type;	      /* 'a' all, 'b', 'c' */
	int64_t major, minor; /* -1: any */
	bool read, write, mknod;
};

struct spec_throttle_device { /* blockIO.throttle* and weightDevice */
	int64_t major, minor;
	uint64_t rate;				 /* bytes/s or operations/s */
	struct optional_u64 weight, leaf_weight; /* weightDevice only */
};

struct spec_hugepage_limit {
	const char *page_size; /* "2MB", "1GB", ...: the kernel's spelling in file names */
	uint64_t limit_bytes;
};

enum throttle_kind {
	THROTTLE_READ_BPS,
	THROTTLE_WRITE_BPS,
	THROTTLE_READ_IOPS,
	THROTTLE_WRITE_IOPS,
	THROTTLE_KINDS,
};

struct spec_resources {
	size_t device_rule_count;
	const struct spec_device_rule *device_rules; /* in order; the last that matches wins */

	struct {
		struct optional_i64 limit, reservation, swap; /* bytes, -1 unlimited */
		struct optional_u64 swappiness;
		struct optional_bool disable_oom_killer, use_hierarchy, check_before_update;
	} memory;
	struct {
		struct optional_u64 shares, period, realtime_period, burst;
		struct optional_i64 quota, realtime_runtime, idle;
		const char *cpus, *mems;
	} cpu;
	struct optional_i64 pids_limit; /* -1 unlimited */
	struct {
		struct optional_u64 weight, leaf_weight;
		size_t weight_device_count;
		const struct spec_throttle_device *weight_devices;
		size_t throttle_count[THROTTLE_KINDS];
		const struct spec_throttle_device *throttles[THROTTLE_KINDS];
	} block_io;
	size_t hugepage_count;
	const struct spec_hugepage_limit *hugepages;
	struct {
		struct optional_u64 class_id;
		size_t priority_count;
		const struct spec_pair *priorities; /* interface name, decimal priority */
	} network;
	size_t unified_count;
	const struct spec_pair *unified; /* cgroup v2 file name, value */
};

/* ---- seccomp (config-linux.md#seccomp) ---- */

struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	int op; /* enum scmp_compare, as libseccomp numbers it */
};

struct spec_seccomp_rule {
	struct string_list names;
	uint32_t action; /* SCMP_ACT_*, errno included */
	size_t arg_count;
	const struct spec_seccomp_arg *args;
};

struct spec_seccomp {
	bool has;
	uint32_t default_action; /* SCMP_ACT_*, errno included */
	size_t arch_count;
	const uint32_t *archs; /* SCMP_ARCH_* */
	uint32_t flags;	       /* SECCOMP_FILTER_FLAG_* */
	size_t rule_count;
	const struct spec_seccomp_rule *rules;
};

/* ---- annotations that change what is done (annotations.c) ---- */

struct spec_annotated {
	bool keep_original_groups;		 /* the caller's groups, no setgroups(2) */
	const char *hooks_stdout, *hooks_stderr; /* files that hooks write to; NULL: captured */
	const char *pidfd_receiver;		 /* a socket that is sent init's pidfd; or NULL */
	const char *mount_context_type;		 /* "context", "rootcontext", ...; or NULL */
};

struct spec {
	void *arena; /* owned; everything below points into it */

	const char *oci_version;
	bool has_process;
	struct spec_process process;
	struct spec_root root;
	size_t mount_count;
	struct spec_mount *mounts;
	const char *hostname, *domainname;
	struct spec_hooks hooks;
	size_t annotation_count;
	const struct spec_pair *annotations;
	struct spec_annotated annotated;

	struct spec_namespace namespaces[NAMESPACE_TYPES];
	size_t uid_map_count, gid_map_count;
	const struct spec_id_map *uid_maps, *gid_maps;
	struct spec_time_offset monotonic_offset, boottime_offset;
	size_t device_count;
	const struct spec_device *devices;
	const char *cgroups_path;
	struct spec_resources resources;
	struct spec_seccomp seccomp;
	unsigned long rootfs_propagation; /* MS_* | MS_REC, or 0 for the default (rslave) */
	struct string_list masked_paths, readonly_paths;
	const char *mount_label; /* SELinux's, for new file systems; or NULL */
	size_t sysctl_count;
	const struct spec_sysctl *sysctls;
};

/*
 * spec_load - read and check a bundle's configuration
 * @bundle_dirfd: the bundle directory
 * @file: usually "config.json"; must be a regular file of at most 4 MiB
 * @ret_text, @ret_length: if not NULL, the file's bytes, malloc'd, for keeping a copy; only such a
 *   first reading warns of what is ignored
 *
 * Every error names the JSON path ("config.json: mounts[3].options[1]: ..."). Keys that the spec
 * does not know are ignored; keys that it knows and this build does not apply are refused by name.
 * Returns 0 with *spec filled (release with spec_done), or a negative errno with *spec untouched.
 */
int spec_load(int bundle_dirfd, const char *file, struct spec *spec, char **ret_text,
	      size_t *ret_length, struct error *err);

/* spec_parse - the same from text in hand; @name stands in error texts for the file. */
int spec_parse(const char *text, size_t length, const char *name, struct spec *spec,
	       struct error *err);

/*
 * spec_check_host - what only the host can tell, before anything is made
 * @bundle_dirfd: relative paths start there
 *
 * Namespaces given by path must be there and of their type; sources of bind mounts must exist;
 * nothing but procfs may be bound over /proc; a sysctl may not belong to a namespace that is the
 * caller's own. (The root is launch/'s to open.) Only a first look: what is true now may change
 * before init acts, and init does not rely on it.
 * Returns 0 or a negative errno, with the JSON path in the error.
 */
int spec_check_host(const struct spec *spec, int bundle_dirfd, const char *name, struct error *err);

void spec_done(struct spec *spec);

/* spec_is_new / spec_is_joined - a namespace that init creates, or enters by path. */
static inline bool spec_is_new(const struct spec *spec, enum namespace_type type)
{
	return spec->namespaces[type].wanted && !spec->namespaces[type].path;
}
static inline bool spec_is_joined(const struct spec *spec, enum namespace_type type)
{
	return spec->namespaces[type].wanted && spec->namespaces[type].path;
}

/* spec_source_flags - AT_SYMLINK_NOFOLLOW where the source of a bind may be a link itself, or 0. */
int spec_source_flags(const struct spec_mount *m);

/* spec_annotation - the value of @key, or NULL. */
const char *spec_annotation(const struct spec *spec, const char *key);

/* spec_env - the value of @name in the process's environment, or NULL. */
const char *spec_env(const struct spec *spec, const char *name);

/* spec_set_env - add it to the process's environment, in place of one of the same name. */
int spec_set_env(struct spec *spec, const char *name, const char *value, struct error *err);

#define autospec __attribute__((cleanup(spec_done))) struct spec

#endif
