/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled seccomp programs, kept as files. A file is a header, the key's bytes and the filter; its
 * name is a hash of the key. The hash only finds the file: whether it is the right one, the bytes
 * of the key decide. The checksum is against torn and rotten files, as nothing is synced.
 */
#include "setup/seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "setup/seccomp_key.h"

#define CACHE_DIR     ".seccomp"
#define FORMAT	      1
#define KEY_MAX	      (512 * 1024)
#define FILE_MAX      (sizeof(struct header) + KEY_MAX + BPF_MAXINSNS * sizeof(struct sock_filter))
#define TOUCH_AFTER_S 3600 /* hits within it leave the file as it is */
#define NAME_SIZE     24

struct header {
	char magic[8];
	uint32_t format;
	uint32_t instructions;
	uint64_t key_length;
	uint64_t checksum; /* of all that is before it and after it */
};

static const char magic[8] = {'s', 'e', 'c', 'c', 'o', 'm', 'p', '\n'};

struct key {
	char *bytes;
	size_t length;
	char name[NAME_SIZE];
};

static int open_directory(int root_dirfd)
{
	return openat(root_dirfd, CACHE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int seccomp_cache_open(int root_dirfd)
{
	autofd fd = open_directory(root_dirfd);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(root_dirfd, CACHE_DIR, 0700) < 0 && errno != EEXIST)
			return -errno;
		fd = open_directory(root_dirfd);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	return take_fd(&fd);
}

/*
 * Each step can be undone, so that two runs of bytes that differ in one word of eight bytes never
 * have the same sum.
 */
static uint64_t sum(uint64_t state, const void *data, size_t length)
{
	const char *at = data;

	for (size_t done = 0; done < length; done += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t left = length - done;

		memcpy(&word, at + done, left < sizeof(word) ? left : sizeof(word));
		state = (state ^ word) * 0x9e3779b97f4a7c15U;
		state ^= state >> 29;
	}
	return state ^ length;
}

static uint64_t checksum(const struct header *h, const char *key, const void *filter)
{
	uint64_t state = sum(0, h, offsetof(struct header, checksum));

	state = sum(state, key, h->key_length);
	return sum(state, filter, h->instructions * sizeof(struct sock_filter));
}

static int make_key(const struct spec_seccomp *section, struct key *key)
{
	int r = seccomp_key(section, &key->bytes, &key->length);

	if (r < 0)
		return r;
	if (key->length > KEY_MAX)
		return -EFBIG;
	(void)snprintf(key->name, sizeof(key->name), "%016" PRIx64,
		       sum(FORMAT, key->bytes, key->length));
	return 0;
}

/* ---- a hit ---- */

/* Nobody but the caller can have written it. */
static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH)) && st->st_size <= (off_t)FILE_MAX;
}

/* So that what is in use is not the oldest; seldom, as most hits should write nothing. */
static void touch_if_old(int fd, const struct stat *st)
{
	if (time(NULL) - st->st_mtime > TOUCH_AFTER_S)
		(void)futimens(fd, NULL); /* a read-only file system: then nothing goes, either */
}

static bool is_right(const char *file, size_t size, const struct key *key)
{
	struct header h;
	size_t filter_bytes;

	if (size < sizeof(h))
		return false;
	memcpy(&h, file, sizeof(h));
	if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.format != FORMAT ||
	    h.key_length != key->length || h.instructions == 0 || h.instructions > BPF_MAXINSNS)
		return false;
	filter_bytes = h.instructions * sizeof(struct sock_filter);
	file += sizeof(h);
	return size == sizeof(h) + key->length + filter_bytes &&
	       memcmp(file, key->bytes, key->length) == 0 &&
	       checksum(&h, file, file + key->length) == h.checksum;
}

/* -ENOENT, -EUCLEAN for a file that is not to be believed, or another negative errno. */
static int load(int dirfd, const struct key *key, struct seccomp_program *ret)
{
	autofd fd = openat(dirfd, key->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autofree char *file = NULL;
	const char *filter;
	size_t filter_bytes;
	struct stat st;
	ssize_t size;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!is_ours(&st))
		return -EUCLEAN;
	size = fd_read_text(fd, FILE_MAX, &file);
	if (size < 0)
		return (int)size;
	if (!is_right(file, (size_t)size, key))
		return -EUCLEAN;
	filter = file + sizeof(struct header) + key->length;
	filter_bytes = (size_t)(file + size - filter);
	ret->filter = malloc(filter_bytes);
	if (!ret->filter)
		return -ENOMEM;
	memcpy(ret->filter, filter, filter_bytes);
	ret->count = filter_bytes / sizeof(*ret->filter);
	touch_if_old(fd, &st);
	return 0;
}

/* ---- a miss ---- */

static int write_file(int fd, const struct key *key, const struct seccomp_program *program)
{
	struct header h = {.format = FORMAT,
			   .instructions = (uint32_t)program->count,
			   .key_length = key->length};
	int r;

	memcpy(h.magic, magic, sizeof(magic));
	h.checksum = checksum(&h, key->bytes, program->filter);
	r = fd_write_all(fd, &h, sizeof(h));
	if (r == 0)
		r = fd_write_all(fd, key->bytes, key->length);
	if (r == 0)
		r = fd_write_all(fd, program->filter, program->count * sizeof(*program->filter));
	return r;
}

/* Under a name of its own until it is whole, so that whoever looks meanwhile sees no part of it. */
static int store(int dirfd, const struct key *key, const struct seccomp_program *program)
{
	char temporary[NAME_SIZE];
	autofd fd = -EBADF;
	uint64_t random;
	int r;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		return -EAGAIN;
	(void)snprintf(temporary, sizeof(temporary), "new-%016" PRIx64, random);
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_file(fd, key, program);
	if (r == 0 && renameat(dirfd, temporary, dirfd, key->name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dirfd, temporary, 0); /* should it stay, its age removes it */
	return r;
}

/* ---- bounds ---- */

struct census {
	size_t files;
	off_t bytes;
	struct timespec oldest_mtime;
	char oldest[NAME_SIZE];
};

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* Longer names are not the cache's. */
static void count(struct census *all, const char *name, const struct stat *st, const char *newest)
{
	all->files++;
	all->bytes += st->st_size;
	if (strcmp(name, newest) == 0)
		return;
	if (all->oldest[0] && !is_before(&st->st_mtim, &all->oldest_mtime))
		return;
	all->oldest_mtime = st->st_mtim;
	memcpy(all->oldest, name, strlen(name) + 1);
}

static struct census take_census(int dirfd, const char *newest)
{
	struct census all = {0};
	autodir *dir = NULL;
	const struct dirent *entry;
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (copy < 0)
		return all;
	dir = fdopendir(copy);
	if (!dir) {
		(void)close(copy);
		return all;
	}
	while ((entry = readdir(dir))) {
		struct stat st;

		if (strlen(entry->d_name) < NAME_SIZE &&
		    fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			count(&all, entry->d_name, &st, newest);
	}
	return all;
}

/* One goes for each that comes; more only after somebody else has put files here. */
static void make_room(int dirfd, const char *newest)
{
	for (int i = 0; i < SECCOMP_CACHE_FILES; i++) {
		struct census all = take_census(dirfd, newest);

		if (all.files <= SECCOMP_CACHE_FILES && all.bytes <= SECCOMP_CACHE_BYTES)
			return;
		if (!all.oldest[0] || unlinkat(dirfd, all.oldest, 0) < 0)
			return;
	}
}

/* ---- both ---- */

static int compile_and_keep(int dirfd, const struct key *key, const struct spec_seccomp *section,
			    struct seccomp_program *ret, struct error *err)
{
	int r = seccomp_compile(section, ret, err);

	if (r < 0)
		return r;
	r = store(dirfd, key, ret);
	if (r < 0)
		log_debug("seccomp: the program is not kept: %s", strerror(-r));
	else
		make_room(dirfd, key->name);
	return 0;
}

int seccomp_obtain(int cache_dirfd, const struct spec_seccomp *section, struct seccomp_program *ret,
		   struct error *err)
{
	struct key key = {0};
	int r;

	if (cache_dirfd < 0 || make_key(section, &key) < 0) {
		free(key.bytes);
		return seccomp_compile(section, ret, err);
	}
	r = load(cache_dirfd, &key, ret);
	if (r == 0)
		ret->flags = section->flags;
	else
		r = compile_and_keep(cache_dirfd, &key, section, ret, err);
	free(key.bytes);
	return r;
}
