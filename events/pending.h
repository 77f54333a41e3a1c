/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intents: which lines the feed is owed. A file of slots beside the logs; a writer locks one (OFD:
 * the kernel lets go of it when the writer dies) and names log and seq in it before the line is
 * written. A slot that says something and is not locked is a debt.
 *
 * The head says up to which boot and which feed all logs were compared with it (feed_settle).
 */
#ifndef EVENTS_PENDING_H
#define EVENTS_PENDING_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PENDING_NAME	 ".pending"
#define PENDING_KEY_SIZE 16
#define PENDING_BOOT_MAX 40

/* One of 32 bytes; all zero: nothing is owed. */
struct pending_slot {
	unsigned char instance[16];
	uint64_t seq;	/* this line and all after it */
	uint64_t inode; /* of the log: quicker to find than the instance */
};

struct pending_head {
	unsigned char key[PENDING_KEY_SIZE]; /* of the feed */
	char boot_id[PENDING_BOOT_MAX];
	uint64_t tried_s; /* CLOCK_BOOTTIME of a comparison that failed */
	uint8_t overflow; /* there was no slot left: any log may owe something */
	char unused[31];
};

struct pending {
	int fd;	       /* owned; negative: debts cannot be noted */
	int slot;      /* ours while a line is being written; negative: none */
	bool overflow; /* there was none left; a share of the head's lock is ours */
	uint64_t seq;  /* the line being written */
	uint64_t from; /* the first one of this log that is owed, it or an earlier one */
};

#define PENDING_CLOSED                   \
	{                                \
		.fd = -EBADF, .slot = -1 \
	}

/* pending_open - making it where it is not there. 0, or a negative errno, which is in @p->fd too.
 */
int pending_open(struct pending *p, int log_dirfd);
void pending_close(struct pending *p);

/* pending_claim - a slot for line @seq of @instance (32 hex digits); @p->from tells what is owed.
 */
void pending_claim(struct pending *p, const char *instance, uint64_t inode, uint64_t seq);

/* pending_release - and strike it out if @paid. */
void pending_release(struct pending *p, bool paid);

/* pending_is_for - is it the feed with this key that the logs were compared with? */
bool pending_is_for(const struct pending *p, const unsigned char key[PENDING_KEY_SIZE]);

/* ---- for those who pay others' debts; see feed_settle.c ---- */

/* pending_read - head and slots as they are now; false when there is no such file. */
#define PENDING_SLOTS 1021
struct pending_file {
	struct pending_head head;
	struct pending_slot slots[PENDING_SLOTS];
};
bool pending_read(int fd, struct pending_file *ret);
bool pending_slot_is_set(const struct pending_slot *slot);

/* pending_take - lock a slot whose writer is dead, and read it again; false: it is no debt (any
 * more). Several may be taken; pending_give ends it, and strikes it out if @paid. */
bool pending_take(const struct pending *p, unsigned int slot, struct pending_slot *ret);
void pending_give(const struct pending *p, unsigned int slot, bool paid);

/* pending_take_head - false when somebody else has it; pending_give_head: with what it says now,
 * or NULL: as it was. */
bool pending_take_head(struct pending *p);
void pending_give_head(struct pending *p, const struct pending_head *head);

#endif
