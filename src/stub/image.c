/* SPDX-License-Identifier: Apache-2.0 */
/* The stub as ocirun sees it: bytes that become a sealed memfd, and then this process. */
#include "stub/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "stub/plan.h"

#define ALL_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

extern const char ocirun_stub_begin[], ocirun_stub_end[];

void stub_image(const void **ret_data, size_t *ret_size)
{
	*ret_data = ocirun_stub_begin;
	*ret_size = (size_t)(ocirun_stub_end - ocirun_stub_begin);
}

static int open_memfd(const char *name, struct error *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL) /* Linux < 6.3 */
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 && errno == EACCES)
		return error_set(err, ERROR_SYSTEM, EACCES,
				 "memfd_create: the sysctl vm.memfd_noexec=2 forbids executable "
				 "memfds, which ocirun needs; set it to 0 or 1");
	return fd < 0 ? error_sys(err, "memfd_create") : fd;
}

int sealed_program(const char *name, const void *data, size_t size, struct error *err)
{
	autofd fd = open_memfd(name, err);
	int r;

	if (fd < 0)
		return fd;
	r = fd_write_all(fd, data, size);
	if (r < 0)
		return error_sys_num(err, r, "write memfd %s", name);
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return error_sys(err, "seal the stub");
	return take_fd(&fd);
}

int stub_open(struct error *err)
{
	const void *data;
	size_t size;

	stub_image(&data, &size);
	return sealed_program("ocirun-stub", data, size, err);
}

static int keep(int fd)
{
	return fd < 0 ? 0 : fd_keep(fd);
}

static int keep_joined(const struct plan_join *join)
{
	int r = keep(join->pidfd);

	for (uint32_t i = 0; r == 0 && i < join->namespace_fd_count; i++)
		r = keep(join->namespace_fds[i]);
	return r == 0 ? keep(join->console_fd) : r;
}

static int keep_descriptors(int plan_fd, struct error *err)
{
	struct plan plan;
	ssize_t n = pread(plan_fd, &plan, sizeof(plan), 0);
	int r;

	if (n < 0)
		return error_sys(err, "read the plan");
	if (n != sizeof(plan) || plan.version != PLAN_VERSION)
		return error_set(err, ERROR_SYSTEM, EINVAL, "read the plan: not a plan");
	r = fd_keep(plan_fd);
	if (r == 0)
		r = keep(plan.monitor_fd);
	if (r == 0)
		r = keep(plan.start_fd);
	if (r == 0)
		r = keep(plan.hook_stdout_fd);
	if (r == 0)
		r = keep(plan.hook_stderr_fd);
	if (r == 0)
		r = keep(plan.label_proc_fd);
	if (r == 0 && plan.flags & PLAN_JOIN)
		r = keep_joined(&plan.join);
	return r < 0 ? error_sys_num(err, r, "keep the plan's descriptors") : 0;
}

int stub_exec(int plan_fd, const char *const *argv, const char *const *envp, struct error *err)
{
	autofd stub_fd = -EBADF;
	autofree const char **all = NULL;
	char number[16];
	size_t count = 0;
	int r;

	stub_fd = stub_open(err);
	if (stub_fd < 0)
		return stub_fd;
	r = keep_descriptors(plan_fd, err);
	if (r < 0)
		return r;
	while (argv[count])
		count++;
	all = calloc(count + 2, sizeof(*all));
	if (!all)
		return error_sys_num(err, ENOMEM, "stub_exec");
	(void)snprintf(number, sizeof(number), "%d", plan_fd);
	all[0] = number;
	memcpy(all + 1, argv, count * sizeof(*all));
	(void)syscall(SYS_execveat, stub_fd, "", all, envp, AT_EMPTY_PATH);
	return error_sys(err, "execveat the stub");
}
