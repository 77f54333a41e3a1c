# libocirun-events: the log of a container, usable without ocirun.
#
# The writing side allocates nothing and needs nothing but libc: a static program (ocirun-monitor)
# may link the archive, or, where the rest is built with sanitizers, compile these files itself.
journal_files = events/journal.c events/journal.h events/journal_file.c events/journal_file.h \
	events/line.c events/line.h events/members.c events/scan.c events/scan.h events/types.c

noinst_LIBRARIES += libocirun-events.a
libocirun_events_a_SOURCES = $(journal_files) events/create.c events/sweep.c
nobase_include_HEADERS += include/ocirun/events.h
