/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile process of a container, for bats/config/exec-security.bats: it waits for each process
 * that appears in its pid namespace, and until that is gone tries to read and trace it without
 * pause.
 *
 * usage: spy OUTPUT STOP
 * Until the file STOP is there. OUTPUT has a line for each thing that it ever got, once:
 *
 *   ready          it has begun
 *   seen           a process appeared
 *   refused        its exe was there and could not be read: the moment that the test is about
 *   exe TARGET     /proc/PID/exe
 *   fd TARGET      /proc/PID/fd/N;  fd/.. TARGET: what the directory above it is
 *   root TARGET, cwd TARGET
 *   written TARGET /proc/PID/exe was opened for writing
 *   traced TARGET CAPS   it was attached to; TARGET is its exe and CAPS its CapPrm while it stood
 * still
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES_MAX 4096
#define AHEAD	  300 /* processes that may come and go while we are not given the CPU */

static FILE *output;
static char *lines[LINES_MAX];
static size_t line_count;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[PATH_MAX + 64];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (size_t i = 0; i < line_count; i++)
		if (strcmp(lines[i], line) == 0)
			return;
	if (line_count == LINES_MAX)
		return;
	lines[line_count++] = strdup(line);
	(void)fprintf(output, "%s\n", line);
	(void)fflush(output);
}

/* What the link of the process is; NULL when it cannot be read. */
static const char *target_of(pid_t pid, const char *name)
{
	static char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t length;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return NULL;
	/* "socket:[4711]" is each time another, and no more than "socket:". */
	target[length] = '\0';
	if (target[0] != '/')
		target[strcspn(target, "[")] = '\0';
	return target;
}

static void read_link(pid_t pid, const char *name)
{
	const char *target = target_of(pid, name);

	if (target)
		say("%s %s", name, target);
}

static void read_fds(pid_t pid)
{
	char path[64 + NAME_MAX];
	struct dirent *entry;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		const char *target;
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "fd/%s", entry->d_name);
		target = target_of(pid, path);
		if (target)
			say("fd %s", target);
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%s/..", (int)pid, entry->d_name);
		fd = open(path, O_PATH | O_DIRECTORY);
		if (fd < 0)
			continue;
		(void)snprintf(path, sizeof(path), "fd/%d", fd);
		target = target_of(getpid(), path);
		say("fd/.. %s", target ? target : "?");
		(void)close(fd);
	}
	if (dir)
		(void)closedir(dir);
}

static void read_exe(pid_t pid)
{
	const char *target = target_of(pid, "exe");
	char path[64];
	int fd;

	if (!target) {
		if (kill(pid, 0) == 0)
			say("refused");
		return;
	}
	say("exe %s", target);
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return;
	say("written %s", target);
	(void)close(fd);
}

static void permitted_of(pid_t pid, char *caps, size_t size)
{
	char path[64], line[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	(void)snprintf(caps, size, "?");
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "CapPrm:\t", 8) == 0)
			(void)snprintf(caps, size, "%.16s", line + 8);
	if (file)
		(void)fclose(file);
}

static void trace(pid_t pid)
{
	const char *target;
	char caps[32];
	int status;

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return;
	if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
		target = target_of(pid, "exe");
		permitted_of(pid, caps, sizeof(caps));
		say("traced %s %s", target ? target : "?", caps);
	}
	(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	/* It may have stood still for its execve, with the stop that was meant for it still to
	 * come. */
	(void)kill(pid, SIGCONT);
}

static void spy_on(pid_t pid)
{
	say("seen");
	while (kill(pid, 0) == 0) {
		read_exe(pid);
		trace(pid);
		read_fds(pid);
		read_link(pid, "cwd");
		read_link(pid, "root");
		/* A zombie is there until it is reaped, and has nothing. */
	}
}

int main(int argc, char **argv)
{
	pid_t next = getpid(); /* the last one that was seen */

	if (argc != 3 || !(output = fopen(argv[1], "w")))
		return 2;
	say("ready");
	/* IDs are given out in order, and only what is executed takes any. */
	for (unsigned long turn = 0; turn % 1024 || access(argv[2], F_OK) < 0; turn++) {
		for (pid_t pid = next + 1; pid < next + AHEAD; pid++) {
			if (kill(pid, 0) < 0)
				continue;
			spy_on(pid);
			next = pid;
		}
	}
	return 0;
}
