#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The monitor dies, or stands still, at the worst of times (faults F6, F7, F9, F10): the container goes
# on, the next verb sees to a new monitor, `exited` comes once, and it tells the truth or null.

load ../lib/container
load ../lib/monitor

setup() {
	require root kernel:6.15
	container_setup
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 19'
}

kill_monitor() {
	MONITOR=$(monitor_of web) || return
	kill -9 "$MONITOR"
	wait_until has_ended "$MONITOR"
}

# The log, not a verb, which would start a new monitor.
init_pid() { jq 'select(.type == "created") | .pid' "$(log_path web)"; }

has_new_monitor() {
	local pid
	pid=$(monitor_of web) && [ "$pid" != "$MONITOR" ]
}

ends_with() {
	touch "$BUNDLE/rootfs/go"
	run "-$1" ocirun wait web
	[ "$(events_types web)" = "created started exited" ] || fail "$(events_of web)"
	container_is web stopped
}

@test "monitor dies between created and started: start works, and the code is true" {
	ocirun create web
	kill_monitor
	container_is web created
	wait_until has_new_monitor
	ocirun start web
	ends_with 19
}

@test "monitor dies between created and started: start itself sees to a new one" {
	ocirun create web
	kill_monitor
	ocirun start web
	wait_until has_new_monitor
	ends_with 19
}

@test "monitor dies while the container runs below a subreaper: both learn the code" {
	below_subreaper create web
	ocirun start web
	kill_monitor
	container_is web running
	wait_until has_new_monitor
	ends_with 19
	journal_has web exited '.source == "pidfd"'
	wait_until grep -qx "$(init_pid) exit 19" "$REAPED"
}

@test "monitor dies while the container runs: killed time and again, the last one has the code" {
	local i
	ocirun create web
	ocirun start web
	for i in 1 2 3 4 5; do
		kill_monitor
		container_is web running
		wait_until has_new_monitor
	done
	ends_with 19
}

@test "monitor dies while the container runs: several verbs at once start one" {
	local i pids=()
	ocirun create web
	ocirun start web
	kill_monitor
	for i in 1 2 3 4 5 6 7 8; do
		background "state$i" state web
		pids+=("$BACKGROUND_PID")
	done
	for i in "${pids[@]}"; do background_returns 0 "$i"; done
	wait_until has_new_monitor
	[ "$(monitor_of web | wc -l)" = 1 ]
	ends_with 19
}

@test "monitor dies together with init, which its parent has not reaped: the code is read from there" {
	# The subreaper stands still: init stays a zombie.
	below_subreaper create web
	ocirun start web
	kill -STOP "$SUBREAPER"
	kill -9 "$(monitor_of web)" "$(init_pid)"
	wait_until has_ended "$(init_pid)"
	run -137 ocirun wait web
	[ "$(events_types web)" = "created started exited" ]
	journal_has web exited '.exitCode == 137 and .signal == 9 and .reason == "signaled"'
	kill -CONT "$SUBREAPER"
}

@test "monitor dies together with init, and all is reaped: monitor-lost, null, never 0" {
	# shellcheck disable=SC2016 # below_none's shell expands
	below_none '
		ocirun create web
		ocirun start web
		init=$(jq "select(.type == \"created\") | .pid" "$ROOT/.events/web.ndjson")
		kill -9 $(grep -lx ocirun-monitor /proc/[0-9]*/comm | cut -d/ -f3) $init
		while [ -e /proc/$init ]; do sleep 0.02; done
		for i in 1 2 3; do ocirun state web; done
		status=0
		ocirun wait web || status=$?
		[ $status = 255 ]'
	jq -se 'map(.type) == ["created", "started", "exited"] and .[2].exitCode == null
		and .[2].signal == null and .[2].reason == "monitor-lost"' "$(log_path web)"
}

@test "monitor stands still around the exit: state has the code or says running, and exited comes once (F7)" {
	ocirun create web
	ocirun start web
	MONITOR=$(monitor_of web)
	kill -STOP "$MONITOR"
	touch "$BUNDLE/rootfs/go"
	wait_until has_ended "$(init_pid)"
	run -0 ocirun state web
	jq -e '.status == "running" or .exit.exitCode == 19' <<<"$output"
	kill -CONT "$MONITOR"
	wait_until has_ended "$MONITOR"
	ends_with 19
}

@test "init is killed before start: never-started, start says stopped, delete works (F10)" {
	ocirun create web
	kill -9 "$(init_pid)"
	run -255 ocirun wait web
	journal_has web exited '.reason == "never-started" and .exitCode == 137 and .signal == 9'
	run -1 --separate-stderr ocirun start web
	# shellcheck disable=SC2154 # set by run
	[ "$stderr" = "ocirun: start web: cannot start a container that has stopped" ]
	run -0 ocirun delete web
	[ "$(events_types web)" = "created exited deleted" ]
}
