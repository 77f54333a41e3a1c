/* SPDX-License-Identifier: Apache-2.0 */
/* The root, mounts, masks and the pivot on a real root file system. */
#include <linux/capability.h>

#include "setup/stage.h"

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
		 "/dir: the source outside/canary is not a directory, but the destination is one"},
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

/* ---- what a mount asks for beyond its flags ---- */

static void make_tree(void)
{
	check_int(mkdir("vol", 0755), 0);
	check_int(mount("vol", "vol", "tmpfs", MS_NODEV, NULL), 0);
	check_int(mkdir("vol/sub", 0755), 0);
	check_int(mount("sub", "vol/sub", "tmpfs", 0, NULL), 0);
}

static void recursive_flags(void)
{
	struct spec_mount *m;

	make_tree();
	m = add_bind("vol", "/data", MS_NOSUID);
	m->recursive_set = MS_RDONLY | MS_NOATIME;
	m->recursive_clear = MS_NODEV;
	m = add_mount(MOUNT_FILESYSTEM, "/tmp", "tmpfs", "tmpfs", 0, NULL);
	m->recursive_set = MS_NOEXEC;
	check_done(set_up_mounts());
	check_done(finish());
	check_flags("/data", ST_RDONLY | ST_NOATIME | ST_NOSUID, ST_NODEV);
	check_flags("/data/sub", ST_RDONLY | ST_NOATIME, ST_NOSUID);
	check_flags("/tmp", ST_NOEXEC, 0);
}

static void recursive_flags_of_old(void)
{
	make_tree();
	add_bind("vol", "/data", 0)->recursive_set = MS_RDONLY;
	check_refused(set_up_mounts(), "/data: bind vol: change the flags of all mounts below: "
				       "needs Linux 5.12");
	leave_stage();
}

static void make_covered(void)
{
	check_int(mkdir("rootfs/up", 0755), 0);
	check_int(mkdir("rootfs/up/dir", 0700), 0);
	check_int(chmod("rootfs/up/dir", 02755), 0);
	write_file("rootfs/up/dir/file", "content");
	check_int(chmod("rootfs/up/dir/file", 04751), 0);
	check_int(chown("rootfs/up/dir/file", 7, 8), 0);
	check_int(chmod("rootfs/up/dir/file", 04751), 0);
	check_int(symlink("/outside", "rootfs/up/link"), 0);
	check_int(mknod("rootfs/up/null", S_IFCHR | 0600, makedev(1, 3)), 0);
	check_int(chmod("rootfs/up/null", 0640), 0);
	check_int(mkfifo("rootfs/up/fifo", 0600), 0);
	check_int(chmod("rootfs/up", 01750), 0);
}

static void copy_up(void)
{
	struct stat st;

	make_covered();
	add_mount(MOUNT_FILESYSTEM, "/up", "tmpfs", "tmpfs", MS_RDONLY, "size=64k")->extras =
		MOUNT_COPY_UP;
	check_done(set_up_mounts());
	check_done(finish());
	check_flags("/up", ST_RDONLY, 0);
	check_mode("/up", S_IFDIR | 01750);
	check_mode("/up/dir", S_IFDIR | 02755);
	check_mode("/up/dir/file", S_IFREG | 04751);
	check_int(stat("/up/dir/file", &st), 0);
	check_int(st.st_uid, 7);
	check_int(st.st_gid, 8);
	check_int(st.st_size, 7);
	check_link("/up/link", "/outside");
	check_device("/up/null", S_IFCHR | 0640, 1, 3);
	check_mode("/up/fifo", S_IFIFO | 0600);
}

/* What is copied is the root's own, however its names are exchanged meanwhile. */
static void copy_up_of_a_link(void)
{
	check_int(mkdir("rootfs/up", 0755), 0);
	check_int(symlink("../../outside", "rootfs/up/out"), 0);
	check_int(symlink("../../outside/canary", "rootfs/up/canary"), 0);
	check_int(symlink("up", "rootfs/alias"), 0);
	add_mount(MOUNT_FILESYSTEM, "/alias", "tmpfs", "tmpfs", 0, NULL)->extras = MOUNT_COPY_UP;
	check_done(set_up_mounts());
	check_done(finish());
	check_link("/up/out", "../../outside");
	check_link("/up/canary", "../../outside/canary");
	check_open("/up/canary", O_RDONLY, ENOENT);
}

static void links_as_they_are(void)
{
	check_int(symlink("canary", "outside/link"), 0);
	check_int(symlink("/nowhere", "rootfs/covered"), 0);
	add_bind("outside/link", "/copied", 0)->extras = MOUNT_COPY_SYMLINK;
	add_bind("outside/link", "/bound", 0)->extras = MOUNT_SOURCE_NOFOLLOW;
	add_bind("outside/canary", "/covered", 0)->extras = MOUNT_DESTINATION_NOFOLLOW;
	check_done(set_up_mounts());
	check_int(unlink("outside/link"), 0);
	check_done(finish());
	check_link("/copied", "canary");
	check_link("/bound", "canary");
	check_mode("/covered", S_IFREG | 0644);
}

static void nofollow_keeps_out_of_proc(void)
{
	check_int(symlink("/proc/self", "rootfs/me"), 0);
	check_int(symlink("canary", "outside/link"), 0);
	add_mount(MOUNT_FILESYSTEM, "/proc", "proc", "proc", 0, NULL);
	add_bind("outside/canary", "/me/attr", 0)->extras = MOUNT_DESTINATION_NOFOLLOW;
	check_refused(set_up_mounts(), "/me/attr: cannot be mounted because it is inside /proc");
	spec.mount_count = 0;
	add_bind("outside/link", "/proc/link", 0)->extras = MOUNT_COPY_SYMLINK;
	check_refused(setup_mounts(&s, &spec, &err),
		      "/proc/link: cannot be mounted because it is inside /proc");
	check_int(unlink("outside/link"), 0);
	leave_stage();
}

static void remounts(void)
{
	add_mount(MOUNT_FILESYSTEM, "/a", "tmpfs", "tmpfs", MS_NOSUID, "size=64k");
	add_mount(MOUNT_REMOUNT, "/a", NULL, NULL, MS_RDONLY, "size=128k");
	add_bind("outside", "/b", MS_NOSUID);
	add_mount(MOUNT_REMOUNT, "/b", NULL, NULL, MS_RDONLY, NULL)->extras = MOUNT_ONLY_FLAGS;
	check_done(set_up_mounts());
	check_done(finish());
	check_flags("/a", ST_RDONLY, ST_NOSUID);
	check_flags("/b", ST_RDONLY | ST_NOSUID, 0);
}

/* A kernel without SELinux knows no labels, and says which option it does not know. */
static void labels(void)
{
	spec.mount_label = "u:r:t:s0,c1";
	spec.annotated.mount_context_type = "rootcontext";
	add_mount(MOUNT_FILESYSTEM, "/proc", "proc", "proc", 0, NULL);
	add_bind("outside", "/b", 0);
	check_done(set_up_mounts());
	spec.mount_count = 0;
	add_mount(MOUNT_FILESYSTEM, "/a", "tmpfs", "tmpfs", 0, "size=64k");
	if (access("/sys/fs/selinux/enforce", F_OK) != 0)
		check_refused(setup_mounts(&s, &spec, &err),
			      "/a: mount tmpfs: tmpfs: Unknown parameter 'rootcontext': "
			      "Invalid argument");
	leave_stage();
}

/* ---- what the monitor does for us ---- */

static int asked_mount;

static int open_source_for_us(void *data, size_t mount, struct error *error)
{
	(void)error;
	asked_mount = (int)mount;
	return openat(*(int *)data, "canary", O_PATH | O_CLOEXEC);
}

static int map_ids_for_us(void *data, size_t mount, int mount_fd, struct error *error)
{
	struct stat st;

	(void)data;
	check_int(fstat(mount_fd, &st), 0);
	return error_set(error, ERROR_SYSTEM, EINVAL, "idmap: mount %zu cannot", mount);
}

/* As init in a user namespace, which has no rights over the files of others. */
static void drop_rights_over_files(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	check_int(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH);
	check_int(syscall(SYS_capset, &header, data), 0);
}

static void errands(void)
{
	int outside_fd = open("outside", O_PATH | O_CLOEXEC);
	const struct setup_errands errands = {open_source_for_us, map_ids_for_us, &outside_fd};

	check_int(mkdir("private", 0700), 0);
	check_int(chown("private", 1234, 1234), 0);
	check_done(set_up_root());
	drop_rights_over_files();
	add_bind("outside/canary", "/one", 0);
	add_bind("private/file", "/two", 0);
	check_int(setup_mounts(&s, &spec, &err), -EACCES);
	s.errands = &errands;
	check_done(setup_mounts(&s, &spec, &err));
	check_int(asked_mount, 1);
	mounts[1].ids = MOUNT_IDS_MAPPED;
	check_refused(setup_mounts(&s, &spec, &err),
		      "/two: bind private/file: idmap: mount 1 cannot");
	s.errands = NULL;
	mounts[0].ids = MOUNT_IDS_MAPPED;
	check_refused(setup_mounts(&s, &spec, &err),
		      "/one: bind outside/canary: idmap: nobody can map the IDs");
	leave_stage();
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

/* ---- the list ---- */

SCENE(usual_container)
SCENE(binds)
SCENE(bind_clears_flags)
SCENE(propagation)
SCENE(refused_mounts)
SCENE(copy_up)
SCENE(copy_up_of_a_link)
SCENE(links_as_they_are)
SCENE(nofollow_keeps_out_of_proc)
SCENE(remounts)
SCENE(lxcfs)
SCENE(no_mount_namespace)
SCENE(no_pivot)
SCENE(root_is_a_link)
SCENE(cgroups_bound)
SCENE(no_cgroups)

static void test_masks_after_the_pivot(void)
{
	play(KERNEL_NOW, 0, masks_after_the_pivot);
	play(KERNEL_WITHOUT_SETATTR, 0, masks_after_the_pivot);
}

static void test_recursive_flags(void)
{
	play(KERNEL_NOW, 0, recursive_flags);
	play(KERNEL_WITHOUT_SETATTR, 0, recursive_flags_of_old);
}

static void test_errands(void)
{
	play(KERNEL_NOW, 0, errands);
}

static void test_labels(void)
{
	play(KERNEL_NOW, 0, labels);
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
	{"recursive flags are for all mounts below, or an error", test_recursive_flags},
	{"tmpcopyup copies every type of file, with mode and owner", test_copy_up},
	{"tmpcopyup copies links and does not follow them", test_copy_up_of_a_link},
	{"links are copied, bound and covered as they are", test_links_as_they_are},
	{"nor do these options lead into /proc", test_nofollow_keeps_out_of_proc},
	{"remount changes what is there", test_remounts},
	{"the mount label goes to new file systems, but not to procfs", test_labels},
	{"what init may not do itself it asks for", test_errands},
	{"without a mount namespace nothing is mounted, and the root is entered by chroot",
	 test_no_mount_namespace},
	{"--no-pivot moves the root", test_no_pivot},
	{"a root.path that is a link is refused", test_root_is_a_link},
	{"cgroups of v1 and hybrid hosts are bound below a tmpfs", test_cgroups_bound},
	{"without a cgroup there is an empty read-only directory", test_no_cgroups},
};

int main(void)
{
	return stage_run(tests, ARRAY_SIZE(tests));
}
