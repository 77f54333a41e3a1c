/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: nodes, links, the terminal, and both in a user namespace. */
#include "setup/stage.h"

static void symlinked_dev(void)
{
	check_int(symlink("../outside", "rootfs/dev"), 0);
	check_done(set_up_devices());
	check_mode("rootfs/outside/null", S_IFCHR | 0666);
	leave_stage();
}

static void devices(void)
{
	static const struct spec_device list[] = {
		{"/dev/net/tun", 'c', 10, 200, 0660, 3, 4},
		{"/dev/loop7", 'b', 7, 7, 0600, 0, 0},
		{"/dev/null", 'c', 1, 3, 0622, 0, 0},
		{"/run/pipe", 'p', 0, 0, 0640, 0, 0},
	};
	struct stat st;

	check_int(mkdir("rootfs/dev", 0755), 0);
	check_int(mknod("rootfs/dev/null", S_IFCHR | 0600, makedev(1, 3)), 0);
	check_int(symlink("pts/7", "rootfs/dev/ptmx"), 0);
	spec.devices = list;
	spec.device_count = ARRAY_SIZE(list);
	check_done(set_up_devices());
	check_done(setup_pivot(&s, &spec, &err));
	check_device("/dev/net/tun", S_IFCHR | 0660, 10, 200);
	check_device("/dev/loop7", S_IFBLK | 0600, 7, 7);
	check_device("/dev/null", S_IFCHR | 0622, 1, 3);
	check_mode("/run/pipe", S_IFIFO | 0640);
	check_link("/dev/ptmx", "pts/ptmx");
	check_int(stat("/dev/net/tun", &st), 0);
	check_int(st.st_uid, 3);
	check_int(st.st_gid, 4);
}

static void device_in_the_way(void)
{
	check_int(mkdir("rootfs/dev", 0755), 0);
	write_file("rootfs/dev/zero", "");
	check_refused(set_up_devices(), "/dev/zero: exists and is not the device c 1:5");
}

static void bound_dev(void)
{
	add_bind("outside", "/dev", 0);
	check_done(set_up_devices());
	leave_stage();
}

static void readonly_dev(void)
{
	add_usual_mounts();
	mounts[1].flags_set |= MS_RDONLY;
	check_done(set_up_devices());
	check_done(finish());
	check_usual_devices();
	check_open("/dev/x", O_CREAT | O_WRONLY, EROFS);
	check_open("/dev/shm/x", O_CREAT | O_WRONLY, 0);
}

/* ---- the terminal ---- */

static void terminal(void)
{
	struct winsize size = {0};
	char name[32] = "";
	int pair[2], fds[MESSAGE_MAX_FDS];
	size_t fd_count = 0;
	struct stat st;

	check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	s.console_socket = pair[0];
	spec.process.terminal = true;
	spec.process.console_height = 11;
	spec.process.console_width = 22;
	spec.process.user.uid = 1234;
	add_usual_mounts();
	check(setsid() > 0);
	check_done(set_up_devices());
	(void)fflush(stdout);
	check_done(setup_console(&s, &spec, &err));
	check_done(finish());
	check(message_receive(pair[1], name, sizeof(name), fds, &fd_count) > 0);
	check_text(name, "/dev/pts/0");
	check_int(fd_count, 1);
	check_int(ioctl(fds[0], TIOCGWINSZ, &size), 0);
	check_int(size.ws_row, 11);
	check_int(size.ws_col, 22);
	check_device("/dev/console", S_IFCHR | 0620, 136, 0);
	check_int(stat("/dev/console", &st), 0);
	check_int(st.st_uid, 1234);
	check_int(st.st_gid, 5);
	check_int(isatty(0) + isatty(1) + isatty(2), 3);
	check_open("/dev/tty", O_RDWR, 0);
	/* stdout is the terminal now: tell the failures by the exit status alone */
}

static void console_is_a_link(void)
{
	int pair[2];

	check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	check_int(mkdir("rootfs/dev", 0755), 0);
	check_int(symlink("../outside/newfile", "rootfs/dev/console"), 0);
	s.console_socket = pair[0];
	spec.process.terminal = true;
	add_usual_mounts();
	mounts[1] = mounts[0]; /* no tmpfs at /dev */
	check_done(set_up_devices());
	check_refused(setup_console(&s, &spec, &err),
		      "/dev/console is neither a file nor a device");
	leave_stage();
}

static void fake_ptmx(void)
{
	int pair[2];

	check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	check_int(mkdir("rootfs/dev", 0755), 0);
	check_int(mkdir("rootfs/dev/pts", 0755), 0);
	check_int(mknod("rootfs/dev/pts/ptmx", S_IFCHR | 0666, makedev(5, 2)), 0);
	s.console_socket = pair[0];
	spec.process.terminal = true;
	check_done(set_up_devices());
	check_refused(setup_console(&s, &spec, &err), "/dev/pts/ptmx is not a devpts's; a "
						      "terminal needs one mounted at /dev/pts");
}

/* ---- a user namespace ---- */

static void map_root(void)
{
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 0 1");
	write_file("/proc/self/gid_map", "0 0 1");
}

static void user_namespace(void)
{
	static const struct spec_device fuse = {"/dev/ocirun-none", 'c', 511, 5, 0666, 0, 0};

	map_root();
	spec.namespaces[NAMESPACE_USER].wanted = true;
	add_usual_mounts();
	mounts[2].data = "newinstance,ptmxmode=0666,mode=0620";
	add_bind("outside/canary", "/etc/canary", MS_RDONLY | MS_RELATIME)->flags_clear =
		MS_NOATIME | MS_STRICTATIME;
	check_done(set_up_devices());
	spec.devices = &fuse;
	spec.device_count = 1;
	check_refused(setup_devices(&s, &spec, &err),
		      "/dev/ocirun-none: the host has no device c 511:5 to bind");
	check_done(finish());
	check_usual_devices();
	check_flags("/sys", ST_RDONLY, 0);
	check_flags("/sys/fs/cgroup", ST_RDONLY, 0);
	check_open("/etc/canary", O_WRONLY, EROFS);
}

/* /sys is bound with all below it, which an old kernel cannot make read-only at once. */
static void user_namespace_of_an_old_kernel(void)
{
	map_root();
	spec.namespaces[NAMESPACE_USER].wanted = true;
	add_usual_mounts();
	mounts[2].data = "newinstance,ptmxmode=0666,mode=0620";
	check_refused(set_up_devices(),
		      "/sys: change the flags of all mounts below: needs Linux 5.12");
	mounts[5].flags_set = 0;
	spec.mount_count = 0;
	check_done(setup_devices(&s, &spec, &err));
}

/* ---- the list ---- */

SCENE(symlinked_dev)
SCENE(devices)
SCENE(device_in_the_way)
SCENE(bound_dev)
SCENE(readonly_dev)
SCENE(terminal)
SCENE(console_is_a_link)
SCENE(fake_ptmx)

static void test_user_namespace(void)
{
	play(KERNEL_NOW, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC, user_namespace);
	play(KERNEL_WITHOUT_SETATTR, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC,
	     user_namespace_of_an_old_kernel);
}

static const struct tap_test tests[] = {
	{"a /dev that is a link leads nowhere outside", test_symlinked_dev},
	{"listed devices have their modes and owners; default ones give way", test_devices},
	{"a path that is no such device is refused", test_device_in_the_way},
	{"a /dev bound by the config is left alone", test_bound_dev},
	{"a read-only /dev becomes so when the devices are in it", test_readonly_dev},
	{"the terminal is a pty of the container's devpts", test_terminal},
	{"a /dev/console that is a link is refused", test_console_is_a_link},
	{"a ptmx that is not devpts's is refused", test_fake_ptmx},
	{"in a user namespace devices and /sys are the host's, bound", test_user_namespace},
};

int main(void)
{
	return stage_run(tests, ARRAY_SIZE(tests));
}
