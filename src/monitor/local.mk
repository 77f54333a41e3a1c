monitor_files = src/monitor/exit_status.c src/monitor/exit_status.h src/monitor/witness.c \
	src/monitor/exit_choice.c src/monitor/exit_choice.h \
	src/monitor/exit_netlink.c src/monitor/exit_netlink.h \
	src/monitor/exit_ptrace.c src/monitor/exit_ptrace.h \
	src/monitor/exit_zombie.c src/monitor/exit_zombie.h \
	src/monitor/exited.c src/monitor/exited.h src/monitor/failed.c src/monitor/failed.h \
	src/monitor/watch.c src/monitor/watch.h src/monitor/word.c src/monitor/word.h \
	src/monitor/oom.c src/monitor/oom.h src/monitor/oom_settle.c \
	src/monitor/report.c src/monitor/handover.c src/monitor/handover.h src/monitor/handover_feed.c \
	src/monitor/cage.h src/monitor/adopt.c \
	src/monitor/adopt.h src/monitor/frozen.c src/monitor/frozen.h src/monitor/confine.h \
	src/monitor/start_socket.c src/monitor/start_socket.h \
	src/monitor/witnesses.c src/monitor/witnesses.h \
	src/monitor/replace.c src/monitor/replace.h src/monitor/observed.c src/monitor/observed.h

# The program that stays while a container runs: static and small, so that it costs little memory.
pkglibexec_PROGRAMS += ocirun-monitor
ocirun_monitor_SOURCES = src/monitor/main.c src/monitor/confine.c src/monitor/cage.c \
	src/monitor/handover_feed.c src/monitor/watch.c \
	src/monitor/oom.c src/monitor/report.c src/monitor/exit_status.c src/monitor/exited.c \
	src/monitor/failed.c src/monitor/word.c \
	src/monitor/exit_netlink.c src/monitor/exit_ptrace.c src/monitor/exit_zombie.c \
	src/base/kernel_lacks.c \
	src/container/lifecycle.c src/cgroup/usage.c src/loop/loop.c src/loop/signals.c \
	src/base/error.c src/base/fd.c src/base/signal_names.c
ocirun_monitor_CFLAGS = $(AM_CFLAGS)
ocirun_monitor_LDADD = libocirun-events.a $(EV_LIBS) -lm
if SANITIZERS
# The sanitizers' runtime cannot be linked statically.
ocirun_monitor_LDFLAGS = $(AM_LDFLAGS)
ocirun_monitor_SOURCES += src/monitor/sanitizer.c
else
ocirun_monitor_LDFLAGS = $(AM_LDFLAGS) -static-pie
endif
EXTRA_DIST += src/monitor/sanitizer.c

check_PROGRAMS += test-oom test-cage
test_oom_SOURCES = src/monitor/test-oom.c
test_oom_LDADD = $(core_libs)
test_cage_SOURCES = src/monitor/test-cage.c src/monitor/cage.c
test_cage_LDADD = $(core_libs)
TESTS += test-oom test-cage

check_PROGRAMS += test-exit-netlink test-exit-choice
test_exit_netlink_SOURCES = src/monitor/test-exit-netlink.c
test_exit_netlink_LDADD = $(core_libs)
test_exit_choice_SOURCES = src/monitor/test-exit-choice.c
test_exit_choice_LDADD = $(core_libs)
TESTS += test-exit-netlink test-exit-choice
