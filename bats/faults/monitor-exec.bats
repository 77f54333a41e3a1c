#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031 # eval expands; tests are subshells
# The observer of an exec is killed, or the `exec` itself that watches in the foreground: the process
# goes on, the next verb sees to a new observer, and exec-exited comes once.

load ../lib/container
load ../lib/monitor

setup() {
	require root kernel:6.15
	container_setup
	bundle_with '.process.args = ["sleep", "60"]'
}

# running VERB... - "web" runs, with an exec "probe" in it, begun by `ocirun VERB... exec`
running() {
	ocirun create web
	ocirun start web
	"$@" exec --detach --exec-id probe web sh -c 'until [ -e /go ]; do sleep 0.02; done; exit 23'
	find_exec
}

find_exec() {
	EXEC=$(jq 'select(.type == "exec-started").pid' "$(log_path web)")
	OBSERVER=$(observer_of probe)
}

observer_of() {
	grep -lsx ocirun-monitor /proc/[0-9]*/comm | sed 's/comm$/cmdline/' | xargs -r grep -lsxz "$1" |
		cut -d/ -f3 | grep .
}

finish() { touch "$BUNDLE/rootfs/go"; }

# told_once FILTER - and how
told_once() {
	[ "$(jq -s 'map(select(.type == "exec-exited")) | length' "$(log_path web)")" = 1 ] ||
		fail "$(cat "$(log_path web)")" || return
	jq -se "any(.[]; .type == \"exec-exited\" and ($1))" "$(log_path web)" >/dev/null ||
		fail "$1: $(cat "$(log_path web)")"
}

known='.exitCode == 23 and .signal == null and .reason == "exited" and .execId == "probe"'

@test "dead observer: the next verb sees to a new one, time and again: the true code" {
	local i
	running ocirun
	for i in 1 2 3; do
		kill_and_see "$OBSERVER"
		container_is web running
		wait_until observer_of probe
		[ "$(observer_of probe)" != "$OBSERVER" ]
		OBSERVER=$(observer_of probe)
	done
	finish
	run -23 ocirun wait --exec probe web
	told_once "$known"
}

@test "dead observer below a subreaper: both learn the code" {
	running below_subreaper
	kill_and_see "$OBSERVER"
	container_is web running
	wait_until observer_of probe
	finish
	run -23 ocirun wait --exec probe web
	told_once "$known"
	wait_until grep -qx "$EXEC exit 23" "$REAPED"
}

@test "dead observer: several verbs at once start one" {
	local i pids=()
	running ocirun
	kill_and_see "$OBSERVER"
	for i in 1 2 3 4 5 6 7 8; do
		background "state$i" state web
		pids+=("$BACKGROUND_PID")
	done
	for i in "${pids[@]}"; do background_returns 0 "$i"; done
	[ "$(observer_of probe | wc -l)" = 1 ]
	finish
	run -23 ocirun wait --exec probe web
	told_once "$known"
}

@test "dead observer: the end is seen by nobody: null, and once" {
	local i pids=()
	running below_subreaper
	kill_and_see "$OBSERVER"
	finish
	wait_until is_reaped "$EXEC"
	for i in 1 2 3 4 5 6 7 8; do
		background "state$i" state web
		pids+=("$BACKGROUND_PID")
	done
	for i in "${pids[@]}"; do background_returns 0 "$i"; done
	told_once '.exitCode == null and .signal == null and .reason == "unobserved" and .source == "none"'
	run -255 ocirun wait --exec probe web
}

@test "dead observer: who waits for the exec has the code, and records it" {
	running below_subreaper
	background w wait --exec probe web
	wait_until eval 'ls -l "/proc/$BACKGROUND_PID/fd" | grep -q pidfd'
	stop_and_see "$OBSERVER"
	finish
	wait_until is_reaped "$EXEC"
	kill_and_see "$OBSERVER"
	background_returns 23
	told_once "$known"
}

@test "dead observer: killed between the end and the record, a zombie still: the true code" {
	running below_subreaper
	stop_and_see "$SUBREAPER"
	stop_and_see "$OBSERVER"
	finish
	wait_until is_zombie "$EXEC"
	kill_and_see "$OBSERVER"
	container_is web running
	told_once "$known"
	kill -CONT "$SUBREAPER"
}

@test "stopped observer: no other takes its place, and it records the code" {
	running ocirun
	stop_and_see "$OBSERVER"
	finish
	wait_until has_ended "$EXEC"
	container_is web running
	[ "$(jq -s 'map(select(.type == "exec-exited")) | length' "$(log_path web)")" = 0 ]
	kill -CONT "$OBSERVER"
	run -23 ocirun wait --exec probe web
	told_once "$known"
}

@test "dead foreground exec: its process goes on, and is observed from the next verb on" {
	ocirun create web
	ocirun start web
	background e exec --exec-id probe web sh -c 'until [ -e /go ]; do sleep 0.02; done; exit 23'
	wait_until journal_has web exec-started
	kill_and_see "$BACKGROUND_PID"
	container_is web running
	wait_until observer_of probe
	finish
	run -23 ocirun wait --exec probe web
	told_once "$known"
}

@test "dead observer: delete --force ends its process, and says so before deleted" {
	running below_subreaper
	kill_and_see "$OBSERVER"
	ocirun delete --force web
	told_once '.pid > 0'
	jq -se '.[-1].type == "deleted" and (map(.type) | index("exec-exited")) != null' "$(log_path web)"
}

@test "no monitor: an exec's end is null once it is seen, and nothing watches before" {
	ocirun --monitor=none create web
	ocirun start web
	below_subreaper exec --detach --exec-id probe web sh -c 'until [ -e /go ]; do sleep 0.02; done; exit 23'
	EXEC=$(jq 'select(.type == "exec-started").pid' "$(log_path web)")
	container_is web running
	run ! observer_of probe
	finish
	wait_until is_reaped "$EXEC"
	container_is web running
	told_once '.exitCode == null and .reason == "unobserved"'
}
