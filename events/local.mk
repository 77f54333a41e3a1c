# libocirun-events: the log of a container, usable without ocirun.
#
# The writing side allocates nothing and needs nothing but libc: a static program (ocirun-monitor)
# may link the archive, or, where the rest is built with sanitizers, compile these files itself.
journal_files = events/journal.c events/journal.h events/journal_file.c events/journal_file.h \
	events/feed.c events/feed.h events/feed_file.c events/feed_file.h events/feed_copy.c \
	events/pending.c events/pending.h events/line.c events/line.h events/members.c events/scan.c \
	events/scan.h events/types.c
reader_files = events/reader.c events/find.c events/directory.c events/directory.h events/event.c \
	events/watch.c events/witness.c events/time.c events/log.h events/lines.c events/lines.h \
	events/feed_reader.c events/feed_reader.h events/feed_chain.c events/feed_chain.h \
	events/feed_seen.c events/feed_seen.h events/feed_place.c events/feed_place.h

noinst_LIBRARIES += libocirun-events.a
libocirun_events_a_SOURCES = $(journal_files) $(reader_files) events/create.c \
	events/feed_settle.c events/feed_compare.c events/feed_compare.h \
	events/sweep.c events/sweep.h events/sweep_stamp.c events/sweep_stamp.h events/over.c events/over.h events/debts.c events/debts.h
publicincludedir = $(includedir)/ocirun
publicinclude_HEADERS = include/ocirun/events.h include/ocirun/exit-status.h
nodist_publicinclude_HEADERS = include/ocirun/version.h

# Position-independent, since the shared library is made of the same objects.
libocirun_events_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENTS_CPPFLAGS)
libocirun_events_a_CFLAGS = $(AM_CFLAGS) -fPIC

# For other programs, in events/public. Static: one object whose only names are those of the public
# header. Shared: the same by events/libocirun-events.map. Linked without libtool, which would compile
# everything twice and is not needed for ELF. ocirun itself takes neither, but the archive above.
OBJCOPY = objcopy
public = events/public
pkgconfigdir = $(libdir)/pkgconfig
publiclibdir = $(libdir)
nodist_pkgconfig_DATA = $(public)/libocirun-events.pc
nodist_publiclib_DATA = $(public)/libocirun-events.a
CLEANFILES += $(public)/libocirun-events.pc $(public)/libocirun-events.a
EXTRA_DIST += events/libocirun-events.map

$(public)/libocirun-events.a: libocirun-events.a
	$(AM_V_AR)$(MKDIR_P) $(public) && rm -f $@ && \
	$(CC) -r -nostdlib -o $@.o -Wl,--whole-archive libocirun-events.a && \
	$(OBJCOPY) --localize-hidden $@.o && $(AR) cr $@ $@.o && $(RANLIB) $@ && rm $@.o

$(public)/libocirun-events.pc: Makefile
	$(AM_V_GEN)$(MKDIR_P) $(public) && { \
	echo 'prefix=$(prefix)'; echo 'libdir=$(libdir)'; echo 'includedir=$(includedir)'; echo; \
	echo 'Name: libocirun-events'; \
	echo 'Description: read and follow the event logs of containers'; \
	echo 'URL: $(PACKAGE_URL)'; echo 'Version: $(PACKAGE_VERSION)'; \
	echo 'Libs: -L$${libdir} -locirun-events'; \
	echo 'Cflags: -I$${includedir}'; } >$@

# The number of the soname changes when a program built before would not run any more. Names are only
# added, each under the version that it came with.
shared_soname = libocirun-events.so.0
shared_file = libocirun-events.so.$(PACKAGE_VERSION)
if SHARED
publicshlibdir = $(libdir)
publicshlib_SCRIPTS = $(public)/$(shared_file)
CLEANFILES += $(public)/$(shared_file) $(public)/$(shared_soname) $(public)/libocirun-events.so

$(public)/$(shared_file): libocirun-events.a events/libocirun-events.map
	$(AM_V_CCLD)$(MKDIR_P) $(public) && \
	$(CC) -shared $(CFLAGS) $(SANITIZE_CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ \
		-Wl,-soname,$(shared_soname) \
		-Wl,--version-script=$(srcdir)/events/libocirun-events.map \
		-Wl,--whole-archive libocirun-events.a -Wl,--no-whole-archive && \
	ln -sf $(shared_file) $(public)/$(shared_soname) && \
	ln -sf $(shared_soname) $(public)/libocirun-events.so

install-data-hook:
	ln -sf $(shared_file) $(DESTDIR)$(libdir)/$(shared_soname)
	ln -sf $(shared_soname) $(DESTDIR)$(libdir)/libocirun-events.so

uninstall-hook:
	rm -f $(DESTDIR)$(libdir)/$(shared_soname) $(DESTDIR)$(libdir)/libocirun-events.so
endif

check_PROGRAMS += test-durability test-sweep test-scan test-journal test-reader test-follow test-follow-polling \
	test-directory test-directory-polling test-feed test-feed-debts test-feed-reader test-feed-reader-polling fuzz-reader
test_sweep_SOURCES = events/test-sweep.c events/check.h
test_sweep_LDADD = libocirun-events.a
test_scan_SOURCES = events/test-scan.c events/check.h
test_scan_LDADD = libocirun-events.a
test_journal_SOURCES = events/test-journal.c events/check.h
test_journal_LDADD = libocirun-events.a
test_feed_SOURCES = events/test-feed.c events/test-feed.h events/check.h
test_feed_LDADD = libocirun-events.a
test_feed_debts_SOURCES = events/test-feed-debts.c events/test-feed.h events/check.h
test_feed_debts_LDADD = libocirun-events.a
test_reader_SOURCES = events/test-reader.c events/check.h
test_reader_LDADD = libocirun-events.a
test_durability_SOURCES = events/test-durability.c events/check.h
test_durability_LDADD = libocirun-events.a
test_follow_SOURCES = events/test-follow.c events/check.h
test_follow_LDADD = libocirun-events.a
test_directory_SOURCES = events/test-directory.c events/check.h
test_directory_LDADD = libocirun-events.a
test_feed_reader_SOURCES = events/test-feed-reader.c events/check.h
test_feed_reader_LDADD = libocirun-events.a
# The same tests of a library that knows no inotify.
test_follow_polling_SOURCES = $(test_follow_SOURCES) $(libocirun_events_a_SOURCES)
test_follow_polling_CPPFLAGS = $(AM_CPPFLAGS) -DOCIRUN_EVENTS_POLLING
test_directory_polling_SOURCES = $(test_directory_SOURCES) $(libocirun_events_a_SOURCES)
test_directory_polling_CPPFLAGS = $(AM_CPPFLAGS) -DOCIRUN_EVENTS_POLLING
test_feed_reader_polling_SOURCES = $(test_feed_reader_SOURCES) $(libocirun_events_a_SOURCES)
test_feed_reader_polling_CPPFLAGS = $(AM_CPPFLAGS) -DOCIRUN_EVENTS_POLLING
fuzz_reader_SOURCES = events/fuzz-reader.c events/check.h
fuzz_reader_LDADD = libocirun-events.a
TESTS += test-durability test-sweep test-scan test-journal test-reader test-follow test-follow-polling test-directory \
	test-directory-polling test-feed-reader test-feed-reader-polling

dist_man_MANS += doc/man/ocirun-events.8 doc/man/ocirun-wait.8 doc/man/ocirun-events.5 \
	doc/man/libocirun-events.3
dist_doc_DATA += doc/events.md doc/events.schema.json
