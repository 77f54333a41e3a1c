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
publicincludedir = $(includedir)/ocirun
publicinclude_HEADERS = include/ocirun/events.h include/ocirun/exit-status.h
nodist_publicinclude_HEADERS = include/ocirun/version.h

# For other programs: one object whose only names are those of the public header.
OBJCOPY = objcopy
pkgconfigdir = $(libdir)/pkgconfig
publiclibdir = $(libdir)
nodist_pkgconfig_DATA = events/public/libocirun-events.pc
nodist_publiclib_DATA = events/public/libocirun-events.a
CLEANFILES += events/public/libocirun-events.pc events/public/libocirun-events.a

events/public/libocirun-events.a: libocirun-events.a
	$(AM_V_AR)$(MKDIR_P) events/public && rm -f $@ && \
	$(CC) -r -nostdlib -o $@.o -Wl,--whole-archive libocirun-events.a && \
	$(OBJCOPY) --localize-hidden $@.o && $(AR) cr $@ $@.o && $(RANLIB) $@ && rm $@.o

events/public/libocirun-events.pc: Makefile
	$(AM_V_GEN)$(MKDIR_P) events/public && { \
	echo 'Name: libocirun-events'; \
	echo 'Description: read and follow the event logs of containers'; \
	echo 'URL: $(PACKAGE_URL)'; echo 'Version: $(PACKAGE_VERSION)'; \
	echo 'Libs: -L$(libdir) -locirun-events'; \
	echo 'Cflags: -I$(includedir)'; } >$@

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

dist_man_MANS += doc/man/ocirun-events.8 doc/man/ocirun-wait.8 doc/man/ocirun-events.5 \
	doc/man/libocirun-events.3
dist_doc_DATA += doc/events.md doc/events.schema.json
