#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `oom` lines: what the kernel killed for want of memory.
# shellcheck disable=SC2016 # single quotes hold words of jq and of the container's shell

load ../lib/container
load ../lib/monitor
load helpers

setup() {
	require root controller:memory
	container_setup
}

# Swap would be eaten before anything is killed.
limited='.linux.resources.memory = {limit: 33554432, swap: 33554432}'

# Sourced by the container's shell. eat: a child that wants more than there is.
eat='eat() { sh -c "exec tail -c 100m /dev/zero" 2>/dev/null; }'

# eater SCRIPT [JQ_FILTER] - a running container "web" with a limit, whose script may eat
eater() {
	bundle_script "$eat; $1"
	config_with "$limited | ${2:-.}"
	ocirun create web
	ocirun start web
}

# Each word that is written lets a container that reads /go take one step.
steps() {
	bundle >/dev/null
	rm -f "$BUNDLE/rootfs/go"
	mkfifo "$BUNDLE/rootfs/go"
}

# oom_lines - of "web": "DELTA/TOTAL ..."
oom_lines() {
	events_of web | jq -r 'select(.type == "oom") | "\(.oomKill)/\(.oomKillTotal)"' | paste -sd ' '
}

ooms_are() { [ "$(oom_lines)" = "$1" ] || fail "expected $1: $(events_of web)"; }

# oom_kills_are N - the kernel's count, whether or not anybody has told
oom_kills_are() {
	local file
	file=$(find /sys/fs/cgroup -path '*/ocirun/web/memory.*' \( -name memory.oom_control -o -name memory.events \))
	grep -qx "oom_kill $1" "$file" || fail "$(cat "$file")"
}

@test "oom: a child that was killed is told at once, and the container goes on" {
	eater 'eat; sleep 1000'
	wait_until ooms_are 1/1
	container_is web running
	[ "$(events_types web)" = "created started oom" ]
	kill -9 "$(container_pid web)"
	run -137 ocirun wait web
	[ "$(events_types web)" = "created started oom exited" ]
	journal_has web exited '.oomKilled and .exitCode == 137'
}

@test "oom: two kills one after the other are two lines, each with its delta" {
	steps
	eater 'while read -r _ <>/go; do eat; done'
	echo >"$BUNDLE/rootfs/go"
	wait_until ooms_are 1/1
	echo >"$BUNDLE/rootfs/go"
	wait_until ooms_are '1/1 1/2'
}

@test "oom: kills in quick succession share a line, and none is lost" {
	eater 'for i in 1 2 3 4 5 6; do eat; done; exit 3'
	run -3 ocirun wait web
	local lines
	lines=$(events_of web | jq -s '[.[] | select(.type == "oom")]')
	[ "$(jq 'map(.oomKill) | add' <<<"$lines")" = 6 ]
	[ "$(jq '.[-1].oomKillTotal' <<<"$lines")" = 6 ]
	[ "$(jq length <<<"$lines")" -lt 6 ]
	[[ "$(events_types web)" == "created started "*"oom exited" ]]
}

@test "oom: init itself is killed: oom, then exited" {
	bundle_with '.process.args = ["tail", "-c", "100m", "/dev/zero"] | '"$limited"
	for _ in 1 2 3 4 5; do
		ocirun create web
		ocirun start web
		run -137 ocirun wait web
		[ "$(events_types web)" = "created started oom exited" ]
		ooms_are 1/1
		journal_has web exited '.oomKilled and .signal == 9 and .reason == "signaled"'
		ocirun delete web
	done
}

@test "oom: nothing is said where nothing was killed" {
	eater 'head -c 1m /dev/zero >/dev/null; kill -9 $$'
	ocirun wait web || true
	[ "$(events_types web)" = "created started exited" ]
	journal_has web exited '.oomKilled == false'
}

@test "oom: a foreground run tells too" {
	bundle_script "$eat; eat; exit 4"
	config_with "$limited"
	run -4 ocirun run web
	[ "$(events_types web)" = "created started oom exited deleted" ]
	ooms_are 1/1
}

@test "oom: nobody tells with --monitor=none" {
	bundle_script "$eat; eat; exit 4"
	config_with "$limited"
	OCIRUN_CMD+=(--monitor=none)
	ocirun create web
	ocirun start web
	ocirun wait web || true
	[ "$(events_types web)" = "created started exited" ]
}

@test "oom: what was killed in a cgroup before the create is not the container's" {
	require cgroup1
	local dir=/sys/fs/cgroup/memory/ocirun-before
	mkdir "$dir"
	echo 8388608 >"$dir/memory.limit_in_bytes"
	run -137 sh -c 'echo 0 >"$1/cgroup.procs"; exec busybox tail -c 100m /dev/zero >/dev/null' sh "$dir"
	grep -qx 'oom_kill 1' "$dir/memory.oom_control"
	steps
	eater 'while read -r _ <>/go; do eat; done' '.linux.cgroupsPath = "/ocirun-before"'
	kill -9 "$(monitor_of web)"
	wait_until no_monitor web
	echo >"$BUNDLE/rootfs/go"
	ocirun state web >/dev/null
	wait_until ooms_are 1/1
	kill -9 "$(container_pid web)"
	run -137 ocirun wait web
	ooms_are 1/1
	ocirun delete web
	[ ! -e "$dir" ] || rmdir "$dir"
}

@test "oom: a new monitor goes on counting where the killed one stopped" {
	steps
	eater 'while read -r _ <>/go; do eat; done'
	echo >"$BUNDLE/rootfs/go"
	wait_until ooms_are 1/1
	kill -9 "$(monitor_of web)"
	wait_until no_monitor web
	echo >"$BUNDLE/rootfs/go"
	wait_until oom_kills_are 2
	ooms_are 1/1
	ocirun state web >/dev/null
	wait_until ooms_are '1/1 1/2'
	echo >"$BUNDLE/rootfs/go"
	wait_until ooms_are '1/1 1/2 1/3'
}

@test "oom: no monitor lives when init is killed: a verb tells, before exited" {
	steps
	eater 'read -r _ <>/go; exec tail -c 100m /dev/zero'
	kill -9 "$(monitor_of web)"
	wait_until no_monitor web
	local pid
	pid=$(jq -r 'select(.type == "created").pid' "$(log_path web)")
	echo >"$BUNDLE/rootfs/go"
	wait_until has_ended "$pid"
	ocirun state web >/dev/null
	[ "$(events_types web)" = "created started oom exited" ]
	journal_has web exited .oomKilled
}
