/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls for the stub without a C library: inline on x86_64 and aarch64, through libc's
 * syscall(2) elsewhere. Every call returns the value or a negative errno.
 */
#ifndef STUB_SYSCALL_H
#define STUB_SYSCALL_H

#include <asm/unistd.h>
#include <linux/errno.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define STUB_FREESTANDING 1

static inline long kernel6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* The initial stack holds argc, argv and the environment; hand its address to stub_main. */
#define STUB_ENTRY                  \
	__asm__(".globl _start\n"   \
		"_start:\n"         \
		"	xor %ebp, %ebp\n" \
		"	mov %rsp, %rdi\n" \
		"	and $-16, %rsp\n" \
		"	call stub_main\n" \
		"	hlt\n")

#elif defined(__aarch64__) && !defined(__ILP32__)
#define STUB_FREESTANDING 1

static inline long kernel6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
}

#define STUB_ENTRY                \
	__asm__(".globl _start\n" \
		"_start:\n"       \
		"	mov x29, #0\n"  \
		"	mov x30, #0\n"  \
		"	mov x0, sp\n"   \
		"	bl stub_main\n" \
		"	brk #1\n")

#else
#define STUB_FREESTANDING 0
#include <errno.h>
#include <unistd.h>

static inline long kernel6(long number, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(number, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
}
#endif

/* Where the old number means 16-bit ids or a page-less offset, the kernel has a second one. */
#ifdef __NR_setresuid32
#define STUB_SETRESUID __NR_setresuid32
#define STUB_SETRESGID __NR_setresgid32
#define STUB_SETGROUPS __NR_setgroups32
#define STUB_FCHOWN    __NR_fchown32
#else
#define STUB_SETRESUID __NR_setresuid
#define STUB_SETRESGID __NR_setresgid
#define STUB_SETGROUPS __NR_setgroups
#define STUB_FCHOWN    __NR_fchown
#endif
#ifdef __NR_mmap2
#define STUB_MMAP __NR_mmap2
#else
#define STUB_MMAP __NR_mmap
#endif

#define KERNEL_ARG(x)	    ((long)(x))
#define kernel0(n)	    kernel6(n, 0, 0, 0, 0, 0, 0)
#define kernel1(n, a)	    kernel6(n, KERNEL_ARG(a), 0, 0, 0, 0, 0)
#define kernel2(n, a, b)    kernel6(n, KERNEL_ARG(a), KERNEL_ARG(b), 0, 0, 0, 0)
#define kernel3(n, a, b, c) kernel6(n, KERNEL_ARG(a), KERNEL_ARG(b), KERNEL_ARG(c), 0, 0, 0)
#define kernel4(n, a, b, c, d) \
	kernel6(n, KERNEL_ARG(a), KERNEL_ARG(b), KERNEL_ARG(c), KERNEL_ARG(d), 0, 0)
#define kernel5(n, a, b, c, d, e) \
	kernel6(n, KERNEL_ARG(a), KERNEL_ARG(b), KERNEL_ARG(c), KERNEL_ARG(d), KERNEL_ARG(e), 0)

static inline long stub_fork(void)
{
#if STUB_FREESTANDING
	return kernel5(__NR_clone, 17 /* SIGCHLD */, 0, 0, 0, 0);
#else
	pid_t pid = fork();

	return pid < 0 ? -errno : pid;
#endif
}

static inline void *stub_mmap(unsigned long length, int protection, int flags, int fd)
{
	return (void *)kernel6(STUB_MMAP, 0, KERNEL_ARG(length), protection, flags, fd, 0);
}

static inline int stub_mmap_failed(const void *address)
{
	return (unsigned long)address >= (unsigned long)-4095;
}

#endif
