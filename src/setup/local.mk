setup_files = src/setup/step.c src/setup/step.h src/setup/setup.h

# From the process section to the stub's plan.
setup_files += src/setup/namespaces.c src/setup/namespaces.h src/setup/hostname.c src/setup/loopback.c \
	src/setup/sysctl.c src/setup/keyring.c src/setup/keyring.h src/setup/process.c \
	src/setup/notify.c src/setup/notify.h \
	src/setup/procfs.c src/setup/procfs.h src/setup/id_maps.c src/setup/id_maps.h \
	src/setup/command.c src/setup/command.h src/setup/hooks.c src/setup/hooks.h \
	src/setup/capabilities.c src/setup/capabilities.h \
	src/setup/seccomp.c src/setup/seccomp.h \
	src/setup/seccomp_newer.c src/setup/seccomp_newer.h \
	src/setup/seccomp_key.c src/setup/seccomp_key.h \
	src/setup/seccomp_cache.c src/setup/seccomp_cache.h \
	src/setup/home.c src/setup/home.h \
	src/setup/labels.c src/setup/labels.h \
	src/setup/plan.c src/setup/plan_report.c src/setup/plan.h

check_PROGRAMS += test-step test-home test-seccomp test-seccomp-cache test-hooks test-plan test-join test-labels
test_step_SOURCES = src/setup/test-step.c
test_step_LDADD = $(core_libs)
test_home_SOURCES = src/setup/test-home.c
test_home_LDADD = $(core_libs)
test_seccomp_SOURCES = src/setup/test-seccomp.c
test_seccomp_LDADD = $(core_libs)
test_seccomp_cache_SOURCES = src/setup/test-seccomp-cache.c
test_seccomp_cache_LDADD = $(core_libs)
test_hooks_SOURCES = src/setup/test-hooks.c
test_hooks_LDADD = $(core_libs)
test_plan_SOURCES = src/setup/test-plan.c src/setup/subject.h
test_plan_LDADD = $(core_libs)
test_join_SOURCES = src/setup/test-join.c src/setup/subject.h
test_join_LDADD = $(core_libs)
test_labels_SOURCES = src/setup/test-labels.c src/setup/subject.h
test_labels_LDADD = $(core_libs)
TESTS += test-step test-home test-seccomp test-seccomp-cache test-hooks test-plan test-join test-labels

# The root file system.
setup_files += src/setup/mount.c src/setup/mount.h src/setup/mounts.c src/setup/mount_target.c \
	src/setup/bind.c src/setup/copy_up.c src/setup/cgroup_mount.c \
	src/setup/rootfs.c src/setup/devices.c src/setup/masks.c \
	src/setup/terminal.c src/setup/terminal.h

check_PROGRAMS += test-mounts test-dev
test_mounts_SOURCES = src/setup/test-mounts.c src/setup/stage.h
test_mounts_LDADD = $(core_libs)
test_dev_SOURCES = src/setup/test-dev.c src/setup/stage.h
test_dev_LDADD = $(core_libs)
TESTS += test-mounts test-dev
