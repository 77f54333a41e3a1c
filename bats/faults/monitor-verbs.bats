#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031 # eval and jq expand; tests are subshells
# What verbs make of a container whose monitor is dead, or stands still: one new monitor, `started`,
# `exited` and `deleted` once, the true code, and never a death of the container's for it.

load ../lib/container
load ../lib/monitor

setup() {
	require root kernel:6.15
	container_setup
	under_tracer
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 19'
}

watched() {
	ocirun create web
	MONITOR=$(monitor_of web)
	INIT=$(init_of web)
}

# unwatched - created, and the monitor is dead
unwatched() {
	watched && kill_and_see "$MONITOR"
}

types_are() { [ "$(jq -r .type "$(log_path web)" | paste -sd ' ')" = "$1" ] || fail "$(cat "$(log_path web)")"; }

in_parallel() {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8 9 10; do
		background "parallel$i" "$@"
		pids+=("$BACKGROUND_PID")
	done
	for i in "${pids[@]}"; do wait_until has_ended "$i" || return; done
}

@test "dead monitor: ten each of state, kill, list and wait at once start one monitor" {
	local verb
	unwatched
	ocirun start web
	kill_and_see "$(monitor_of web)"
	for verb in "state web" "kill web WINCH" "list"; do
		# shellcheck disable=SC2086 # words
		in_parallel $verb
		[ "$(monitor_of web | wc -l)" = 1 ] || fail "$verb: $(monitor_of web)"
		kill_and_see "$(monitor_of web)"
	done
	witness waiter wait web
	ocirun kill web KILL
	background_returns 137
	[ "$(events_of web | jq -sc 'map(.type) - ["signaled"]')" = '["created","started","exited"]' ]
	journal_has web exited '.exitCode == 137 and .signal == 9'
}

@test "dead monitor: ten kills at once, and each new monitor is killed: one exited" {
	local i
	unwatched
	ocirun start web
	for i in 1 2 3 4 5; do
		kill_and_see "$(monitor_of web)"
		container_is web running
		wait_until monitor_of web
	done
	kill_and_see "$(monitor_of web)"
	in_parallel kill web KILL
	run -137 ocirun wait web
	[ "$(events_of web | jq -s 'map(select(.type == "exited")) | length')" = 1 ]
}

@test "dead monitor: ten deletes at once by force: deleted once, and the true code" {
	unwatched
	ocirun start web
	kill_and_see "$(monitor_of web)"
	in_parallel delete --force web
	types_are "created started exited deleted"
	jq -se '.[2].exitCode == 137 and .[2].signal == 9 and .[2].reason == "signaled"' "$(log_path web)"
	[ ! -e "$ROOT/web" ]
}

@test "dead monitor: delete --force of what was created only: never-started" {
	unwatched
	ocirun delete --force web
	types_are "created exited deleted"
	jq -se '.[1].reason == "never-started" and .[1].exitCode == 137' "$(log_path web)"
}

@test "dead monitor: delete --force knows the code of what it has killed, though that is reaped at once" {
	require program:strace
	below_subreaper create web
	ocirun start web
	kill_and_see "$(monitor_of web)"
	strace -qq -o /dev/null -e trace=pidfd_send_signal -e inject=pidfd_send_signal:delay_exit=200000:when=1 \
		"${OCIRUN_CMD[@]}" delete --force web
	types_are "created started exited deleted"
	jq -se '.[2].exitCode == 137 and .[2].reason == "signaled"' "$(log_path web)"
}

@test "dead monitor: delete of one that has ended, a zombie still: the true code" {
	below_subreaper create web
	ocirun start web
	stop_and_see "$SUBREAPER"
	kill_and_see "$(monitor_of web)"
	touch "$BUNDLE/rootfs/go"
	wait_until is_zombie "$(init_of web)"
	ocirun delete web
	types_are "created started exited deleted"
	jq -se '.[2].exitCode == 19' "$(log_path web)"
	kill -CONT "$SUBREAPER"
}

@test "dead monitor: delete of one that has ended unseen: monitor-lost, and deleted once" {
	below_subreaper create web
	ocirun start web
	kill_and_see "$(monitor_of web)"
	touch "$BUNDLE/rootfs/go"
	wait_until is_reaped "$(init_of web)"
	ocirun delete web
	types_are "created started exited deleted"
	jq -se '.[2].exitCode == null and .[2].reason == "monitor-lost"' "$(log_path web)"
}

@test "stopped monitor: delete --force does with what it has seen itself" {
	below_subreaper create web
	ocirun start web
	MONITOR=$(monitor_of web)
	stop_and_see "$MONITOR"
	ocirun delete --force web
	types_are "created started exited deleted"
	jq -se '.[2].exitCode == 137 and .[2].reason == "signaled"' "$(log_path web)"
	kill -CONT "$MONITOR"
	wait_until has_ended "$MONITOR"
	types_are "created started exited deleted"
}

@test "stopped monitor: no verb tells an end without a code, and wait has it (F7)" {
	local i
	below_subreaper create web
	ocirun start web
	MONITOR=$(monitor_of web)
	witness waiter wait web
	stop_and_see "$MONITOR"
	touch "$BUNDLE/rootfs/go"
	wait_until is_reaped "$(init_of web)"
	for i in 1 2 3; do
		run -0 ocirun state web
		jq -e '.status == "running" or .exit.exitCode == 19' <<<"$output"
	done
	kill -CONT "$MONITOR"
	background_returns 19
	types_are "created started exited"
}

@test "stopped monitor: killed without going on, the code is the waiter's" {
	below_subreaper create web
	ocirun start web
	MONITOR=$(monitor_of web)
	witness waiter wait web
	stop_and_see "$MONITOR"
	touch "$BUNDLE/rootfs/go"
	wait_until is_reaped "$(init_of web)"
	kill_and_see "$MONITOR"
	container_is web stopped
	background_returns 19
	types_are "created started exited"
	journal_has web exited '.exitCode == 19'
}

@test "new monitor before start: it hears that the program cannot be executed" {
	printf 'not a program' >"$BUNDLE/rootfs/bin/broken"
	chmod +x "$BUNDLE/rootfs/bin/broken"
	config_with '.process.args = ["/bin/broken"]'
	unwatched
	container_is web created
	run -1 ocirun start web
	run -126 ocirun wait web
	types_are "created exited"
	journal_has web exited '.exitCode == 126 and .reason == "exec-failed" and (.error | contains("broken"))'
}

# killed_start - `start` that dies between the stub's execve and the `started` that it would write
killed_start() {
	! strace -qq -o /dev/null -e trace=recvmsg -e inject=recvmsg:signal=KILL:when=2 \
		"${OCIRUN_CMD[@]}" start web 2>/dev/null
	wait_until eval '[ "$(cat /proc/'"$INIT"'/comm)" != ocirun:init ]'
}

@test "new monitor before start: a start that is killed is recorded all the same" {
	require program:strace
	unwatched
	container_is web created
	wait_until monitor_of web
	killed_start
	touch "$BUNDLE/rootfs/go"
	run -19 ocirun wait web
	types_are "created started exited"
}

@test "dead monitor: a start that is killed shows in what runs" {
	require program:strace
	watched
	stop_and_see "$MONITOR"
	killed_start
	kill_and_see "$MONITOR"
	container_is web running
	touch "$BUNDLE/rootfs/go"
	run -19 ocirun wait web
	types_are "created started exited"
}

@test "no monitor: a start that is killed shows in what runs" {
	require program:strace
	ocirun --monitor=none create web
	INIT=$(init_of web)
	killed_start
	container_is web running
	types_are "created started"
}

@test "new monitor before start: that it is killed, too, does not end the container" {
	unwatched
	container_is web created
	wait_until monitor_of web
	kill_and_see "$(monitor_of web)"
	run ! has_ended "$INIT"
	container_is web created
	ocirun start web
	touch "$BUNDLE/rootfs/go"
	run -19 ocirun wait web
	types_are "created started exited"
}

@test "init that fails at once says why, also where a joiner made it and it is reaped already" {
	require program:strace userns
	local holder
	unshare --user --map-root-user sleep 60 &
	holder=$!
	echo "$holder" >>"$TEST_DIR/background"
	wait_until eval '[ "$(readlink /proc/'"$holder"'/ns/user)" != "$(readlink /proc/self/ns/user)" ]'
	config_with --arg user "/proc/$holder/ns/user" '.linux.namespaces += [{type: "user", path: $user}] |
		.linux.sysctl = {"net.ipv4.ip_forward": "perhaps"}'
	run "$LIB_DIR/subreaper.py" "$TEST_DIR/reaped" strace -f -qq -o /dev/null -e trace=recvmsg \
		-e inject=recvmsg:delay_exit=100000 "${OCIRUN_CMD[@]}" create web
	[[ $output = *ip_forward* ]]
	grep -qx 'command exit 1' "$TEST_DIR/reaped"
}
