/* SPDX-License-Identifier: Apache-2.0 */
/* HOME from the container's /etc/passwd. */
#include "setup/home.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"

#define PASSWD_MAX  (1 << 20)
#define FIELD_UID   2
#define FIELD_HOME  5
#define DEFAULT_DIR "/"

static char *read_passwd(int root_fd)
{
	struct error ignored = ERROR_INIT;
	/* O_NONBLOCK: a FIFO in the image must not stop us. */
	autofd fd =
		path_open_in(root_fd, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, &ignored);
	char *text = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	return fd_read_text(fd, PASSWD_MAX, &text) < 0 ? NULL : text;
}

/* The field's first byte in the line, or NULL. */
static const char *field_of(const char *line, int number)
{
	for (; number > 0; number--) {
		line += strcspn(line, ":\n");
		if (*line != ':')
			return NULL;
		line++;
	}
	return line;
}

static bool is_line_of(const char *line, uint32_t uid)
{
	const char *field = field_of(line, FIELD_UID);
	unsigned long long number;
	char *end;

	if (!field || !isdigit((unsigned char)*field))
		return false;
	number = strtoull(field, &end, 10);
	return *end == ':' && number == uid;
}

static bool is_usable(const char *dir, size_t length)
{
	if (length == 0 || dir[0] != '/' || length >= HOME_TEXT_MAX - sizeof("HOME="))
		return false;
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)dir[i]))
			return false;
	return true;
}

static void find_home(int root_fd, uint32_t uid, char text[HOME_TEXT_MAX])
{
	autofree char *passwd = read_passwd(root_fd);
	const char *line = passwd, *dir = DEFAULT_DIR;
	size_t length = strlen(DEFAULT_DIR);

	while (line && *line) {
		if (is_line_of(line, uid)) {
			const char *home = field_of(line, FIELD_HOME);

			if (home && is_usable(home, strcspn(home, ":\n"))) {
				dir = home;
				length = strcspn(home, ":\n");
			}
			break;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	(void)snprintf(text, HOME_TEXT_MAX, "HOME=%.*s", (int)length, dir);
}

static bool has_home(const struct string_list *env)
{
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], "HOME=", 5) == 0)
			return true;
	return false;
}

const char **home_environment(int root_fd, const struct spec_process *process,
			      char text[HOME_TEXT_MAX])
{
	const struct string_list *env = &process->env;
	const char **all = calloc(env->count + 2, sizeof(*all));

	if (!all)
		return NULL;
	if (env->count > 0)
		memcpy(all, env->items, env->count * sizeof(*all));
	if (!has_home(env)) {
		find_home(root_fd, process->user.uid, text);
		all[env->count] = text;
	}
	return all;
}
