/* SPDX-License-Identifier: Apache-2.0 */
/* Saying and hearing a monitor's name. */
#include "monitor/word.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "monitor/exit_status.h"

#define UNWRITTEN "unwritten"
#define UNSYNCED  "unsynced "

/* Not the witnesses' byte (monitor/witnesses.c). */
#define LOCKED_BYTE 1

/* The letter behind the status; a capital one: its program was never executed. */
static const struct {
	char letter;
	const char *source;
} sources[] = {
	{'p', SOURCE_PIDFD},  {'n', SOURCE_NETLINK}, {'z', SOURCE_ZOMBIE},
	{'w', SOURCE_PARENT}, {'t', SOURCE_PTRACE},
};

#define EXEC_FAILED ('A' - 'a')

static struct flock lock_of(short type)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = LOCKED_BYTE, .l_len = 1};
}

void word_begin(int lock_fd)
{
	struct flock lock = lock_of(F_RDLCK);

	(void)fcntl(lock_fd, F_SETLK, &lock); /* a file system without: then nobody hears us */
}

static char letter_of(const struct word *word)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(sources) - 1 && strcmp(sources[i].source, word->source) != 0)
		i++;
	return (char)(sources[i].letter + (word->exec_failed ? EXEC_FAILED : 0));
}

void word_say(const struct word *word)
{
	char name[32] = WORD_NAME;

	if (word && word->ended && word->known)
		(void)snprintf(name, sizeof(name), UNWRITTEN " %04x%c",
			       (unsigned int)word->status & 0xffff, letter_of(word));
	else if (word && word->ended)
		(void)snprintf(name, sizeof(name), UNWRITTEN);
	else if (word && word->unsynced)
		(void)snprintf(name, sizeof(name), UNSYNCED "%d", word->unsynced);
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

static bool parse_status(const char *text, struct word *ret)
{
	char *end;
	size_t i = 0;

	ret->status = (int)strtoul(text, &end, 16);
	ret->exec_failed = *end >= 'A' && *end <= 'Z';
	if (ret->exec_failed)
		*end = (char)(*end - EXEC_FAILED);
	while (i < ARRAY_SIZE(sources) && sources[i].letter != *end)
		i++;
	if (end - text != 4 || i == ARRAY_SIZE(sources))
		return false;
	ret->source = sources[i].source;
	ret->known = true;
	return true;
}

static bool parse(char *name, struct word *ret)
{
	size_t length = strlen(UNWRITTEN);

	*ret = (struct word){.source = SOURCE_NONE};
	if (strncmp(name, UNSYNCED, strlen(UNSYNCED)) == 0) {
		ret->unsynced = atoi(name + strlen(UNSYNCED));
		return ret->unsynced > 0;
	}
	if (strncmp(name, UNWRITTEN, length) != 0)
		return false;
	ret->ended = true;
	return name[length] == '\0' ||
	       (name[length] == ' ' && parse_status(name + length + 1, ret));
}

/* The holder's pid, or 0. */
static pid_t speaker(int fd)
{
	struct flock lock = lock_of(F_WRLCK);

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0
		       ? lock.l_pid
		       : 0;
}

bool word_hear(int state_dirfd, struct word *ret)
{
	autofd fd = openat(state_dirfd, "monitor", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	pid_t pid = fd < 0 ? 0 : speaker(fd);
	char path[40], name[32];

	if (pid == 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	/* Asked again: so it was alive while we read, and the number was its own. */
	return file_read_at(AT_FDCWD, path, name, sizeof(name)) > 0 && speaker(fd) == pid &&
	       parse(name, ret);
}
