/* SPDX-License-Identifier: Apache-2.0 */
/* The options that create and run share. */
#ifndef VERBS_CREATE_OPTIONS_H
#define VERBS_CREATE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "launch/launch.h"
#include "verbs/verb.h"

struct create_options {
	const char *bundle, *config, *console_socket, *pidfd_socket, *pid_file;
	bool no_pivot, no_new_keyring;
	int preserve_fds;
};

/* Rows for a table whose options begin with a struct create_options. */
/* clang-format off */
#define CREATE_OPTION_ROWS                                                                         \
	{.name = "bundle", .letter = 'b', .kind = OPTION_STRING, .value_name = "DIR",              \
	 .offset = offsetof(struct create_options, bundle),                                        \
	 .help = "the bundle (default: the working directory)"},                                   \
	{.name = "config", .letter = 'f', .kind = OPTION_STRING, .value_name = "FILE",             \
	 .offset = offsetof(struct create_options, config),                                        \
	 .help = "the configuration in the bundle (default: config.json)"},                        \
	{.name = "console-socket", .kind = OPTION_STRING, .value_name = "SOCKET",                  \
	 .offset = offsetof(struct create_options, console_socket),                                \
	 .help = "unix stream socket that is sent the terminal's master"},                         \
	{.name = "pidfd-socket", .kind = OPTION_STRING, .value_name = "SOCKET",                    \
	 .offset = offsetof(struct create_options, pidfd_socket),                                  \
	 .help = "unix stream socket that is sent a pidfd of init"},                               \
	{.name = "pid-file", .kind = OPTION_STRING, .value_name = "FILE",                          \
	 .offset = offsetof(struct create_options, pid_file),                                      \
	 .help = "write the pid of init, in decimal without a newline"},                           \
	{.name = "no-pivot", .kind = OPTION_FLAG,                                                  \
	 .offset = offsetof(struct create_options, no_pivot),                                      \
	 .help = "move the root and chroot instead of pivot_root (for a root on a ramdisk)"},      \
	{.name = "no-new-keyring", .kind = OPTION_FLAG,                                            \
	 .offset = offsetof(struct create_options, no_new_keyring),                                \
	 .help = "keep the caller's session keyring"},                                             \
	{.name = "preserve-fds", .kind = OPTION_INT, .value_name = "N",                            \
	 .offset = offsetof(struct create_options, preserve_fds),                                  \
	 .help = "leave N descriptors from 3 on open for the container"},                          \
	{.name = "no-subreaper", .kind = OPTION_NONE,                                              \
	 .help = "accepted for runc's sake, without effect"}
/* clang-format on */

/* create_launch_options - what the verb was given, as launch/ wants it. */
struct launch_options create_launch_options(const struct globals *g, const struct create_options *o,
					    const char *id);

#endif
