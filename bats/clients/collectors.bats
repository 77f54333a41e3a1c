#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Log collectors on the feed (doc/events.md, "The feed"): every exit arrives, with its code, whatever
# is rotated and restarted meanwhile.

load ../lib/container
load common
load collectors

setup_file() { collector_host; }

setup() {
	client_setup /run/ocirun
	# Rotation after some twenty lines, so that a test sees several.
	OCIRUN_CMD+=(--feed-size 8k --feed-count 40)
	mkdir -p "$COLLECTED"
	bundle
}

teardown() {
	client_teardown
	rm -rf "$ROOT/.feed" /var/log/* /var/lib/rsyslog/* /var/lib/syslog-ng/*
}

@test "rsyslog: every exit arrives through rotations" {
	require program:rsyslogd
	rsyslog_starts
	exits 1 40
	collected_all
	[ "$(files_put_aside)" -ge 3 ]
	collected_whole_lines
	collector_ends TERM
}

@test "rsyslog: what was rotated while it was killed, and before it ever ran, arrives too" {
	require program:rsyslogd
	exits 1 15
	rsyslog_starts
	exits 16 30
	collector_ends KILL
	exits 31 60
	rsyslog_starts
	exits 61 70
	collected_all
	[ "$(files_put_aside)" -ge 5 ]
	collected_whole_lines
	collector_ends TERM
}

@test "syslog-ng: every exit arrives through rotations" {
	require syslog_ng
	syslog_ng_starts
	exits 1 40
	collected_all
	[ "$(files_put_aside)" -ge 3 ]
	collected_whole_lines
	collector_ends TERM
}

@test "syslog-ng: what was rotated while it was killed, and before it ever ran, arrives too" {
	require syslog_ng
	exits 1 15
	syslog_ng_starts
	exits 16 30
	collector_ends KILL
	exits 31 50
	syslog_ng_starts
	exits 51 60
	collected_all
	[ "$(files_put_aside)" -ge 5 ]
	collected_whole_lines
	collector_ends TERM
}

@test "tail -F and jq on the feed: every exit, through rotations" {
	touch "$TEST_DIR/expected"
	ocirun run first >/dev/null
	echo "first 0" >"$TEST_DIR/expected"
	tail -n +1 -s 0.1 -F "$ROOT/.feed/events.ndjson" 2>"$TEST_DIR/tail.err" </dev/null 3>&- 4>&- |
		jq --unbuffered -r 'select(.type == "exited") | "\(.timestamp) \(.id) \(.exitCode)"' \
			>"$COLLECTED/exits.log" 3>&- 4>&- &
	wait_until has_collected
	exits 1 40
	collected_all
	[ "$(files_put_aside)" -ge 3 ]
	kill "$(pgrep -x tail)"
}
