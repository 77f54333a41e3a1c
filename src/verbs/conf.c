/* SPDX-License-Identifier: Apache-2.0 */
/* Reading ocirun.conf. */
#include "verbs/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "launch/rootless.h"
#include "verbs/store_settings.h"

#define SIZE_MAX_READ 65536
#define BLANKS	      " \t\r"

/* Without the blanks around it; @end is where the text stops. */
static char *trim(char *text, char *end)
{
	text += strspn(text, BLANKS);
	while (end > text && strchr(BLANKS, end[-1]))
		end--;
	*end = '\0';
	return text;
}

/* A # within a word is part of it. */
static void cut_comment(char *line)
{
	for (char *p = strchr(line, '#'); p; p = strchr(p + 1, '#')) {
		if (p == line || strchr(BLANKS, p[-1])) {
			*p = '\0';
			return;
		}
	}
}

static int unknown_name(const char *name, struct error *err)
{
	enum setting_id nearest = setting_nearest(name);
	char known[160] = "";
	char *p = known;

	if (nearest < SETTINGS)
		return error_config(err, "there is no setting \"%.64s\"; did you mean \"%s\"?",
				    name, setting_name(nearest));
	for (unsigned int id = 0; id < SETTINGS; id++)
		p = stpcpy(stpcpy(p, id == 0		  ? ""
				     : id == SETTINGS - 1 ? " and "
							  : ", "),
			   setting_name((enum setting_id)id));
	return error_config(err, "there is no setting \"%.64s\"; there are %s", name, known);
}

/* @seen: the line of each setting, 0: none yet. */
static int take_line(char *line, unsigned int number, unsigned int seen[SETTINGS],
		     struct store *store, char **feed, struct error *err)
{
	char *equals = strchr(line, '='), *name, *value;
	enum setting_id id;
	int r;

	if (!equals)
		return error_config(err, "\"%.64s\" is no line of the form: name = value", line);
	name = trim(line, equals);
	value = trim(equals + 1, strchr(equals + 1, '\0'));
	id = setting_find(name);
	if (id == SETTINGS)
		return unknown_name(name, err);
	if (seen[id])
		return error_config(err, "%s is set for the second time, after line %u", name,
				    seen[id]);
	if (!value[0])
		return error_config(err, "%s has no value", name);
	seen[id] = number;
	r = setting_apply(id, value, store, feed, err);
	return r < 0 ? error_in(err, "%s", name) : 0;
}

int conf_parse(char *text, const char *path, struct store *store, char **feed, struct error *err)
{
	unsigned int seen[SETTINGS] = {0}, number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		int r = 0;

		number++;
		cut_comment(line);
		line = trim(line, strchr(line, '\0'));
		if (line[0])
			r = take_line(line, number, seen, store, feed, err);
		if (r < 0) {
			err->kind = ERROR_CONFIG;
			return error_in(err, "%s:%u", path, number);
		}
	}
	return 0;
}

/* In a user namespace the host's root is nobody, as is everybody who is not mapped. */
static bool is_trusted(uid_t owner)
{
	char nobody[16];

	if (owner == 0 || owner == geteuid())
		return true;
	return rootless_in_user_namespace() &&
	       file_read_at(AT_FDCWD, "/proc/sys/kernel/overflowuid", nobody, sizeof(nobody)) > 0 &&
	       owner == strtoul(nobody, NULL, 10);
}

static int check_file(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_sys(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_config(err, "%s: not a regular file", path);
	if (!is_trusted(st.st_uid))
		return error_set(err, ERROR_CONFIG, EPERM,
				 "%s belongs to uid %u; it must belong to root or to uid %u", path,
				 st.st_uid, geteuid());
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(err, ERROR_CONFIG, EPERM,
				 "%s is writable by others (mode %04o); chmod go-w it", path,
				 st.st_mode & 07777U);
	return 0;
}

static int read_text(int fd, const char *path, char **ret, struct error *err)
{
	ssize_t length = fd_read_text(fd, SIZE_MAX_READ - 1, ret);

	if (length == -EFBIG)
		return error_set(err, ERROR_CONFIG, EFBIG, "%s: longer than 64 KiB", path);
	if (length < 0)
		return error_sys_num(err, (int)length, "%s", path);
	if (strlen(*ret) != (size_t)length)
		return error_config(err, "%s: not a text: it has a NUL byte", path);
	return 0;
}

/* @needed: it is an error when there is none. */
static int read_file(const char *path, bool needed, struct store *store, char **feed,
		     struct error *err)
{
	/* O_NONBLOCK: a FIFO is refused below, and not waited for. */
	autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	autofree char *text = NULL;
	int r;

	if (fd < 0 && !needed && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return error_sys(err, "%s", path);
	r = check_file(fd, path, err);
	if (r == 0)
		r = read_text(fd, path, &text, err);
	return r < 0 ? r : conf_parse(text, path, store, feed, err);
}

/* NULL: the user has no directory for such files. */
static char *path_of_user(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int r = 0;

	if (config && config[0] == '/')
		r = asprintf(&path, "%s/ocirun/ocirun.conf", config);
	else if (home && home[0] == '/')
		r = asprintf(&path, "%s/.config/ocirun/ocirun.conf", home);
	return r < 0 ? NULL : path;
}

static int read_own(struct store *store, char **feed, struct error *err)
{
	autofree char *path = path_of_user();

	free(take_ptr(*feed));
	store->feed = NULL;
	store->feed_group = STORE_NO_GROUP;
	return path ? read_file(path, false, store, feed, err) : 0;
}

int conf_read(bool of_user, struct store *store, char **feed, struct error *err)
{
	const char *named = getenv("OCIRUN_CONF");
	int r;

	if (named)
		return named[0] ? read_file(named, true, store, feed, err) : 0;
	r = read_file(CONF_SYSTEM, false, store, feed, err);
	return r == 0 && of_user ? read_own(store, feed, err) : r;
}
