/* SPDX-License-Identifier: Apache-2.0 */
/* What the stub's own files share. Nothing here is seen by ocirun. */
#ifndef STUB_INTERNAL_H
#define STUB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/errno.h>

#include "stub/plan.h"

#define STUB_PATH_SIZE 4096

struct stub {
	const struct plan *plan;
	const char *tail; /* the plan's first byte; offsets count from it */
	char **argv, **envp;
	const char *path; /* what execve gets */
	int starter_fd;	  /* connection of `start`, or -1 */
	bool uncommitted; /* PLAN_AWAIT_COMMIT, and it has not come yet */
	bool cwd_is_set;
	char listen_pid[32]; /* "LISTEN_PID=..." */
	char path_buffer[STUB_PATH_SIZE];
	struct plan_report report;
};

static inline const void *plan_at(const struct stub *stub, uint32_t offset)
{
	return stub->tail + offset;
}

/* stub.c. The noreturn ones report PLAN_FAILED; @errnum is what the kernel returned (negative). */
void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
size_t text_length(const char *text);
bool try_again(long r);
void report_text(struct plan_report *report, const char *text);
void fail_with_report(struct stub *stub, int status) __attribute__((noreturn));
void fail(struct stub *stub, enum plan_stage stage, long errnum, int index, const char *text)
	__attribute__((noreturn));
void stub_exit(int status) __attribute__((noreturn));

/*
 * join.c: exec's way into the container. The namespaces; then what of the session needs privileges;
 * and, as the workload's user and with its capabilities, the session. With a pid namespace another
 * process returns from the last one, which the container sees only from there on (CVE-2016-9962).
 */
void join_container(struct stub *stub);
void prepare_session(struct stub *stub);
void appear_in_container(struct stub *stub);

/* labels.c: before anything else of the container's runs here; they take effect at execve. */
void ask_for_labels(struct stub *stub);

/* limits.c: hard limits as far as the host's privileges go, which a user namespace would take; the
 * first round where the container's privileges are still there, the last one just before execve. */
void raise_rlimits(struct stub *stub);
void apply_rlimits(struct stub *stub, bool last);

/* user.c: bounding set, groups, ids, capabilities, umask, no_new_privs. */
void apply_user_and_capabilities(struct stub *stub);

/* program.c: the working directory (once as init, once as the user), and where args[0] is. */
void enter_cwd(struct stub *stub, bool last_try);
void find_program(struct stub *stub);

/* hooks.c: startContainer. */
void run_hooks(struct stub *stub);

#endif
