/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of config.json as spec.c puts them together: one table and one file each. */
#ifndef SPEC_SECTIONS_H
#define SPEC_SECTIONS_H

#include "spec/field.h"

/* spec.c: the document itself. */
extern const struct field document_fields[];

/* process.c, hooks.c, linux.c, resources.c, seccomp.c: tables for read_object. */
extern const struct field root_fields[], process_fields[], hooks_fields[], linux_fields[],
	resources_fields[], seccomp_fields[];
field_check process_check, linux_check;
field_reader read_seccomp;

/*
 * Parts of process_check, for a process that stands elsewhere (exec_process.c). @at: the process,
 * or NULL when it is the document itself; process_check_cwd: the path.
 */
int process_settle(struct reader *r, const struct place *at, struct spec_process *p);
int process_check_args(const struct reader *r, const struct place *at,
		       const struct spec_process *p);
int process_check_cwd(const struct reader *r, const struct place *at, const char *cwd);

/* user_set_groups - keep @groups, which are the arena's, in order and without duplicates. */
void user_set_groups(struct spec_user *user, uint32_t *groups, size_t count);

/* spec.c: an ID that a new user namespace does not map would be refused by the kernel. */
int user_check_uid(const struct reader *r, const struct place *at, uint32_t uid);
int user_check_gid(const struct reader *r, const struct place *at, uint32_t gid);
int user_check(const struct reader *r, const struct place *at, const struct spec_user *user);

/* mounts.c */
extern const struct field mount_fields[];
field_reader read_mounts;

/* rlimits.c, capabilities.c: parts of the process. */
extern const struct field rlimit_fields[], capabilities_fields[];
field_check rlimit_check, capabilities_check;

/* namespaces.c, id_maps.c, time_offsets.c, devices.c, sysctl.c: parts of linux. */
extern const struct field namespace_fields[], id_map_fields[], time_offsets_fields[],
	device_fields[];
field_reader read_namespaces, read_devices, read_sysctl;
field_check id_map_check;

/* annotations.c; the table is also for `features`. */
field_reader read_annotations;

typedef int annotation_reader(const struct reader *r, const struct place *at, const char *key,
			      const char *value, void *target);
struct annotation {
	const char *key; /* NULL ends the table; with a dot at its end, all that begin with it */
	annotation_reader *read;
	size_t offset; /* into struct spec */
};
extern const struct annotation annotations_taken[];

/* block_io.c, device_rules.c: parts of linux.resources. */
extern const struct field block_io_fields[], device_rule_fields[];
field_check device_rule_check;

/* ---- word tables, also for `features` ---- */
extern const struct word capability_words[], rlimit_words[], namespace_words[], propagation_words[],
	seccomp_actions[], seccomp_archs[], seccomp_flags[], seccomp_operators[];

/* mount_options.c */
enum mount_option_kind {
	MOUNT_OPTION_FLAGS,	  /* @set and @clear are MS_* */
	MOUNT_OPTION_PROPAGATION, /* @set is the propagation */
	MOUNT_OPTION_RECURSIVE,	  /* @set and @clear are MS_*, of the mounts below too */
	MOUNT_OPTION_BIND,	  /* @set is 0 or MS_REC */
	MOUNT_OPTION_IDS,	  /* @set is 0 or MS_REC */
	MOUNT_OPTION_EXTRA,	  /* @set is a MOUNT_* of enum mount_extra */
	MOUNT_OPTION_REMOUNT,
};
struct mount_option {
	const char *name; /* NULL ends the table */
	enum mount_option_kind kind;
	uint64_t set, clear;
};
extern const struct mount_option mount_options[];
const struct mount_option *mount_option_find(const char *name);

/* mount_option_needs_setattr - is it mount_setattr(2), Linux 5.12, or nothing? */
bool mount_option_needs_setattr(const struct mount_option *option);

/*
 * mount_ids_parse - "uids=0-1-10#10-11-10;gids=0-100-10", as podman writes it behind "idmap="
 * An entry is the first ID in the source's files, the first on the host, and their count; after '@'
 * the second is one of the container, and the container's own maps say which it is on the host.
 */
int mount_ids_parse(struct reader *r, const struct place *at, const char *text,
		    struct spec_mount *m);

/*
 * spec.c: the text of a regular file of at most 4 MiB; a FIFO or device must not hold us up
 * @may_be_pipe: unless the caller names it for us: the shell's <(...) is a pipe. malloc'd.
 */
ssize_t spec_read_file(int dirfd, const char *file, bool may_be_pipe, char **ret_text,
		       struct error *err);

/* mounts.c: what of the mounts depends on the rest of the document. */
int mounts_check(struct reader *r);

#endif
