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
