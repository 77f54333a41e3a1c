/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's cage: by chroot and by landlock, what is in it can be used and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"
#include "monitor/cage.h"

#define NOBODY 65534

static char directory[64];
static int dirfd_;

static void make_cage(void)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/ocirun-cage.XXXXXX");
	check(mkdtemp(directory) != NULL);
	if (geteuid() == 0)
		check_int(chown(directory, NOBODY, NOBODY), 0);
	dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_cage(void)
{
	(void)unlinkat(dirfd_, "one", 0);
	(void)unlinkat(dirfd_, "two", 0);
	(void)close(dirfd_);
	check_int(rmdir(directory), 0);
}

/* Opening by @path, from the current directory and from the cage. */
static int opens(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC) >= 0 ||
	       openat(dirfd_, path, O_RDONLY | O_CLOEXEC) >= 0;
}

/* Bits for what is not as it should be. */
static int look_around(void)
{
	int wrong = 0, fd = openat(dirfd_, "one", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	wrong |= fd < 0 || write(fd, "x", 1) != 1;
	wrong |= (fchmod(fd, 0640) < 0) << 1;
	wrong |= (renameat(dirfd_, "one", dirfd_, "two") < 0) << 2;
	wrong |= (unlinkat(dirfd_, "two", 0) < 0) << 3;
	wrong |= (opens("/etc/passwd") || opens("/proc/self/status")) << 4;
	wrong |= (opens("../../etc/passwd") || opens("../../../../../../etc/passwd")) << 5;
	return wrong;
}

/* Returns look_around's, 64: not caged; 65: it could not be tried. */
static int in_a_cage(bool privileged, bool by_landlock)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (!privileged && geteuid() == 0 &&
		    (setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		     setresuid(NOBODY, NOBODY, NOBODY) < 0))
			_exit(65);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			_exit(65);
		_exit(cage_enter(dirfd_, by_landlock) ? look_around() : 64);
	}
	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void root_is_caged_by_chroot(void)
{
	if (geteuid() != 0)
		return; /* the next one shows that nobody else is */
	make_cage();
	check_int(in_a_cage(true, false), 0);
	remove_cage();
}

static void without_privilege_there_is_no_chroot(void)
{
	make_cage();
	check_int(in_a_cage(false, false), 64);
	remove_cage();
}

static void a_user_is_caged_by_landlock(void)
{
	int seen;

	make_cage();
	seen = in_a_cage(false, true);
	/* Not built into this kernel, or not switched on. */
	if (seen != 64)
		check_int(seen, 0);
	remove_cage();
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"root is caged by chroot", root_is_caged_by_chroot},
		{"without privilege there is no chroot", without_privilege_there_is_no_chroot},
		{"a user is caged by landlock", a_user_is_caged_by_landlock},
	};

	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
