/* SPDX-License-Identifier: Apache-2.0 */
/* Where the workload starts: its working directory and its program. */
#include "stub/internal.h"
#include "stub/syscall.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#ifndef __NR_faccessat2
#define __NR_faccessat2 439
#endif
#ifndef AT_EACCESS
#define AT_EACCESS 0x200
#endif
#define X_OK	     1
#define FILE_TYPE    0170000
#define FILE_REGULAR 0100000
#define FILE_DIR     0040000

static bool has_slash(const char *text)
{
	for (; *text; text++)
		if (*text == '/')
			return true;
	return false;
}

/* A directory outside the root (CVE-2024-21626) makes getcwd(2) answer "(unreachable)/...". */
static void check_cwd(struct stub *stub, const char *cwd)
{
	long r = kernel2(__NR_getcwd, stub->path_buffer, STUB_PATH_SIZE);

	if (r < 0)
		fail(stub, PLAN_STAGE_CWD, r, 0, cwd);
	if (r < 2 || stub->path_buffer[0] != '/')
		fail(stub, PLAN_STAGE_CWD, -EXDEV, 0, cwd);
}

/*
 * Tried with init's capabilities first, since images have working directories that only root may
 * enter; and again as the user, who may enter some that root may not (NFS, FUSE), and who is there
 * in the container's /proc/self, where an exec's process is not from the beginning.
 */
void enter_cwd(struct stub *stub, bool last_try)
{
	const char *cwd = plan_at(stub, stub->plan->cwd_offset);
	long r;

	if (!stub->cwd_is_set) {
		r = kernel1(__NR_chdir, cwd);
		if (r < 0 && (last_try || (r != -EACCES && r != -EPERM && r != -ENOENT)))
			fail(stub, PLAN_STAGE_CWD, r, 0, cwd);
		stub->cwd_is_set = r == 0;
	}
	if (last_try)
		check_cwd(stub, cwd);
}

static long check_program(const char *path)
{
	struct statx st;
	long r = kernel5(__NR_statx, AT_FDCWD, path, 0, STATX_TYPE, &st);

	if (r < 0)
		return r;
	if ((st.stx_mode & FILE_TYPE) == FILE_DIR)
		return -EISDIR;
	if ((st.stx_mode & FILE_TYPE) != FILE_REGULAR)
		return -EACCES;
	r = kernel4(__NR_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS);
	if (r == -ENOSYS) /* Linux < 5.8; our real and effective ids are the same */
		r = kernel3(__NR_faccessat, AT_FDCWD, path, X_OK);
	return r;
}

/* DIRECTORY/NAME in the buffer; an empty directory is the current one, as for the shell. */
static bool join_path(char *buffer, const char *dir, size_t dir_length, const char *name)
{
	size_t name_length = text_length(name), at = 0;

	if (dir_length + name_length + 2 > STUB_PATH_SIZE)
		return false;
	if (dir_length > 0) {
		memcpy(buffer, dir, dir_length);
		at = dir_length;
		if (buffer[at - 1] != '/')
			buffer[at++] = '/';
	}
	memcpy(buffer + at, name, name_length + 1);
	return true;
}

static long search_path(struct stub *stub, const char *name)
{
	const char *dir = plan_at(stub, stub->plan->path_offset);
	long worst = -ENOENT;

	for (;;) {
		size_t length = 0;

		while (dir[length] && dir[length] != ':')
			length++;
		if (join_path(stub->path_buffer, dir, length, name)) {
			long r = check_program(stub->path_buffer);

			if (r == 0)
				return 0;
			if (r == -EACCES) /* there, but not for us: a better answer than ENOENT */
				worst = r;
		}
		if (!dir[length])
			return worst;
		dir += length + 1;
	}
}

void find_program(struct stub *stub)
{
	const char *name = stub->argv[0];
	long r;

	if (!name || !*name)
		fail(stub, PLAN_STAGE_LOOKUP, -ENOENT, 0, "");
	if (has_slash(name)) {
		stub->path = name;
		r = check_program(name);
	} else {
		stub->path = stub->path_buffer;
		r = search_path(stub, name);
	}
	if (r < 0)
		fail(stub, PLAN_STAGE_LOOKUP, r, 0, name);
}
