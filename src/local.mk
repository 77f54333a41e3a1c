include src/base/local.mk
include src/loop/local.mk
include src/spec/local.mk
include src/cgroup/local.mk
include src/setup/local.mk
include src/stub/local.mk
include src/container/local.mk
include src/monitor/local.mk
include src/launch/local.mk
include src/verbs/local.mk

# All of ocirun but main.c, so that unit tests link what they test.
noinst_LIBRARIES += libocirun-core.a
libocirun_core_a_SOURCES = $(base_files) $(loop_files) $(spec_files) $(cgroup_files) \
	$(setup_files) $(stub_files) $(container_files) $(monitor_files) $(launch_files) \
	$(verbs_files)

core_libs = libocirun-core.a libocirun-events.a $(CJSON_LIBS) $(SECCOMP_LIBS) $(CAP_LIBS) $(EV_LIBS)

bin_PROGRAMS += ocirun
ocirun_SOURCES = src/main.c
ocirun_LDADD = $(core_libs)
ocirun_CFLAGS = $(AM_CFLAGS) -fPIE
ocirun_LDFLAGS = $(AM_LDFLAGS) -pie
