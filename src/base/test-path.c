/* SPDX-License-Identifier: Apache-2.0 */
/* The walk of components against openat2 on random trees, and that nothing is made outside. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/path.h"
#include "base/tap.h"

#define TREES	       20
#define FILES_IN_TREE  40
#define PATHS_PER_TREE 1000

static uint32_t random_state = 20240229;

static uint32_t any(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

/* A handful of names, so that random paths often exist and links often meet. */
static void random_path(char *path, size_t size)
{
	static const char *const names[] = {"a", "b", "c", "d", "a", "b", "..", "..", ".", "", "x"};
	uint32_t parts = 1 + any(6);

	path[0] = '\0';
	if (any(3) == 0)
		strncat(path, "/", size - 1);
	for (uint32_t i = 0; i < parts; i++) {
		strncat(path, names[any(ARRAY_SIZE(names))], size - strlen(path) - 1);
		if (i + 1 < parts || any(6) == 0)
			strncat(path, "/", size - strlen(path) - 1);
	}
}

/* Random directories, files and links in a directory that has a sibling full of canaries. */
static int random_tree(int tree_fd)
{
	for (int i = 0; i < FILES_IN_TREE; i++) {
		char path[128], target[128];
		struct error err = ERROR_INIT;
		const char *name;
		autofd parent_fd = -EBADF;

		random_path(path, sizeof(path));
		random_path(target, sizeof(target));
		parent_fd = path_open_parent_in(tree_fd, path, 0755, &name, &err);
		if (parent_fd < 0)
			continue;
		switch (any(4)) {
		case 0:
			(void)mkdirat(parent_fd, name, 0755);
			break;
		case 1:
			(void)mknodat(parent_fd, name, S_IFREG | 0644, 0);
			break;
		default:
			(void)symlinkat(target[0] ? target : ".", parent_fd, name);
		}
	}
	return tree_fd;
}

static char base_path[] = "/tmp/ocirun-test-path.XXXXXX";
static int base_fd = -EBADF;

static int new_tree(int number)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "tree%d", number);
	check_int(mkdirat(base_fd, name, 0755), 0);
	return openat(base_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int by_kernel(int root_fd, const char *path, int flags)
{
	const struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
				     .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	int fd;

	do /* EAGAIN: somewhere else on the machine a file was renamed */
		fd = sys_openat2(root_fd, path, &how);
	while (fd < 0 && errno == EAGAIN);
	return fd < 0 ? -errno : fd;
}

static void compare(int root_fd, const char *path, int flags)
{
	struct error err = ERROR_INIT;
	autofd kernel_fd = by_kernel(root_fd, path, flags);
	autofd walk_fd = path_walk_in(root_fd, path, flags, &err);
	struct stat a = {0}, b = {0};
	bool same;

	if (kernel_fd < 0 || walk_fd < 0) {
		same = kernel_fd == walk_fd;
	} else {
		check_int(fstat(kernel_fd, &a), 0);
		check_int(fstat(walk_fd, &b), 0);
		same = a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	}
	if (same)
		return;
	check_int(walk_fd < 0 ? walk_fd : (int)b.st_ino, kernel_fd < 0 ? kernel_fd : (int)a.st_ino);
	printf("# path '%s', flags %#x\n", path, (unsigned int)flags);
}

static void test_same_as_kernel(void)
{
	static const int flags[] = {O_PATH,   O_PATH | O_NOFOLLOW,   O_PATH | O_DIRECTORY,
				    O_RDONLY, O_RDONLY | O_NOFOLLOW, O_RDONLY | O_DIRECTORY,
				    O_WRONLY};

	for (int i = 0; i < TREES; i++) {
		autofd tree_fd = random_tree(new_tree(i));

		for (int n = 0; n < PATHS_PER_TREE && tap_failures == 0; n++) {
			char path[128];

			random_path(path, sizeof(path));
			compare(tree_fd, path, flags[any(ARRAY_SIZE(flags))]);
		}
	}
}

static void test_long_paths(void)
{
	autofd tree_fd = new_tree(100);
	char path[5001];

	memset(path, 'n', sizeof(path));
	path[300] = '\0';
	compare(tree_fd, path, O_PATH);
	path[300] = 'n';
	for (size_t i = 1; i < sizeof(path); i += 2)
		path[i] = '/';
	path[5000] = '\0';
	compare(tree_fd, path, O_PATH);
}

static void test_forty_links(void)
{
	autofd tree_fd = new_tree(101);
	char name[32], target[32] = "end";

	check_int(mkdirat(tree_fd, "end", 0755), 0);
	for (int i = 0; i < 42; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		check_int(symlinkat(target, tree_fd, name), 0);
		compare(tree_fd, name, O_PATH);
		memcpy(target, name, sizeof(target));
	}
}

static void test_magic_links(void)
{
	autofd proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	static const char *const paths[] = {"self/exe",	   "self/cwd/x", "self/root",  "self/fd/0",
					    "self/status", "mounts",	 "self/ns/mnt"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		compare(proc_fd, paths[i], O_PATH);
}

static void test_links_stay_inside(void)
{
	struct error err = ERROR_INIT;
	autofd tree_fd = new_tree(102);
	struct stat st;

	check_int(symlinkat("../../../..", tree_fd, "up"), 0);
	check_int(symlinkat("/new/deep", tree_fd, "dangling"), 0);
	for (int i = 0; i < 2; i++) {
		autofd fd = path_make_dir_in(tree_fd, "up/made/below", 0711, &err);
		autofd file_fd = path_make_file_in(tree_fd, "dangling/file", 0640, &err);

		check(fd >= 0);
		check(file_fd >= 0);
	}
	check_int(fstatat(tree_fd, "made/below", &st, AT_SYMLINK_NOFOLLOW), 0);
	check_int(st.st_mode, S_IFDIR | 0711);
	check_int(fstatat(tree_fd, "new/deep/file", &st, AT_SYMLINK_NOFOLLOW), 0);
	check_int(st.st_mode, S_IFREG | 0640);
	check_text(err.text, "open up/made/below: No such file or directory");
}

static void test_make_refuses(void)
{
	struct error err = ERROR_INIT;
	autofd tree_fd = new_tree(103);
	const char *name = NULL;

	check_int(mknodat(tree_fd, "file", S_IFREG | 0644, 0), 0);
	check_int(symlinkat("loop", tree_fd, "loop"), 0);
	check_int(path_make_dir_in(tree_fd, "/file", 0755, &err), -ENOTDIR);
	check_int(path_make_dir_in(tree_fd, "/file/sub", 0755, &err), -ENOTDIR);
	check_int(path_make_dir_in(tree_fd, "/loop/sub", 0755, &err), -ELOOP);
	check_int(path_make_file_in(tree_fd, "/", 0644, &err), -EISDIR);
	check_text(err.text, "make file /: Is a directory");
	check_int(path_open_parent_in(tree_fd, "/a/..", 0755, &name, &err), -EINVAL);
	check_text(err.text, "/a/.. does not name a file");
	check(!name);
}

static void test_umask_does_not_count(void)
{
	struct error err = ERROR_INIT;
	autofd tree_fd = new_tree(104);
	mode_t saved = umask(0777);
	autofd fd = path_make_dir_in(tree_fd, "d", 01777, &err);
	struct stat st;

	check_int(umask(saved), 0777);
	check_int(fstat(fd, &st), 0);
	check_int(st.st_mode, S_IFDIR | 01777);
}

static void test_parent(void)
{
	struct error err = ERROR_INIT;
	autofd tree_fd = new_tree(105);
	const char *name = NULL;
	autofd fd = path_open_parent_in(tree_fd, "/dev/net/tun", 0755, &name, &err);

	check(fd >= 0);
	check_text(name, "tun");
	check_int(faccessat(tree_fd, "dev/net", F_OK, 0), 0);
	check_int(faccessat(tree_fd, "dev/net/tun", F_OK, 0), -1);
}

static void test_clean(void)
{
	static const char *const pairs[][2] = {{"", "/"},
					       {"/", "/"},
					       {"a", "/a"},
					       {"//a//b/", "/a/b"},
					       {"/a/./b", "/a/b"},
					       {"/a/../b", "/b"},
					       {"/../..", "/"},
					       {"../../x/..//y", "/y"},
					       {"/a/...", "/a/..."},
					       {"/a/b/..", "/a"},
					       {"/.hidden", "/.hidden"}};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		autofree char *clean = path_clean(pairs[i][0]);

		check_text(clean, pairs[i][1]);
	}
}

static void test_join(void)
{
	static const char *const rows[][3] = {{"/a", "b", "/a/b"},
					      {"/a/", "b/c", "/a/b/c"},
					      {"/", "b", "/b"},
					      {"/a", "/b", "/b"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *joined = path_join(rows[i][0], rows[i][1]);

		check_text(joined, rows[i][2]);
	}
}

static const struct tap_test tests[] = {
	{"on random trees the walk and openat2 find the same file or the same error",
	 test_same_as_kernel},
	{"names and paths that are too long are refused alike", test_long_paths},
	{"the fortieth link is followed and the next is a loop", test_forty_links},
	{"procfs's magic links are not followed", test_magic_links},
	{"links to the outside are resolved and made inside", test_links_stay_inside},
	{"what cannot be made is refused", test_make_refuses},
	{"modes are exact whatever the umask", test_umask_does_not_count},
	{"a parent is made and the last name left alone", test_parent},
	{"cleaning is lexical and never leaves /", test_clean},
	{"joining puts exactly one slash", test_join},
};

int main(void)
{
	char command[64];
	int r;

	if (!mkdtemp(base_path))
		return 1;
	base_fd = open(base_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = tap_run(tests, ARRAY_SIZE(tests));
	(void)snprintf(command, sizeof(command), "rm -rf %s", base_path);
	return system(command) == 0 ? r : 1;
}
