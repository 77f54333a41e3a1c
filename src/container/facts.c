/* SPDX-License-Identifier: Apache-2.0 */
/* Facts from the log, and the kernel's side of them: is that pid still that process? */
#include "container/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "base/json.h"
#include "events/line.h"

#define LOG_MAX_BYTES (16 * 1024 * 1024)

bool facts_line_is(const char *line, enum event_type type)
{
	char prefix[48];

	(void)snprintf(prefix, sizeof(prefix), "{\"v\":1,\"type\":\"%s\",", event_type_name(type));
	return strncmp(line, prefix, strlen(prefix)) == 0;
}

/* By the judgement of the writer and of every reader: a damaged line, or a foreign one, is none. */
static bool is_sound(const struct journal *j, const char *text)
{
	struct line line;

	return line_parse(text, strlen(text), &line) && line.id.length == strlen(j->id) &&
	       memcmp(line.id.at, j->id, line.id.length) == 0 &&
	       memcmp(line.instance.at, j->instance, JOURNAL_INSTANCE_LEN) == 0;
}

static void copy_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from ? from : "");
}

static void read_created(const char *line, struct container_facts *f)
{
	struct error ignored = ERROR_INIT;
	autojson *root = NULL;
	int64_t pid;

	if (json_parse(line, strlen(line), "created", &root, &ignored) < 0)
		return;
	if (json_int(json_member(root, "pid"), &pid) == 0 && pid > 0 && pid < INT32_MAX)
		f->pid = (pid_t)pid;
	if (json_uint(json_member(root, "pidStartTime"), &f->pid_start_time) < 0)
		f->pid_start_time = 0;
	copy_text(f->boot_id, sizeof(f->boot_id), json_string(root, "bootId"));
	copy_text(f->created_at, sizeof(f->created_at), json_string(root, "timestamp"));
}

ssize_t facts_log_text(const struct journal *j, char **ret)
{
	int fd = j->fd;
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > LOG_MAX_BYTES)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	n = pread(fd, text, (size_t)st.st_size, 0);
	if (n < 0) {
		n = -errno;
		free(text);
		return n;
	}
	text[n] = '\0';
	*ret = text;
	return n;
}

int facts_read(const struct journal *j, struct container_facts *f, struct error *err)
{
	autofree char *text = NULL;
	char *line, *end;
	ssize_t n = facts_log_text(j, &text);

	if (n < 0)
		return error_sys_num(err, (int)n, "event log of %s: read", j->id);
	free(f->exited_line);
	memset(f, 0, sizeof(*f));
	for (line = text; (end = memchr(line, '\n', (size_t)(text + n - line))); line = end + 1) {
		*end = '\0';
		if (facts_line_is(line, EVENT_CREATED) && is_sound(j, line))
			read_created(line, f);
		else if (facts_line_is(line, EVENT_EXITED) && !f->exited_line && is_sound(j, line))
			f->exited_line = strdup(line);
	}
	return 0;
}

/* Quotes inside a string of the line are escaped, so the member cannot be mistaken. */
bool facts_have_exec(const struct journal *j, const char *exec_id)
{
	char member[JOURNAL_ID_MAX + 16];
	autofree char *text = NULL;

	(void)snprintf(member, sizeof(member), "\"execId\":\"%s\"", exec_id);
	return facts_log_text(j, &text) > 0 && strstr(text, member);
}

/* The fields behind the command name, which may itself hold spaces and parentheses. */
static int stat_fields(pid_t pid, char *buffer, size_t size, char **ret_fields)
{
	char path[40];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	n = file_read_at(AT_FDCWD, path, buffer, size);
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	*ret_fields = strrchr(buffer, ')');
	return *ret_fields ? 0 : -EIO;
}

/* Field @number (from 3, the state) of the text that begins with ')'. */
static const char *field(const char *fields, int number)
{
	for (int i = 2; fields && i < number; i++) {
		fields = strchr(fields, ' ');
		if (fields)
			fields++;
	}
	return fields;
}

int process_start_time(pid_t pid, uint64_t *ret)
{
	char buffer[1024], *fields = NULL;
	const char *text;
	int r = stat_fields(pid, buffer, sizeof(buffer), &fields);

	if (r < 0)
		return r;
	text = field(fields, 22);
	if (!text)
		return -EIO;
	*ret = strtoull(text, NULL, 10);
	return 0;
}

int boot_id(char ret[40], struct error *err)
{
	static char known[40]; /* `list` asks for every container, and it does not change */
	char text[40];
	ssize_t n;

	if (!known[0]) {
		n = file_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof(text));
		if (n < 0)
			return error_sys_num(err, (int)n, "read /proc/sys/kernel/random/boot_id");
		memcpy(known, text, sizeof(known)); /* not what a failed read leaves */
	}
	memcpy(ret, known, sizeof(known));
	return 0;
}

int container_pidfd(const struct container *c, struct error *err)
{
	const struct container_facts *f = &c->facts;
	struct error ignored = ERROR_INIT;
	char current_boot[40] = "";
	uint64_t start_time = 0;
	autofd pidfd = -EBADF;

	if (c->status == STATUS_STOPPED || c->status == STATUS_DELETED || f->pid <= 1 ||
	    f->pid_start_time == 0)
		return error_set(err, ERROR_STATE, ESRCH, "container not running");
	if (boot_id(current_boot, &ignored) < 0 || strcmp(current_boot, f->boot_id) != 0)
		return error_set(err, ERROR_STATE, ESRCH,
				 "container not running: the host has restarted");
	pidfd = sys_pidfd_open(f->pid, 0);
	if (pidfd < 0 && errno == ESRCH)
		return error_set(err, ERROR_STATE, ESRCH, "container not running");
	if (pidfd < 0)
		return error_sys(err, "pidfd_open %d", f->pid);
	/* After the open: a pid that was reused before it has another start time. */
	if (process_start_time(f->pid, &start_time) < 0 || start_time != f->pid_start_time)
		return error_set(err, ERROR_STATE, ESRCH, "container not running");
	return take_fd(&pidfd);
}
