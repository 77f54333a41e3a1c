/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stub is the last image of init before the workload: a few kilobytes without libc, run from a
 * sealed memfd, so that no process of the container ever has the host's ocirun as its /proc/PID/exe
 * (CVE-2019-5736). It changes the user, drops capabilities, reports READY, waits for `start`, loads
 * seccomp where that had to wait, and execs. This header is all that it shares with ocirun.
 *
 * argv of the stub: argv[0] is the decimal number of the plan's fd; argv[1..] and the environment
 * are the workload's own.
 */
#ifndef STUB_PLAN_H
#define STUB_PLAN_H

#include <stdint.h>

#define PLAN_VERSION	 3
#define PLAN_MAX_RLIMITS 16
#define PLAN_MAX_GIDS	 65536

struct plan_rlimit {
	uint32_t resource;
	uint32_t reserved;
	uint64_t soft, hard;
};

enum plan_flag {
	PLAN_SET_CAPABILITIES = 1 << 0,
	PLAN_NO_NEW_PRIVILEGES = 1 << 1,
	PLAN_SET_GROUPS = 1 << 2, /* clear where setgroups is denied, or not wanted */
	PLAN_SET_UMASK = 1 << 3,
	PLAN_SECCOMP = 1 << 4,
	PLAN_WAIT_FOR_START = 1 << 5, /* create; clear for exec, which runs at once */
	/* Until the monitor sends PLAN_COMMIT_MESSAGE on monitor_fd, its end-of-file ends the stub:
	 * nothing outlives a create that nobody recorded. A `start` counts as the commit, too. */
	PLAN_AWAIT_COMMIT = 1 << 6,
	/* exec: first of all, still a process of the host, do what `join` says. */
	PLAN_JOIN = 1 << 7,
	/* exec: after READY wait for PLAN_START_MESSAGE on monitor_fd; its end-of-file ends the
	 * stub. */
	PLAN_WAIT_FOR_GO = 1 << 8,
	/* LISTEN_PID in the environment becomes this process's own pid (sd_listen_fds(3)). */
	PLAN_SET_LISTEN_PID = 1 << 9,
};

#define PLAN_MAX_JOINED 8

/*
 * How a stub that was executed on the host's side becomes a process of the container. It enters the
 * namespaces, asks for the labels, joins the keyring, and becomes the user with its capabilities.
 * Only then, where the pid namespace is among those joined, it clones itself with CLONE_PARENT, the
 * first one sends PLAN_JOINED with the second one's pidfd to monitor_fd and exits 0, and the second
 * goes on: setsid, the terminal, READY.
 */
struct plan_join {
	uint32_t namespaces; /* CLONE_NEW*; 0: none is another than ours */
	int32_t pidfd;	     /* of the container's init, for setns(2); -1: by namespace_fds */
	/* Where the kernel cannot join by pidfd (Linux < 5.8): in the order to be joined. */
	uint32_t namespace_fd_count;
	int32_t namespace_fds[PLAN_MAX_JOINED];
	uint32_t namespace_types[PLAN_MAX_JOINED];
	int32_t console_fd; /* a pty's slave: the session's terminal and the standard streams; -1 */
	/* The terminal becomes the user's here: an unprivileged caller could not give it away. */
	uint32_t chown_console;
	uint32_t keyring_offset; /* the session keyring to join, NUL-terminated; 0: the caller's */
};

#define PLAN_LABEL_MAX 2048

/* What a Linux security module is to do at the workload's execve, or for keyrings until then. */
struct plan_label {
	uint32_t lsm, attribute;	   /* LSM_ID_*, LSM_ATTR_*: for lsm_set_self_attr(2) */
	uint32_t file_offset;		   /* below label_proc_fd, where that is used instead */
	uint32_t text_offset, text_length; /* shorter than PLAN_LABEL_MAX */
};

/* The kernel's struct lsm_ctx, in a page. */
struct plan_lsm_context {
	uint64_t id, flags, length, text_length;
	char text[PLAN_LABEL_MAX];
};

/* A sealed memfd: this header, then the tail at the given offsets (bytes from the file's start). */
struct plan {
	uint32_t version, size; /* size of the whole file */
	uint32_t flags;		/* enum plan_flag */
	uint32_t uid, gid, umask;
	uint32_t gid_count, gids_offset; /* uint32_t each */
	uint32_t rlimit_count;
	uint32_t last_capability; /* of the running kernel */
	struct plan_rlimit rlimits[PLAN_MAX_RLIMITS];
	uint64_t bounding, effective, inheritable, permitted, ambient;
	uint32_t seccomp_flags;
	uint32_t seccomp_count, seccomp_offset; /* struct sock_filter each */
	uint32_t cwd_offset;			/* NUL-terminated */
	uint32_t path_offset;		   /* value of PATH to search args[0] in, NUL-terminated */
	uint32_t hook_count, hooks_offset; /* startContainer: struct plan_hook each */
	uint32_t state_offset, state_length;	/* state JSON for the hooks' stdin */
	int32_t hook_stdout_fd, hook_stderr_fd; /* where hooks write to; -1: into the report */
	uint32_t label_count, labels_offset;	/* struct plan_label each */
	/* The host's procfs, closed before anything of the container can run; -1: by the call. */
	int32_t label_proc_fd;
	int32_t monitor_fd;    /* SOCK_SEQPACKET: struct plan_report goes here */
	int32_t start_fd;      /* listening SOCK_SEQPACKET; -1 without PLAN_WAIT_FOR_START */
	struct plan_join join; /* with PLAN_JOIN */
};

/* One startContainer hook; strings at offsets, vectors NULL-terminated by a 0 offset. */
struct plan_hook {
	uint32_t path_offset;
	uint32_t argc, argv_offset; /* uint32_t offsets of strings */
	uint32_t envc, envp_offset;
	uint32_t timeout_s; /* 0: none */
};

enum plan_report_kind {
	PLAN_READY = 1, /* to monitor_fd: everything applied, waiting for start */
	/* to monitor_fd and to the starter, just before execve: then end-of-file means it worked */
	PLAN_STARTING = 2,
	PLAN_FAILED = 3, /* to monitor_fd, and to the starter's connection when there is one */
	PLAN_JOINED = 4, /* to monitor_fd, with a pidfd: that process is the one from here on */
};

enum plan_stage {
	PLAN_STAGE_READ = 1,
	PLAN_STAGE_RLIMIT,
	PLAN_STAGE_GROUPS,
	PLAN_STAGE_USER,
	PLAN_STAGE_CAPABILITIES,
	PLAN_STAGE_NO_NEW_PRIVILEGES,
	PLAN_STAGE_CWD,
	PLAN_STAGE_LOOKUP, /* args[0] not found or not executable: found at create */
	PLAN_STAGE_HOOK,
	PLAN_STAGE_SECCOMP,
	PLAN_STAGE_EXEC,
	PLAN_STAGE_JOIN, /* text: "join namespaces", "clone", ... */
	PLAN_STAGE_KEYRING,
	PLAN_STAGE_TERMINAL,
	PLAN_STAGE_LABEL, /* index: the module; text: the label */
};

#define PLAN_TEXT_MAX 4096
#define PLAN_PATH_MAX 256

/* On the wire it ends with the text: offsetof(struct plan_report, text) + length bytes. */
struct plan_report {
	uint32_t kind;	    /* enum plan_report_kind */
	uint32_t stage;	    /* enum plan_stage, for PLAN_FAILED */
	int32_t errnum;	    /* positive errno; 0 for a hook that ran and failed */
	int32_t index;	    /* which rlimit or hook */
	int32_t status;	    /* PLAN_STAGE_HOOK: wait status */
	uint32_t timed_out; /* PLAN_STAGE_HOOK: its timeout passed */
	uint64_t ungranted; /* PLAN_READY: capabilities asked for that this process cannot have */
	char hook_path[PLAN_PATH_MAX]; /* PLAN_STAGE_HOOK: a string; its end, if too long */
	uint32_t length; /* of text: READY the resolved path, HOOK its last output, else what failed
			  */
	char text[PLAN_TEXT_MAX];
};

/* What `start` sends on its connection; the stub answers PLAN_FAILED, or PLAN_STARTING and closes
 * by execve. */
#define PLAN_START_MESSAGE  "start"
#define PLAN_COMMIT_MESSAGE "commit"
/* What a monitor sends there that takes the place of one that was killed: its connection becomes
 * monitor_fd. Nothing is answered. */
#define PLAN_WATCH_MESSAGE "watch"

/* The name of init (/proc/PID/comm) until it executes the workload. */
#define PLAN_INIT_NAME "ocirun:init"

#endif
