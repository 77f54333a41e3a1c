/* SPDX-License-Identifier: Apache-2.0 */
/* The exit statuses of ocirun, as scripts see them. */
#ifndef OCIRUN_EXIT_STATUS_H
#define OCIRUN_EXIT_STATUS_H

/* Every verb but `wait` and `exec`, which say OCIRUN_EXIT_OWN_FAILURE. */
#define OCIRUN_EXIT_OK	    0
#define OCIRUN_EXIT_FAILURE 1

/* `events` and `wait`: --timeout came first (as of timeout(1)). */
#define OCIRUN_EXIT_TIMEOUT 124

/*
 * `wait`, `exec` and a foreground `run` end with the process's own status; 128 + N stands for
 * signal N, 126 and 127 for a program that could not be executed or was not found once it had been
 * let go. What went wrong with ocirun itself, and a code that nobody can know, is 255 for `wait`
 * and `exec`; a `run` that fails says 1, as runc's does.
 */
#define OCIRUN_EXIT_NOT_EXECUTABLE 126
#define OCIRUN_EXIT_NOT_FOUND	   127
#define OCIRUN_EXIT_SIGNAL	   128
#define OCIRUN_EXIT_OWN_FAILURE	   255

#endif
