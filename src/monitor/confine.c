/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's cage: seccomp_load of libseccomp is too big for it, so the filter is written by
 * hand. */
#include "monitor/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What libev's epoll loop, the journal's writer, the usage reader and the exit status need. */
static const int allowed_calls[] = {
	SYS_read,	    SYS_pread64,
	SYS_write,	    SYS_pwrite64,
	SYS_lseek,	    SYS_fdatasync,
	SYS_fsync,	    SYS_flock,
	SYS_fstat,	    SYS_newfstatat,
	SYS_ioctl,	    SYS_waitid,
	SYS_wait4,	    SYS_ppoll,
	SYS_epoll_pwait,    SYS_epoll_ctl,
	SYS_recvfrom,	    SYS_recvmsg,
	SYS_close,	    SYS_clock_gettime,
	SYS_gettimeofday,   SYS_exit_group,
	SYS_exit,	    SYS_rt_sigprocmask,
	SYS_rt_sigreturn,   SYS_brk,
	SYS_mmap,	    SYS_munmap,
	SYS_mremap,	    SYS_timerfd_settime,
	SYS_timerfd_create, SYS_restart_syscall,
	SYS_getpid,	    SYS_fcntl,
	SYS_ftruncate,	    SYS_fallocate,
	SYS_epoll_create1,  SYS_eventfd2,
	SYS_futex,	    SYS_madvise,
/* Calls of older ABIs that newer architectures lack. */
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
};

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define FILTER_ARCH AUDIT_ARCH_RISCV64
#else
#define FILTER_ARCH \
	0 /* no filter there yet: capabilities and no_new_privs are dropped all the same */
#endif

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2];

	memset(none, 0, sizeof(none));
	for (unsigned long cap = 0; cap <= 63; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* EINVAL past the last one */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)syscall(SYS_capset, &header, none);
}

static void limit(int resource)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(resource, &none);
}

static void load_filter(void)
{
	enum {
		COUNT = ARRAY_SIZE(allowed_calls),
		HEAD = 4
	};
	struct sock_filter filter[HEAD + COUNT + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

	for (unsigned int i = 0; i < COUNT; i++)
		filter[HEAD + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								(unsigned int)allowed_calls[i],
								(unsigned char)(COUNT - i), 0);
	filter[HEAD + COUNT] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	filter[HEAD + COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

void confine_monitor(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	limit(RLIMIT_CORE);
	limit(RLIMIT_NPROC);
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && FILTER_ARCH != 0)
		load_filter();
}
