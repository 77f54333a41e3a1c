/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of AppArmor and SELinux: asked for now, and taken on by execve. */
#include "stub/internal.h"
#include "stub/syscall.h"

#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>

#ifndef __NR_lsm_set_self_attr
#define __NR_lsm_set_self_attr 460
#endif

static long ask_by_call(const struct plan_label *label, const char *text)
{
	struct plan_lsm_context context;

	memset(&context, 0, sizeof(context));
	context.id = label->lsm;
	context.length = sizeof(context);
	context.text_length = label->text_length;
	memcpy(context.text, text, label->text_length);
	return kernel4(__NR_lsm_set_self_attr, label->attribute, &context, sizeof(context), 0);
}

/* "self" of the host's procfs is this process, by its pid there. */
static long ask_by_file(int proc_fd, const char *file, const char *text, size_t length)
{
	long fd = kernel4(__NR_openat, proc_fd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	struct statfs fs;
	long r;

	if (fd < 0)
		return fd;
	r = kernel2(__NR_fstatfs, fd, &fs);
	if (r == 0 && fs.f_type != PROC_SUPER_MAGIC)
		r = -EXDEV;
	if (r == 0)
		r = kernel3(__NR_write, fd, text, length);
	(void)kernel1(__NR_close, fd);
	return r < 0 ? r : 0;
}

void ask_for_labels(struct stub *stub)
{
	const struct plan_label *labels = plan_at(stub, stub->plan->labels_offset);
	int proc_fd = stub->plan->label_proc_fd;
	uint32_t i;

	for (i = 0; i < stub->plan->label_count; i++) {
		const char *text = plan_at(stub, labels[i].text_offset);
		const char *file = plan_at(stub, labels[i].file_offset);
		long r = proc_fd < 0 ? ask_by_call(&labels[i], text)
				     : ask_by_file(proc_fd, file, text, labels[i].text_length);

		if (r < 0)
			fail(stub, PLAN_STAGE_LABEL, r, (int)labels[i].lsm, text);
	}
	if (proc_fd >= 0)
		(void)kernel1(__NR_close, proc_fd);
}
