/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of which logs the feed has, and adding the others. */
#include "events/feed_compare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/feed_file.h"
#include "events/journal_file.h"
#include "events/line.h"

/* No log has as many; a number beyond it is not remembered, and such a line may come twice. */
#define SEQ_MAX (UINT64_C(1) << 22)

/* The lines of one instance. */
struct entry {
	char instance[JOURNAL_INSTANCE_LEN]; /* empty: a free place */
	uint64_t lowest;		     /* seq */
	size_t size;			     /* bytes of bits */
	unsigned char *bits;		     /* one for each seq */
};

struct known {
	size_t count, size;    /* size: a power of two */
	struct entry *entries; /* open addressing */
	bool dropped;	       /* older ones were there once */
	char oldest[31];       /* timestamp of the oldest line; empty: there is none */
};

static struct entry *place_of(const struct known *k, const char *instance)
{
	uint64_t hash;
	size_t i;

	if (k->size == 0)
		return NULL;
	/* Random digits, all of them; the multiplication gives the high bits a say. */
	memcpy(&hash, instance, sizeof(hash));
	i = (size_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	for (;; i++) {
		struct entry *e = &k->entries[i & (k->size - 1)];

		if (!e->instance[0] || memcmp(e->instance, instance, sizeof(e->instance)) == 0)
			return e;
	}
}

static int grow(struct known *k)
{
	struct known larger = {.size = k->size ? 2 * k->size : 256};

	if (2 * (k->count + 1) <= k->size)
		return 0;
	larger.entries = calloc(larger.size, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < k->size; i++) {
		if (k->entries[i].instance[0])
			*place_of(&larger, k->entries[i].instance) = k->entries[i];
	}
	free(k->entries);
	k->entries = larger.entries;
	k->size = larger.size;
	return 0;
}

static int set_bit(struct entry *e, uint64_t seq)
{
	size_t byte = (size_t)(seq / 8);

	if (seq > SEQ_MAX)
		return 0;
	if (byte >= e->size) {
		size_t size = byte < 8 ? 8 : 2 * byte;
		unsigned char *bits = realloc(e->bits, size);

		if (!bits)
			return -ENOMEM;
		memset(bits + e->size, 0, size - e->size);
		e->bits = bits;
		e->size = size;
	}
	e->bits[byte] |= (unsigned char)(1U << seq % 8);
	return 0;
}

static int note_line(struct known *k, const struct line *line)
{
	struct entry *e;
	int r = grow(k);

	if (r < 0)
		return r;
	e = place_of(k, line->instance.at);
	if (!e->instance[0]) {
		memcpy(e->instance, line->instance.at, sizeof(e->instance));
		e->lowest = line->seq;
		k->count++;
	}
	if (line->seq < e->lowest)
		e->lowest = line->seq;
	if (!k->oldest[0] || memcmp(line->timestamp.at, k->oldest, line->timestamp.length) < 0)
		memcpy(k->oldest, line->timestamp.at, line->timestamp.length);
	return set_bit(e, line->seq);
}

/* One file of the feed; @text is the whole of it. */
static int note_lines(struct known *k, const char *text, size_t length)
{
	const char *end = text + length;
	int r = 0;

	while (r == 0 && text < end) {
		const char *lf = memchr(text, '\n', (size_t)(end - text));
		struct line line;

		if (!lf)
			break;
		if (line_parse(text, (size_t)(lf - text), &line))
			r = note_line(k, &line);
		text = lf + 1;
	}
	return r;
}

static int read_whole(int fd, char *text, size_t size, size_t *ret_length)
{
	for (*ret_length = 0; *ret_length < size;) {
		ssize_t n = read(fd, text + *ret_length, size - *ret_length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		*ret_length += (size_t)n;
	}
	return 0;
}

/* Not mapped: its file system may fail, which would be a signal. */
static int read_file(struct known *k, int fd)
{
	struct stat st;
	char *text;
	size_t length;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	text = malloc((size_t)st.st_size);
	if (!text)
		return -ENOMEM;
	r = read_whole(fd, text, (size_t)st.st_size, &length);
	if (r == 0)
		r = note_lines(k, text, length);
	free(text);
	return r;
}

/* 1; 0 when there is no such file; or a negative errno. */
static int read_numbered(struct known *k, const struct feed *f, unsigned int number)
{
	char name[FEED_FILE_NAME_SIZE];
	int fd, r;

	feed_file_name(name, number);
	fd = openat(f->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = read_file(k, fd);
	(void)close(fd);
	return r < 0 ? r : 1;
}

/* From the newest on: a file that is put aside meanwhile only gets a higher number. */
static int read_feed(struct known *k, const struct feed *f)
{
	struct feed_identity identity;
	int r = read_numbered(k, f, 0); /* it may just have been put aside */

	if (r >= 0)
		r = 1;
	for (unsigned int i = 1; r > 0 && i <= FEED_FILES_MAX; i++)
		r = read_numbered(k, f, i);
	/* After it: what went before we were there is not in @k. */
	k->dropped = feed_identity_read(f, &identity) && identity.dropped;
	return r < 0 ? r : 0;
}

static bool is_owed(void *known, const struct line *line)
{
	const struct known *k = known;
	const struct entry *e = place_of(k, line->instance.at);
	size_t byte = (size_t)(line->seq / 8);
	bool seen = e && e->instance[0];

	if (seen && byte < e->size && e->bits[byte] & 1U << line->seq % 8)
		return false;
	return !k->dropped || (seen && line->seq > e->lowest) ||
	       memcmp(line->timestamp.at, k->oldest, line->timestamp.length) >= 0;
}

struct log {
	struct timespec changed;
	char name[JOURNAL_NAME_SIZE];
};

struct logs {
	size_t count, size;
	struct log *items;
};

static bool is_log(const char *name)
{
	size_t length = strlen(name), suffix = strlen(JOURNAL_SUFFIX);

	return name[0] != '.' && length > suffix && length < JOURNAL_NAME_SIZE &&
	       strcmp(name + length - suffix, JOURNAL_SUFFIX) == 0;
}

static int add_log(struct logs *l, int log_dirfd, const char *name)
{
	struct stat st;

	if (!is_log(name) || fstatat(log_dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (l->count == l->size) {
		size_t size = l->size ? 2 * l->size : 64;
		struct log *items = reallocarray(l->items, size, sizeof(*items));

		if (!items)
			return -ENOMEM;
		l->items = items;
		l->size = size;
	}
	l->items[l->count].changed = st.st_mtim;
	(void)stpcpy(l->items[l->count++].name, name);
	return 0;
}

static int oldest_first(const void *a, const void *b)
{
	const struct timespec *left = &((const struct log *)a)->changed;
	const struct timespec *right = &((const struct log *)b)->changed;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec < right->tv_sec ? -1 : 1;
	return left->tv_nsec < right->tv_nsec ? -1 : left->tv_nsec > right->tv_nsec;
}

static int list_logs(struct logs *l, int log_dirfd)
{
	int fd = openat(log_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		r = add_log(l, log_dirfd, entry->d_name);
	(void)closedir(dir);
	if (l->count > 1)
		qsort(l->items, l->count, sizeof(*l->items), oldest_first);
	return r;
}

/* A log that cannot be read is no reason to leave out the others. */
static int add_missing(const struct known *k, const struct feed *f, int log_dirfd, const char *name)
{
	int fd = openat(log_dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), r = 0;
	char instance[JOURNAL_INSTANCE_LEN + 1];
	struct feed_choice choice = {.instance = instance, .wants = is_owed, .arg = (void *)k};
	struct feed_file file;

	if (fd >= 0 && journal_file_check(fd) == 0 && line_first_instance(fd, instance) == 0) {
		r = feed_file_open(&file, f);
		if (r == 0) {
			r = feed_copy(&file, f, fd, &choice);
			feed_file_close(&file);
		}
	}
	if (fd >= 0)
		(void)close(fd);
	return r;
}

static void free_all(struct known *k, struct logs *l)
{
	for (size_t i = 0; i < k->size; i++)
		free(k->entries[i].bits);
	free(k->entries);
	free(l->items);
}

int feed_compare(const struct feed *f, int log_dirfd)
{
	struct known known = {0};
	struct logs logs = {0};
	int r = read_feed(&known, f);

	if (r == 0)
		r = list_logs(&logs, log_dirfd);
	for (size_t i = 0; r == 0 && i < logs.count; i++)
		r = add_missing(&known, f, log_dirfd, logs.items[i].name);
	free_all(&known, &logs);
	return r;
}
