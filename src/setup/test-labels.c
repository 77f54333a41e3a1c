/* SPDX-License-Identifier: Apache-2.0 */
/* Labels for security modules that this host need not have: a directory stands in for it, and
 * another file of procfs for attr/exec. */
#include "setup/labels.h"

#include <sys/stat.h>

#include "setup/subject.h"

static const struct label_names in_config = {"process.apparmorProfile", "process.selinuxLabel"};
static const struct label_names as_options = {"--apparmor", "--process-label"};

/* ---- which modules there are ---- */

struct host {
	char path[32];
	int fd;
};

static void host_open(struct host *h)
{
	(void)snprintf(h->path, sizeof(h->path), "/tmp/test-labels-XXXXXX");
	check(mkdtemp(h->path) != NULL);
	h->fd = open(h->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void host_has(const struct host *h, const char *path, const char *text)
{
	char dir[128];
	int fd;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		(void)mkdirat(h->fd, dir, 0700);
	}
	fd = openat(h->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check_int(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
}

static void host_close(struct host *h)
{
	char command[64];

	(void)close(h->fd);
	(void)snprintf(command, sizeof(command), "rm -r %s", h->path);
	check_int(system(command), 0);
}

static int checked(const struct host *h, const struct spec_process *p,
		   const struct label_names *names, struct error *err)
{
	*err = (struct error)ERROR_INIT;
	return labels_check_in(h->fd, p, names, err);
}

static void modules_that_are_not_enabled(void)
{
	const struct spec_process none = {0};
	const struct spec_process unconfined = {.apparmor_profile = "unconfined"};
	const struct spec_process apparmor = {.apparmor_profile = "some-profile"};
	const struct spec_process selinux = {.selinux_label = "u:r:t:s0"};
	struct error err;
	struct host h;

	host_open(&h);
	check_int(checked(&h, &none, &in_config, &err), 0);
	check_int(checked(&h, &unconfined, &in_config, &err), 0);
	check_int(checked(&h, &apparmor, &in_config, &err), -EINVAL);
	check_text(err.text, "process.apparmorProfile: AppArmor is not enabled on this host");
	check_int(err.kind, ERROR_CONFIG);
	check_int(checked(&h, &apparmor, &as_options, &err), -EINVAL);
	check_text(err.text, "--apparmor: AppArmor is not enabled on this host");
	check_int(err.kind, ERROR_USAGE);
	check_int(checked(&h, &selinux, &in_config, &err), -EINVAL);
	check_text(err.text, "process.selinuxLabel: SELinux is not enabled on this host");
	host_has(&h, "sys/module/apparmor/parameters/enabled", "N\n");
	check_int(checked(&h, &apparmor, &in_config, &err), -EINVAL);
	host_close(&h);
}

static void modules_that_are_enabled(void)
{
	static char much[PLAN_LABEL_MAX + 1];
	struct spec_process p = {.apparmor_profile = "some-profile", .selinux_label = "u:r:t:s0"};
	struct error err;
	struct host h;

	host_open(&h);
	host_has(&h, "sys/module/apparmor/parameters/enabled", "Y\n");
	host_has(&h, "sys/fs/selinux/enforce", "1");
	check_int(checked(&h, &p, &in_config, &err), 0);
	memset(much, 'x', sizeof(much) - 1);
	p.selinux_label = much;
	check_int(checked(&h, &p, &in_config, &err), -EINVAL);
	check_text(err.text, "process.selinuxLabel: too long");
	host_close(&h);
}

static void labels_in_order(void)
{
	const struct spec_process p = {.selinux_label = "u:r:t:s0"};
	const struct spec_process none = {0};
	struct labels labels;

	labels_of(&none, -EBADF, true, &labels);
	check_int(labels.count, 0);
	labels_of(&p, -EBADF, false, &labels);
	check_int(labels.count, 1);
	check_text(labels.list[0].file, "self/attr/exec");
	labels_of(&p, -EBADF, true, &labels);
	check_int(labels.count, 2);
	check_text(labels.list[0].file, "self/attr/keycreate");
	check_text(labels.list[1].file, "self/attr/exec");
}

/* ---- what the stub does ---- */

static void labelled(struct subject *t, struct labels *labels, int proc_fd, const char *script)
{
	subject_init(t, script);
	t->input.labels = labels;
	t->input.label_proc_fd = proc_fd;
}

/* Kept across execve, and of no further meaning here. */
static const char filter[] = "self/coredump_filter";

static void stub_writes_to_procfs(void)
{
	autofd proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct labels labels = {1, {{LABEL_SELINUX, 101, filter, "0x", "15"}}};
	struct subject t;

	labelled(&t, &labels, proc_fd, "cat /proc/self/coredump_filter; ls /proc/self/fd");
	run_through(&t);
	check_text(subject_output(&t), "00000015\n0\n1\n2\n3\n"); /* 3 is ls's own */
	check_int(subject_end(&t), 0);
}

static void stub_fails(struct labels *labels, int proc_fd, int errnum, const char *text)
{
	struct subject t;

	labelled(&t, labels, proc_fd, "echo not reached");
	subject_begin(&t);
	check_int(next_report(&t), PLAN_FAILED);
	check_int(t.report.stage, PLAN_STAGE_LABEL);
	check_int(plan_report_error(&t.report, &t.spec, &t.err), -errnum);
	check_text(t.err.text, text);
	check_text(subject_output(&t), "");
	check_int(subject_end(&t), status_after(&t.report));
}

static void stub_refuses_another_file_system(void)
{
	struct labels labels = {1, {{LABEL_APPARMOR, 101, "self/attr/exec", "exec ", "p"}}};
	struct host h;

	host_open(&h);
	stub_fails(&labels, h.fd, ENOENT,
		   "process.apparmorProfile: \"p\": No such file or directory");
	host_has(&h, "self/attr/exec", "");
	stub_fails(&labels, h.fd, EXDEV,
		   "process.apparmorProfile: \"p\": Invalid cross-device link");
	host_close(&h);
}

static void stub_tells_what_the_kernel_says(void)
{
	/* No module of the kernel has this number. */
	struct labels labels = {1, {{(enum label_module)4711, 101, "", "", "u:r:t:s0"}}};
	struct error err = ERROR_INIT;
	const struct spec_process p = {.selinux_label = "u:r:t:s0"};
	int fd = labels_open_procfs(&p, &err);

	if (fd == -EBADF)
		stub_fails(&labels, -EBADF, EOPNOTSUPP,
			   "process.selinuxLabel: \"u:r:t:s0\": Operation not supported");
	else
		printf("# Linux < 6.8: not looked at\n");
	close_keeping_errno(fd);
	check_text(err.text, "");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a module that is not enabled is refused by name", modules_that_are_not_enabled},
		{"a module that is enabled takes labels that fit", modules_that_are_enabled},
		{"keyrings are labelled first", labels_in_order},
		{"the stub writes to procfs, and keeps no descriptor of it", stub_writes_to_procfs},
		{"the stub writes to no file that only looks like procfs",
		 stub_refuses_another_file_system},
		{"the stub tells what the kernel says", stub_tells_what_the_kernel_says},
	};

	fd_cloexec_from(3);
	return tap_run(tests, ARRAY_SIZE(tests));
}
