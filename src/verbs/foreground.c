/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding signals and copying a terminal. */
#include "verbs/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "base/message.h"

/* Not forwarded: what stops a job (the shell's), what faults, and what is about our own children.
 */
static const int kept_signals[] = {SIGCHLD, SIGPIPE, SIGURG, SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV,
				   SIGBUS,  SIGFPE,  SIGILL, SIGABRT, SIGTRAP, SIGSYS};

int foreground_open(struct foreground *f, struct error *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->console_pair) < 0)
		return error_sys(err, "socketpair");
	return 0;
}

int foreground_hold_signals(struct foreground *f, struct error *err)
{
	sigset_t forwarded;

	(void)sigfillset(&forwarded);
	for (size_t i = 0; i < ARRAY_SIZE(kept_signals); i++)
		(void)sigdelset(&forwarded, kept_signals[i]);
	f->signal_fd = signals_open(&forwarded, NULL);
	return f->signal_fd < 0 ? error_sys_num(err, f->signal_fd, "signalfd") : 0;
}

static void copy_window_size(const struct foreground *f)
{
	struct winsize size;

	if (f->master_fd >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(f->master_fd, TIOCSWINSZ, &size);
}

static void forward_signals(struct loop *loop, void *arg)
{
	struct foreground *f = arg;
	int signal;

	(void)loop;
	while ((signal = signals_next(f->signal_fd))) {
		if (signal == SIGWINCH)
			copy_window_size(f);
		else
			(void)sys_pidfd_send_signal(f->pidfd, signal); /* gone: the loop will see */
	}
}

/* Returns whether there is more to come. EIO is how a master says that the last slave was closed.
 */
static bool copy_some(int from, int to)
{
	char buffer[4096];
	ssize_t n = read(from, buffer, sizeof(buffer));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && fd_write_all(to, buffer, (size_t)n) == 0;
}

static void terminal_speaks(struct loop *loop, void *arg)
{
	struct foreground *f = arg;

	if (!copy_some(f->master_fd, STDOUT_FILENO))
		loop_remove_fd(loop, f->master_fd);
}

static void user_types(struct loop *loop, void *arg)
{
	struct foreground *f = arg;

	if (!copy_some(STDIN_FILENO, f->master_fd))
		loop_remove_fd(loop, STDIN_FILENO);
}

static void make_raw(struct foreground *f)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &f->settings) < 0)
		return; /* no terminal: a pipe is copied as it comes */
	raw = f->settings;
	cfmakeraw(&raw);
	f->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static int receive_master(struct foreground *f, struct error *err)
{
	int fds[MESSAGE_MAX_FDS];
	size_t fd_count = 0;
	char name[128];
	ssize_t n = message_receive(f->console_pair[0], name, sizeof(name), fds, &fd_count);

	if (n == 0)
		return 0; /* no terminal was asked for */
	if (n < 0 || fd_count != 1)
		return error_set(err, ERROR_SYSTEM, EPROTO, "the terminal's master did not come");
	f->master_fd = fds[0];
	return 0;
}

/* epoll refuses regular files and /dev/null: what is there can be copied at once. */
static void copy_stdin(struct foreground *f, struct loop *loop)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	if (isatty(STDIN_FILENO) || lseek(STDIN_FILENO, 0, SEEK_CUR) < 0) {
		(void)loop_add_fd(loop, STDIN_FILENO, user_types, f);
		return;
	}
	while (poll(&in, 1, 0) == 1 && copy_some(STDIN_FILENO, f->master_fd))
		;
}

int foreground_attach(struct foreground *f, struct loop *loop, int pidfd, struct error *err)
{
	int r;

	f->pidfd = pidfd;
	close_keeping_errno(take_fd(&f->console_pair[1]));
	r = receive_master(f, err);
	if (r == 0)
		r = loop_add_fd(loop, f->signal_fd, forward_signals, f);
	if (r < 0 || f->master_fd < 0)
		return r;
	copy_window_size(f);
	make_raw(f);
	r = loop_add_fd(loop, f->master_fd, terminal_speaks, f);
	copy_stdin(f, loop);
	return r;
}

void foreground_close(struct foreground *f)
{
	struct pollfd out = {.fd = f->master_fd, .events = POLLIN};

	while (f->master_fd >= 0 && poll(&out, 1, 0) == 1 && copy_some(f->master_fd, STDOUT_FILENO))
		;
	if (f->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &f->settings);
	close_keeping_errno(take_fd(&f->master_fd));
	close_keeping_errno(take_fd(&f->console_pair[0]));
	close_keeping_errno(take_fd(&f->console_pair[1]));
	close_keeping_errno(take_fd(&f->signal_fd));
}

int foreground_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
