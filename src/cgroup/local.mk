cgroup_files = src/cgroup/cgroup.h src/cgroup/dir.h src/cgroup/devices.h src/cgroup/limits.h \
	src/cgroup/host.c src/cgroup/place.c src/cgroup/dir.c src/cgroup/create.c \
	src/cgroup/delegate.c src/cgroup/members.c src/cgroup/below.c src/cgroup/aside.c src/cgroup/limits.c src/cgroup/convert.c \
	src/cgroup/limits_v1.c src/cgroup/limits_v2.c src/cgroup/weight.c src/cgroup/unified.c \
	src/cgroup/devices.c src/cgroup/devices_v1.c src/cgroup/devices_bpf.c src/cgroup/freeze.c \
	src/cgroup/update.c src/cgroup/undo.c src/cgroup/kill.c src/cgroup/remove.c src/cgroup/usage.c src/cgroup/usage_open.c \
	src/cgroup/stats.h src/cgroup/stats_file.h src/cgroup/stats.c src/cgroup/stats_parse.c \
	src/cgroup/stats_hugetlb.c src/cgroup/stats_v1.c src/cgroup/stats_v2.c

# All but the last need no root: a plain directory stands in for /sys/fs/cgroup.
check_PROGRAMS += test-place test-limits test-update test-freeze test-devices test-stats test-cgroup-root
test_freeze_SOURCES = src/cgroup/test-freeze.c src/cgroup/stand_in.h
test_freeze_LDADD = $(core_libs)
test_update_SOURCES = src/cgroup/test-update.c src/cgroup/stand_in.h
test_update_LDADD = $(core_libs)
test_place_SOURCES = src/cgroup/test-place.c src/cgroup/stand_in.h
test_place_LDADD = $(core_libs)
test_limits_SOURCES = src/cgroup/test-limits.c src/cgroup/stand_in.h
test_limits_LDADD = $(core_libs)
test_devices_SOURCES = src/cgroup/test-devices.c src/cgroup/stand_in.h
test_devices_LDADD = $(core_libs)
test_stats_SOURCES = src/cgroup/test-stats.c src/cgroup/stand_in.h
test_stats_LDADD = $(core_libs)
test_cgroup_root_SOURCES = src/cgroup/test-cgroup-root.c src/cgroup/stand_in.h
test_cgroup_root_LDADD = $(core_libs)
TESTS += test-place test-limits test-update test-freeze test-devices test-stats test-cgroup-root
