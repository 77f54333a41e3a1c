#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who learns the exit code, and how: the monitor below a subreaper, below none, and switched off
# (doc/events.md, --monitor of ocirun(8)).
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container
load ../lib/monitor

setup() {
	require root program:python3
	container_setup
}

@test "monitor: below a subreaper init is its own child, and the monitor a sibling (conmon, containerd)" {
	require kernel:6.15
	bundle_script 'exit 7'
	below_subreaper create web
	local init monitor
	init=$(container_pid web)
	monitor=$(monitor_of web)
	[ "$(parent_of "$init")" = "$SUBREAPER" ]
	[ "$(parent_of "$monitor")" = "$SUBREAPER" ]
	ocirun start web
	run -7 ocirun wait web
	journal_has web exited '.source == "pidfd" and .exitCode == 7'
	wait_until has_ended "$SUBREAPER"
	[ "$(sort "$REAPED")" = "$(printf '%s\n' "command exit 0" "$init exit 7" "$monitor exit 0" "nobody left" | sort)" ]
}

@test "monitor: a signal reaches both the subreaper and the log" {
	require kernel:6.15
	bundle_with '.process.args = ["sleep", "60"]'
	below_subreaper create --pid-file "$TEST_DIR/pid" web
	ocirun start web
	ocirun kill web KILL
	run -137 ocirun wait web
	wait_until has_ended "$SUBREAPER"
	grep -qx "$(cat "$TEST_DIR/pid") signal 9" "$REAPED"
	journal_has web exited '.signal == 9 and .source == "pidfd" and .reason == "signaled"'
}

@test "monitor: delete waits for one that is held up when init was reaped, for nobody else knows the code" {
	require kernel:6.15
	bundle_with '.process.args = ["sleep", "60"]'
	below_subreaper create web
	ocirun start web
	local init monitor
	init=$(container_pid web)
	monitor=$(monitor_of web)
	kill -STOP "$monitor"
	kill -KILL "$init"
	wait_until grep -qx "$init signal 9" "$REAPED"
	background d delete web
	sleep 0.7 # long enough for a delete that would give up
	run ! has_ended "$BACKGROUND_PID"
	kill -CONT "$monitor"
	background_returns 0
	wait_until has_ended "$SUBREAPER"
	[ "$(events_types web)" = "created started exited deleted" ]
	[ "$(exit_code web)" = 137 ]
}

@test "monitor: a caller that does not reap keeps nobody from deleting, with the real code" {
	bundle_script 'trap "exit 21" TERM; echo ready; while :; do sleep 0.02; done'
	below_subreaper create web
	ocirun start web
	wait_until grep -q ready "$TEST_DIR/out"
	kill -STOP "$SUBREAPER"
	ocirun kill web TERM
	wait_until container_is web stopped
	run -21 ocirun wait web
	run -0 ocirun delete web
	kill -CONT "$SUBREAPER"
	wait_until has_ended "$SUBREAPER"
	[ "$(exit_code web)" = 21 ]
	[ "$(events_types web)" = "created started signaled exited deleted" ]
}

@test "monitor: of two hundred fast exits below a subreaper every code is right" {
	require kernel:6.15
	cat >"$TEST_DIR/many" <<-'END'
		set -e
		cd "$2"
		for n in $(seq 200); do
			printf '#!/bin/sh\nexit %d\n' $((n % 256)) >rootfs/job
			chmod 755 rootfs/job
			$1 create --pid-file "$TEST_DIR/pid" web
			$1 start web
			status=0
			$1 wait web || status=$?
			echo "$(cat "$TEST_DIR/pid") exit $status $((n % 256))"
			$1 events --no-follow web | jq -r .type | paste -sd " " >>"$TEST_DIR/types"
			$1 delete web
		done
	END
	bundle_with '.process.args = ["/job"]'
	touch rootfs/job
	chmod 755 rootfs/job
	REAPED=$TEST_DIR/reaped
	"$LIB_DIR/subreaper.py" "$REAPED" bash "$TEST_DIR/many" "$OCIRUN --root $ROOT" "$BUNDLE" \
		</dev/null >"$TEST_DIR/codes" 2>"$TEST_DIR/errors" 3>&- 4>&-
	[ ! -s "$TEST_DIR/errors" ] || fail "$(head "$TEST_DIR/errors")"
	[ "$(wc -l <"$TEST_DIR/codes")" = 200 ]
	# What wait said, what the program did and what the subreaper reaped are one.
	[ -z "$(awk '$3 != $4' "$TEST_DIR/codes")" ]
	cut -d' ' -f1-3 "$TEST_DIR/codes" >"$TEST_DIR/told"
	run ! grep -vxFf "$REAPED" "$TEST_DIR/told"
	[ "$(tail -n 1 "$REAPED")" = "nobody left" ]
	[ "$(uniq "$TEST_DIR/types")" = "created started exited" ]
}

@test "monitor: without a subreaper it is the parent, and reaps" {
	bundle_script 'exit 9'
	below_none 'ocirun create web; ocirun start web; ocirun wait web || [ $? = 9 ]'
	[ "$(exit_code web)" = 9 ]
	journal_has web exited '.source == "parent"'
	no_monitor web
}

@test "monitor: --monitor=parent below a subreaper hands the zombie over with its true status" {
	bundle_script 'exit 11'
	local source_flag
	for source_flag in --monitor=parent --exit-source=parent; do
		below_subreaper "$source_flag" create --pid-file "$TEST_DIR/pid" web
		[ "$(parent_of "$(container_pid web)")" = "$(monitor_of web)" ]
		ocirun start web
		run -11 ocirun wait web
		journal_has web exited '.source == "parent" and .exitCode == 11'
		wait_until has_ended "$SUBREAPER"
		grep -qx "$(cat "$TEST_DIR/pid") exit 11" "$REAPED" || fail "$(cat "$REAPED")"
		ocirun delete web
	done
}

@test "monitor: --monitor=sibling without a subreaper still learns the code from the pidfd" {
	require kernel:6.15
	bundle_script 'exit 13'
	below_none 'ocirun --monitor=sibling create web; ocirun start web; ocirun wait web || [ $? = 13 ]'
	[ "$(exit_code web)" = 13 ]
	journal_has web exited '.source == "pidfd"'
}

@test "monitor: --monitor=none watches nothing: the code is unknown, never 0" {
	bundle_script 'exit 5'
	# Nobody looks while there is a zombie, which would tell.
	below_none 'ocirun --monitor=none create web
		pid=$("$OCIRUN" --root "$ROOT" state web | jq -r .pid)
		ocirun start web
		while [ -e "/proc/$pid" ]; do read -rt 0.02 <> <(:) || true; done
		ocirun state web'
	no_monitor web
	run -255 --separate-stderr ocirun wait web
	[[ $stderr == *"exit code is unknown: unobserved"* ]] || fail "$stderr"
	journal_has web exited '.exitCode == null and .signal == null and .reason == "unobserved"'
	run -0 --separate-stderr ocirun wait --print web
	[ "$output" = unknown ]
}
