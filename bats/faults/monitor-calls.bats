#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the monitor at each of its system calls between the end of init and its own (F6): before
# the record, in the midst of it, between the record and the end of the monitor.

load ../lib/container
load ../lib/monitor
load points

setup() {
	require root kernel:6.15 program:python3
	faults_setup
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 19'
}

# dies_at N - the monitor of "web", or of an exec, is killed at that call once init is let go; 0: at none
dies_at() {
	rm -f "$TEST_DIR/traced"
	python3 "$BATS_TEST_DIRNAME/kill-at.py" --pid "$MONITOR" "$1" >"$TEST_DIR/traced" 2>&1 3>&- 4>&- &
	TRACER=$!
	wait_until grep -q . "$TEST_DIR/traced"
	grep -qx ready "$TEST_DIR/traced" || fail "$(cat "$TEST_DIR/traced")" || return
	touch "$BUNDLE/rootfs/go"
	wait_until has_ended "$TRACER"
}

calls() { tail -n 1 "$TEST_DIR/traced"; }

# each_call EVERY PREPARE AFTERWARDS - for every EVERY-th call of the monitor
each_call() {
	local n total
	"$2" && dies_at 0 && total=$(calls) && quietly delete --force web
	[ "$total" -gt 10 ] || fail "it makes $total calls" || return
	for n in $(seq "$total" | sample "$1"); do
		POINT="monitor killed at call $n of $total"
		{ "$2" && dies_at "$n" && "$3" && quietly delete --force web; } || fail "$POINT" || return
	done
	logs_are_whole
}

running() {
	rm -f "$BUNDLE/rootfs/go"
	below_subreaper create web && ocirun start web && MONITOR=$(monitor_of web) && INIT=$(init_of web)
}

waited_for() { running && witness waiter wait web; }

ends_once() {
	[ "$(jq -r .type "$(log_path web)" | paste -sd ' ')" = "created started exited" ] ||
		fail "$(cat "$(log_path web)")"
}

waiter_knows() {
	background_returns 19 && ends_once && journal_has web exited '.exitCode == 19 and .reason == "exited"'
}

@test "kill -9 of the monitor at calls around the record: a waiter has the code, and it is recorded once" {
	each_call 8 waited_for waiter_knows
}

# Nobody held a pidfd: what the log does not say is lost, and said to be so.
true_or_lost() {
	wait_until is_reaped "$INIT"
	quietly wait web || true
	ends_once && journal_has web exited '(.exitCode == 19 and .reason == "exited") or
		(.exitCode == null and .reason == "monitor-lost")' && container_is web stopped
}

@test "kill -9 of the monitor at calls around the record: without a witness the code is true or null" {
	each_call 13 running true_or_lost
}

with_parent() {
	rm -f "$BUNDLE/rootfs/go"
	ocirun --monitor=parent create web && ocirun start web && MONITOR=$(monitor_of web) &&
		INIT=$(init_of web) && witness waiter wait web
}

@test "kill -9 of the monitor at calls around the record, as init's parent: a waiter has the code" {
	each_call 13 with_parent waiter_knows
}

# `state` looks at the very moment, and again.
looked_at() { running && background look events web; }

many_look() {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do
		background "state$i" state web
		pids+=("$BACKGROUND_PID")
	done
	for i in "${pids[@]}"; do background_returns 0 "$i" || return; done
	ends_once
}

@test "kill -9 of the monitor at calls around the record: many verbs at once record one end" {
	each_call 17 looked_at many_look
}
