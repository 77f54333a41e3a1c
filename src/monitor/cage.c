/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's view of the file system: the feed's directory and nothing else. */
#include "monitor/cage.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All that Linux 5.13 knows; what later kernels add is not handled, and the filter has no call for
 * it.
 */
#define ALL_RIGHTS                                                        \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |     \
	 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |     \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |     \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |     \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |   \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
#define FEED_RIGHTS                                                     \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)

static bool enter_landlock(int dirfd)
{
	const struct landlock_ruleset_attr rules = {.handled_access_fs = ALL_RIGHTS};
	const struct landlock_path_beneath_attr feed = {.allowed_access = FEED_RIGHTS,
							.parent_fd = dirfd};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	bool entered;

	if (fd < 0)
		return false;
	entered = syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &feed, 0) == 0 &&
		  syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	(void)close(fd);
	return entered;
}

bool cage_enter(int dirfd, bool by_landlock)
{
	if (fchdir(dirfd) == 0 && chroot(".") == 0)
		return true;
	return by_landlock && enter_landlock(dirfd);
}
