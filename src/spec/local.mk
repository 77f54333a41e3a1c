spec_files = src/spec/spec.c src/spec/spec.h src/spec/field.c src/spec/field.h \
	src/spec/value.c src/spec/arena.c src/spec/arena.h src/spec/sections.h \
	src/spec/process.c src/spec/exec_process.c src/spec/exec_process.h \
	src/spec/rlimits.c src/spec/capabilities.c src/spec/hooks.c \
	src/spec/mounts.c src/spec/mount_options.c src/spec/annotations.c src/spec/environment.c \
	src/spec/linux.c src/spec/namespaces.c src/spec/id_maps.c src/spec/id_maps.h \
	src/spec/time_offsets.c src/spec/devices.c src/spec/sysctl.c src/spec/seccomp.c \
	src/spec/resources.c src/spec/resources.h src/spec/block_io.c src/spec/device_rules.c src/spec/host.c

# Named after the folder, since src/setup has tests of the same subjects.
spec_tests = test-spec test-spec-process test-spec-mounts test-spec-linux test-spec-resources \
	test-spec-seccomp test-spec-host test-spec-clients \
	test-spec-field test-exec-process
check_PROGRAMS += $(spec_tests)
TESTS += $(spec_tests)
test_spec_SOURCES = src/spec/test-spec.c src/spec/test-spec.h
test_spec_LDADD = $(core_libs)
test_spec_process_SOURCES = src/spec/test-process.c src/spec/test-spec.h
test_spec_process_LDADD = $(core_libs)
test_spec_mounts_SOURCES = src/spec/test-mounts.c src/spec/test-spec.h
test_spec_mounts_LDADD = $(core_libs)
test_spec_linux_SOURCES = src/spec/test-linux.c src/spec/test-spec.h
test_spec_linux_LDADD = $(core_libs)
test_spec_resources_SOURCES = src/spec/test-resources.c src/spec/test-spec.h
test_spec_resources_LDADD = $(core_libs)
test_spec_seccomp_SOURCES = src/spec/test-seccomp.c src/spec/test-spec.h
test_spec_seccomp_LDADD = $(core_libs)
test_spec_host_SOURCES = src/spec/test-host.c src/spec/test-spec.h
test_spec_host_LDADD = $(core_libs)
test_spec_clients_SOURCES = src/spec/test-clients.c src/spec/test-spec.h
test_spec_clients_LDADD = $(core_libs)
test_exec_process_SOURCES = src/spec/test-exec-process.c src/spec/test-spec.h
test_exec_process_LDADD = $(core_libs)
test_spec_field_SOURCES = src/spec/test-field.c src/spec/test-spec.h
test_spec_field_LDADD = $(core_libs)
test_spec_field_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray

spec_files += src/spec/mount_ids.c

# Prints doc/spec-coverage.md: make spec-coverage && ./spec-coverage >doc/spec-coverage.md
check_PROGRAMS += spec-coverage
spec_coverage_SOURCES = src/spec/coverage.c
spec_coverage_LDADD = $(core_libs)

# Built by hand, since it needs clang's libFuzzer; the file says how.
EXTRA_DIST += src/spec/fuzz-spec.c
