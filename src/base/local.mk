base_files = src/base/error.c src/base/error.h src/base/cleanup.h \
	src/base/fd.c src/base/fd.h src/base/message.c src/base/message.h \
	src/base/log.c src/base/log.h src/base/path.c src/base/path.h \
	src/base/json.c src/base/json.h src/base/json_scan.c src/base/json_scan.h src/base/signal_names.c src/base/signal_names.h \
	src/base/cpu_list.c src/base/cpu_list.h \
	src/base/kernel_lacks.c src/base/kernel_lacks.h \
	src/base/compat.h src/base/tap.h

check_PROGRAMS += test-json
test_json_SOURCES = src/base/test-json.c
test_json_LDADD = $(core_libs)
TESTS += test-json

check_PROGRAMS += test-path
test_path_SOURCES = src/base/test-path.c
test_path_LDADD = $(core_libs)
TESTS += test-path

check_PROGRAMS += test-cpu-list
test_cpu_list_SOURCES = src/base/test-cpu-list.c
test_cpu_list_LDADD = $(core_libs)
TESTS += test-cpu-list
