#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every step of init's tables (src/launch/init.c) fails, and is killed, on request of a build with
# --enable-failpoints: the error has the step's name, and nothing is left behind.

load ../lib/container
load points

setup() {
	require root failpoints
	faults_setup
	bundle_with '.process.args = ["sleep", "60"] | .process.terminal = true'
	cd /
	export NOTIFY_SOCKET=@nobody # so that the step of that name is wanted; create does not connect
	# Terminals are queued, and nobody takes them.
	python3 -c 'import signal, socket, sys
queue = socket.socket(socket.AF_UNIX)
queue.bind(sys.argv[1])
queue.listen(128)
signal.pause()' "$TEST_DIR/console" </dev/null 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_until grep -q "00010000 .* $TEST_DIR/console" /proc/net/unix
}

steps() {
	sed -n '/^static const struct step .* = {$/,/^};$/s/^\t{"\([^"]*\)".*/\1/p' "$SOURCE_DIR/src/launch/init.c"
}

# create_failing_at STEP[:kill]
create_failing_at() {
	local status=0
	POINT="init:$1"
	OCIRUN_FAIL_AT="init:$1" quietly create --console-socket "$TEST_DIR/console" --bundle "$BUNDLE" web ||
		status=$?
	[ "$status" = 1 ] || fail "$POINT: create returned $status: $(cat "$TEST_DIR/said")"
}

nothing_is_left() {
	[ "$(status_of web)" = none ] || fail "$POINT: the container is $(status_of web)" || return
	[ ! -e "$ROOT/web" ] || fail "$POINT: $ROOT/web is left" || return
	is_clean web || return
	[ "$(events_types web)" = "failed deleted" ] || fail "$POINT: $(events_of web)"
}

@test "steps: there are two tables, and this file reads all of their rows" {
	[ "$(steps | wc -l)" -ge 16 ]
	[ "$(steps | sort | uniq -d)" = "" ]
	[ "$(steps | wc -l)" = "$(grep -c '^	{"' "$SOURCE_DIR/src/launch/init.c")" ]
}

@test "steps: each that fails is named, and its create undone" {
	local step
	while read -r step; do
		create_failing_at "$step" || return
		grep -qx "ocirun: create web: $step: failed on request of OCIRUN_FAIL_AT" "$TEST_DIR/said" ||
			fail "$POINT: $(cat "$TEST_DIR/said")" || return
		nothing_is_left || return
		# shellcheck disable=SC2016 # jq's
		journal_has web failed --arg step "$step" \
			'.phase == "create" and .error == ($step + ": failed on request of OCIRUN_FAIL_AT")' || return
	done < <(steps)
}

@test "steps: killed before each, init is reported dead, and its create undone" {
	local step
	while read -r step; do
		create_failing_at "$step:kill" || return
		grep -qx "ocirun: create web: init died before the container was ready" "$TEST_DIR/said" ||
			fail "$POINT: $(cat "$TEST_DIR/said")" || return
		nothing_is_left || return
	done < <(steps)
}

@test "steps: without a failpoint the same create succeeds" {
	POINT="no failpoint"
	must create --console-socket "$TEST_DIR/console" --bundle "$BUNDLE" web
	container_is web created
}
