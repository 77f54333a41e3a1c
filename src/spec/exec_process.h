/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of `ocirun exec`: the container's own (config.json#process) with another command, or
 * one from a file of its own, and in both cases what the command line says instead.
 */
#ifndef SPEC_EXEC_PROCESS_H
#define SPEC_EXEC_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "spec/spec.h"

/* Texts as the user wrote them; NULL or 0: not given. */
struct exec_process {
	const char *file;		      /* --process: a JSON object, config.md#process */
	char *const *args;		      /* NULL-terminated; may be empty with a file */
	const char *cwd;		      /* --cwd */
	const char *user;		      /* --user: UID or UID:GID, decimal */
	bool terminal;			      /* --tty; without it a file may still ask for one */
	bool no_new_privileges;		      /* --no-new-privs */
	const char *apparmor, *process_label; /* borrowed by the spec */
	size_t env_count, cap_count, gid_count;
	const char *const *env;	 /* --env: NAME=VALUE, added; replaces one of the same name */
	const char *const *caps; /* --cap: added to bounding, effective and permitted, to ambient
				  * where the process has inheritable ones; never to inheritable
				  * (CVE-2022-29162) */
	const char *const *gids; /* --additional-gids: added, decimal */
};

/*
 * spec_exec_process - replace @spec's process by that of an exec
 * @spec: of the container, loaded from its copy; its memory grows, its other members stay
 *
 * With a file: what it leaves out is the container's, of capabilities, rlimits, noNewPrivileges,
 * oomScoreAdj, labels, execCPUAffinity and the umask; the environment is its own alone. (runc takes
 * a missing noNewPrivileges for false.) Without: the container's process, without a terminal unless
 * asked for. A UID alone leaves the group as it is. --cap where there are no capability sets at
 * all: exactly these. IDs must be decimal, below 2^32-1 (reliability: "4294967296" or "-1" must
 * never be root), and mapped where the container has a user namespace of its own; no file of the
 * container is read. Returns 0, or a negative errno: ERROR_USAGE naming the option, ERROR_CONFIG
 * naming the JSON path.
 */
int spec_exec_process(struct spec *spec, const struct exec_process *exec, struct error *err);

#endif
