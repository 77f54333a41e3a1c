#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun kill (runtime.md#kill).

load ../lib/container

sleeper() {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun start web
}

# A shell that says which signal it got, and goes on.
listener() {
	bundle_script "for s in HUP INT TERM USR1 35 64; do trap \"echo got \$s\" \$s; done
		echo ready; while :; do sleep 0.02; done"
	ocirun create web
	ocirun start web
	wait_until output_has ready
}

output_has() { container_output web 2>/dev/null | grep -qx "$1"; }

@test "kill: the default signal is TERM" {
	listener
	ocirun kill web
	wait_until output_has "got TERM"
	journal_has web signaled '.signal == 15 and .signalName == "SIGTERM" and .all == false'
}

@test "kill: a signal has a name in any case, with or without SIG, or a number" {
	listener
	local signal
	for signal in HUP SIGINT usr1 15 SIGRTMIN+1 rtmax; do ocirun kill web "$signal"; done
	for signal in HUP INT USR1 TERM 35 64; do wait_until output_has "got $signal"; done
	container_is web running
	[ "$(events_of web | jq -r 'select(.type == "signaled") | .signal' | paste -sd ' ')" = "1 2 10 15 35 64" ]
}

@test "kill: an unknown signal is named and nothing is sent" {
	sleeper
	local signal
	for signal in FOO 0 65 -1 "" 9x RTMIN+31; do
		run -1 --separate-stderr ocirun kill web "$signal"
		[[ $stderr = "ocirun: kill web: unknown signal \"$signal\""* ]] || fail "$signal: $stderr"
	done
	container_is web running
	[ "$(events_types web)" = "created started" ]
}

@test "kill: KILL ends the container, and the log says signaled before exited" {
	sleeper
	ocirun kill web KILL
	run -137 ocirun wait web
	[ "$(events_types web)" = "created started signaled exited" ]
}

@test "kill: a created container can be killed (runtime.md#kill)" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun kill web KILL
	ocirun wait web || true
	container_is web stopped
	journal_has web exited '.reason == "never-started"'
}

@test "kill: a stopped container is an error (runtime.md#kill)" {
	bundle_with '.process.args = ["true"]'
	ocirun create web
	ocirun start web
	ocirun wait web
	run -1 --separate-stderr ocirun kill web
	[ "$stderr" = "ocirun: kill web: container not running" ]
	run -1 ocirun kill web 9
}

@test "kill: a container that does not exist is an error" {
	run -1 --separate-stderr ocirun kill web
	[[ $stderr = "ocirun: kill web: container does not exist"* ]]
	run -1 --separate-stderr ocirun kill --all web 9
	[[ $stderr = "ocirun: kill web: container does not exist"* ]]
}

@test "kill: --all reaches every process of the container" {
	bundle_script 'trap : TERM; for i in 1 2 3; do sh -c "trap \"echo got it; exit\" TERM
		echo ready; while :; do sleep 0.02; done" & done; while :; do sleep 0.1; done'
	ocirun create web
	ocirun start web
	wait_until output_count ready 3
	ocirun kill -a web TERM
	wait_until output_count "got it" 3
	container_is web running
	journal_has web signaled '.all == true and .signal == 15'
	ocirun kill --all web 9
	run -137 ocirun wait web
}

output_count() { [ "$(container_output web 2>/dev/null | grep -cx "$1")" = "$2" ]; }

@test "kill: --all works on what a stopped container has left behind (containerd's shim)" {
	bundle_with 'del(.linux.namespaces[] | select(.type == "pid"))
		| .process.args = ["sh", "-c", "sleep 61 & exit 0"]'
	ocirun create web
	ocirun start web
	run -0 ocirun wait web
	container_is web stopped
	run -0 --separate-stderr ocirun kill --all web 9
	[ -z "$stderr" ]
	wait_until nobody_sleeps
	# and once more, with nobody left
	run -0 ocirun kill --all web KILL
}

nobody_sleeps() {
	local left
	left=$(find /sys/fs/cgroup -path '*/ocirun/web/cgroup.procs' -exec cat {} +)
	[ -z "$left" ]
}

@test "kill: --all without a cgroup says so" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun --cgroup-manager disabled create web
	run -1 --separate-stderr ocirun kill --all web 9
	[ "$stderr" = "ocirun: kill web: --all needs a cgroup, and this container was created without one" ]
	run -0 ocirun kill web 9
}

@test "kill: --regex signals every container that matches" {
	bundle_with '.process.args = ["sleep", "60"]'
	local id
	for id in web-1 web-2 db-1; do
		ocirun create "$id"
		ocirun start "$id"
	done
	ocirun kill --regex '^web-[0-9]+$' KILL
	ocirun wait --print web-1 web-2
	container_is web-1 stopped
	container_is db-1 running
	run -0 ocirun kill --regex nothing-like-it
	run -1 --separate-stderr ocirun kill -r '^web' KILL
	[ "$stderr" = "ocirun: kill ^web: web-1: container not running" ]
	run -1 --separate-stderr ocirun kill -r '(' KILL
	[[ $stderr = 'ocirun: kill (: regular expression "(": '* ]]
}

@test "kill: flags end at the container's ID" {
	sleeper
	run -1 ocirun kill web --all
	run -1 ocirun kill web -9
	container_is web running
}

@test "kill: a process that has taken init's number is never signalled" {
	sleeper
	local stranger log
	ocirun kill web KILL
	ocirun wait web || true
	# A log that knows of no exit, and whose init is somebody else now.
	sleep 60 3>&- &
	stranger=$!
	log=$(log_path web)
	logs_are_damaged
	jq -c --argjson pid "$stranger" 'select(.type == "created" or .type == "started") | .pid = $pid' \
		"$log" >"$TEST_DIR/log"
	cat "$TEST_DIR/log" >"$log"
	run -1 --separate-stderr ocirun kill web KILL
	[ "$stderr" = "ocirun: kill web: container not running" ]
	run -0 ocirun kill --all web KILL
	kill -0 "$stranger"
	run -0 ocirun delete --force web
	kill "$stranger"
}

@test "kill: a full disk below --root keeps nobody from killing, and from knowing" {
	require root
	mkdir -m 700 "$ROOT"
	mount -t tmpfs -o size=512k,mode=700 tmpfs "$ROOT" || skip "needs to mount a tmpfs"
	sleeper
	cat /dev/zero >"$ROOT/.full" 2>/dev/null || true
	run -0 --separate-stderr ocirun kill web KILL
	[ -z "$stderr" ]
	run -137 ocirun wait web
	[ "$(events_types web)" = "created started signaled exited" ]
	run -0 ocirun delete web
	cp -r "$ROOT/.events" "$TEST_DIR/events"
	umount "$ROOT"
	mv "$TEST_DIR/events" "$ROOT/.events"
}
