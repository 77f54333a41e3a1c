/* SPDX-License-Identifier: Apache-2.0 */
/* Kept seccomp programs: a hit is what compiling gives, and nothing else is ever a hit. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/tap.h"
#include "setup/seccomp_cache.h"
#include "setup/seccomp_key.h"
#include "spec/spec.h"

#define FILE_BYTES (1 << 20)

static struct error err;

/* ---- a directory per test ---- */

static char root[] = "/tmp/ocirun-test-cache.XXXXXX";
static int root_fd = -EBADF, cache_fd = -EBADF;

static void make_directories(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/ocirun-test-cache.XXXXXX");
	check(mkdtemp(root) != NULL);
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cache_fd = seccomp_cache_open(root_fd);
	check(cache_fd >= 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_directories(void)
{
	close_keeping_errno(take_fd(&cache_fd));
	close_keeping_errno(take_fd(&root_fd));
	(void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* How many files there are; the name of one of them. */
static int files(char *name, size_t size)
{
	int copy = openat(cache_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = 0;
	autodir *dir = fdopendir(copy);
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		found++;
		if (name)
			(void)snprintf(name, size, "%.60s", entry->d_name);
	}
	return found;
}

static size_t read_file(const char *name, char *data)
{
	autofd fd = openat(cache_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd_read_all(fd, data, FILE_BYTES);

	return size < 0 ? 0 : (size_t)size;
}

static void write_file(const char *name, const char *data, size_t size)
{
	autofd fd = openat(cache_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	check_int(fd_write_all(fd, data, size), 0);
}

static bool has_changed(const char *name, const char *data, size_t size)
{
	static char seen[FILE_BYTES];

	return read_file(name, seen) != size || memcmp(seen, data, size) != 0;
}

/* ---- sections ---- */

static struct spec docker_spec(void)
{
	static const char before[] =
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]},"
		"\"linux\":{\"namespaces\":[{\"type\":\"mount\"}],\"seccomp\":";
	const char *top = getenv("srcdir");
	autofree char *text = NULL, *profile = NULL;
	struct spec spec = {0};
	autofd fd = -EBADF;
	char path[4096];
	int length;

	(void)snprintf(path, sizeof(path), "%s/bats/data/seccomp-docker.json", top ? top : ".");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	check(fd_read_text(fd, FILE_BYTES, &profile) > 0);
	length = asprintf(&text, "%s%s}}", before, profile);
	check_int(spec_parse(text, (size_t)length, "c", &spec, &err), 0);
	return spec;
}

static const char *const calls[] = {"getppid", "no_such_call", NULL};
static const struct spec_seccomp_arg conditions[] = {
	{.index = 1, .value = 0xf0, .value_two = 0x10, .op = SCMP_CMP_MASKED_EQ}};
static const struct spec_seccomp_rule rules[] = {{.names = {2, (const char **)calls},
						  .action = SCMP_ACT_ERRNO(7),
						  .args = conditions,
						  .arg_count = 1}};

static struct spec_seccomp small(uint16_t errnum)
{
	return (struct spec_seccomp){.has = true,
				     .default_action = SCMP_ACT_ERRNO(errnum),
				     .rules = rules,
				     .rule_count = 1};
}

static bool are_equal(const struct seccomp_program *a, const struct seccomp_program *b)
{
	return a->flags == b->flags && a->count == b->count &&
	       memcmp(a->filter, b->filter, a->count * sizeof(*a->filter)) == 0;
}

/* Whatever is in the cache, what comes out is what compiling gives. */
static void gives_the_right_one(int dirfd, const struct spec_seccomp *section)
{
	autoseccomp got = {0}, right = {0};

	check_int(seccomp_compile(section, &right, &err), 0);
	check_int(seccomp_obtain(dirfd, section, &got, &err), 0);
	check(are_equal(&got, &right));
}

/* ---- hits ---- */

static void hit_is_what_compiling_gives(void)
{
	struct spec spec = docker_spec();
	struct spec_seccomp *docker = &spec.seccomp;
	struct stat first, second;
	char name[64] = "";

	make_directories();
	docker->flags = 2; /* SECCOMP_FILTER_FLAG_LOG */
	gives_the_right_one(cache_fd, docker);
	check_int(files(name, sizeof(name)), 1);
	check_int(strlen(name), 16);
	check_int(fstatat(cache_fd, name, &first, 0), 0);
	check_int(first.st_mode, S_IFREG | 0600);
	gives_the_right_one(cache_fd, docker);
	check_int(files(NULL, 0), 1);
	check_int(fstatat(cache_fd, name, &second, 0), 0);
	check_int(second.st_ino, first.st_ino);
	check_int(second.st_mtim.tv_nsec, first.st_mtim.tv_nsec);
	remove_directories();
	spec_done(&spec);
}

/* Only a hit touches an old file, and only a miss makes a new one. */
static void hit_of_an_old_file_touches_it(void)
{
	const struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct spec_seccomp section = small(1);
	struct stat before, after;
	char name[64] = "";

	make_directories();
	gives_the_right_one(cache_fd, &section);
	(void)files(name, sizeof(name));
	check_int(utimensat(cache_fd, name, long_ago, 0), 0);
	check_int(fstatat(cache_fd, name, &before, 0), 0);
	gives_the_right_one(cache_fd, &section);
	check_int(fstatat(cache_fd, name, &after, 0), 0);
	check_int(after.st_ino, before.st_ino);
	check(after.st_mtime > 1);
	remove_directories();
}

/* ---- the key ---- */

static bool has_same_key(const struct spec_seccomp *a, const struct spec_seccomp *b)
{
	autofree char *key_a = NULL, *key_b = NULL;
	size_t length_a = 0, length_b = 0;

	check_int(seccomp_key(a, &key_a, &length_a), 0);
	check_int(seccomp_key(b, &key_b, &length_b), 0);
	return length_a == length_b && memcmp(key_a, key_b, length_a) == 0;
}

static void every_member_is_in_the_key(void)
{
	const char *const shifted[] = {"getppidn", "o_such_call", NULL};
	const char *const fewer[] = {"getppid", NULL};
	const uint32_t archs[] = {SCMP_ARCH_X86};
	const struct spec_seccomp section = small(1);
	struct spec_seccomp other = section;
	struct spec_seccomp_arg arg;
	struct spec_seccomp_rule rule;

#define DIFFERS(object, member, new_value, section_)         \
	do {                                                 \
		(object).member = (new_value);               \
		check(!has_same_key(&section, &(section_))); \
	} while (0)
#define RULE_DIFFERS(member, value)                  \
	do {                                         \
		rule = rules[0];                     \
		DIFFERS(rule, member, value, other); \
	} while (0)
#define ARG_DIFFERS(member, value)                  \
	do {                                        \
		arg = conditions[0];                \
		DIFFERS(arg, member, value, other); \
	} while (0)

	check(has_same_key(&section, &other));
	DIFFERS(other, default_action, SCMP_ACT_ALLOW, other);
	other = section;
	DIFFERS(other, flags, 2, other);
	other = section;
	other.archs = archs;
	DIFFERS(other, arch_count, 1, other);
	other = section;
	DIFFERS(other, rule_count, 0, other);
	other = section;
	other.rules = &rule;
	RULE_DIFFERS(action, SCMP_ACT_ALLOW);
	RULE_DIFFERS(names.items, (const char **)shifted);
	RULE_DIFFERS(names, ((struct string_list){1, (const char **)fewer}));
	RULE_DIFFERS(arg_count, 0);
	rule = rules[0];
	rule.args = &arg;
	ARG_DIFFERS(index, 2);
	ARG_DIFFERS(value, 0xf1);
	ARG_DIFFERS(value_two, 0x20);
	ARG_DIFFERS(op, SCMP_CMP_EQ);
	arg = conditions[0];
	check(has_same_key(&section, &other));
}

/* ---- what is no hit ---- */

/* The file @name, which holds @size bytes that are right, is changed by @data: it is replaced. */
static void is_replaced(const struct spec_seccomp *section, const char *name, const char *right,
			size_t size)
{
	gives_the_right_one(cache_fd, section);
	check(!has_changed(name, right, size));
	check_int(files(NULL, 0), 1);
}

static void every_changed_byte_is_seen(void)
{
	static char right[FILE_BYTES], wrong[FILE_BYTES];
	struct spec_seccomp section = small(1);
	char name[64] = "";
	size_t size;

	make_directories();
	gives_the_right_one(cache_fd, &section);
	(void)files(name, sizeof(name));
	size = read_file(name, right);
	check(size > 300);
	for (size_t i = 0; i < size && tap_failures == 0; i++) {
		memcpy(wrong, right, size);
		wrong[i] = (char)(wrong[i] ^ (1 << (i % 8)));
		write_file(name, wrong, size);
		is_replaced(&section, name, right, size);
	}
	remove_directories();
}

static void every_other_length_is_seen(void)
{
	static char right[FILE_BYTES];
	struct spec_seccomp section = small(1);
	char name[64] = "";
	size_t size;

	make_directories();
	gives_the_right_one(cache_fd, &section);
	(void)files(name, sizeof(name));
	size = read_file(name, right);
	for (size_t length = 0; length < size + 20 && tap_failures == 0; length++) {
		if (length == size)
			continue;
		write_file(name, right, length);
		is_replaced(&section, name, right, size);
	}
	write_file(name, right, FILE_BYTES);
	is_replaced(&section, name, right, size);
	remove_directories();
}

/* Whole, but of another section, as after a collision of names. */
static void another_key_under_the_name_is_seen(void)
{
	static char right[FILE_BYTES], other_bytes[FILE_BYTES];
	struct spec_seccomp section = small(1), other = small(2);
	char name[64] = "", other_name[64] = "";
	size_t size, other_size;

	make_directories();
	gives_the_right_one(cache_fd, &section);
	(void)files(name, sizeof(name));
	size = read_file(name, right);
	check_int(unlinkat(cache_fd, name, 0), 0);
	gives_the_right_one(cache_fd, &other);
	(void)files(other_name, sizeof(other_name));
	other_size = read_file(other_name, other_bytes);
	check_int(renameat(cache_fd, other_name, cache_fd, name), 0);
	check(other_size == size && has_changed(name, right, size));
	is_replaced(&section, name, right, size);
	remove_directories();
}

static void is_taken_for_foreign(const char *name)
{
	struct spec_seccomp section = small(1);
	struct stat before, after;

	check_int(fstatat(cache_fd, name, &before, AT_SYMLINK_NOFOLLOW), 0);
	gives_the_right_one(cache_fd, &section);
	check_int(fstatat(cache_fd, name, &after, AT_SYMLINK_NOFOLLOW), 0);
	check(after.st_ino != before.st_ino);
	check_int(after.st_mode, S_IFREG | 0600);
	check_int(after.st_uid, geteuid());
}

static void a_file_of_others_is_no_hit(void)
{
	struct spec_seccomp section = small(1);
	char name[64] = "";

	make_directories();
	gives_the_right_one(cache_fd, &section);
	(void)files(name, sizeof(name));
	check_int(fchmodat(cache_fd, name, 0620, 0), 0);
	is_taken_for_foreign(name);
	check_int(fchmodat(cache_fd, name, 0602, 0), 0);
	is_taken_for_foreign(name);
	if (geteuid() == 0) {
		check_int(fchownat(cache_fd, name, 1, 0, 0), 0);
		is_taken_for_foreign(name);
	}
	check_int(renameat(cache_fd, name, root_fd, "elsewhere"), 0);
	check_int(symlinkat("../elsewhere", cache_fd, name), 0);
	is_taken_for_foreign(name);
	check_int(unlinkat(cache_fd, name, 0), 0);
	check_int(mkfifoat(cache_fd, name, 0600), 0);
	is_taken_for_foreign(name);
	remove_directories();
}

/* ---- when it cannot be kept ---- */

static void without_a_cache_it_is_compiled(void)
{
	struct spec_seccomp section = small(1);

	gives_the_right_one(-EBADF, &section);
	make_directories();
	check_int(unlinkat(root_fd, ".seccomp", AT_REMOVEDIR), 0);
	gives_the_right_one(cache_fd, &section);
	remove_directories();
}

static void a_name_that_cannot_be_replaced_stays(void)
{
	struct spec_seccomp section = small(1);
	char name[64] = "";

	make_directories();
	gives_the_right_one(cache_fd, &section);
	(void)files(name, sizeof(name));
	check_int(unlinkat(cache_fd, name, 0), 0);
	check_int(mkdirat(cache_fd, name, 0700), 0);
	gives_the_right_one(cache_fd, &section);
	check_int(files(NULL, 0), 1);
	remove_directories();
}

static void no_room_leaves_nothing(void)
{
	struct spec_seccomp section = small(1);
	struct rlimit old, none;

	make_directories();
	(void)signal(SIGXFSZ, SIG_IGN);
	check_int(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = old;
	none.rlim_cur = 100;
	/* libseccomp exports into a file, too: the right one is compiled before. */
	{
		autoseccomp got = {0}, right = {0};

		check_int(seccomp_compile(&section, &right, &err), 0);
		none.rlim_cur = right.count * sizeof(struct sock_filter);
		check_int(setrlimit(RLIMIT_FSIZE, &none), 0);
		check_int(seccomp_obtain(cache_fd, &section, &got, &err), 0);
		check_int(setrlimit(RLIMIT_FSIZE, &old), 0);
		check(are_equal(&got, &right));
	}
	check_int(files(NULL, 0), 0);
	remove_directories();
}

static void what_cannot_be_compiled_is_not_kept(void)
{
	struct spec_seccomp section = small(1);
	autoseccomp got = {0};

	make_directories();
	section.default_action = 0x12340000;
	check_int(seccomp_obtain(cache_fd, &section, &got, &err), -EINVAL);
	check_text(err.text, "linux.seccomp.defaultAction: libseccomp refuses it");
	check(got.filter == NULL);
	check_int(files(NULL, 0), 0);
	remove_directories();
}

static void the_directory_must_be_ours(void)
{
	int fd;

	make_directories();
	check_int(fchmod(cache_fd, 0770), 0);
	check_int(seccomp_cache_open(root_fd), -EPERM);
	check_int(fchmod(cache_fd, 0700), 0);
	if (geteuid() == 0) {
		check_int(fchown(cache_fd, 1, 0), 0);
		check_int(seccomp_cache_open(root_fd), -EPERM);
	}
	check_int(renameat(root_fd, ".seccomp", root_fd, "elsewhere"), 0);
	check_int(symlinkat("elsewhere", root_fd, ".seccomp"), 0);
	fd = seccomp_cache_open(root_fd);
	check(fd == -ELOOP || fd == -ENOTDIR);
	remove_directories();
}

/* ---- bounds ---- */

static void the_oldest_go(void)
{
	struct timespec stamps[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct spec_seccomp section = small(1);
	char oldest[64] = "";

	make_directories();
	gives_the_right_one(cache_fd, &section);
	(void)files(oldest, sizeof(oldest));
	for (uint16_t i = 2; i <= SECCOMP_CACHE_FILES; i++) {
		section = small(i);
		gives_the_right_one(cache_fd, &section);
	}
	check_int(files(NULL, 0), SECCOMP_CACHE_FILES);
	check_int(utimensat(cache_fd, oldest, stamps, 0), 0);
	section = small(1000);
	gives_the_right_one(cache_fd, &section);
	check_int(files(NULL, 0), SECCOMP_CACHE_FILES);
	check_int(faccessat(cache_fd, oldest, F_OK, 0), -1);
	/* A file that a killed process left counts as any other, and is the oldest some day. */
	write_file("new-0123456789abcdef", "x", 1);
	check_int(utimensat(cache_fd, "new-0123456789abcdef", stamps, 0), 0);
	section = small(1001);
	gives_the_right_one(cache_fd, &section);
	check_int(faccessat(cache_fd, "new-0123456789abcdef", F_OK, 0), -1);
	remove_directories();
}

static off_t all_bytes(void)
{
	int copy = openat(cache_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir *dir = fdopendir(copy);
	const struct dirent *entry;
	off_t bytes = 0;
	struct stat st;

	while ((entry = readdir(dir)))
		if (fstatat(cache_fd, entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			bytes += st.st_size;
	return bytes;
}

/* Names that libseccomp does not know make large keys and small filters. */
static void all_together_are_bounded(void)
{
	enum {
		LARGE = 400 * 1024
	};
	autofree char *name = calloc(1, 2 * LARGE);
	const char *names[] = {"getppid", name, NULL};
	struct spec_seccomp_rule rule = {.names = {2, names}, .action = SCMP_ACT_ERRNO(7)};
	struct spec_seccomp section = small(1);

	make_directories();
	memset(name, 'x', LARGE);
	section.rules = &rule;
	for (char c = 'a'; c < 'a' + 14; c++) {
		name[0] = c;
		gives_the_right_one(cache_fd, &section);
		check(all_bytes() <= SECCOMP_CACHE_BYTES);
	}
	check_int(files(NULL, 0), SECCOMP_CACHE_BYTES / (LARGE + 2000));
	/* One that is too large itself is not kept. */
	memset(name, 'x', 2 * LARGE - 1);
	gives_the_right_one(cache_fd, &section);
	check_int(files(NULL, 0), SECCOMP_CACHE_BYTES / (LARGE + 2000));
	remove_directories();
}

/* ---- several at once ---- */

/* Two sections, so that each is stored, read and removed by the bounds and by the parent. */
static void obtain_many(void)
{
	tap_failures = 0;
	for (int i = 0; i < 200; i++) {
		struct spec_seccomp section = small((uint16_t)(1 + i % 2));

		gives_the_right_one(cache_fd, &section);
	}
	_exit(tap_failures ? 1 : 0);
}

static void many_at_once(void)
{
	static char data[FILE_BYTES];
	int children = 3, status = 0;
	char name[64] = "";

	make_directories();
	fflush(stdout);
	for (int i = 0; i < children; i++)
		if (fork() == 0)
			obtain_many();
	while (children > 0) {
		if (files(name, sizeof(name)) > 0) {
			size_t size = read_file(name, data);

			(void)unlinkat(cache_fd, name, 0);
			if (size > 1 && name[0] != 'n')
				write_file(name, data, size / 2);
		}
		if (waitpid(-1, &status, WNOHANG) > 0) {
			check_int(status, 0);
			children--;
		}
	}
	check(files(NULL, 0) <= 3);
	remove_directories();
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a hit is what compiling gives, and leaves the file alone",
		 hit_is_what_compiling_gives},
		{"a hit of an old file touches it", hit_of_an_old_file_touches_it},
		{"every member of the section is in the key", every_member_is_in_the_key},
		{"a file with any byte changed is replaced", every_changed_byte_is_seen},
		{"a file of any other length is replaced", every_other_length_is_seen},
		{"a whole file of another section is replaced", another_key_under_the_name_is_seen},
		{"a file that others could write, a link or a FIFO is replaced",
		 a_file_of_others_is_no_hit},
		{"without a cache the program is compiled", without_a_cache_it_is_compiled},
		{"a name that cannot be replaced is no error",
		 a_name_that_cannot_be_replaced_stays},
		{"a file that cannot be written whole leaves nothing", no_room_leaves_nothing},
		{"a section that libseccomp refuses is not kept",
		 what_cannot_be_compiled_is_not_kept},
		{"a directory that others could write, or a link, is no cache",
		 the_directory_must_be_ours},
		{"the oldest file goes when there are too many", the_oldest_go},
		{"all files together are bounded", all_together_are_bounded},
		{"processes that store, read and remove at once all get the right one",
		 many_at_once},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
