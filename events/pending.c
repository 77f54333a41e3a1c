/* SPDX-License-Identifier: Apache-2.0 */
/* The file of intents: claiming, striking out, and finding what the dead left. */
#include "events/pending.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/journal.h"

_Static_assert(sizeof(struct pending_slot) == 32, "the layout of a file");
_Static_assert(sizeof(struct pending_file) == 32768, "the layout of a file");

static off_t slot_offset(unsigned int slot)
{
	return (off_t)(offsetof(struct pending_file, slots) + slot * sizeof(struct pending_slot));
}

/* With all its space, so that an intent finds room on a full disk. */
static int make_room(int fd)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size == (off_t)sizeof(struct pending_file))
		return 0;
	do
		r = fallocate(fd, 0, 0, sizeof(struct pending_file));
	while (r < 0 && errno == EINTR);
	if (r < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		r = ftruncate(fd, sizeof(struct pending_file));
	return r < 0 ? -errno : 0;
}

int pending_open(struct pending *p, int log_dirfd)
{
	int r;

	*p = (struct pending)PENDING_CLOSED;
	p->fd = openat(log_dirfd, PENDING_NAME,
		       O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (p->fd < 0) {
		p->fd = -errno;
		return p->fd;
	}
	r = make_room(p->fd);
	if (r < 0) {
		(void)close(p->fd);
		p->fd = r;
	}
	return r;
}

void pending_close(struct pending *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -EBADF;
}

/*
 * Not flock: one for each slot. Not fcntl's old locks: those belong to a process, and whoever
 * closes the file in it lets go of all of them.
 */
static int lock(int fd, int command, short type, off_t start, off_t length)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
	int r;

	do
		r = fcntl(fd, command, &l);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int lock_slot(const struct pending *p, unsigned int slot, short type)
{
	return lock(p->fd, F_OFD_SETLK, type, slot_offset(slot), sizeof(struct pending_slot));
}

static int lock_head(const struct pending *p, int command, short type)
{
	return lock(p->fd, command, type, 0, sizeof(struct pending_head));
}

bool pending_slot_is_set(const struct pending_slot *slot)
{
	static const struct pending_slot zero;

	return memcmp(slot, &zero, sizeof(zero)) != 0;
}

static bool read_slot(const struct pending *p, unsigned int slot, struct pending_slot *ret)
{
	return pread(p->fd, ret, sizeof(*ret), slot_offset(slot)) == (ssize_t)sizeof(*ret);
}

static void write_slot(const struct pending *p, unsigned int slot, const struct pending_slot *s)
{
	/* Its space is there; an I/O error leaves a debt unknown or paid twice. */
	(void)!pwrite(p->fd, s, sizeof(*s), slot_offset(slot));
}

static unsigned char nibble(char c)
{
	return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void name_instance(struct pending_slot *slot, const char *instance)
{
	for (size_t i = 0; i < sizeof(slot->instance); i++)
		slot->instance[i] =
			(unsigned char)(nibble(instance[2 * i]) << 4 | nibble(instance[2 * i + 1]));
}

/* All hold a share while they write; whoever clears the mark waits for them. */
static void claim_overflow(struct pending *p)
{
	static const uint8_t mark = 1;

	if (lock_head(p, F_OFD_SETLKW, F_RDLCK) < 0)
		return;
	p->overflow = true;
	(void)!pwrite(p->fd, &mark, 1, offsetof(struct pending_head, overflow));
}

/* Returns whether @slot is ours now. */
static bool try_slot(struct pending *p, unsigned int slot, const struct pending_slot *mine)
{
	struct pending_slot found;

	if (lock_slot(p, slot, F_WRLCK) < 0)
		return false;
	if (read_slot(p, slot, &found)) {
		bool set = pending_slot_is_set(&found);

		/* Of this very log: one before us has died, or could not pay. */
		if (set && memcmp(found.instance, mine->instance, sizeof(found.instance)) == 0 &&
		    found.seq <= mine->seq) {
			p->from = found.seq;
			p->slot = (int)slot;
			return true;
		}
		if (!set) {
			write_slot(p, slot, mine);
			p->slot = (int)slot;
			return true;
		}
	}
	(void)lock_slot(p, slot, F_UNLCK);
	return false;
}

void pending_claim(struct pending *p, const char *instance, uint64_t inode, uint64_t seq)
{
	struct pending_slot mine = {.seq = seq, .inode = inode};
	uint64_t first;

	p->seq = p->from = seq;
	if (p->fd < 0)
		return;
	name_instance(&mine, instance);
	/* Always the same place: so a log finds its own debt again. */
	memcpy(&first, mine.instance, sizeof(first));
	for (unsigned int i = 0; i < PENDING_SLOTS; i++) {
		if (try_slot(p, (unsigned int)((first + i) % PENDING_SLOTS), &mine))
			return;
	}
	claim_overflow(p);
}

void pending_give(const struct pending *p, unsigned int slot, bool paid)
{
	static const struct pending_slot zero;

	if (paid)
		write_slot(p, slot, &zero);
	(void)lock_slot(p, slot, F_UNLCK);
}

void pending_release(struct pending *p, bool paid)
{
	if (p->slot >= 0)
		pending_give(p, (unsigned int)p->slot, paid);
	if (p->overflow)
		(void)lock_head(p, F_OFD_SETLK, F_UNLCK);
	p->slot = -1;
	p->overflow = false;
}

bool pending_is_for(const struct pending *p, const unsigned char key[PENDING_KEY_SIZE])
{
	unsigned char found[PENDING_KEY_SIZE];

	return p->fd >= 0 && pread(p->fd, found, sizeof(found), 0) == (ssize_t)sizeof(found) &&
	       memcmp(found, key, sizeof(found)) == 0;
}

bool pending_read(int fd, struct pending_file *ret)
{
	return pread(fd, ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret);
}

bool pending_take(const struct pending *p, unsigned int slot, struct pending_slot *ret)
{
	if (lock_slot(p, slot, F_WRLCK) < 0)
		return false;
	if (read_slot(p, slot, ret) && pending_slot_is_set(ret))
		return true;
	(void)lock_slot(p, slot, F_UNLCK);
	return false;
}

bool pending_take_head(struct pending *p)
{
	return lock_head(p, F_OFD_SETLK, F_WRLCK) == 0;
}

void pending_give_head(struct pending *p, const struct pending_head *head)
{
	if (head)
		(void)!pwrite(p->fd, head, sizeof(*head), 0); /* as write_slot */
	(void)lock_head(p, F_OFD_SETLK, F_UNLCK);
}
