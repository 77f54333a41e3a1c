/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroup: where it is, making it, limiting it, freezing, killing and removing it, on
 * cgroup v2, v1 and hybrid hosts. One relative path serves every hierarchy. Knows no IDs, no state.
 * Source: config-linux.md#control-groups; cgroups(7); kernel cgroup-v2.rst.
 */
#ifndef CGROUP_CGROUP_H
#define CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "spec/spec.h"

#define CGROUP_HIERARCHIES_MAX 16

/* One mounted hierarchy of the host. */
struct cgroup_hierarchy {
	char name[64]; /* directory below the mount root: "memory", "cpu,cpuacct", "unified", "" */
	char controllers[96]; /* v1: "memory", "cpu,cpuacct", "name=systemd"; v2: cgroup.controllers
			       */
	char mount_point[160];
	bool v2;
};

/* What this host offers; read once per process. */
struct cgroup_host {
	bool unified; /* /sys/fs/cgroup is cgroup2 itself */
	size_t count;
	struct cgroup_hierarchy hierarchies[CGROUP_HIERARCHIES_MAX];
};

/*
 * cgroup_host_probe - find the mounted hierarchies
 * @root: "/sys/fs/cgroup", or a directory that stands in for it (unit tests)
 * Returns 0, or a negative errno when nothing is mounted there.
 */
int cgroup_host_probe(struct cgroup_host *host, const char *root, struct error *err);

/* cgroup_host_probe_freezers - the same, but quicker, and enough for cgroup_freezer alone */
int cgroup_host_probe_freezers(struct cgroup_host *host, const char *root, struct error *err);

/* The container's place. Held by create and by every verb that acts on its processes. */
struct cgroup {
	const struct cgroup_host *host; /* borrowed */
	char path[512];			/* relative to each hierarchy's mount point, leading '/' */
	bool disabled;			/* --cgroup-manager=disabled: every operation is a no-op */
	bool tolerant; /* --rootless: EACCES, EPERM, EROFS are ignored where no limits are asked */
	uint32_t present; /* bit per hierarchy: the directory was made or found there */
};

/*
 * cgroup_place - decide the path from linux.cgroupsPath and the ID; touches nothing
 *
 * Absolute: as it is. Relative or absent: privileged callers get /ocirun/<path or id>; others a
 * child of the parent of their own cgroup. ".." is an error. Returns 0, -EINVAL.
 */
int cgroup_place(struct cgroup *cg, const struct cgroup_host *host, const char *cgroups_path,
		 const char *id, bool privileged, struct error *err);

/* cgroup_is_possible - may the caller make or use it in any hierarchy? Touches nothing. */
bool cgroup_is_possible(const struct cgroup *cg);

/*
 * cgroup_open - take up a recorded @path again (any verb after create). Always succeeds.
 *
 * NULL, "" and what can be no container's path ("/", "..") leave @cg disabled: a damaged record
 * must not reach other cgroups. @path may be @cg->path.
 */
void cgroup_open(struct cgroup *cg, const struct cgroup_host *host, const char *path);

/*
 * cgroup_create - make the directory in every hierarchy, enabling controllers in the parents (v2)
 *
 * An existing directory is taken if it holds no process and is not frozen; else
 * "container's cgroup is not empty" (-EBUSY) / "container's cgroup unexpectedly frozen".
 */
int cgroup_create(struct cgroup *cg, const struct spec *spec, struct error *err);

/*
 * cgroup_apply - write the limits; devices included (v1 devices.allow/deny, v2 eBPF), deny-all
 * first
 *
 * A limit whose controller is missing is an error naming the field, unless cg->tolerant and it is
 * only the default device list. Checked before anything is written where that can be known.
 * Zero is "not set" where it could not be meant: memory limit, reservation and swap, cpu shares,
 * quota and period, blockIO weights. For a container that is being made.
 */
int cgroup_apply(struct cgroup *cg, const struct spec_resources *resources, struct error *err);

/*
 * cgroup_check - can these resources be applied on this host? Touches nothing. -EINVAL naming the
 * field ("linux.resources.unified needs cgroup v2", a controller that is not there, ...).
 */
int cgroup_check(const struct cgroup *cg, const struct spec_resources *resources,
		 struct error *err);

/*
 * cgroup_update - other limits for a container that is there; what @resources leave out stays
 *
 * Devices are left alone where device_rules is NULL; else those rules replace all earlier ones.
 * memory.swap alone counts with the limit in force. memory.checkBeforeUpdate: "rejecting memory
 * limit", -EBUSY, when more is in use. Everything is checked before anything is written, and when
 * the kernel refuses something the files get back what they said. Only a container without a
 * cgroup (disabled) has no limits: -EOPNOTSUPP.
 */
int cgroup_update(const struct cgroup *cg, const struct spec_resources *resources,
		  struct error *err);

/*
 * How init gets in without the slow cgroup.procs lock: on v2 by clone3(CLONE_INTO_CGROUP), on v1 by
 * writing "0" itself into <dir>/tasks while it is single-threaded (performance.md C).
 */
struct cgroup_entry {
	int v2_dirfd; /* for clone_args.cgroup; -EBADF: none */
	size_t tasks_count;
	int tasks_fds[CGROUP_HIERARCHIES_MAX]; /* v1: init writes "0" into each, then closes it */
};
int cgroup_entry_open(const struct cgroup *cg, struct cgroup_entry *entry, struct error *err);

/*
 * cgroup_entry_open_below - the same for cgroups inside the container's, which must be there
 * @below: "PATH", or on v1 and hybrid hosts "CONTROLLER[,CONTROLLER...]:PATH", relative to the
 * container's cgroup; what is not named stays the container's own. -EINVAL: no such controller, or
 * a path that leads out.
 */
int cgroup_entry_open_below(const struct cgroup *cg, const char *const *below, size_t count,
			    struct cgroup_entry *entry, struct error *err);

/*
 * cgroup_entry_follow - on v2, enter where @pid is now, if that is below the container's cgroup
 * A container that divides its cgroup leaves the top without processes, and the kernel lets none in
 * (EBUSY). Returns 0, or a negative errno with @entry as it was.
 */
int cgroup_entry_follow(const struct cgroup *cg, pid_t pid, struct cgroup_entry *entry);
void cgroup_entry_close(struct cgroup_entry *entry);

/* cgroup_enter - in init: write "0" into every tasks fd. Async-signal-safe, no allocation. */
int cgroup_enter(const struct cgroup_entry *entry, struct error *err);

/*
 * A place for our own processes that outlive a verb, /ocirun.monitor, apart from the cgroup of the
 * caller, which may be killed or frozen before the container is. None where the caller is in a
 * hierarchy's root, or may not make one.
 *
 * cgroup_aside_open - for clone_args.cgroup: the v2 one, or a negative errno: stay.
 * cgroup_aside_enter - the v1 ones, for the calling process, which has one thread.
 * cgroup_own_open - the caller's own v2 cgroup, for who shall be born there nevertheless.
 */
int cgroup_aside_open(const struct cgroup_host *host);
void cgroup_aside_enter(const struct cgroup_host *host);
int cgroup_own_open(const struct cgroup_host *host);

/* cgroup_attach - move @pid into the container's cgroups (fallback where clone3 could not). */
int cgroup_attach(const struct cgroup *cg, pid_t pid, struct error *err);

/*
 * cgroup_holds - is @pid in the container's cgroup (or below)? By /proc/PID/cgroup.
 * Returns 1, 0, or a negative errno (-ESRCH). Always 1 when disabled.
 */
int cgroup_holds(const struct cgroup *cg, pid_t pid, struct error *err);

/*
 * cgroup_signal - send @signal to every process in the cgroup and below
 *
 * SIGKILL uses cgroup.kill where there is one, and otherwise freezes, kills and thaws, so that a
 * fork bomb cannot outrun it. Frozen cgroups are thawed after SIGKILL. Returns how many were
 * signalled (0: none there), or a negative errno.
 */
int cgroup_signal(const struct cgroup *cg, int signal, struct error *err);

/* cgroup_pids - PIDs in the cgroup and below, in the caller's pid namespace; malloc'd. */
int cgroup_pids(const struct cgroup *cg, pid_t **ret_pids, size_t *ret_count, struct error *err);

/*
 * cgroup_freeze - freeze or thaw and wait until done; thaws again when it fails. Thawing undoes
 * both freezers of a hybrid host. -EOPNOTSUPP: there is no freezer, or no cgroup. -ETIMEDOUT after
 * 10 s. -EINTR: a signal came before everything was frozen.
 */
int cgroup_freeze(const struct cgroup *cg, bool freeze, struct error *err);

/*
 * cgroup_freezer - what the cgroup's own freezer does, whatever becomes of the cgroups above it
 * Returns one of these, or a negative errno. cgroup_is_frozen: 1 for all but CGROUP_THAWED, or 0.
 */
enum cgroup_freezer_state {
	CGROUP_THAWED,
	CGROUP_FREEZING, /* asked to, but not everything stands still (yet) */
	CGROUP_FROZEN,
};
int cgroup_freezer(const struct cgroup *cg, struct error *err);
int cgroup_is_frozen(const struct cgroup *cg, struct error *err);

/*
 * cgroup_remove - rmdir the cgroup and everything below it in every hierarchy
 * @timeout_ms: how long to retry while the kernel says EBUSY
 * Missing directories are fine. Returns 0, -EBUSY ("cgroup /x still has processes: 12, 13"), ...
 */
int cgroup_remove(const struct cgroup *cg, int timeout_ms, struct error *err);

/* What `exited` tells about resources; has_ flags say what this host could answer. */
struct cgroup_usage {
	struct optional_u64 cpu_usec, cpu_user_usec, cpu_system_usec;
	struct optional_u64 memory_peak_bytes, pids_peak;
	/* of all block devices */
	struct optional_u64 io_read_bytes, io_write_bytes, io_reads, io_writes;
	struct optional_u64 oom_kills;
	/* v2: how often a limit was hit with nothing left to reclaim: of this cgroup or one below,
	 * and of this cgroup itself */
	struct optional_u64 oom_hits, oom_hits_local;
};

/* fds through which the monitor reads usage later, without paths and without privileges. */
enum cgroup_usage_file {
	USAGE_CPU_STAT,		   /* v2 cpu.stat, v1 cpuacct.usage */
	USAGE_CPU_ACCT_STAT,	   /* v1 cpuacct.stat (user/system in USER_HZ) */
	USAGE_MEMORY_PEAK,	   /* v2 memory.peak, v1 memory.max_usage_in_bytes */
	USAGE_PIDS_PEAK,	   /* pids.peak */
	USAGE_IO_BYTES,		   /* v2 io.stat, v1 blkio.throttle.io_service_bytes_recursive */
	USAGE_IO_COUNTS,	   /* v1 blkio.throttle.io_serviced_recursive */
	USAGE_MEMORY_EVENTS,	   /* v2 memory.events, v1 memory.oom_control */
	USAGE_MEMORY_EVENTS_LOCAL, /* v2 memory.events.local */
	/* No file: readable when USAGE_MEMORY_EVENTS may have changed. v2's until that is read;
	 * v1's is an eventfd, to be read itself, and may be early. */
	USAGE_OOM_NOTICE,
	USAGE_FILES,
};
void cgroup_usage_open(const struct cgroup *cg, int fds[USAGE_FILES]); /* -EBADF where missing */
void cgroup_usage_read(const int fds[USAGE_FILES], struct cgroup_usage *usage);

/* cgroup_oom_read - the part of it that tells of the OOM killer. False: the cgroup is gone, or has
 * no memory controller. */
bool cgroup_oom_read(const int fds[USAGE_FILES], struct cgroup_usage *usage);

#endif
