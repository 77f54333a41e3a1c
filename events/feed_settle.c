/* SPDX-License-Identifier: Apache-2.0 */
/* Paying what others owe the feed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "events/feed_compare.h"
#include "events/feed_file.h"
#include "events/journal.h"
#include "events/line.h"

/* A comparison that failed (a full disk) reads all there is: not in every command. */
#define RETRY_INTERVAL_S 10

static uint64_t uptime_s(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec + 1; /* 0: never */
}

static bool is_stale(const struct pending_head *head, const struct feed *f, const char *boot_id)
{
	struct feed_identity identity;

	return head->overflow || !feed_identity_read(f, &identity) ||
	       memcmp(head->key, identity.key, sizeof(head->key)) != 0 ||
	       (*boot_id && strncmp(head->boot_id, boot_id, sizeof(head->boot_id)) != 0);
}

static bool was_just_tried(const struct pending_head *head, const char *boot_id)
{
	uint64_t now = uptime_s();

	return head->tried_s > 0 && head->tried_s <= now &&
	       now - head->tried_s < RETRY_INTERVAL_S &&
	       strncmp(head->boot_id, boot_id, sizeof(head->boot_id)) == 0;
}

/* The head is ours. */
static int compare(struct feed *f, int log_dirfd, const char *boot_id, struct pending_head *ret)
{
	struct feed_identity identity;
	int r = feed_compare(f, log_dirfd);

	memset(ret, 0, sizeof(*ret));
	(void)strncpy(ret->boot_id, boot_id, sizeof(ret->boot_id) - 1);
	if (r == 0 && !feed_identity_read(f, &identity)) {
		/* Without a line to write nobody has made it. */
		struct feed_file file;

		r = feed_file_open(&file, f);
		if (r == 0) {
			identity = file.identity;
			feed_file_close(&file);
		}
	}
	if (r == 0)
		memcpy(ret->key, identity.key, sizeof(ret->key));
	else
		ret->tried_s = uptime_s();
	return r;
}

/* What dead writers owe is paid by the comparison, too; taken before it, lest one dies in between.
 */
static int compare_for_all(struct feed *f, int log_dirfd, const char *boot_id,
			   struct pending_file *now)
{
	bool taken[PENDING_SLOTS];
	struct pending_head head;
	int r;

	for (unsigned int i = 0; i < PENDING_SLOTS; i++)
		taken[i] = pending_slot_is_set(&now->slots[i]) &&
			   pending_take(&f->pending, i, &now->slots[i]);
	r = compare(f, log_dirfd, boot_id, &head);
	for (unsigned int i = 0; i < PENDING_SLOTS; i++) {
		if (taken[i])
			pending_give(&f->pending, i, r == 0);
	}
	pending_give_head(&f->pending, &head);
	return r;
}

static int compare_all(struct feed *f, int log_dirfd, const char *boot_id)
{
	struct pending_file now;

	/* Somebody else is at it, or some write without a slot. */
	if (!pending_take_head(&f->pending))
		return 0;
	if (pending_read(f->pending.fd, &now) && is_stale(&now.head, f, boot_id))
		return compare_for_all(f, log_dirfd, boot_id, &now);
	pending_give_head(&f->pending, NULL);
	return 0;
}

static bool is_of(int fd, const char *instance)
{
	char found[JOURNAL_INSTANCE_LEN + 1];

	return line_first_instance(fd, found) == 0 && strcmp(found, instance) == 0;
}

static int open_if_of(int log_dirfd, const char *name, const char *instance)
{
	int fd = openat(log_dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && is_of(fd, instance))
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -ENOENT;
}

/* @inode: 0: any. */
static int find_log(int log_dirfd, const char *instance, uint64_t inode)
{
	int fd = openat(log_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = -ENOENT;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		found = -errno;
		if (fd >= 0)
			(void)close(fd);
		return found;
	}
	while (found == -ENOENT && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && (inode == 0 || entry->d_ino == inode))
			found = open_if_of(log_dirfd, entry->d_name, instance);
	}
	(void)closedir(dir);
	return found;
}

static void instance_of(const struct pending_slot *slot, char ret[JOURNAL_INSTANCE_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(slot->instance); i++) {
		ret[2 * i] = digits[slot->instance[i] >> 4];
		ret[2 * i + 1] = digits[slot->instance[i] & 15];
	}
	ret[JOURNAL_INSTANCE_LEN] = '\0';
}

static int pay(const struct feed *f, int log_dirfd, const struct pending_slot *slot)
{
	char instance[JOURNAL_INSTANCE_LEN + 1];
	struct feed_choice owed = {.instance = instance, .from = slot->seq};
	struct feed_file file;
	int fd, r;

	instance_of(slot, instance);
	fd = find_log(log_dirfd, instance, slot->inode);
	if (fd == -ENOENT)
		fd = find_log(log_dirfd, instance, 0);
	/* Its writer died before the first line, or somebody removed it. */
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = feed_file_open(&file, f);
	if (r == 0) {
		r = feed_copy(&file, f, fd, &owed);
		feed_file_close(&file);
	}
	(void)close(fd);
	return r;
}

static int pay_slot(struct feed *f, int log_dirfd, unsigned int number)
{
	struct pending_slot slot;
	int r;

	if (!pending_take(&f->pending, number, &slot))
		return 0;
	r = pay(f, log_dirfd, &slot);
	pending_give(&f->pending, number, r == 0);
	return r;
}

int feed_settle(struct feed *f, int log_dirfd, const char *boot_id)
{
	struct pending_file now;
	int r = 0;

	if (f->dirfd < 0 || f->pending.fd < 0)
		return f->dirfd < 0 ? f->dirfd : f->pending.fd;
	if (!pending_read(f->pending.fd, &now))
		return -EIO;
	if (is_stale(&now.head, f, boot_id))
		return was_just_tried(&now.head, boot_id) ? 0 : compare_all(f, log_dirfd, boot_id);
	for (unsigned int i = 0; r == 0 && i < PENDING_SLOTS; i++) {
		if (pending_slot_is_set(&now.slots[i]))
			r = pay_slot(f, log_dirfd, i);
	}
	return r;
}

void feed_forget(int log_dirfd)
{
	static const struct pending_file nothing;
	int fd = openat(log_dirfd, PENDING_NAME, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct pending_file now;

	if (fd < 0)
		return;
	if (pending_read(fd, &now) && memcmp(&now, &nothing, sizeof(now)) != 0)
		(void)!pwrite(fd, &nothing, sizeof(nothing), 0);
	(void)close(fd);
}
