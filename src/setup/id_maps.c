/* SPDX-License-Identifier: Apache-2.0 */
/* User namespace mappings (config-linux.md#user-namespace-mappings) and timeOffsets. */
#include "setup/id_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "setup/command.h"
#include "setup/procfs.h"

#define MAP_LINES_MAX	 340 /* the kernel's limit since 4.15 */
#define MAP_LINE_SIZE	 36  /* three numbers of ten digits, blanks, newline, NUL */
#define HELPER_TIMEOUT_S 30

struct id_map {
	const char *file;   /* below /proc/PID */
	const char *helper; /* setuid program that may write it for us */
	const struct spec_id_map *maps;
	size_t count;
	uint32_t own_id;
};

static struct id_maps maps_of(const struct spec *spec)
{
	return (struct id_maps){spec->uid_maps, spec->uid_map_count, spec->gid_maps,
				spec->gid_map_count};
}

static struct id_map uid_map(const struct id_maps *maps)
{
	return (struct id_map){"uid_map", "newuidmap", maps->uid_maps, maps->uid_map_count,
			       geteuid()};
}

static struct id_map gid_map(const struct id_maps *maps)
{
	return (struct id_map){"gid_map", "newgidmap", maps->gid_maps, maps->gid_map_count,
			       getegid()};
}

static bool is_own_id_only(const struct id_map *map)
{
	return map->count == 1 && map->maps[0].size == 1 && map->maps[0].host_id == map->own_id;
}

static int write_file(pid_t pid, const char *file, const char *text, struct error *err)
{
	autofd proc_fd = procfs_open_host();
	char path[64];
	int r;

	if (proc_fd < 0)
		return error_sys_num(err, proc_fd, "open /proc");
	(void)snprintf(path, sizeof(path), "%d/%s", (int)pid, file);
	r = procfs_write(proc_fd, path, text);
	return r < 0 ? error_sys_num(err, r, "write /proc/%s", path) : 0;
}

/* ---- directly ---- */

/* The kernel takes one write(2) of less than a page, and no second one. */
static int write_map(pid_t pid, const struct id_map *map, struct error *err)
{
	autofree char *text = calloc(map->count + 1, MAP_LINE_SIZE);
	size_t length = 0;

	if (!text)
		return error_sys_num(err, ENOMEM, "%s", map->file);
	for (size_t i = 0; i < map->count; i++)
		length += (size_t)snprintf(
			text + length, MAP_LINE_SIZE, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
			map->maps[i].container_id, map->maps[i].host_id, map->maps[i].size);
	if (length >= (size_t)sysconf(_SC_PAGESIZE))
		return error_set(err, ERROR_CONFIG, E2BIG,
				 "%s: %zu mappings are more than the kernel takes in one page",
				 map->file, map->count);
	return write_file(pid, map->file, text, err);
}

/* ---- by newuidmap and newgidmap ---- */

/* Never by the caller's PATH: the program is setuid, and we are to trust what it did. */
static const char *find_helper(const char *name, char *path, size_t size)
{
	static const char *const dirs[] = {"/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin",
					   "/run/wrappers/bin"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		(void)snprintf(path, size, "%s/%s", dirs[i], name);
		if (faccessat(AT_FDCWD, path, X_OK, 0) == 0)
			return path;
	}
	return NULL;
}

/* PID, then three numbers for each line; argv points into one block of texts. */
static const char **helper_argv(const char *path, pid_t pid, const struct id_map *map, char *texts)
{
	const char **argv = calloc(map->count * 3 + 3, sizeof(*argv));
	size_t n = 0;

	if (!argv)
		return NULL;
	argv[n++] = path;
	(void)snprintf(texts, 12, "%d", (int)pid);
	argv[n++] = texts;
	for (size_t i = 0; i < map->count; i++) {
		const uint32_t numbers[] = {map->maps[i].container_id, map->maps[i].host_id,
					    map->maps[i].size};

		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++) {
			texts += 12;
			(void)snprintf(texts, 12, "%" PRIu32, numbers[j]);
			argv[n++] = texts;
		}
	}
	return argv;
}

static int run_helper(pid_t pid, const struct id_map *map, struct error *err)
{
	static const char *const no_env[] = {NULL};
	autofree char *texts = calloc(map->count * 3 + 1, 12);
	autofree const char **argv = NULL;
	struct command_result result;
	struct command command = {.envp = no_env, .timeout_s = HELPER_TIMEOUT_S};
	char path[64];
	int r;

	command.path = find_helper(map->helper, path, sizeof(path));
	if (!command.path)
		return error_set(err, ERROR_SYSTEM, ENOENT,
				 "%s is needed to map more than one's own id, and is not installed",
				 map->helper);
	argv = texts ? helper_argv(command.path, pid, map, texts) : NULL;
	if (!argv)
		return error_sys_num(err, ENOMEM, "%s", map->helper);
	command.argv = argv;
	r = command_run(&command, &result, err);
	if (r < 0)
		return error_in(err, "%s", command.path);
	if (result.timed_out || result.status != 0) {
		result.output[strcspn(result.output, "\n")] = '\0';
		return error_set(err, ERROR_SYSTEM, EPERM, "%s failed: %s", command.path,
				 result.timed_out ? "timed out" : result.output);
	}
	return 0;
}

/* ---- both ---- */

static int apply_map(pid_t pid, const struct id_map *map, bool privileged, struct error *err)
{
	if (map->count == 0)
		return 0;
	if (map->count > MAP_LINES_MAX)
		return error_config(err, "%s: %zu mappings; the kernel takes at most %d", map->file,
				    map->count, MAP_LINES_MAX);
	if (privileged || is_own_id_only(map))
		return write_map(pid, map, err);
	return run_helper(pid, map, err);
}

static bool deny_setgroups(const struct id_maps *maps, bool privileged)
{
	struct id_map map = gid_map(maps);

	return !privileged && is_own_id_only(&map);
}

static int write_maps(pid_t pid, const struct id_maps *maps, bool privileged, struct error *err)
{
	struct id_map uids = uid_map(maps), gids = gid_map(maps);
	int r = 0;

	/* Without it, the kernel refuses a gid map from the unprivileged (user_namespaces(7)). */
	if (deny_setgroups(maps, privileged))
		r = write_file(pid, "setgroups", "deny", err);
	if (r == 0)
		r = apply_map(pid, &gids, privileged, err);
	if (r == 0)
		r = apply_map(pid, &uids, privileged, err);
	return r;
}

bool id_maps_deny_setgroups(const struct spec *spec, bool privileged)
{
	struct id_maps maps = maps_of(spec);

	return deny_setgroups(&maps, privileged);
}

int id_maps_write(pid_t pid, const struct spec *spec, bool privileged, struct error *err)
{
	struct id_maps maps = maps_of(spec);

	return write_maps(pid, &maps, privileged, err);
}

/* ---- a namespace for its maps alone ---- */

static int open_namespace_of(pid_t pid, struct error *err)
{
	autofd proc_fd = procfs_open_host();
	char path[32];
	int fd;

	if (proc_fd < 0)
		return error_sys_num(err, proc_fd, "open /proc");
	(void)snprintf(path, sizeof(path), "%d/ns/user", (int)pid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "open /proc/%s", path) : fd;
}

/* The child does nothing: it is there for the namespace to have a name in /proc. */
static pid_t clone_idle(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0UL, 0UL, 0UL, 0UL);

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)pause();
}

int id_maps_new_namespace(const struct id_maps *maps, bool privileged, struct error *err)
{
	pid_t pid = clone_idle();
	int r, fd = -EBADF;

	if (pid < 0)
		return error_sys(err, "clone CLONE_NEWUSER");
	r = write_maps(pid, maps, privileged, err);
	if (r == 0)
		fd = r = open_namespace_of(pid, err);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : fd;
}

/* ---- time ---- */

static size_t offset_line(char *text, size_t size, const char *clock,
			  const struct spec_time_offset *offset)
{
	if (!offset->has)
		return 0;
	return (size_t)snprintf(text, size, "%s %" PRId64 " %" PRIu32 "\n", clock, offset->seconds,
				offset->nanoseconds);
}

int time_offsets_write(const struct spec *spec, struct error *err)
{
	autofd proc_fd = -EBADF;
	char text[160];
	size_t length = offset_line(text, sizeof(text), "monotonic", &spec->monotonic_offset);
	int r;

	length += offset_line(text + length, sizeof(text) - length, "boottime",
			      &spec->boottime_offset);
	if (length == 0)
		return 0;
	proc_fd = procfs_open_host();
	if (proc_fd < 0)
		return error_sys_num(err, proc_fd, "open /proc");
	r = procfs_write(proc_fd, "self/timens_offsets", text);
	return r < 0 ? error_sys_num(err, r, "linux.timeOffsets: write timens_offsets") : 0;
}
