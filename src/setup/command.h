/* SPDX-License-Identifier: Apache-2.0 */
/* Running another program to its end: hooks, newuidmap. Exact arguments, nothing inherited. */
#ifndef SETUP_COMMAND_H
#define SETUP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define COMMAND_OUTPUT_MAX 4096

struct command {
	const char *path;	 /* absolute; no search */
	const char *const *argv; /* NULL-terminated */
	const char *const *envp; /* exactly this */
	const char *input;	 /* text on stdin; NULL: /dev/null */
	int timeout_s;		 /* 0: none */
	/* Where they go instead of into the result; 0: there. */
	int stdout_fd, stderr_fd;
	int cgroup_fd; /* the v2 cgroup to be born in; 0: ours */
};

struct command_result {
	int status; /* as waitpid(2) gives it */
	bool timed_out;
	size_t length;
	char output[COMMAND_OUTPUT_MAX +
		    1]; /* the last bytes of stdout and stderr, NUL-terminated */
};

/*
 * command_run - run @command in a session of its own, with cwd "/", and wait for it
 *
 * Waits for the program alone, not for the end of its output, which a daemon that it left behind
 * may hold open. When the timeout passes, the whole process group is killed.
 *
 * Returns 0 with *ret filled when it ran, whatever became of it; a negative errno when it could not
 * be started, with the error naming the call but not the path.
 */
int command_run(const struct command *command, struct command_result *ret, struct error *err);

#endif
