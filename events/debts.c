/* SPDX-License-Identifier: Apache-2.0 */
/* The intents of pending.h, as who removes logs must look at them. */
#include "events/debts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "events/pending.h"

struct pending_file *debts_read(int log_dirfd)
{
	int fd = openat(log_dirfd, PENDING_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct pending_file *debts = fd < 0 ? NULL : malloc(sizeof(*debts));

	if (debts && !pending_read(fd, debts)) {
		free(debts);
		debts = NULL;
	}
	if (fd >= 0)
		(void)close(fd);
	return debts;
}

bool debts_include(const struct pending_file *debts, uint64_t inode)
{
	if (!debts)
		return false;
	/* Nobody can say which: there was no room left to note it, or a comparison of all of them
	 * has failed. */
	if (debts->head.overflow || debts->head.tried_s > 0)
		return true;
	for (unsigned int i = 0; i < PENDING_SLOTS; i++)
		if (pending_slot_is_set(&debts->slots[i]) && debts->slots[i].inode == inode)
			return true;
	return false;
}
