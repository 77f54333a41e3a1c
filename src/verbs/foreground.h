/* SPDX-License-Identifier: Apache-2.0 */
/* A verb that stays while its process runs: signals go on to it, and so does the terminal. */
#ifndef VERBS_FOREGROUND_H
#define VERBS_FOREGROUND_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/error.h"
#include "loop/loop.h"

struct foreground {
	int signal_fd;
	int pidfd;	     /* borrowed: where the signals go */
	int console_pair[2]; /* [0] ours, [1] for init: the master comes over it */
	int master_fd;	     /* the pty's master, or -EBADF */
	bool raw;	     /* stdin's settings were changed */
	struct termios settings;
};

#define FOREGROUND_CLOSED                                                               \
	{                                                                               \
		.signal_fd = -EBADF, .pidfd = -EBADF, .console_pair = {-EBADF, -EBADF}, \
		.master_fd = -EBADF                                                     \
	}

/* foreground_open - before the process is made: the way for its terminal. */
int foreground_open(struct foreground *f, struct error *err);

/*
 * foreground_hold_signals - from here on they wait for foreground_attach
 * Before a create, which they must not end half way; an exec that they end leaves nothing.
 */
int foreground_hold_signals(struct foreground *f, struct error *err);

/*
 * foreground_attach - when it is there: forward signals to @pidfd, and copy the terminal if one
 * came The window's size is taken from stdin now and at every SIGWINCH.
 */
int foreground_attach(struct foreground *f, struct loop *loop, int pidfd, struct error *err);

/* foreground_close - print what the terminal still holds, and give stdin its settings back. */
void foreground_close(struct foreground *f);

/* foreground_exit_status - what a shell makes of a wait(2) status: the code, or 128+n. */
int foreground_exit_status(int status);

#endif
