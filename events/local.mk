# libocirun-events: the log of a container, usable without ocirun.
noinst_LIBRARIES += libocirun-events.a
libocirun_events_a_SOURCES = events/journal.h
nobase_include_HEADERS += include/ocirun/events.h
