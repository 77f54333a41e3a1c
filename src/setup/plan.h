/* SPDX-License-Identifier: Apache-2.0 */
/* What the stub is to do, written into its plan; and what the stub reports, read back as an error.
 */
#ifndef SETUP_PLAN_H
#define SETUP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "spec/spec.h"

struct labels;
struct plan_report;
struct seccomp_program;
struct hook_output;

/* What is not in the spec. Everything is borrowed. */
struct plan_input {
	const struct seccomp_program *seccomp; /* compiled from the spec's section; NULL: none */
	const char *state_json;		       /* for the startContainer hooks; NULL without any */
	const struct hook_output *hook_output; /* where those write to; NULL: into the report */
	bool wait_for_start;		       /* create: wait on start_fd, then run those hooks */
	bool await_commit;   /* die with the monitor until it sends PLAN_COMMIT_MESSAGE */
	bool set_groups;     /* false where the user namespace denies setgroups(2) */
	int monitor_fd;	     /* SOCK_SEQPACKET for reports */
	int start_fd;	     /* listening SOCK_SEQPACKET, or -EBADF without wait_for_start */
	bool wait_for_go;    /* exec: wait for PLAN_START_MESSAGE on monitor_fd */
	bool set_listen_pid; /* LISTEN_PID in the environment is to be its own pid */
	const struct plan_join *join; /* exec; NULL: none. keyring_offset is filled from: */
	const char *keyring;	      /* exec: the session keyring to join, or NULL */
	const struct labels *labels;  /* labels_of(), or NULL */
	int label_proc_fd;	      /* labels_open_procfs(); without labels it does not matter */
};

/*
 * plan_build - the plan of @spec's process
 * Returns a sealed CLOEXEC memfd for stub_exec(), or a negative errno.
 */
int plan_build(const struct spec *spec, const struct plan_input *input, struct error *err);

/*
 * plan_receive - one report from the stub
 * Returns 1 with *ret filled, 0 at end of file, or a negative errno (-EBADMSG: not a report).
 */
int plan_receive(int fd, struct plan_report *ret, struct error *err);

/*
 * plan_report_error - a PLAN_FAILED as an error in the user's words
 * Returns a negative errno. Texts for a missing program and the like are those that clients match:
 * exec: "sh": executable file not found in $PATH
 */
int plan_report_error(const struct plan_report *report, const struct spec *spec, struct error *err);

#endif
