/* SPDX-License-Identifier: Apache-2.0 */
/* Places in a file; see cursor_file.h. */
#include "verbs/cursor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define MAGIC	     "ocirun-cursor 1\n"
#define SECTOR	     512
#define CHECK_DIGITS 16

struct place {
	uint64_t number; /* of the last writing; its sector is number % 2. 0: none yet */
	char text[CURSOR_PLACE_MAX + 1];
};

struct cursor_file {
	int fd;
	char *path;
	size_t header_size; /* whole sectors */
	size_t count;
	struct place *places;
};

/* FNV-1a, 64 bits: against accidents. */
static uint64_t check_of(const char *text, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static off_t place_offset(const struct cursor_file *f, size_t i, uint64_t number)
{
	return (off_t)(f->header_size + (2 * i + number % 2) * SECTOR);
}

static size_t file_size(const struct cursor_file *f)
{
	return f->header_size + 2 * f->count * SECTOR;
}

/* What the file of @names begins with; spaces and an LF up to a whole sector. */
static char *make_header(const char *what, const char *const *names, size_t count, size_t *ret_size)
{
	size_t length = sizeof(MAGIC) - 1 + strlen(what) + 1, size;
	char *header, *p;

	for (size_t i = 0; i < count; i++)
		length += strlen(names[i]) + 1;
	size = (length / SECTOR + 1) * SECTOR;
	header = malloc(size + 1);
	if (!header)
		return NULL;
	p = stpcpy(stpcpy(stpcpy(header, MAGIC), what), "\n");
	for (size_t i = 0; i < count; i++)
		p = stpcpy(stpcpy(p, names[i]), "\n");
	memset(p, ' ', size - length);
	header[size - 1] = '\n';
	header[size] = '\0';
	*ret_size = size;
	return header;
}

static void make_sector(char sector[SECTOR + 1], const struct place *place)
{
	int length = snprintf(sector + CHECK_DIGITS, SECTOR - CHECK_DIGITS, " %" PRIu64 " %s",
			      place->number, place->text);

	memset(sector + CHECK_DIGITS + length, ' ', (size_t)(SECTOR - CHECK_DIGITS - length));
	sector[SECTOR - 1] = '\n';
	sector[SECTOR] = '\0';
	(void)snprintf(sector, CHECK_DIGITS + 1, "%016" PRIx64,
		       check_of(sector + CHECK_DIGITS, SECTOR - CHECK_DIGITS));
	sector[CHECK_DIGITS] = ' ';
}

static bool is_blank(const char *sector)
{
	for (size_t i = 0; i < SECTOR; i++)
		if (sector[i])
			return false;
	return true;
}

/* False for what was cut short, or never was a place. */
static bool parse_sector(const char *sector, struct place *ret)
{
	char again[SECTOR + 1], text[SECTOR + 1], *p, *end;
	struct place place;

	memcpy(text, sector, SECTOR);
	text[SECTOR] = '\0';
	p = text + CHECK_DIGITS + 1;
	errno = 0;
	place.number = strtoull(p, &end, 10);
	if (strlen(text) != SECTOR || errno || end == p || *end != ' ' || place.number == 0)
		return false;
	p = end + 1;
	for (end = text + SECTOR; end > p && (end[-1] == ' ' || end[-1] == '\n'); end--)
		end[-1] = '\0';
	if ((size_t)(end - p) > CURSOR_PLACE_MAX)
		return false;
	memcpy(place.text, p, (size_t)(end - p) + 1);
	/* Whatever it says: it counts if we would have written the same. */
	make_sector(again, &place);
	if (memcmp(again, sector, SECTOR) != 0)
		return false;
	*ret = place;
	return true;
}

static int damaged(const struct cursor_file *f, struct error *err)
{
	return error_set(err, ERROR_CONFIG, EBADMSG,
			 "%s is damaged, and the place lost: remove it to begin anew, with all "
			 "lines that are kept",
			 f->path);
}

/* The later one of the two that is whole. */
static int take_place(struct cursor_file *f, size_t i, const char *sectors, struct error *err)
{
	struct place seen;
	bool bad = false;

	for (int side = 0; side < 2; side++) {
		const char *sector = sectors + side * SECTOR;

		if (is_blank(sector))
			continue;
		if (!parse_sector(sector, &seen) || seen.number % 2 != (uint64_t)side)
			bad = true;
		else if (seen.number > f->places[i].number)
			f->places[i] = seen;
	}
	return bad && f->places[i].number == 0 ? damaged(f, err) : 0;
}

static int write_new(struct cursor_file *f, const char *header, struct error *err)
{
	autofree char *content = calloc(1, file_size(f));
	ssize_t n;

	if (!content)
		return error_sys_num(err, ENOMEM, "%s", f->path);
	memcpy(content, header, f->header_size);
	n = pwrite(f->fd, content, file_size(f), 0);
	if (n < 0 || fsync(f->fd) < 0)
		return error_sys(err, "%s", f->path);
	return (size_t)n == file_size(f) ? 0 : error_sys_num(err, ENOSPC, "%s", f->path);
}

/* Not begun for what @header says. A power cut leaves NULs; else it is a file of another kind. */
static int refuse_other(const struct cursor_file *f, const char *header, const char *content,
			struct error *err)
{
	const char *what = content + sizeof(MAGIC) - 1;
	size_t length;

	if (content[0] == '\0')
		return damaged(f, err);
	if (strncmp(content, MAGIC, sizeof(MAGIC) - 1) != 0)
		return error_set(err, ERROR_USAGE, EINVAL, "%s is no cursor file", f->path);
	length = strcspn(what, "\n");
	if (strncmp(what, header + sizeof(MAGIC) - 1, length + 1) == 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "%s keeps the places of other containers: use another file",
				 f->path);
	return error_set(err, ERROR_USAGE, EINVAL, "%s keeps places in %.*s: use another file",
			 f->path, (int)length, what);
}

static int read_places(struct cursor_file *f, const char *header, char *content, size_t size,
		       struct error *err)
{
	content[size] = '\0';
	if (size < f->header_size || memcmp(content, header, f->header_size) != 0)
		return refuse_other(f, header, content, err);
	/* Its making was cut short: there cannot be a place in it. */
	if (size < file_size(f))
		return write_new(f, header, err);
	for (size_t i = 0; i < f->count; i++) {
		int r = take_place(f, i, content + place_offset(f, i, 0), err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int load(struct cursor_file *f, const char *header, struct error *err)
{
	autofree char *content = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(f->fd, &st) < 0)
		return error_sys(err, "%s", f->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_USAGE, EINVAL, "%s is no regular file", f->path);
	if (st.st_size == 0)
		return write_new(f, header, err);
	/* Enough to tell what it is; the rest of a longer one is not ours. */
	content = malloc(file_size(f) + 1);
	if (!content)
		return error_sys_num(err, ENOMEM, "%s", f->path);
	n = pread(f->fd, content, file_size(f), 0);
	if (n < 0)
		return error_sys(err, "%s", f->path);
	if ((size_t)st.st_size > file_size(f) && memcmp(content, header, f->header_size) == 0)
		return damaged(f, err);
	return read_places(f, header, content, (size_t)n, err);
}

static int open_locked(struct cursor_file *f, struct error *err)
{
	f->fd = open(f->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		     0600);
	if (f->fd < 0 && errno == ELOOP)
		return error_set(err, ERROR_USAGE, ELOOP, "%s is a symbolic link", f->path);
	if (f->fd < 0)
		return error_sys(err, "%s", f->path);
	if (flock(f->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(err, ERROR_STATE, EWOULDBLOCK,
				 "%s is used by another process: each consumer needs a file of its "
				 "own",
				 f->path);
	return error_sys(err, "lock %s", f->path);
}

int cursor_file_open(struct cursor_file **ret, const char *path, const char *what,
		     const char *const *names, size_t count, struct error *err)
{
	struct cursor_file *f = calloc(1, sizeof(*f));
	autofree char *header = NULL;
	int r = 0;

	if (!f)
		return error_sys_num(err, ENOMEM, "%s", path);
	f->fd = -EBADF;
	f->count = count;
	f->path = strdup(path);
	f->places = calloc(count, sizeof(*f->places));
	header = make_header(what, names, count, &f->header_size);
	if (!f->path || !f->places || !header)
		r = error_sys_num(err, ENOMEM, "%s", path);
	if (r == 0)
		r = open_locked(f, err);
	if (r == 0)
		r = load(f, header, err);
	if (r < 0) {
		cursor_file_close(f);
		return error_in(err, "--cursor-file");
	}
	*ret = f;
	return 0;
}

const char *cursor_file_place(const struct cursor_file *f, size_t i)
{
	return f->places[i].text;
}

int cursor_file_keep(struct cursor_file *f, size_t i, const char *text, struct error *err)
{
	struct place *place = &f->places[i];
	char sector[SECTOR + 1];
	ssize_t n;

	place->number++;
	(void)stpncpy(place->text, text, sizeof(place->text) - 1);
	make_sector(sector, place);
	do
		n = pwrite(f->fd, sector, SECTOR, place_offset(f, i, place->number));
	while (n < 0 && errno == EINTR);
	if (n == SECTOR)
		return 0;
	return error_sys_num(err, n < 0 ? errno : ENOSPC, "--cursor-file: %s", f->path);
}

void cursor_file_close(struct cursor_file *f)
{
	if (!f)
		return;
	close_keeping_errno(f->fd);
	free(f->path);
	free(f->places);
	free(f);
}
