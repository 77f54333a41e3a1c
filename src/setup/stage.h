/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the tests of setup/ play: a child with a mount namespace of its own, in it a tmpfs with a
 * bundle and a directory outside of it, a spec filled by hand, and what a test looks at. Needs
 * root. A scene is played with the kernel's new mount calls, and again with these answered ENOSYS,
 * as on old kernels. For test-*.c only.
 */
#ifndef SETUP_STAGE_H
#define SETUP_STAGE_H

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

#define STAGE_SKIPPED 77

/* Which system calls do not exist; the children of a test inherit it. */
enum kernel_age {
	KERNEL_NOW,
	KERNEL_WITHOUT_SETATTR, /* < 5.12 */
	KERNEL_WITHOUT_NEW,	/* < 5.2 */
};

static char base[] = "/tmp/ocirun-test-setup.XXXXXX";
static struct setup s;
static struct error err;

/* ---- a spec by hand ---- */

static struct spec_mount mounts[32];
static struct spec spec;

static inline struct spec_mount *add_mount(enum mount_kind kind, const char *destination,
					   const char *type, const char *source,
					   unsigned long flags, const char *data)
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

static inline struct spec_mount *add_bind(const char *source, const char *destination,
					  unsigned long flags)
{
	struct spec_mount *m = add_mount(MOUNT_BIND, destination, NULL, source, flags, NULL);

	m->recursive_bind = true;
	return m;
}

static inline void add_usual_mounts(void)
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
static inline void check_done(int r)
{
	check_text(r < 0 ? err.text : "", "");
	if (r < 0) {
		(void)fflush(stdout);
		_exit(1);
	}
}

static inline void check_refused(int r, const char *text)
{
	check(r < 0);
	check_text(err.text, text);
}

static inline void check_mode(const char *path, mode_t mode)
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

static inline void check_device(const char *path, mode_t mode, unsigned int major,
				unsigned int minor)
{
	struct stat st = {0};

	check_mode(path, mode);
	check_int(lstat(path, &st), 0);
	check_int(st.st_rdev, makedev(major, minor));
}

static inline void check_link(const char *path, const char *expected)
{
	char target[256] = "";

	check(readlink(path, target, sizeof(target) - 1) >= 0);
	check_text(target, expected);
}

static inline void check_flags(const char *path, unsigned long wanted, unsigned long unwanted)
{
	struct statvfs fs = {0};

	check_int(statvfs(path, &fs), 0);
	if ((fs.f_flag & wanted) != wanted || (fs.f_flag & unwanted))
		printf("# %s has flags %#lx\n", path, fs.f_flag);
	check_int(fs.f_flag & wanted, wanted);
	check_int(fs.f_flag & unwanted, 0);
}

static inline void check_open(const char *path, int flags, int expected_errno)
{
	autofd fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0 ? errno != expected_errno : expected_errno != 0)
		printf("# open %s\n", path);
	check_int(fd < 0 ? errno : 0, expected_errno);
}

static inline int entries_of(const char *path)
{
	autodir *dir = opendir(path);
	int count = 0;

	while (dir && readdir(dir))
		count++;
	return dir ? count - 2 : -1;
}

/* ---- the stage: rootfs, an outside directory with a canary, and a child to play in ---- */

static inline void write_file(const char *path, const char *text)
{
	autofd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	check(fd >= 0);
	check_int(write(fd, text, strlen(text)), (int)strlen(text));
}

static inline void hide(int first, ...);

static inline void enter_stage(void)
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

static inline void leave_stage(void)
{
	char text[16] = "";
	int fd = openat(AT_FDCWD, "outside/canary", O_RDONLY | O_CLOEXEC);

	check_int(entries_of("outside"), 1);
	check(read(fd, text, sizeof(text)) == 6);
	check_text(text, "alive\n");
	(void)close(fd);
}

static inline void play(enum kernel_age age, int namespaces, void (*scene)(void))
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
static inline void hide(int first, ...)
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

static inline int set_up_root(void)
{
	int r = setup_host_handles(&s, &spec, &err);

	return r < 0 ? r : setup_rootfs(&s, &spec, &err);
}

static inline int set_up_mounts(void)
{
	int r = set_up_root();

	return r < 0 ? r : setup_mounts(&s, &spec, &err);
}

static inline int set_up_devices(void)
{
	int r = set_up_mounts();

	return r < 0 ? r : setup_devices(&s, &spec, &err);
}

static inline int finish(void)
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

static inline void check_usual_devices(void)
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

static inline void everywhere(void (*scene)(void))
{
	play(KERNEL_NOW, 0, scene);
	play(KERNEL_WITHOUT_SETATTR, 0, scene);
	play(KERNEL_WITHOUT_NEW, 0, scene);
}

/* The test of a scene that is the same on every kernel. */
#define SCENE(scene)                   \
	static void test_##scene(void) \
	{                              \
		everywhere(scene);     \
	}

/* stage_run - the tests' exit status; 77 where scenes cannot be played. */
static inline int stage_run(const struct tap_test *tests, size_t count)
{
	int r;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0) {
		printf("1..0 # SKIP needs root\n");
		return STAGE_SKIPPED;
	}
	if (!mkdtemp(base))
		return 1;
	r = tap_run(tests, count);
	(void)rmdir(base);
	return r;
}

#endif
