/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's cage: seccomp_load of libseccomp is too big for it, so the filter is written by
 * hand. */
#include "monitor/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "monitor/cage.h"

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

/* To follow the feed's file through its rotation, in a cage (cage.h). */
static const int feed_calls[] = {
	SYS_openat,
	SYS_unlinkat,
	SYS_fchmod,
#ifdef SYS_renameat
	SYS_renameat,
#else
	SYS_renameat2,
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

/* Bounding set first, which needs a capability. */
static void drop_capabilities(unsigned int kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	for (unsigned long cap = 0; cap <= 63; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* EINVAL past the last one */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &header, data) < 0)
		data[0].permitted = 0;
	data[0].permitted &= kept;
	data[0].effective = data[0].permitted;
	data[0].inheritable = 0;
	memset(&data[1], 0, sizeof(data[1]));
	(void)syscall(SYS_capset, &header, data);
}

static void limit(int resource)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(resource, &none);
}

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IS(value, hit, miss) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)(value), (unsigned char)(hit), miss)
#define LOW_HALF (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)

/* What one mode needs beside the others' calls; each list falls through to what follows it. */
static const struct sock_filter for_zombie[] = {
	IS(SYS_readlinkat, 1, 0), /* is field 52 of its stat shown to us? */
	IS(SYS_uname, 0, 1),
	ALLOW,
};
static const struct sock_filter for_ptrace[] = {
	IS(SYS_ptrace, 0, 6), /* the last of the list: the number is overwritten */
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) + LOW_HALF),
	IS(PTRACE_CONT, 3, 0),
	IS(PTRACE_DETACH, 2, 0),
	IS(PTRACE_GETSIGINFO, 1, 0),
	IS(PTRACE_LISTEN, 0, 1),
	ALLOW,
};

/* Its own name, by which it says what it cannot write (monitor/word.h). */
static const struct sock_filter for_word[] = {
	IS(SYS_prctl, 0, 4),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) + LOW_HALF),
	IS(PR_SET_NAME, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	ALLOW,
};

#define CALLS_MAX (ARRAY_SIZE(allowed_calls) + ARRAY_SIZE(feed_calls))
#define FILTER_MAX \
	(CALLS_MAX + ARRAY_SIZE(for_zombie) + ARRAY_SIZE(for_word) + ARRAY_SIZE(for_ptrace) + 8)

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short length;
};

static void append(struct filter *f, const struct sock_filter *code, size_t count)
{
	memcpy(f->code + f->length, code, count * sizeof(*code));
	f->length = (unsigned short)(f->length + count);
}

static void append_calls(struct filter *f, bool feed)
{
	int calls[CALLS_MAX];
	size_t count = ARRAY_SIZE(allowed_calls);

	memcpy(calls, allowed_calls, sizeof(allowed_calls));
	if (feed) {
		memcpy(calls + count, feed_calls, sizeof(feed_calls));
		count += ARRAY_SIZE(feed_calls);
	}
	for (size_t i = 0; i < count; i++) {
		const struct sock_filter call[] = {IS(calls[i], count - i, 0)};

		append(f, call, 1);
	}
}

static void load_filter(enum watch_mode mode, bool feed)
{
	static const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		IS(FILTER_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	static const struct sock_filter allow[] = {ALLOW};
	static const struct sock_filter skip_allow[] = {BPF_STMT(BPF_JMP | BPF_JA, 1)};
	static const struct sock_filter deny[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)};
	struct filter f = {.length = 0};
	struct sock_fprog program = {.filter = f.code};

	append(&f, head, ARRAY_SIZE(head));
	append_calls(&f, feed);
	append(&f, skip_allow, 1);
	append(&f, allow, 1);
	if (mode == WATCH_NETLINK || mode == WATCH_ZOMBIE)
		append(&f, for_zombie, ARRAY_SIZE(for_zombie));
	append(&f, for_word, ARRAY_SIZE(for_word));
	if (mode == WATCH_PTRACE)
		append(&f, for_ptrace, ARRAY_SIZE(for_ptrace));
	append(&f, deny, 1);
	program.len = f.length;
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

void confine_monitor(enum watch_mode mode, int feed_dirfd)
{
	bool reads_stat = mode == WATCH_NETLINK || mode == WATCH_ZOMBIE;
	bool feed = feed_dirfd >= 0;
	bool no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	limit(RLIMIT_CORE);
	limit(RLIMIT_NPROC);
	/* Outside with a capability it may open nothing; without one, what its user may. */
	if (feed && !cage_enter(feed_dirfd, !reads_stat) && reads_stat)
		feed = false;
	drop_capabilities(reads_stat ? 1U << CAP_SYS_PTRACE : 0);
	if (no_new_privs && FILTER_ARCH != 0)
		load_filter(mode, feed);
}
