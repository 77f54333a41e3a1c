/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations of the shape that Docker, podman and containerd write: bats/data/client-*.json. */
#include <fcntl.h>
#include <sys/mount.h>

#include "spec/test-spec.h"

/* loaded - automake's tests find the sources by $srcdir. */
static struct spec loaded(const char *name)
{
	const char *top = getenv("srcdir");
	struct error err = ERROR_INIT;
	struct spec spec = {0};
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/bats/data/%s", top ? top : ".", name);
	check_int(spec_load(AT_FDCWD, path, &spec, NULL, NULL, &err), 0);
	check_text(err.text, "");
	return spec;
}

static void test_docker(void)
{
	autospec spec = loaded("client-docker.json");

	check_int(spec.process.console_height, 0);
	check_int(spec.mounts[10].flags_set, MS_RDONLY);
	check(spec.mounts[10].recursive_bind);
	check_int(spec.mounts[10].propagation, MS_PRIVATE | MS_REC);
	check_int(spec.hooks.count[HOOK_PRESTART], 1);
	check_int(spec.resources.device_rule_count, 8);
	check_int(spec.resources.memory.swap.value, 536870912);
	check_int(spec.resources.pids_limit.value, -1);
	check(spec.resources.cpu.mems == NULL && !spec.resources.block_io.weight.has);
	check_int(spec.seccomp.rule_count, 5);
	check_int(spec.seccomp.arch_count, 3);
	check_text(spec.cgroups_path, "/docker/9c1f0b3f3a51");
}

static void test_podman(void)
{
	autospec spec = loaded("client-podman.json");

	check(spec.process.user.has_umask);
	check_int(spec.process.user.additional_gid_count, 2);
	check(spec.process.capabilities.has && spec.process.capabilities.effective == 0);
	check(spec_is_new(&spec, NAMESPACE_USER) && spec_is_joined(&spec, NAMESPACE_NETWORK));
	check_int(spec.mounts[10].kind, MOUNT_CGROUP);
	check_int(spec.mounts[10].propagation, MS_PRIVATE | MS_REC);
	check_text(spec_annotation(&spec, "run.oci.keep_original_groups"), "1");
	check_int(spec.resources.pids_limit.value, 2048);
}

static void test_containerd(void)
{
	autospec spec = loaded("client-containerd.json");

	check(!spec.process.terminal && spec.root.readonly && spec.process.no_new_privileges);
	check_int(spec.process.oom_score_adj.value, -998);
	check(!spec.resources.memory.limit.has);
	check_int(spec.resources.cpu.shares.value, 2);
	check(!spec.namespaces[NAMESPACE_CGROUP].wanted);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"what Docker writes is taken", test_docker},
		{"what podman writes is taken", test_podman},
		{"what containerd writes for Kubernetes is taken", test_containerd},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
