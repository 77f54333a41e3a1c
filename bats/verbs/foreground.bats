#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun run in the foreground: signals. Its terminal: foreground-terminal.bats.
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root program:python3
	container_setup
}

# listener - a foreground run in the background; the container says which signals it gets
listener() {
	bundle_script 'for s in HUP INT QUIT TERM USR1 USR2 ALRM WINCH CONT 35; do trap "echo got $s" $s; done
		trap "echo bye; exit 23" 64; echo ready; while :; do sleep 0.02; done'
	background job run web
	wait_until says ready
}

says() { grep -qx "$1" "$TEST_DIR/job.out"; }

@test "foreground: signals reach the container's process, and run goes on" {
	listener
	local signal
	for signal in HUP INT QUIT TERM USR1 USR2 ALRM CONT 35; do
		kill "-$signal" "$BACKGROUND_PID"
		wait_until says "got $signal"
	done
	container_is web running
	kill -64 "$BACKGROUND_PID"
	background_returns 23
	says bye
}

@test "foreground: a signal that ends the container gives 128 and its number" {
	bundle_script 'echo ready; while :; do sleep 0.02; done'
	config_with 'del(.linux.namespaces[] | select(.type == "pid"))'
	background job run web
	wait_until says ready
	kill -TERM "$BACKGROUND_PID"
	background_returns 143
	journal_has web exited '.signal == 15'
	[ ! -e "$ROOT/web" ]
}

@test "foreground: a signal during the create does not end run, which would leave half a container" {
	bundle_script 'until [ -e /go ]; do sleep 0.02; done'
	printf '#!/bin/sh\ntouch hooking\nuntil [ -e hooked ]; do sleep 0.02; done\n' >"$TEST_DIR/hook"
	chmod 755 "$TEST_DIR/hook"
	config_with --arg dir "$TEST_DIR" '.hooks.createRuntime = [{path: "/usr/bin/env",
		args: ["env", "-C", $dir, $dir + "/hook"], env: ["PATH=/usr/bin:/bin"]}]'
	background job run web
	wait_until test -e "$TEST_DIR/hooking"
	# A namespace's init ignores what it has no handler for: only run itself could die of these.
	kill -USR1 "$BACKGROUND_PID"
	kill -HUP "$BACKGROUND_PID"
	touch "$TEST_DIR/hooked"
	wait_until container_is web running
	touch rootfs/go
	background_returns 0
}

@test "foreground: killed, it leaves the container to whoever asks next" {
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 37'
	background job run web
	wait_until container_is web running
	kill -9 "$BACKGROUND_PID"
	wait_until has_ended "$BACKGROUND_PID"
	container_is web running
	touch rootfs/go
	run -37 ocirun wait web
	container_is web stopped
	run -0 ocirun delete web
}
