container_files = src/container/container.c src/container/container.h src/container/store.h \
	src/container/record.c src/container/record.h src/container/facts.c src/container/facts.h src/container/exec_facts.c \
	src/container/feed.c src/container/feed.h \
	src/container/state_json.c src/container/retention.c src/container/lifecycle.c src/container/lifecycle.h \
	src/container/unrecorded.c src/container/unrecorded.h

check_PROGRAMS += test-lifecycle
test_lifecycle_SOURCES = src/container/test-lifecycle.c
test_lifecycle_LDADD = $(core_libs)
TESTS += test-lifecycle
