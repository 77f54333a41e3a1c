/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices on cgroup v2: an eBPF program that the kernel asks before every open and mknod. Rules are
 * tried last to first; each takes from the request the accesses that it allows, and any access that
 * a rule denies ends it. Source: bpf(2), linux/bpf.h (BPF_PROG_TYPE_CGROUP_DEVICE).
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/devices.h"

#define PROGRAM_NAME	 "ocirun_devices"
#define VERIFIER_LOG_MAX 65536
#define ATTACHED_MAX	 64

/* The longest that one rule becomes, and what stands before and after all rules. */
#define RULE_CODE_MAX  7
#define FRAME_CODE_MAX 7

static int sys_bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static void emit(struct bpf_insn *code, size_t *count, struct bpf_insn insn)
{
	code[(*count)++] = insn;
}

static struct bpf_insn load_word(uint8_t to, size_t offset)
{
	return (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
				 .dst_reg = to,
				 .src_reg = BPF_REG_1,
				 .off = (int16_t)offset};
}

static struct bpf_insn alu(uint8_t operation, uint8_t reg, uint32_t value)
{
	return (struct bpf_insn){.code = (uint8_t)(BPF_ALU | operation | BPF_K),
				 .dst_reg = reg,
				 .imm = (int32_t)value};
}

static struct bpf_insn jump_if(uint8_t condition, uint8_t reg, uint32_t value, size_t distance)
{
	return (struct bpf_insn){.code = (uint8_t)(BPF_JMP | condition | BPF_K),
				 .dst_reg = reg,
				 .off = (int16_t)distance,
				 .imm = (int32_t)value};
}

static void emit_return(struct bpf_insn *code, size_t *count, bool allow)
{
	emit(code, count,
	     (struct bpf_insn){
		     .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = allow});
	emit(code, count, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

/* r2: accesses still to be allowed; r3: type; r4: major; r5: minor. */
static void emit_frame(struct bpf_insn *code, size_t *count)
{
	emit(code, count, load_word(BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type)));
	emit(code, count,
	     (struct bpf_insn){.code = BPF_ALU | BPF_MOV | BPF_X,
			       .dst_reg = BPF_REG_3,
			       .src_reg = BPF_REG_2});
	emit(code, count, alu(BPF_AND, BPF_REG_3, 0xffff));
	emit(code, count, alu(BPF_RSH, BPF_REG_2, 16));
	emit(code, count, load_word(BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major)));
	emit(code, count, load_word(BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor)));
}

static void emit_rule(struct bpf_insn *code, size_t *count, const struct device_rule *rule)
{
	bool has_major = rule->major >= 0, has_minor = rule->minor >= 0;
	/* What is left of this rule's code: conditions, then two to decide and two to return. */
	size_t left = 4U + has_major + has_minor;

	emit(code, count,
	     jump_if(BPF_JNE, BPF_REG_3,
		     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, left--));
	if (has_major)
		emit(code, count, jump_if(BPF_JNE, BPF_REG_4, (uint32_t)rule->major, left--));
	if (has_minor)
		emit(code, count, jump_if(BPF_JNE, BPF_REG_5, (uint32_t)rule->minor, left--));
	if (rule->allow) {
		emit(code, count, alu(BPF_AND, BPF_REG_2, DEVICE_ALL & ~rule->access));
		emit(code, count, jump_if(BPF_JNE, BPF_REG_2, 0, 2));
	} else {
		/* There is no "jump unless any of these bits": jump over the jump. */
		emit(code, count, jump_if(BPF_JSET, BPF_REG_2, rule->access, 1));
		emit(code, count, (struct bpf_insn){.code = BPF_JMP | BPF_JA, .off = 2});
	}
	emit_return(code, count, rule->allow);
}

int device_program_make(const struct device_plan *plan, struct bpf_insn **ret_code,
			size_t *ret_count)
{
	struct bpf_insn *code;
	size_t count = 0;

	code = calloc(FRAME_CODE_MAX + 1 + plan->count * RULE_CODE_MAX, sizeof(*code));
	if (!code)
		return -ENOMEM;
	emit_frame(code, &count);
	for (size_t i = plan->count; i-- > 0;)
		emit_rule(code, &count, &plan->rules[i]);
	emit_return(code, &count, plan->allow_all);
	*ret_code = code;
	*ret_count = count;
	return 0;
}

static int load(const struct bpf_insn *code, size_t count, char *log, uint32_t log_size)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uintptr_t) "Apache-2.0";
	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	attr.log_buf = (uintptr_t)log;
	attr.log_size = log_size;
	attr.log_level = log ? 1 : 0;
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? -errno : fd;
}

/* Linux < 5.11 charges programs to RLIMIT_MEMLOCK: use all that we may. */
static void raise_memlock(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

static const char *last_lines(char *log)
{
	char *end = log + strlen(log);

	while (end > log && end[-1] == '\n')
		*--end = '\0';
	/* The verifier ends with a line of statistics; the reason is in the one before. */
	for (int lines = 0; end > log && lines < 2; end--)
		lines += end[-1] == '\n';
	for (char *p = end; *p; p++)
		if (*p == '\n')
			*p = ' ';
	return end + strspn(end, " ");
}

int device_program_load(const struct bpf_insn *code, size_t count, struct error *err)
{
	autofree char *log = NULL;
	int fd = load(code, count, NULL, 0);

	if (fd == -EPERM) {
		raise_memlock();
		fd = load(code, count, NULL, 0);
	}
	if (fd >= 0)
		return fd;
	/* The log costs time, so it is asked for only when there is something to explain. */
	log = calloc(1, VERIFIER_LOG_MAX);
	if (!log)
		return error_sys_num(err, fd, "load the eBPF program for devices");
	(void)close_keeping_errno(load(code, count, log, VERIFIER_LOG_MAX));
	if (!*log)
		return error_sys_num(err, fd,
				     "load the eBPF program for devices (%zu instructions)", count);
	return error_sys_num(err, fd, "load the eBPF program for devices (verifier: %s)",
			     last_lines(log));
}

static int program_by_id(uint32_t id)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	return fd < 0 ? -errno : fd;
}

static bool is_ours(int program_fd)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)program_fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && !strcmp(info.name, PROGRAM_NAME);
}

/* Our program on this cgroup, or -ENOENT. */
static int find_ours(int dirfd)
{
	uint32_t ids[ATTACHED_MAX];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)dirfd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = ATTACHED_MAX;
	if (sys_bpf(BPF_PROG_QUERY, &attr) < 0)
		return -errno;
	for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
		int fd = program_by_id(ids[i]);

		if (fd >= 0 && is_ours(fd))
			return fd;
		close_keeping_errno(fd);
	}
	return -ENOENT;
}

static int detach(int dirfd, int program_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)dirfd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return sys_bpf(BPF_PROG_DETACH, &attr) < 0 ? -errno : 0;
}

static int attach(int dirfd, int program_fd, int replaced_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)dirfd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced_fd;
	}
	return sys_bpf(BPF_PROG_ATTACH, &attr) < 0 ? -errno : 0;
}

int device_program_attach(int dirfd, const struct device_plan *plan, struct error *err)
{
	autofree struct bpf_insn *code = NULL;
	autofd program = -EBADF, ours = -EBADF;
	size_t count;
	int r = device_program_make(plan, &code, &count);

	if (r < 0)
		return error_sys_num(err, r, "make the eBPF program for devices");
	program = device_program_load(code, count, err);
	if (program < 0)
		return program;
	ours = find_ours(dirfd);
	r = attach(dirfd, program, ours);
	if (r == -EINVAL && ours >= 0) {
		/* Linux < 5.6 cannot replace: with both there for a moment, only less is allowed.
		 */
		r = attach(dirfd, program, -EBADF);
		if (r == 0)
			r = detach(dirfd, ours);
	}
	return r < 0 ? error_sys_num(err, r, "attach the eBPF program for devices") : 0;
}

int device_program_detach(int dirfd, struct error *err)
{
	autofd ours = find_ours(dirfd);
	int r = ours < 0 ? 0 : detach(dirfd, ours);

	return r < 0 ? error_sys_num(err, r, "detach the eBPF program for devices") : 0;
}
