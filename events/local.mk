# libocirun-events: the log of a container, usable without ocirun.
#
# The writing side allocates nothing and needs nothing but libc: a static program (ocirun-monitor)
# may link the archive, or, where the rest is built with sanitizers, compile these files itself.
journal_files = events/journal.c events/journal.h events/journal_file.c events/journal_file.h \
	events/line.c events/line.h events/members.c events/scan.c events/scan.h events/types.c
reader_files = events/reader.c events/find.c events/event.c events/watch.c events/witness.c \
	events/time.c events/log.h

noinst_LIBRARIES += libocirun-events.a
libocirun_events_a_SOURCES = $(journal_files) $(reader_files) events/create.c events/sweep.c
nobase_include_HEADERS += include/ocirun/events.h include/ocirun/exit-status.h

check_PROGRAMS += test-scan test-journal test-reader test-follow test-follow-polling fuzz-reader
test_scan_SOURCES = events/test-scan.c events/check.h
test_scan_LDADD = libocirun-events.a
test_journal_SOURCES = events/test-journal.c events/check.h
test_journal_LDADD = libocirun-events.a
test_reader_SOURCES = events/test-reader.c events/check.h
test_reader_LDADD = libocirun-events.a
test_follow_SOURCES = events/test-follow.c events/check.h
test_follow_LDADD = libocirun-events.a
# The same tests of a library that knows no inotify.
test_follow_polling_SOURCES = $(test_follow_SOURCES) $(libocirun_events_a_SOURCES)
test_follow_polling_CPPFLAGS = $(AM_CPPFLAGS) -DOCIRUN_EVENTS_POLLING
fuzz_reader_SOURCES = events/fuzz-reader.c events/check.h
fuzz_reader_LDADD = libocirun-events.a
TESTS += test-scan test-journal test-reader test-follow test-follow-polling
