verbs_files = src/verbs/verb.h src/verbs/verbs.c src/verbs/options.c src/verbs/options.h \
	src/verbs/globals.c src/verbs/globals.h src/verbs/conf.c src/verbs/conf.h \
	src/verbs/store_settings.c src/verbs/store_settings.h src/verbs/help.c src/verbs/help.h \
	src/verbs/print.c src/verbs/matching.c src/verbs/matching.h \
	src/verbs/create.c src/verbs/create_options.h src/verbs/start.c src/verbs/run.c \
	src/verbs/foreground.c src/verbs/foreground.h src/verbs/state.c src/verbs/list.c \
	src/verbs/kill.c src/verbs/delete.c src/verbs/spec.c src/verbs/features.c src/verbs/events.c \
	src/verbs/stats.c src/verbs/stats.h src/verbs/wait.c \
	src/verbs/wait_exec.c src/verbs/wait_exec.h \
	src/verbs/follow.c src/verbs/follow.h src/verbs/follow_live.c src/verbs/follow_live.h \
	src/verbs/follow_settle.c src/verbs/follow_settle.h src/verbs/feed_follow.c src/verbs/feed_follow.h \
	src/verbs/source.c src/verbs/source.h src/verbs/printer.c src/verbs/printer.h \
	src/verbs/cursor_file.c src/verbs/cursor_file.h src/verbs/pretty.c src/verbs/pretty.h \
	src/verbs/pretty_text.c src/verbs/pretty_text.h \
	src/verbs/verify.c src/verbs/verify.h src/verbs/verify_members.c \
	src/verbs/verify_history.c src/verbs/verify_history.h \
	src/verbs/exec.c src/verbs/pause.c src/verbs/resume.c src/verbs/settings.c src/verbs/settings.h \
	src/verbs/ps.c src/verbs/ps_table.c src/verbs/ps_table.h \
	src/verbs/update.c src/verbs/update_fields.c src/verbs/update_fields.h \
	src/verbs/size.c src/verbs/size.h src/verbs/duration.c src/verbs/duration.h \
	src/setup/seccomp_version.c src/setup/seccomp_version.h

check_PROGRAMS += test-options test-conf test-signal-names test-duration test-size test-ps-table test-pretty
test_pretty_SOURCES = src/verbs/test-pretty.c
test_pretty_LDADD = $(core_libs)
test_conf_SOURCES = src/verbs/test-conf.c
test_conf_LDADD = $(core_libs)
test_size_SOURCES = src/verbs/test-size.c
test_size_LDADD = $(core_libs)
test_ps_table_SOURCES = src/verbs/test-ps-table.c
test_ps_table_LDADD = $(core_libs)
test_duration_SOURCES = src/verbs/test-duration.c
test_duration_LDADD = $(core_libs)
test_options_SOURCES = src/verbs/test-options.c
test_options_LDADD = $(core_libs)
test_signal_names_SOURCES = src/base/test-signal-names.c
test_signal_names_LDADD = $(core_libs)
TESTS += test-options test-conf test-signal-names test-duration test-size test-ps-table test-pretty
