/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container used, read through descriptors that were opened before. Stands alone, so that
 * ocirun-monitor can link it and little else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/cgroup.h"

#define NS_PER_USEC    1000
#define USEC_PER_SEC   1000000
#define USAGE_TEXT_MAX 4096

static bool read_text(int fd, char *text, size_t size)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, text, size - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

/* The number behind "<key> " at the start of a line; or of the whole text, without a key. */
static struct optional_u64 number_of(const char *text, const char *key)
{
	struct optional_u64 number = {0};
	size_t length = key ? strlen(key) : 0;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		char *end;

		line += *line == '\n';
		if (key && (strncmp(line, key, length) || line[length] != ' '))
			continue;
		number.value = strtoull(line + length, &end, 10);
		number.has = end != line + length;
		break;
	}
	return number;
}

static struct optional_u64 scaled(struct optional_u64 number, uint64_t multiply, uint64_t divide)
{
	number.value = number.value / divide * multiply + number.value % divide * multiply / divide;
	return number;
}

/* ---- transfers ---- */

static void count(struct optional_u64 *sum, const char *digits)
{
	sum->value += strtoull(digits, NULL, 10);
	sum->has = true;
}

/* v2: "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0" */
static void count_v2(struct cgroup_usage *usage, const char *line)
{
	const struct {
		const char *key;
		struct optional_u64 *sum;
	} keys[] = {
		{" rbytes=", &usage->io_read_bytes},
		{" wbytes=", &usage->io_write_bytes},
		{" rios=", &usage->io_reads},
		{" wios=", &usage->io_writes},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *found = strstr(line, keys[i].key);

		if (found)
			count(keys[i].sum, found + strlen(keys[i].key));
	}
}

/* v1: "8:0 Read 1282048"; "Total 0" and the operations that are no transfer are not for us. */
static void count_v1(struct optional_u64 *read, struct optional_u64 *written, const char *line)
{
	const char *operation = strchr(line, ' ');

	if (!operation)
		return;
	if (strncmp(operation, " Read ", 6) == 0)
		count(read, operation + 6);
	else if (strncmp(operation, " Write ", 7) == 0)
		count(written, operation + 7);
}

static void count_line(struct cgroup_usage *usage, enum cgroup_usage_file slot, const char *line)
{
	if (strchr(line, '='))
		count_v2(usage, line);
	else if (slot == USAGE_IO_BYTES)
		count_v1(&usage->io_read_bytes, &usage->io_write_bytes, line);
	else
		count_v1(&usage->io_reads, &usage->io_writes, line);
}

/* Takes the complete lines out of @text; returns how much of the next one is left in it. */
static size_t count_lines(struct cgroup_usage *usage, enum cgroup_usage_file slot, char *text)
{
	char *line = text, *end;

	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		count_line(usage, slot, line);
		line = end + 1;
	}
	memmove(text, line, strlen(line) + 1);
	return strlen(text);
}

/* The sums over all devices, of which a host may have thousands: in pieces. */
static void read_transfers(const int fds[USAGE_FILES], enum cgroup_usage_file slot,
			   struct cgroup_usage *usage)
{
	char text[USAGE_TEXT_MAX];
	size_t held = 0;
	off_t offset = 0;

	while (fds[slot] >= 0 && held < sizeof(text) - 1) {
		ssize_t n = pread(fds[slot], text + held, sizeof(text) - 1 - held, offset);

		/* v2 has no line before the first transfer; v1 has none either where it does not
		 * count, and says "Total 0" in both cases. */
		if (n == 0 && offset == 0)
			usage->io_read_bytes.has = usage->io_write_bytes.has = usage->io_reads.has =
				usage->io_writes.has = true;
		if (n <= 0)
			return;
		text[held + (size_t)n] = '\0';
		held = count_lines(usage, slot, text);
		offset += n;
	}
}

/* ---- all of it ---- */

void cgroup_usage_read(const int fds[USAGE_FILES], struct cgroup_usage *usage)
{
	char text[USAGE_TEXT_MAX];

	memset(usage, 0, sizeof(*usage));
	if (read_text(fds[USAGE_CPU_STAT], text, sizeof(text))) {
		usage->cpu_usec = number_of(text, "usage_usec");
		usage->cpu_user_usec = number_of(text, "user_usec");
		usage->cpu_system_usec = number_of(text, "system_usec");
		if (!usage->cpu_usec.has)
			usage->cpu_usec = scaled(number_of(text, NULL), 1, NS_PER_USEC);
	}
	if (read_text(fds[USAGE_CPU_ACCT_STAT], text, sizeof(text))) {
		uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

		usage->cpu_user_usec = scaled(number_of(text, "user"), USEC_PER_SEC, hz);
		usage->cpu_system_usec = scaled(number_of(text, "system"), USEC_PER_SEC, hz);
	}
	if (read_text(fds[USAGE_MEMORY_PEAK], text, sizeof(text)))
		usage->memory_peak_bytes = number_of(text, NULL);
	if (read_text(fds[USAGE_PIDS_PEAK], text, sizeof(text)))
		usage->pids_peak = number_of(text, NULL);
	read_transfers(fds, USAGE_IO_BYTES, usage);
	read_transfers(fds, USAGE_IO_COUNTS, usage);
	(void)cgroup_oom_read(fds, usage);
}

bool cgroup_oom_read(const int fds[USAGE_FILES], struct cgroup_usage *usage)
{
	char text[USAGE_TEXT_MAX];

	if (!read_text(fds[USAGE_MEMORY_EVENTS], text, sizeof(text)))
		return false;
	usage->oom_kills = number_of(text, "oom_kill");
	usage->oom_hits = number_of(text, "oom");
	if (read_text(fds[USAGE_MEMORY_EVENTS_LOCAL], text, sizeof(text)))
		usage->oom_hits_local = number_of(text, "oom");
	return usage->oom_kills.has;
}
