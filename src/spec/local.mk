spec_files = src/spec/spec.c src/spec/spec.h src/spec/field.c src/spec/field.h \
	src/spec/value.c src/spec/arena.c src/spec/arena.h src/spec/sections.h \
	src/spec/process.c src/spec/rlimits.c src/spec/capabilities.c src/spec/hooks.c \
	src/spec/mounts.c src/spec/mount_options.c src/spec/annotations.c \
	src/spec/linux.c src/spec/namespaces.c src/spec/id_maps.c src/spec/id_maps.h \
	src/spec/time_offsets.c src/spec/devices.c src/spec/sysctl.c src/spec/seccomp.c \
	src/spec/resources.c src/spec/block_io.c src/spec/device_rules.c src/spec/host.c

check_PROGRAMS += test-spec
test_spec_SOURCES = src/spec/test-spec.c src/spec/test-spec.h
test_spec_LDADD = $(core_libs)
TESTS += test-spec

check_PROGRAMS += test-process test-mounts test-linux test-resources test-seccomp
test_process_SOURCES = src/spec/test-process.c
test_process_LDADD = $(core_libs)
test_mounts_SOURCES = src/spec/test-mounts.c
test_mounts_LDADD = $(core_libs)
test_linux_SOURCES = src/spec/test-linux.c
test_linux_LDADD = $(core_libs)
test_resources_SOURCES = src/spec/test-resources.c
test_resources_LDADD = $(core_libs)
test_seccomp_SOURCES = src/spec/test-seccomp.c
test_seccomp_LDADD = $(core_libs)
TESTS += test-process test-mounts test-linux test-resources test-seccomp
