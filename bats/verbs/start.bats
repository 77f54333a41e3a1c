#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun start (runtime.md#start). Hooks of the start: config/hooks.bats.
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root
	container_setup
}

# program NAME - a container "web" that will run /NAME, a script that exits with 3
program() {
	bundle_with --arg path "/$1" '.process.args = [$path]'
	printf '#!/bin/sh\nexit 3\n' >"rootfs/$1"
	chmod 755 "rootfs/$1"
	ocirun create web
}

# start_fails TEXT CODE - start says TEXT; the container has stopped by exec-failed with CODE
start_fails() {
	run -1 --separate-stderr ocirun start web
	[[ $stderr == "ocirun: start web: $1" ]] || fail "$stderr"
	run "-$2" ocirun wait web
	container_is web stopped
	journal_has web exited --argjson code "$2" \
		'.reason == "exec-failed" and .exitCode == $code and .signal == null and (.error | length > 0)'
	[ "$(events_types web)" = "created exited" ]
	run -1 ocirun start web
	run -0 ocirun delete web
}

@test "start: runs the program, silently, and the log says so before it returns" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	local pid
	pid=$(container_pid web)
	run -0 --separate-stderr ocirun start web
	[ -z "$output$stderr" ]
	[ "$(events_types web)" = "created started" ]
	journal_has web started --argjson pid "$pid" '.pid == $pid and .status == "running"'
	[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "sleep 60 " ]
	container_is web running
}

@test "start: the started line is written after execve, never without one" {
	bundle_with '.process.args = ["true"]'
	local n
	for n in 1 2 3 4 5 6 7 8 9 10; do
		ocirun create "w$n"
		ocirun start "w$n"
		run -0 ocirun wait "w$n"
		[ "$(events_types "w$n")" = "created started exited" ]
	done
}

@test "start: a running container is an error, and goes on (runtime.md#start)" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun start web
	run -1 --separate-stderr ocirun start web
	[ "$stderr" = "ocirun: start web: cannot start an already running container" ]
	container_is web running
	[ "$(events_types web)" = "created started" ]
}

@test "start: a stopped container is an error (runtime.md#start)" {
	bundle_with '.process.args = ["true"]'
	ocirun create web
	ocirun start web
	ocirun wait web
	run -1 --separate-stderr ocirun start web
	[ "$stderr" = "ocirun: start web: cannot start a container that has stopped" ]
	ocirun create never
	ocirun kill never KILL
	ocirun wait never || true
	run -1 --separate-stderr ocirun start never
	[ "$stderr" = "ocirun: start never: cannot start a container that has stopped" ]
	[ "$(events_types never)" = "created signaled exited" ]
}

@test "start: a container that does not exist is an error" {
	run -1 --separate-stderr ocirun start web
	[[ $stderr = "ocirun: start web: container does not exist"* ]]
	[ ! -e "$ROOT" ]
	run -1 --separate-stderr ocirun start ../web
	[[ $stderr == *"invalid container ID format"* ]]
	run -1 --separate-stderr ocirun start
	[[ $stderr == *"too few arguments"* ]]
}

@test "start: of several at once exactly one starts it" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	local pids=() pid i started=0
	for i in 1 2 3 4 5; do
		background "s$i" start web
		pids+=("$BACKGROUND_PID")
	done
	for pid in "${pids[@]}"; do
		if wait "$pid"; then started=$((started + 1)); fi
	done
	[ "$started" = 1 ]
	[ "$(events_types web)" = "created started" ]
}

@test "start: a program that has gone since create is 127 and exec-failed" {
	program job
	rm rootfs/job
	start_fails 'exec: "/job": no such file or directory' 127
}

@test "start: a program that may not be run any more is 126 and exec-failed" {
	program job
	chmod 644 rootfs/job
	start_fails 'exec: "/job": permission denied' 126
}

@test "start: a program of no known format is 126 and exec-failed" {
	program job
	echo 'words' >rootfs/job
	start_fails 'exec: "/job": exec format error' 126
}

@test "start: a program whose interpreter is missing is 127 and exec-failed" {
	program job
	printf '#!/no/such/shell\n' >rootfs/job
	start_fails 'exec: "/job": no such file or directory' 127
}

@test "start: a program in the place of the checked one is not run from outside of the root" {
	program job
	printf '#!/bin/sh\ntouch %s/escaped\n' "$TEST_DIR" >"$TEST_DIR/evil"
	chmod 755 "$TEST_DIR/evil"
	ln -sfn "$TEST_DIR/evil" rootfs/job
	start_fails 'exec: "/job": no such file or directory' 127
	[ ! -e "$TEST_DIR/escaped" ]
}

@test "start: a failure ends with the container's own error in a JSON log (podman, Docker)" {
	program job
	rm rootfs/job
	run -1 ocirun --log "$TEST_DIR/log" --log-format json start web
	jq -es 'length == 1 and (.[0].msg | contains("no such file or directory"))' "$TEST_DIR/log"
}
