/* SPDX-License-Identifier: Apache-2.0 */
/* AppArmor and SELinux: whether they are here, and how a label is asked for. */
#include "setup/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "setup/procfs.h"
#include "stub/plan.h"

/* LSM_ATTR_* of linux/lsm.h, newer than our headers. */
#define ATTR_EXEC	101
#define ATTR_KEYCREATE	103
#define KEYCREATE_FILE	"self/attr/keycreate"
#define APPARMOR_OWN	"self/attr/apparmor/exec"
#define SHARED_EXEC	"self/attr/exec"
#define APPARMOR_SWITCH "sys/module/apparmor/parameters/enabled"
#define SELINUX_SWITCH	"sys/fs/selinux/enforce"

static bool has_apparmor(int root_fd)
{
	char text[8];

	return file_read_at(root_fd, APPARMOR_SWITCH, text, sizeof(text)) > 0 && text[0] == 'Y';
}

/* A container that is not to see SELinux has no selinuxfs: then it is not there for us either. */
static bool has_selinux(int root_fd)
{
	return faccessat(root_fd, SELINUX_SWITCH, F_OK, 0) == 0;
}

static int refuse(struct error *err, const char *name, const char *why)
{
	enum error_kind kind = name[0] == '-' ? ERROR_USAGE : ERROR_CONFIG;

	return error_set(err, kind, EINVAL, "%s: %s", name, why);
}

static int check_length(struct error *err, const char *name, const char *label)
{
	return strlen(label) > PLAN_LABEL_MAX - sizeof("exec ") ? refuse(err, name, "too long") : 0;
}

int labels_check_in(int root_fd, const struct spec_process *process,
		    const struct label_names *names, struct error *err)
{
	const char *profile = process->apparmor_profile, *label = process->selinux_label;
	int r = 0;

	if (profile && strcmp(profile, "unconfined") != 0 && !has_apparmor(root_fd))
		return refuse(err, names->apparmor, "AppArmor is not enabled on this host");
	if (label && !has_selinux(root_fd))
		return refuse(err, names->selinux, "SELinux is not enabled on this host");
	if (profile)
		r = check_length(err, names->apparmor, profile);
	return r == 0 && label ? check_length(err, names->selinux, label) : r;
}

int labels_check(const struct spec_process *process, const struct label_names *names,
		 struct error *err)
{
	autofd root_fd = -EBADF;

	if (!process->apparmor_profile && !process->selinux_label)
		return 0;
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return error_sys(err, "/");
	return labels_check_in(root_fd, process, names, err);
}

static void add(struct labels *labels, enum label_module module, uint32_t attribute,
		const char *file, const char *command, const char *name)
{
	labels->list[labels->count++] = (struct label){module, attribute, file, command, name};
}

/* On a host without AppArmor only "unconfined" was let pass, and there is nothing to ask for. */
static bool asks_for_apparmor(const struct spec_process *process)
{
	autofd root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return process->apparmor_profile && has_apparmor(root_fd);
}

void labels_of(const struct spec_process *process, int proc_fd, bool keyring, struct labels *ret)
{
	/* The file of all modules may belong to another one. Linux < 5.8 has no other. */
	bool own_file = proc_fd < 0 || faccessat(proc_fd, APPARMOR_OWN, F_OK, 0) == 0;

	ret->count = 0;
	if (process->selinux_label && keyring)
		add(ret, LABEL_SELINUX, ATTR_KEYCREATE, KEYCREATE_FILE, "", process->selinux_label);
	if (process->selinux_label)
		add(ret, LABEL_SELINUX, ATTR_EXEC, SHARED_EXEC, "", process->selinux_label);
	if (asks_for_apparmor(process))
		add(ret, LABEL_APPARMOR, ATTR_EXEC, own_file ? APPARMOR_OWN : SHARED_EXEC, "exec ",
		    process->apparmor_profile);
}

static bool kernel_has_call(void)
{
	return sys_lsm_set_self_attr(0, NULL, 0, 0) < 0 && errno == EINVAL;
}

int labels_open_procfs(const struct spec_process *process, struct error *err)
{
	int fd;

	if ((!process->apparmor_profile && !process->selinux_label) || kernel_has_call())
		return -EBADF;
	fd = procfs_open_host();
	return fd < 0 ? error_sys_num(err, fd, "/proc") : fd;
}

static int ask(const struct label *label)
{
	struct plan_lsm_context context = {
		.id = label->module, .length = sizeof(context), .text_length = strlen(label->name)};

	memcpy(context.text, label->name, context.text_length);
	return sys_lsm_set_self_attr(label->attribute, &context, sizeof(context), 0) < 0 ? -errno
											 : 0;
}

int label_keyring(const struct spec_process *process, int proc_fd, struct error *err)
{
	const struct label label = {LABEL_SELINUX, ATTR_KEYCREATE, KEYCREATE_FILE, "",
				    process->selinux_label};
	int r;

	if (!process->selinux_label)
		return 0;
	r = kernel_has_call() ? ask(&label) : procfs_write(proc_fd, label.file, label.name);
	return r < 0 ? error_sys_num(err, r, "label the session keyring %s", label.name) : 0;
}
