/* SPDX-License-Identifier: Apache-2.0 */
/* HOME from files that an image may hold. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tap.h"
#include "setup/home.h"

static char root[] = "/tmp/test-home-XXXXXX";
static int root_fd;

static void passwd_is(const char *text)
{
	int fd = openat(root_fd, "etc/passwd", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	check(fd >= 0);
	check_int(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void home_is(uint32_t uid, const char *expected)
{
	struct spec_process process = {.user = {.uid = uid}};
	char text[HOME_TEXT_MAX];
	autofree const char **env = home_environment(root_fd, &process, text);

	check_text(env[0], expected);
	check(!env[1]);
}

static void by_uid(void)
{
	passwd_is("root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n");
	home_is(0, "HOME=/root");
	home_is(1000, "HOME=/home/web");
	home_is(100, "HOME=/");
}

static void bad_lines(void)
{
	passwd_is("");
	home_is(0, "HOME=/");
	passwd_is("\n\n:::\nroot:x:0\n");
	home_is(0, "HOME=/");
	passwd_is("root:x:0:0:root:/no/newline");
	home_is(0, "HOME=/no/newline");
	passwd_is("root:x:0:0:root:relative:/bin/sh\n");
	home_is(0, "HOME=/");
	passwd_is("root:x:0:0:root::/bin/sh\n");
	home_is(0, "HOME=/");
	/* CVE-2022-4318, CVE-2024-40635 */
	passwd_is("root:x:0:0:root:/ro\rot:/bin/sh\n");
	home_is(0, "HOME=/");
	passwd_is(
		"big:x:4294967296:0::/big:/bin/sh\nneg:x:-1:0::/neg:/bin/sh\n0x:x:0x0:0::/hex:\n");
	home_is(0, "HOME=/");
	home_is(UINT32_MAX, "HOME=/");
}

static void long_directory(void)
{
	static char line[HOME_TEXT_MAX * 2] = "root:x:0:0:root:/";

	memset(line + strlen(line), 'a', HOME_TEXT_MAX);
	passwd_is(line);
	home_is(0, "HOME=/");
}

static void env_wins(void)
{
	const char *items[] = {"PATH=/bin", "HOME=/given", NULL};
	struct spec_process process = {.env = {2, items}};
	char text[HOME_TEXT_MAX];
	autofree const char **env = home_environment(root_fd, &process, text);

	check_text(env[1], "HOME=/given");
	check(!env[2]);
}

static void not_a_file(void)
{
	check_int(unlinkat(root_fd, "etc/passwd", 0), 0);
	home_is(0, "HOME=/");
	check_int(mkfifoat(root_fd, "etc/passwd", 0644), 0);
	home_is(0, "HOME=/");
	check_int(unlinkat(root_fd, "etc/passwd", 0), 0);
	/* Outside, /etc/passwd has a root with a home. */
	check_int(symlinkat("../../../../etc/shadow", root_fd, "etc/passwd"), 0);
	home_is(0, "HOME=/");
	check_int(unlinkat(root_fd, "etc/passwd", 0), 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"HOME is the directory of the uid's line", by_uid},
		{"a line that is wrong gives /", bad_lines},
		{"a directory that is too long gives /", long_directory},
		{"HOME in env stays", env_wins},
		{"a passwd that is no file of the root gives /", not_a_file},
	};
	int status;

	if (!mkdtemp(root))
		return 99;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)mkdirat(root_fd, "etc", 0755);
	status = tap_run(tests, ARRAY_SIZE(tests));
	(void)unlinkat(root_fd, "etc", AT_REMOVEDIR);
	(void)close(root_fd);
	(void)rmdir(root);
	return status;
}
