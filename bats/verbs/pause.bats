#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun pause and resume: the status, the freezer and the log agree, whatever happened (fault F18).

load ../lib/container

setup() {
	require root
	container_setup
}

sleeper() {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun start web
}

# A shell that counts: a line in its output for every turn, and one when TERM comes.
counter() {
	bundle_script 'trap "echo got TERM" TERM; while :; do echo turn; sleep 0.02; done'
	ocirun create web
	ocirun start web
	wait_until has_turned 3
}

has_turned() { [ "$(container_output web 2>/dev/null | grep -c turn)" -ge "$1" ]; }

output_has() { container_output web 2>/dev/null | grep -qx "$1"; }

# cgroup_of VERSION - web's directory with a freezer of that cgroup version
cgroup_of() {
	local file=freezer.state at
	[ "$1" = 1 ] || file=cgroup.freeze
	at=$(find /sys/fs/cgroup -path "*/ocirun/web/$file" | head -n 1)
	[ -n "$at" ] || fail "web's cgroup has no $file" || return
	dirname "$at"
}

# freezer_is VERSION frozen|thawed
freezer_is() {
	local at
	at=$(cgroup_of "$1") || return
	case $1$2 in
	1frozen) grep -qx FROZEN "$at/freezer.state" ;;
	1thawed) grep -qx THAWED "$at/freezer.state" ;;
	2frozen) grep -qx 'frozen 1' "$at/cgroup.events" ;;
	2thawed) grep -qx 'frozen 0' "$at/cgroup.events" && grep -qx 0 "$at/cgroup.freeze" ;;
	esac
}

version() { if has_cgroup2; then echo 2; else echo 1; fi; }

# by_hand VERSION freeze|thaw - the freezer without ocirun
by_hand() {
	local at
	at=$(cgroup_of "$1") || return
	case $1$2 in
	1freeze) echo FROZEN >"$at/freezer.state" && wait_until freezer_is 1 frozen ;;
	1thaw) echo THAWED >"$at/freezer.state" && wait_until freezer_is 1 thawed ;;
	2freeze) echo 1 >"$at/cgroup.freeze" && wait_until freezer_is 2 frozen ;;
	2thaw) echo 0 >"$at/cgroup.freeze" && wait_until freezer_is 2 thawed ;;
	esac
}

@test "pause: every process stands still, and goes on after resume" {
	local turns
	counter
	run -0 --separate-stderr ocirun pause web
	[ -z "$output$stderr" ]
	container_is web paused
	freezer_is "$(version)" frozen
	turns=$(container_output web | grep -c turn)
	sleep 0.2 # that nothing happens cannot be waited for
	[ "$(container_output web | grep -c turn)" = "$turns" ]
	run -0 --separate-stderr ocirun resume web
	[ -z "$output$stderr" ]
	container_is web running
	wait_until has_turned $((turns + 3))
	[ "$(events_types web)" = "created started paused resumed" ]
	journal_has web paused '.status == "paused"'
	journal_has web resumed '.status == "running"'
}

@test "pause: list and state show it, and start says what start says" {
	sleeper
	ocirun pause web
	[[ $(ocirun list) == *" paused "* ]]
	[ "$(ocirun state web | jq .pid)" -gt 1 ]
	run -1 --separate-stderr ocirun start web
	[ "$stderr" = "ocirun: start web: cannot start an already running container" ]
}

@test "pause: only a running container can be paused" {
	bundle_with '.process.args = ["true"]'
	run -1 --separate-stderr ocirun pause web
	[[ $stderr = "ocirun: pause web: container does not exist"* ]]
	ocirun create web
	run -1 --separate-stderr ocirun pause web
	[ "$stderr" = "ocirun: pause web: container not running: it is created" ]
	ocirun start web
	ocirun wait web
	run -1 --separate-stderr ocirun pause web
	[ "$stderr" = "ocirun: pause web: container not running: it is stopped" ]
	sleeper_again
	ocirun pause again
	run -1 --separate-stderr ocirun pause again
	[ "$stderr" = "ocirun: pause again: container not running: it is paused" ]
	[ "$(events_types again)" = "created started paused" ]
}

sleeper_again() {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create again
	ocirun start again
}

@test "resume: only a paused container can be resumed" {
	run -1 --separate-stderr ocirun resume web
	[[ $stderr = "ocirun: resume web: container does not exist"* ]]
	sleeper
	run -1 --separate-stderr ocirun resume web
	[ "$stderr" = "ocirun: resume web: container not paused: it is running" ]
	ocirun kill web KILL
	ocirun wait web || true
	run -1 --separate-stderr ocirun resume web
	[ "$stderr" = "ocirun: resume web: container not paused: it is stopped" ]
}

@test "pause: without a cgroup it says so" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun --cgroup-manager disabled create web
	ocirun start web
	run -1 --separate-stderr ocirun pause web
	[ "$stderr" = "ocirun: pause web: the container is in no cgroup that can be frozen" ]
	container_is web running
	[ "$(events_types web)" = "created started" ]
}

@test "pause: a signal waits for resume" {
	counter
	ocirun pause web
	run -0 --separate-stderr ocirun kill web TERM
	[ -z "$stderr" ]
	container_is web paused
	sleep 0.1 # that nothing happens cannot be waited for
	run ! output_has "got TERM"
	ocirun resume web
	wait_until output_has "got TERM"
	[ "$(events_types web)" = "created started paused signaled resumed" ]
}

@test "pause: SIGKILL takes effect on a paused container (F18)" {
	sleeper
	ocirun pause web
	run -0 --separate-stderr ocirun kill web KILL
	[ -z "$stderr" ]
	run -137 ocirun wait --timeout 10s web
	container_is web stopped
	journal_has web exited '.signal == 9'
	run -0 ocirun delete web
}

@test "pause: kill --all KILL takes effect on a paused container (F18)" {
	sleeper
	ocirun pause web
	run -0 ocirun kill --all web KILL
	run -137 ocirun wait --timeout 10s web
}

@test "pause: a paused container is deleted by --force alone" {
	sleeper
	ocirun pause web
	run -1 --separate-stderr ocirun delete web
	[[ $stderr = *"container still running"*"it is paused"* ]]
	container_is web paused
	run -0 --separate-stderr ocirun delete --force web
	[ -z "$stderr" ]
	[ "$(events_types web | sed 's/ exited.*//')" = "created started paused" ]
	run -137 ocirun wait web
}

# What is left when pause or resume was killed between the freezer and the log: see also
# bats/faults/killpoints.bats.

@test "pause: frozen behind the log's back, the next verb shows and records it" {
	sleeper
	by_hand "$(version)" freeze
	container_is web paused
	container_is web paused
	[ "$(events_types web)" = "created started paused" ]
	run -0 ocirun resume web
	freezer_is "$(version)" thawed
	container_is web running
	[ "$(events_types web)" = "created started paused resumed" ]
}

@test "pause: frozen behind the log's back, pause records it" {
	sleeper
	by_hand "$(version)" freeze
	run -0 --separate-stderr ocirun pause web
	[ -z "$stderr" ]
	[ "$(events_types web)" = "created started paused" ]
}

@test "resume: frozen behind the log's back, resume thaws it" {
	sleeper
	by_hand "$(version)" freeze
	run -0 --separate-stderr ocirun resume web
	[ -z "$stderr" ]
	freezer_is "$(version)" thawed
	container_is web running
	[ "$(events_types web)" = "created started paused resumed" ]
}

@test "resume: thawed behind the log's back, the next verb shows and records it" {
	sleeper
	ocirun pause web
	by_hand "$(version)" thaw
	container_is web running
	[ "$(events_types web)" = "created started paused resumed" ]
	ocirun pause web
	by_hand "$(version)" thaw
	run -0 ocirun resume web
	[ "$(events_types web)" = "created started paused resumed paused resumed" ]
}

@test "pause: on a hybrid host either freezer counts, and resume undoes both" {
	require hybrid controller:freezer
	sleeper
	by_hand 1 freeze
	container_is web paused
	ocirun resume web
	freezer_is 1 thawed
	by_hand 2 freeze
	by_hand 1 freeze
	ocirun kill web KILL
	run -137 ocirun wait --timeout 10s web
}

@test "pause: a frozen cgroup above is not the container's own" {
	local above
	sleeper
	above=$(dirname "$(cgroup_of "$(version)")")
	if has_cgroup2; then echo 1 >"$above/cgroup.freeze"; else echo FROZEN >"$above/freezer.state"; fi
	container_is web running
	if has_cgroup2; then echo 0 >"$above/cgroup.freeze"; else echo THAWED >"$above/freezer.state"; fi
	[ "$(events_types web)" = "created started" ]
}

# web's cgroup, as far as ocirun sees, is a folder in which nothing ever freezes.
stuck() {
	local at
	at=$(cgroup_of "$(version)")
	mkdir "$TEST_DIR/stuck"
	cp "$at/cgroup.procs" "$TEST_DIR/stuck"
	if has_cgroup2; then
		printf 'populated 1\nfrozen 0\n' >"$TEST_DIR/stuck/cgroup.events"
		echo 0 >"$TEST_DIR/stuck/cgroup.freeze"
	else
		echo THAWED-- >"$TEST_DIR/stuck/freezer.state"
	fi
	mount --bind "$TEST_DIR/stuck" "$at"
	STUCK_AT=$at
}

asks_to_freeze() {
	grep -Eqx '1|FROZEN--' "$TEST_DIR"/stuck/{cgroup.freeze,freezer.state} 2>/dev/null
}

thaws() { grep -Eqx '0|THAWED--' "$TEST_DIR"/stuck/{cgroup.freeze,freezer.state} 2>/dev/null; }

@test "pause: a signal while it waits thaws what was frozen" {
	local signal
	sleeper
	stuck
	for signal in TERM INT HUP; do
		background pause pause web
		wait_until asks_to_freeze
		kill -"$signal" "$BACKGROUND_PID"
		background_returns 1
		grep -q '^ocirun: pause web: freeze cgroup .*: Interrupted system call$' "$TEST_DIR/pause.err"
		thaws
	done
	umount "$STUCK_AT"
	container_is web running
	[ "$(events_types web)" = "created started" ]
}

@test "pause: what does not freeze within ten seconds runs on" {
	sleeper
	stuck
	background pause pause web
	wait_until asks_to_freeze
	# Others are not held up meanwhile, and see what is.
	container_is web running
	background_returns 1
	[[ $(cat "$TEST_DIR/pause.err") = "ocirun: pause web: cgroup "*" did not freeze within 10 s" ]]
	thaws
	umount "$STUCK_AT"
	[ "$(events_types web)" = "created started" ]
}

@test "pause: what a killed pause left half frozen is thawed by resume" {
	sleeper
	stuck
	background pause pause web
	wait_until asks_to_freeze
	kill -KILL "$BACKGROUND_PID"
	background_returns 137
	asks_to_freeze
	container_is web running
	run -0 --separate-stderr ocirun resume web
	[ -z "$stderr" ]
	thaws
	umount "$STUCK_AT"
	[ "$(events_types web)" = "created started" ]
}

@test "pause: verbs that look while it is under way do not disturb it, and one line comes of it" {
	local i
	sleeper
	for i in 1 2 3 4 5; do
		background "pause-$i" pause web
		ocirun state web >/dev/null
		background_returns 0
		background "resume-$i" resume web
		ocirun state web >/dev/null
		background_returns 0
	done
	[ "$(events_types web)" = "created started$(printf ' paused resumed%.0s' 1 2 3 4 5)" ]
}

@test "pause: what is frozen while a kill and a delete come stays nobody's" {
	local i
	for i in 1 2 3 4 5; do
		sleeper
		background pause pause web
		run -0 ocirun delete --force web
		wait "$BACKGROUND_PID" || true
		nothing_left_in_cgroups web
	done
}

@test "pause: a log that takes no line leaves the container running" {
	sleeper
	mount --bind "$ROOT" "$ROOT"
	mount -o remount,bind,ro "$ROOT"
	run -1 --separate-stderr ocirun pause web
	[[ $stderr = "ocirun: pause web: event log of web: "* ]] || fail "$stderr"
	freezer_is "$(version)" thawed
	# It cannot be recorded, but the status is what the freezer says.
	by_hand "$(version)" freeze
	container_is web paused
	umount "$ROOT"
	container_is web paused
	[ "$(events_types web)" = "created started paused" ]
}

@test "pause: a hook of delete that asks for it is told no, and holds nothing up" {
	bundle_with '.process.args = ["sleep", "60"]'
	# shellcheck disable=SC2016 # jq's
	config_with --arg ocirun "$OCIRUN --root $ROOT" --arg out "$TEST_DIR/hook" '.hooks.poststop = [{
		path: "/bin/sh", timeout: 10, args: ["sh", "-c", "\($ocirun) pause web 2>\($out); :"]}]'
	ocirun create web
	ocirun start web
	run -0 --separate-stderr ocirun delete --force web
	[ -z "$stderr" ]
	[ "$(cat "$TEST_DIR/hook")" = "ocirun: pause web: container not running: it is stopped" ]
}
