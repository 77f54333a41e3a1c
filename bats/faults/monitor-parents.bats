#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The monitor is killed (F6, F9), for each of the parents that init can have, with and without
# somebody who holds a pidfd: the code is true, once, where anybody knew it, and else null.

load ../lib/container
load ../lib/monitor

setup() {
	require root kernel:6.15
	container_setup
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 19'
}

# begin PARENT - create and start "web" so that this is init's parent
begin() {
	rm -f "$BUNDLE/rootfs/go"
	case $1 in
	sibling) below_subreaper create web ;;
	hand-over) below_subreaper --exit-source=parent create web ;;
	parent) ocirun --monitor=parent create web ;;
	none) below_subreaper --monitor=none create web ;;
	esac || return
	INIT=$(init_of web)
	MONITOR=
	[ "$1" = none ] || MONITOR=$(monitor_of web) || return
	is_child_as "$1" || return
	ocirun start web
}

is_child_as() {
	local expected=$SUBREAPER
	case $1 in parent | hand-over) expected=$MONITOR ;; esac
	[ "$(parent_of "$INIT")" = "$expected" ] || fail "init's parent is no $1's"
}

finish() { touch "$BUNDLE/rootfs/go"; }

told_once() {
	[ "$(events_types web)" = "created started exited" ] || fail "$(events_of web)" || return
	container_is web stopped
}

# tells_true_code - and starts anew
tells_true_code() {
	run -19 ocirun wait web || return
	told_once || return
	journal_has web exited '.exitCode == 19 and .signal == null and .reason == "exited" and .startedAt != null' || return
	ocirun delete web
}

# tells_null REASON
tells_null() {
	container_is web stopped || return
	run -255 ocirun wait web || return
	told_once || return
	# shellcheck disable=SC2016 # jq expands
	journal_has web exited --arg reason "$1" '.exitCode == null and .signal == null and .reason == $reason' || return
	ocirun delete web
}

@test "parents: killed while the container runs, a verb sees to a new one: the true code" {
	local parent
	for parent in sibling hand-over parent; do
		begin "$parent"
		kill_and_see "$MONITOR"
		container_is web running
		wait_until monitor_of web
		finish
		tells_true_code || fail "$parent"
	done
}

@test "parents: nobody looks until the end, but a waiter and a follower were there: the true code" {
	local parent waiter
	for parent in sibling hand-over parent none; do
		begin "$parent"
		witness waiter wait web
		waiter=$BACKGROUND_PID
		witness follower events --first --type exited web
		[ -z "$MONITOR" ] || kill_and_see "$MONITOR"
		finish
		wait_until is_reaped "$INIT"
		# Hurried: the witnesses give a monitor a moment.
		container_is web stopped
		background_returns 19 "$waiter" || fail "$parent"
		background_returns 0
		tells_true_code || fail "$parent"
	done
}

@test "parents: the end is seen by nobody: null and why" {
	local parent
	for parent in sibling hand-over parent none; do
		begin "$parent"
		[ -z "$MONITOR" ] || kill_and_see "$MONITOR"
		finish
		wait_until is_reaped "$INIT"
		if [ "$parent" = none ]; then tells_null unobserved; else tells_null monitor-lost; fi || fail "$parent"
	done
}

@test "parents: killed between the end and the record, a waiter was there: the true code" {
	local parent
	for parent in sibling hand-over parent; do
		begin "$parent"
		witness waiter wait web
		stop_and_see "$MONITOR"
		finish
		wait_until has_ended "$INIT"
		kill_and_see "$MONITOR"
		background_returns 19 || fail "$parent"
		tells_true_code || fail "$parent"
	done
}

@test "parents: killed between the end and the record, the zombie is there: the true code" {
	local parent
	for parent in sibling hand-over; do
		begin "$parent"
		stop_and_see "$SUBREAPER"
		stop_and_see "$MONITOR"
		finish
		wait_until is_zombie "$INIT"
		kill_and_see "$MONITOR"
		is_zombie "$INIT"
		tells_true_code || fail "$parent"
		kill -CONT "$SUBREAPER"
		wait_until grep -qx "$INIT exit 19" "$REAPED"
	done
}

@test "parents: a subreaper that reaps late: a verb does not wait for it, and has the true code" {
	begin sibling
	stop_and_see "$SUBREAPER"
	finish
	wait_until is_zombie "$INIT"
	container_is web stopped
	told_once
	kill -CONT "$SUBREAPER"
	wait_until has_ended "$MONITOR"
	wait_until grep -qx "$INIT exit 19" "$REAPED"
	tells_true_code
}

@test "parents: a subreaper that never reaps: the monitor ends once somebody has told" {
	begin sibling
	stop_and_see "$SUBREAPER"
	finish
	wait_until is_zombie "$INIT"
	container_is web stopped
	wait_until has_ended "$MONITOR"
	is_zombie "$INIT"
	tells_true_code
}

@test "parents: killed between the record and its own end, by a subreaper that never reaps: the true code" {
	begin sibling
	stop_and_see "$SUBREAPER"
	stop_and_see "$MONITOR"
	finish
	wait_until is_zombie "$INIT"
	container_is web stopped
	kill_and_see "$MONITOR"
	tells_true_code
}

@test "parents: killed with a foreground run as the monitor: the container goes on, and is watched" {
	background run run web
	wait_until grep -qs started "$(log_path web)"
	kill_and_see "$BACKGROUND_PID"
	container_is web running
	wait_until monitor_of web
	finish
	tells_true_code
}
