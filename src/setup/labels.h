/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of Linux security modules for a container's process: process.apparmorProfile and
 * process.selinuxLabel (config.md#linux-process), and exec's options for the same.
 *
 * The workload gets them at its execve, so it is the stub that asks for them: by
 * lsm_set_self_attr(2), or before Linux 6.8 by a file of a procfs that was opened on the host's
 * side, never one that the container could have put there (CVE-2019-16884, CVE-2025-52881).
 */
#ifndef SETUP_LABELS_H
#define SETUP_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/spec.h"

#define LABELS_MAX 3

/* The kernel's LSM_ID_* (linux/lsm.h, newer than our headers). */
enum label_module {
	LABEL_SELINUX = 101,
	LABEL_APPARMOR = 104,
};

struct label {
	enum label_module module;
	uint32_t attribute;  /* LSM_ATTR_* of the kernel */
	const char *file;    /* below a procfs */
	const char *command; /* before the name: "exec " or "" */
	const char *name;    /* borrowed from the spec */
};

struct labels {
	size_t count;
	struct label list[LABELS_MAX];
};

/* What an error calls the two. */
struct label_names {
	const char *apparmor, *selinux; /* "process.apparmorProfile", "--apparmor" */
};

/*
 * labels_check - refuse a label whose module is not enabled on this host
 * "unconfined" is what a host without AppArmor does. Returns 0 or a negative errno; ERROR_USAGE for
 * a name that is an option, else ERROR_CONFIG.
 */
int labels_check(const struct spec_process *process, const struct label_names *names,
		 struct error *err);

/* labels_check_in - the same for the host whose root directory is @root_fd; for tests. */
int labels_check_in(int root_fd, const struct spec_process *process,
		    const struct label_names *names, struct error *err);

/*
 * labels_of - what the stub is to ask for, in this order
 * @proc_fd: the procfs that it will use, to see which files this kernel has; or -EBADF
 * @keyring: it will join a session keyring, too, whose label is the process's
 */
void labels_of(const struct spec_process *process, int proc_fd, bool keyring, struct labels *ret);

/*
 * labels_open_procfs - for plan_input.proc_fd
 * Returns a CLOEXEC descriptor of the host's procfs; -EBADF without an error where @process has no
 * label or the kernel needs none; or another negative errno with the error set.
 */
int labels_open_procfs(const struct spec_process *process, struct error *err);

/*
 * label_keyring - what keyrings that this process makes are labelled with until its next execve
 * @proc_fd: a procfs of this process's own. Without a label: nothing.
 */
int label_keyring(const struct spec_process *process, int proc_fd, struct error *err);

#endif
