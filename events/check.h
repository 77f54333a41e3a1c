/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For test-*.c: TAP, checks that print both values, and a directory that goes away by itself. The
 * library's own, since events/ stands without the rest of the tree.
 */
#ifndef EVENTS_CHECK_H
#define EVENTS_CHECK_H

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID	 "web"
#define INSTANCE "0123456789abcdef0123456789abcdef"

struct test {
	const char *sentence;
	void (*run)(void);
};

static int failures;
static char directory[64];
static int dirfd_;

#define check(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			failures++;                                                        \
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                          \
	} while (0)

#define check_int(seen, expected)                                                               \
	do {                                                                                    \
		intmax_t seen_ = (intmax_t)(seen), expected_ = (intmax_t)(expected);            \
		if (seen_ != expected_) {                                                       \
			failures++;                                                             \
			printf("# %s:%d: %s is %jd, expected %jd\n", __FILE__, __LINE__, #seen, \
			       seen_, expected_);                                               \
		}                                                                               \
	} while (0)

#define check_text(seen, expected)                                                                \
	do {                                                                                      \
		const char *seen_ = (seen), *expected_ = (expected);                              \
		if (strcmp(seen_, expected_) != 0) {                                              \
			failures++;                                                               \
			printf("# %s:%d: %s is '%s', expected '%s'\n", __FILE__, __LINE__, #seen, \
			       seen_, expected_);                                                 \
		}                                                                                 \
	} while (0)

static inline void make_directory(void)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/ocirun-events.XXXXXX");
	if (!mkdtemp(directory)) {
		perror("mkdtemp");
		exit(99);
	}
	dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline void remove_directory(void)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd_, entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
	(void)close(dirfd_);
	(void)rmdir(directory);
}

/* write_file - make @name hold exactly these bytes. */
static inline void write_file(const char *name, const void *data, size_t length)
{
	int fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, length) != (ssize_t)length) {
		perror(name);
		exit(99);
	}
	(void)close(fd);
}

/* read_file - its length; NUL-terminated. */
static inline size_t read_file(const char *name, char *buffer, size_t size)
{
	int fd = openat(dirfd_, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buffer, size - 1);

	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		n = 0;
	buffer[n] = '\0';
	return (size_t)n;
}

static inline int run_tests(const struct test *tests, size_t count)
{
	int failed = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		failures = 0;
		make_directory();
		tests[i].run();
		remove_directory();
		printf("%sok %zu - %s\n", failures ? "not " : "", i + 1, tests[i].sentence);
		(void)fflush(stdout); /* a test may fork */
		failed |= failures != 0;
	}
	return failed;
}

#define RUN_TESTS(tests) run_tests(tests, sizeof(tests) / sizeof((tests)[0]))

#endif
