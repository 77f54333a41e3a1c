launch_files = src/launch/launch.h src/launch/roles.h src/launch/handshake.c \
	src/launch/handshake.h src/launch/parent.c src/launch/monitor.c src/launch/clone.c \
	src/launch/init.c src/launch/exec.c src/launch/exec.h src/launch/exec_build.c \
	src/launch/exec_child.c src/launch/exec_log.c src/launch/exec_observer.c \
	src/launch/exec_roles.h src/launch/executing.c src/launch/preserve.c \
	src/launch/preserve.h src/launch/process.c src/launch/process.h \
	src/launch/notify.c src/launch/notify.h \
	src/launch/hook_output.c src/launch/hook_output.h \
	src/launch/publish.c src/launch/publish.h src/launch/sealed.c src/launch/sealed.h src/launch/rootless.c src/launch/rootless.h \
	src/launch/undo.c src/launch/undo.h src/launch/start.c src/launch/start.h src/launch/teardown.c \
	src/launch/teardown.h src/launch/watching.c src/launch/watching.h

check_PROGRAMS += test-handshake
launch_files += src/launch/errands.c src/launch/errands.h
test_handshake_SOURCES = src/launch/test-handshake.c
test_handshake_LDADD = $(core_libs)
TESTS += test-handshake
