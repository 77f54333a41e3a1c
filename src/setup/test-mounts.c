/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root, mounts, devices, masks and the pivot on a real root file system, in children with mount
 * namespaces of their own. Needs root (else 77); once with the kernel's new mount calls, and again
 * with these answered ENOSYS, as on old kernels.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/message.h"
#include "base/tap.h"
#include "setup/mount.h"

#define SKIPPED 77

/* Which system calls do not exist; the children of a test inherit it. */
enum kernel_age {
	KERNEL_NOW,
	KERNEL_WITHOUT_SETATTR, /* < 5.12 */
	KERNEL_WITHOUT_NEW,	/* < 5.2 */
};

static char base[] = "/tmp/ocirun-test-mounts.XXXXXX";
static struct setup s;
static struct error err;

/* ---- a spec by hand ---- */

static struct spec_mount mounts[32];
static struct spec spec;

static struct spec_mount *add_mount(enum mount_kind kind, const char *destination, const char *type,
				    const char *source, unsigned long flags, const char *data)
{
	struct spec_mount *m = &mounts[spec.mount_count++];

	*m = (struct spec_mount){.kind = kind,
				 .destination = destination,
				 .type = type,
				 .source = source,
				 .flags_set = flags,
				 .data = data};
	return m;
}

static struct spec_mount *add_bind(const char *source, const char *destination, unsigned long flags)
{
	struct spec_mount *m = add_mount(MOUNT_BIND, destination, NULL, source, flags, NULL);

	m->recursive_bind = true;
	return m;
}

static void add_usual_mounts(void)
{
	const unsigned long secure = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	add_mount(MOUNT_FILESYSTEM, "/proc", "proc", "proc", 0, NULL);
	add_mount(MOUNT_FILESYSTEM, "/dev", "tmpfs", "tmpfs", MS_NOSUID | MS_STRICTATIME,
		  "mode=755,size=65536k");
	add_mount(MOUNT_FILESYSTEM, "/dev/pts", "devpts", "devpts", MS_NOSUID | MS_NOEXEC,
		  "newinstance,ptmxmode=0666,mode=0620,gid=5");
	add_mount(MOUNT_FILESYSTEM, "/dev/shm", "tmpfs", "shm", secure, "mode=1777,size=65536k");
	add_mount(MOUNT_FILESYSTEM, "/dev/mqueue", "mqueue", "mqueue", secure, NULL);
	add_mount(MOUNT_FILESYSTEM, "/sys", "sysfs", "sysfs", secure | MS_RDONLY, NULL);
}

/* ---- what a test looks at ---- */

/* A scene ends where its set-up fails: what follows would play on the host's files. */
static void check_done(int r)
{
	check_text(r < 0 ? err.text : "", "");
	if (r < 0) {
		(void)fflush(stdout);
		_exit(1);
	}
}

static void check_refused(int r, const char *text)
{
	check(r < 0);
	check_text(err.text, text);
}

static void check_mode(const char *path, mode_t mode)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		check_text(strerror(errno), path);
		return;
	}
	if (st.st_mode != mode)
		printf("# %s\n", path);
	check_int(st.st_mode, mode);
}

static void check_device(const char *path, mode_t mode, unsigned int major, unsigned int minor)
{
	struct stat st = {0};

	check_mode(path, mode);
	check_int(lstat(path, &st), 0);
	check_int(st.st_rdev, makedev(major, minor));
}

static void check_link(const char *path, const char *expected)
{
	char target[256] = "";

	check(readlink(path, target, sizeof(target) - 1) >= 0);
	check_text(target, expected);
}

static void check_flags(const char *path, unsigned long wanted, unsigned long unwanted)
{
	struct statvfs fs = {0};

	check_int(statvfs(path, &fs), 0);
	if ((fs.f_flag & wanted) != wanted || (fs.f_flag & unwanted))
		printf("# %s has flags %#lx\n", path, fs.f_flag);
	check_int(fs.f_flag & wanted, wanted);
	check_int(fs.f_flag & unwanted, 0);
}

static void check_open(const char *path, int flags, int expected_errno)
{
	autofd fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0 ? errno != expected_errno : expected_errno != 0)
		printf("# open %s\n", path);
	check_int(fd < 0 ? errno : 0, expected_errno);
}

static int entries_of(const char *path)
{
	autodir *dir = opendir(path);
	int count = 0;

	while (dir && readdir(dir))
		count++;
	return dir ? count - 2 : -1;
}

/* ---- the stage: rootfs, an outside directory with a canary, and a child to play in ---- */

static void write_file(const char *path, const char *text)
{
	autofd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	check(fd >= 0);
	check_int(write(fd, text, strlen(text)), (int)strlen(text));
}

static void hide(int first, ...);

static void enter_stage(void)
{
	static char bundle[64], rootfs[80];

	(void)snprintf(bundle, sizeof(bundle), "%s", base);
	(void)snprintf(rootfs, sizeof(rootfs), "%s/rootfs", base);
	check_int(mount("stage", base, "tmpfs", 0, NULL), 0);
	check_int(chdir(base), 0);
	check_int(mkdir("rootfs", 0755), 0);
	check_int(mkdir("outside", 0755), 0);
	write_file("outside/canary", "alive\n");
	s = (struct setup)SETUP_INIT;
	s.bundle = bundle;
	s.rootfs = rootfs;
	memset(&spec, 0, sizeof(spec));
	spec.mounts = mounts;
	spec.namespaces[NAMESPACE_MOUNT].wanted = true;
	(void)umask(077);
}

static void leave_stage(void)
{
	char text[16] = "";
	int fd = openat(AT_FDCWD, "outside/canary", O_RDONLY | O_CLOEXEC);

	check_int(entries_of("outside"), 1);
	check(read(fd, text, sizeof(text)) == 6);
	check_text(text, "alive\n");
	(void)close(fd);
}

static void play(enum kernel_age age, int namespaces, void (*scene)(void))
{
	int status = -1;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		tap_failures = 0;
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(99);
		enter_stage();
		if (namespaces && unshare(namespaces) < 0)
			_exit(98);
		if (age == KERNEL_WITHOUT_SETATTR)
			hide(SYS_mount_setattr, 0);
		if (age == KERNEL_WITHOUT_NEW)
			hide(SYS_mount_setattr, SYS_openat2, SYS_open_tree, SYS_move_mount,
			     SYS_fsopen, SYS_fsconfig, SYS_fsmount, 0);
		scene();
		(void)fflush(stdout);
		_exit(tap_failures ? 1 : 0);
	}
	check_int(waitpid(pid, &status, 0), pid);
	check_int(status, 0);
}

/* Answers the listed system calls with ENOSYS. */
static void hide(int first, ...)
{
	struct sock_filter filter[32];
	struct sock_fprog program = {.filter = filter};
	unsigned short n = 0;
	va_list args;

	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						   offsetof(struct seccomp_data, nr));
	va_start(args, first);
	for (int number = first; number; number = va_arg(args, int)) {
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							   (unsigned int)number, 0, 1);
		filter[n++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	va_end(args);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	check_int(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	check_int(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static int set_up_root(void)
{
	int r = setup_host_handles(&s, &spec, &err);

	return r < 0 ? r : setup_rootfs(&s, &spec, &err);
}

static int set_up_mounts(void)
{
	int r = set_up_root();

	return r < 0 ? r : setup_mounts(&s, &spec, &err);
}

static int set_up_devices(void)
{
	int r = set_up_mounts();

	return r < 0 ? r : setup_devices(&s, &spec, &err);
}

static int finish(void)
{
	int r = setup_readonly_paths(&s, &spec, &err);

	if (r == 0)
		r = setup_masked_paths(&s, &spec, &err);
	if (r == 0)
		r = setup_pivot(&s, &spec, &err);
	if (r == 0)
		r = setup_readonly_root(&s, &spec, &err);
	return r < 0 ? r : setup_rootfs_propagation(&s, &spec, &err);
}

/* ---- scenes ---- */

static void check_usual_devices(void)
{
	check_device("/dev/null", S_IFCHR | 0666, 1, 3);
	check_device("/dev/full", S_IFCHR | 0666, 1, 7);
	check_device("/dev/tty", S_IFCHR | 0666, 5, 0);
	check_device("/dev/urandom", S_IFCHR | 0666, 1, 9);
	check_open("/dev/null", O_RDWR, 0);
	check_link("/dev/fd", "/proc/self/fd");
	check_link("/dev/stdin", "/proc/self/fd/0");
	check_link("/dev/ptmx", "pts/ptmx");
	check_open("/dev/ptmx", O_RDWR | O_NOCTTY, 0);
}

static void usual_container(void)
{
	static const char *masked[] = {"/proc/kallsyms",    "/proc/no/such",	"/sys/firmware",
				       "/sys/kernel/debug", "/proc/timer_list", NULL};
	static const char *readonly[] = {"/proc/sys", "/proc/bus", "/no-such", NULL};

	add_usual_mounts();
	spec.masked_paths = (struct string_list){5, masked};
	spec.readonly_paths = (struct string_list){3, readonly};
	spec.root.readonly = true;
	check_done(set_up_devices());
	check_done(finish());
	check_usual_devices();
	check_flags("/proc", 0, ST_RDONLY);
	check_flags("/sys", ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC, 0);
	check_flags("/dev", ST_NOSUID, ST_RDONLY | ST_RELATIME | ST_NOATIME);
	check_mode("/dev", S_IFDIR | 0755);
	check_mode("/dev/shm", S_IFDIR | S_ISVTX | 0777);
	check_mode("/proc", S_IFDIR | 0555);
	check_device("/proc/kallsyms", S_IFCHR | 0666, 1, 3);
	check_device("/proc/timer_list", S_IFCHR | 0666, 1, 3);
	check_int(entries_of("/sys/firmware"), 0);
	check_flags("/sys/firmware", ST_RDONLY, 0);
	check_flags("/proc/sys", ST_RDONLY, 0);
	check_open("/proc/sys/kernel/hostname", O_WRONLY, EROFS);
	check_open("/x", O_CREAT | O_WRONLY, EROFS);
	check_open("/dev/x", O_CREAT | O_WRONLY, 0);
	check_open("/outside", O_RDONLY, ENOENT);
	check_int(entries_of("/.."), 3);
}

static void masks_after_the_pivot(void)
{
	static const char *masked[] = {"/proc/kallsyms", "/proc/timer_list", "/sys/firmware", NULL};

	add_usual_mounts();
	spec.masked_paths = (struct string_list){3, masked};
	check_done(set_up_devices());
	check_done(setup_pivot(&s, &spec, &err));
	check_done(setup_masked_paths(&s, &spec, &err));
	check_device("/proc/kallsyms", S_IFCHR | 0666, 1, 3);
	check_device("/proc/timer_list", S_IFCHR | 0666, 1, 3);
	check_int(entries_of("/sys/firmware"), 0);
}

static void binds(void)
{
	check_int(mkdir("vol", 0755), 0);
	check_int(mount("vol", "vol", "tmpfs", MS_NOSUID | MS_NOATIME, NULL), 0);
	write_file("vol/inner", "");
	check_int(mkdir("vol/sub", 0755), 0);
	check_int(mount("sub", "vol/sub", "tmpfs", 0, NULL), 0);
	check_int(mkdir("rootfs/etc", 0755), 0);
	check_int(symlink("../run/stub/resolv.conf", "rootfs/etc/resolv.conf"), 0);
	check_int(symlink("/", "rootfs/up"), 0);
	add_bind("vol", "/data/deep", MS_RDONLY | MS_NODEV);
	add_bind("outside/canary", "/etc/resolv.conf", MS_RDONLY);
	add_bind("outside/canary", "/up/../up/file", 0);
	add_bind("vol", "/flat", 0)->recursive_bind = false;
	check_done(set_up_mounts());
	check_done(finish());
	check_flags("/data/deep", ST_RDONLY | ST_NODEV | ST_NOSUID | ST_NOATIME, 0);
	check_flags("/data/deep/sub", 0, ST_RDONLY | ST_NODEV);
	check_flags("/flat", ST_NOSUID, ST_RDONLY | ST_NODEV);
	check_open("/data/deep/inner", O_RDONLY, 0);
	check_open("/data/deep/new", O_CREAT | O_WRONLY, EROFS);
	check_open("/flat/new", O_CREAT | O_WRONLY, 0);
	check_int(mkdir("/flat/sub/x", 0700), 0);
	check_open("/data/deep/sub/x", O_RDONLY, ENOENT);
	check_open("/run/stub/resolv.conf", O_WRONLY, EROFS);
	check_open("/file", O_RDONLY, 0);
	check_mode("/data", S_IFDIR | 0755);
	check_mode("/run/stub", S_IFDIR | 0755);
}

static void bind_clears_flags(void)
{
	check_int(mkdir("vol", 0755), 0);
	check_int(mount("vol", "vol", "tmpfs", MS_NOSUID | MS_RDONLY | MS_NOATIME, NULL), 0);
	check_int(mount(NULL, "vol", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL), 0);
	add_bind("vol", "/data", MS_STRICTATIME)->flags_clear =
		MS_NOSUID | MS_NOATIME | MS_RELATIME;
	check_done(set_up_mounts());
	check_done(finish());
	check_flags("/data", ST_RDONLY, ST_NOSUID | ST_NOATIME | ST_RELATIME);
}

static void propagation(void)
{
	char *line = NULL;
	size_t room = 0;
	int found = 0;
	FILE *file;

	check_int(mkdir("vol", 0755), 0);
	add_mount(MOUNT_FILESYSTEM, "/proc", "proc", "proc", 0, NULL);
	add_bind("vol", "/shared", 0)->propagation = MS_SHARED | MS_REC;
	add_bind("vol", "/unbindable", 0)->propagation = MS_UNBINDABLE;
	spec.rootfs_propagation = MS_SHARED;
	check_done(set_up_mounts());
	check_done(finish());
	file = fopen("/proc/self/mountinfo", "re");
	while (file && getline(&line, &room, file) > 0) {
		found += strstr(line, " /shared ") && strstr(line, " shared:");
		found += strstr(line, " /unbindable ") && strstr(line, " unbindable ");
		found += strstr(line, "/rootfs / ") && strstr(line, " shared:");
	}
	free(line);
	check_int(found, 3);
}

static void refused_mounts(void)
{
	static const struct {
		enum mount_kind kind;
		const char *destination, *type, *source, *data, *error;
	} rows[] = {
		{MOUNT_FILESYSTEM, "/evilproc", "proc", "proc", NULL,
		 "/evilproc: filesystem \"proc\" must be mounted on ordinary directory"},
		{MOUNT_FILESYSTEM, "/evilsys", "sysfs", "sysfs", NULL,
		 "/evilsys: filesystem \"sysfs\" must be mounted on ordinary directory"},
		{MOUNT_FILESYSTEM, "/proc", "tmpfs", "tmpfs", NULL,
		 "/proc: cannot be mounted because it is not of type proc"},
		{MOUNT_BIND, "/proc", NULL, "outside", NULL,
		 "/proc: cannot be mounted because it is not of type proc"},
		{MOUNT_BIND, "/proc/self/attr", NULL, "outside", NULL,
		 "/proc/self/attr: cannot be mounted because it is inside /proc"},
		{MOUNT_BIND, "/x/../proc/sys/net", NULL, "outside", NULL,
		 "/x/../proc/sys/net: cannot be mounted because it is inside /proc"},
		{MOUNT_FILESYSTEM, "/toproc/sys", "tmpfs", "tmpfs", NULL,
		 "/toproc/sys: cannot be mounted because it is inside /proc"},
		{MOUNT_BIND, "/dir", NULL, "outside/canary", NULL,
		 "/dir: is a directory, but the source outside/canary is not"},
		{MOUNT_BIND, "/dir", NULL, "nowhere", NULL, NULL},
		{MOUNT_FILESYSTEM, "/dir", "tmpfs", "tmpfs", "size=x", NULL},
		{MOUNT_FILESYSTEM, "/dir", "nosuchfs", "x", NULL,
		 "/dir: mount nosuchfs: No such device"},
		{MOUNT_FILESYSTEM, "/loop", "tmpfs", "x", NULL,
		 "/loop: open /loop: Too many levels of symbolic links"},
	};

	check_int(symlink("/evil", "rootfs/evilproc"), 0);
	check_int(symlink("../outside", "rootfs/evilsys"), 0);
	check_int(symlink("/proc", "rootfs/toproc"), 0);
	check_int(symlink("loop", "rootfs/loop"), 0);
	check_int(mkdir("rootfs/dir", 0755), 0);
	add_mount(MOUNT_FILESYSTEM, "/proc", "proc", "proc", 0, NULL);
	check_done(set_up_mounts());
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		spec.mount_count = 0;
		add_mount(rows[i].kind, rows[i].destination, rows[i].type, rows[i].source, 0,
			  rows[i].data);
		if (rows[i].error)
			check_refused(setup_mounts(&s, &spec, &err), rows[i].error);
		else
			check(setup_mounts(&s, &spec, &err) < 0);
	}
	leave_stage();
}

static void lxcfs(void)
{
	struct stat st;

	add_mount(MOUNT_FILESYSTEM, "/proc", "proc", "proc", 0, NULL);
	add_bind("outside/canary", "/proc/meminfo", 0);
	check_done(set_up_mounts());
	check_done(finish());
	check_int(stat("/proc/meminfo", &st), 0);
	check_int(st.st_size, 6);
}

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

static void no_mount_namespace(void)
{
	static const char *masked[] = {"/etc", NULL};

	spec.namespaces[NAMESPACE_MOUNT].wanted = false;
	write_file("rootfs/here", "");
	add_mount(MOUNT_FILESYSTEM, "/proc", "proc", "proc", 0, NULL);
	check_refused(set_up_mounts(), "mounts need a mount namespace in linux.namespaces");
	spec.mount_count = 0;
	spec.masked_paths = (struct string_list){1, masked};
	check_refused(finish(), "linux.maskedPaths needs a mount namespace");
	spec.masked_paths.count = 0;
	check_done(finish());
	check_open("/here", O_RDONLY, 0);
}

static void no_pivot(void)
{
	s.no_pivot = true;
	add_usual_mounts();
	write_file("rootfs/here", "");
	check_done(set_up_devices());
	check_done(finish());
	check_open("/here", O_RDONLY, 0);
	check_usual_devices();
	check_open("/../outside", O_RDONLY, ENOENT);
}

static void root_is_a_link(void)
{
	char text[160];

	check_int(rmdir("rootfs"), 0);
	check_int(symlink("outside", "rootfs"), 0);
	(void)snprintf(text, sizeof(text),
		       "root.path %s/rootfs is not a directory (a symlink is none)", base);
	check_refused(set_up_root(), text);
	leave_stage();
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

/* ---- cgroups ---- */

static const struct cgroup_view views[] = {{"cpu,cpuacct", "cpu", "cg/cpu"},
					   {"systemd", "none,name=systemd", "cg/systemd"},
					   {"unified", NULL, "cg/unified"}};

static void cgroups_bound(void)
{
	check_int(mkdir("cg", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		check_int(mkdir(views[i].host_path, 0755), 0);
	write_file("cg/cpu/tasks", "");
	s.cgroup_views = views;
	s.cgroup_view_count = ARRAY_SIZE(views);
	add_mount(MOUNT_CGROUP, "/cgroup", "cgroup", "cgroup", MS_RDONLY | MS_NOSUID, NULL);
	add_mount(MOUNT_CGROUP, "/two", "cgroup2", "cgroup", 0, NULL);
	check_done(set_up_mounts());
	check_done(finish());
	check_open("/cgroup/cpu,cpuacct/tasks", O_RDONLY, 0);
	check_open("/cgroup/cpuacct/tasks", O_WRONLY, EROFS);
	check_link("/cgroup/cpu", "cpu,cpuacct");
	check_flags("/cgroup", ST_RDONLY | ST_NOSUID, 0);
	check_flags("/cgroup/unified", ST_RDONLY | ST_NOSUID, 0);
	check_int(entries_of("/cgroup"), 5);
	check_open("/two/x", O_CREAT | O_WRONLY, 0);
}

static void no_cgroups(void)
{
	add_mount(MOUNT_CGROUP, "/cgroup", "cgroup", "cgroup", 0, NULL);
	check_done(set_up_mounts());
	check_done(finish());
	check_int(entries_of("/cgroup"), 0);
	check_flags("/cgroup", ST_RDONLY, 0);
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

/* ---- the list ---- */

static void everywhere(void (*scene)(void))
{
	play(KERNEL_NOW, 0, scene);
	play(KERNEL_WITHOUT_SETATTR, 0, scene);
	play(KERNEL_WITHOUT_NEW, 0, scene);
}

#define SCENE(scene)                   \
	static void test_##scene(void) \
	{                              \
		everywhere(scene);     \
	}
SCENE(usual_container)
SCENE(binds)
SCENE(bind_clears_flags)
SCENE(propagation)
SCENE(refused_mounts)
SCENE(lxcfs)
SCENE(symlinked_dev)
SCENE(devices)
SCENE(device_in_the_way)
SCENE(bound_dev)
SCENE(readonly_dev)
SCENE(no_mount_namespace)
SCENE(no_pivot)
SCENE(root_is_a_link)
SCENE(terminal)
SCENE(console_is_a_link)
SCENE(fake_ptmx)
SCENE(cgroups_bound)
SCENE(no_cgroups)

static void test_masks_after_the_pivot(void)
{
	play(KERNEL_NOW, 0, masks_after_the_pivot);
	play(KERNEL_WITHOUT_SETATTR, 0, masks_after_the_pivot);
}

static void test_user_namespace(void)
{
	play(KERNEL_NOW, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC, user_namespace);
}

static const struct tap_test tests[] = {
	{"the usual mounts, devices, masks and a read-only root", test_usual_container},
	{"masks work after the pivot too", test_masks_after_the_pivot},
	{"binds make their targets, follow links inside the root and keep flags", test_binds},
	{"a bind's options clear flags", test_bind_clears_flags},
	{"propagation of mounts and of the root", test_propagation},
	{"mounts over /proc, through its links, and onto wrong targets are refused",
	 test_refused_mounts},
	{"files of /proc that lxcfs covers may be bound", test_lxcfs},
	{"a /dev that is a link leads nowhere outside", test_symlinked_dev},
	{"listed devices have their modes and owners; default ones give way", test_devices},
	{"a path that is no such device is refused", test_device_in_the_way},
	{"a /dev bound by the config is left alone", test_bound_dev},
	{"a read-only /dev becomes so when the devices are in it", test_readonly_dev},
	{"without a mount namespace nothing is mounted, and the root is entered by chroot",
	 test_no_mount_namespace},
	{"--no-pivot moves the root", test_no_pivot},
	{"a root.path that is a link is refused", test_root_is_a_link},
	{"the terminal is a pty of the container's devpts", test_terminal},
	{"a /dev/console that is a link is refused", test_console_is_a_link},
	{"a ptmx that is not devpts's is refused", test_fake_ptmx},
	{"cgroups of v1 and hybrid hosts are bound below a tmpfs", test_cgroups_bound},
	{"without a cgroup there is an empty read-only directory", test_no_cgroups},
	{"in a user namespace devices and /sys are the host's, bound", test_user_namespace},
};

int main(void)
{
	int r;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0) {
		printf("1..0 # SKIP needs root\n");
		return SKIPPED;
	}
	if (!mkdtemp(base))
		return 1;
	r = tap_run(tests, ARRAY_SIZE(tests));
	(void)rmdir(base);
	return r;
}
