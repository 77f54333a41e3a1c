/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's terminal: a pty of its own devpts, got by descriptors alone (defence D5); the
 * master goes to whoever asked for it. For init, which has made itself a session leader, it is
 * shown as /dev/console, and made the session's terminal and the standard streams.
 * Source: config.md#process (terminal, consoleSize), config-linux.md#default-devices (console).
 */
#include "setup/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/message.h"
#include "base/path.h"
#include "setup/mount.h"

#define DIRECTORY_MODE 0755
#define UID_MAP_MAX    (340 * 64) /* the kernel's limit of lines */

static bool is_on_devpts(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

/* The multiplexer must be devpts's own: a node or link put there would open something else. */
static int open_ptmx(int rootfs_fd, int host_proc_fd, struct error *err)
{
	autofd pts_fd = path_open_in(rootfs_fd, "/dev/pts", O_PATH | O_DIRECTORY, err);
	autofd ptmx_fd = -EBADF;
	char path[32];
	struct stat st;
	int fd;

	if (pts_fd < 0)
		return pts_fd;
	ptmx_fd = openat(pts_fd, "ptmx", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (ptmx_fd < 0 || fstat(ptmx_fd, &st) < 0)
		return error_sys(err, "open /dev/pts/ptmx");
	if (!is_on_devpts(ptmx_fd) || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return error_set(err, ERROR_SYSTEM, ENODEV,
				 "/dev/pts/ptmx is not a devpts's; a terminal needs one mounted "
				 "at /dev/pts");
	(void)snprintf(path, sizeof(path), "self/fd/%d", ptmx_fd);
	fd = openat(host_proc_fd, path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "open /dev/pts/ptmx") : fd;
}

static int open_slave(int master_fd, struct error *err)
{
	int unlocked = 0, fd;

	if (ioctl(master_fd, TIOCSPTLCK, &unlocked) < 0)
		return error_sys(err, "unlock the terminal");
	fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "open the terminal") : fd;
}

static int prepare_slave(int slave_fd, const struct spec_process *process, uid_t owner,
			 struct error *err)
{
	const struct winsize size = {.ws_row = process->console_height,
				     .ws_col = process->console_width};

	if ((size.ws_row || size.ws_col) && ioctl(slave_fd, TIOCSWINSZ, &size) < 0)
		return error_sys(err, "set the terminal's size");
	/* The group stays the one that devpts's gid= chose ("tty"). */
	if (fchown(slave_fd, owner, (gid_t)-1) < 0)
		return error_sys(err, "chown the terminal to %u", owner);
	return 0;
}

int terminal_open(int rootfs_fd, int host_proc_fd, const struct spec_process *process, uid_t owner,
		  int *ret_master_fd, int *ret_slave_fd, struct error *err)
{
	autofd master_fd = open_ptmx(rootfs_fd, host_proc_fd, err), slave_fd = -EBADF;
	int r;

	if (master_fd < 0)
		return master_fd;
	slave_fd = open_slave(master_fd, err);
	if (slave_fd < 0)
		return slave_fd;
	r = prepare_slave(slave_fd, process, owner, err);
	if (r < 0)
		return r;
	*ret_master_fd = take_fd(&master_fd);
	*ret_slave_fd = take_fd(&slave_fd);
	return 0;
}

uid_t terminal_owner(int uid_map_fd, uid_t uid)
{
	autofree char *text = NULL;
	unsigned int inside, outside, count;
	const char *line;
	int length;

	if (fd_read_text(uid_map_fd, UID_MAP_MAX, &text) < 0)
		return (uid_t)-1;
	for (line = text; sscanf(line, "%u %u %u%n", &inside, &outside, &count, &length) == 3;
	     line += length)
		if (uid >= inside && uid - inside < count)
			return outside + (uid - inside);
	return (uid_t)-1;
}

/* The file is made by mknod and opened without following: never the target of a link
 * (CVE-2026-88264). */
static int open_console_file(const struct setup *s, struct error *err)
{
	autofd dev_fd = path_make_dir_in(s->rootfs_fd, "/dev", DIRECTORY_MODE, err);
	autofd fd = -EBADF;
	struct stat st;

	if (dev_fd < 0)
		return dev_fd;
	if (mknodat(dev_fd, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return error_sys(err, "make /dev/console");
	fd = openat(dev_fd, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "open /dev/console");
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return error_set(err, ERROR_SYSTEM, EEXIST,
				 "/dev/console is neither a file nor a device");
	return take_fd(&fd);
}

static int show_as_console(const struct setup *s, const struct spec *spec, int slave_fd,
			   struct error *err)
{
	const struct mount_change keep = {0};
	struct mount_place place = {.root_fd = s->rootfs_fd, .path = "/dev/console"};
	autofd file_fd = -EBADF, fd = -EBADF;

	if (!has_mount_namespace(spec))
		return 0;
	file_fd = open_console_file(s, err);
	if (file_fd < 0)
		return file_fd;
	place.fd = file_fd;
	fd = mount_bind(s, slave_fd, false, &keep, &place, err);
	return fd < 0 ? fd : 0;
}

int terminal_send(int console_socket, int master_fd, struct error *err)
{
	unsigned int number;
	char name[32];
	int r;

	if (ioctl(master_fd, TIOCGPTN, &number) < 0)
		return error_sys(err, "ask the terminal's number");
	(void)snprintf(name, sizeof(name), "/dev/pts/%u", number);
	r = message_send(console_socket, name, strlen(name), &master_fd, 1);
	return r < 0 ? error_sys_num(err, r, "send the terminal to the console socket") : 0;
}

static int take_terminal(int slave_fd, struct error *err)
{
	if (ioctl(slave_fd, TIOCSCTTY, 0) < 0)
		return error_sys(err, "make the terminal the session's own");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(slave_fd, fd) < 0)
			return error_sys(err, "make the terminal the standard streams");
	return 0;
}

int setup_console(struct setup *s, const struct spec *spec, struct error *err)
{
	autofd master_fd = -EBADF, slave_fd = -EBADF;
	int r;

	if (!spec->process.terminal)
		return 0;
	if (s->console_socket < 0)
		return error_set(err, ERROR_USAGE, EINVAL, "a terminal needs a console socket");
	/* We are in the container's user namespace already: the user's id is ours, too. */
	r = terminal_open(s->rootfs_fd, s->host_proc_fd, &spec->process, spec->process.user.uid,
			  &master_fd, &slave_fd, err);
	if (r == 0)
		r = show_as_console(s, spec, slave_fd, err);
	if (r == 0)
		r = terminal_send(s->console_socket, master_fd, err);
	if (r == 0)
		r = take_terminal(slave_fd, err);
	if (r == 0)
		s->console_fd = take_fd(&slave_fd);
	return r;
}
