#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The caller's cgroup is killed or frozen (F8, F36, as systemd's KillMode=control-group does): the
# monitor has a place of its own, and records the code.

load ../lib/container
load ../lib/monitor

setup() {
	require root kernel:6.15
	container_setup
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 19'
}

teardown() {
	local at
	container_teardown || return
	for at in /sys/fs/cgroup/{,unified/,freezer/,memory/}caller; do
		[ ! -d "$at" ] || wait_until rmdir "$at"
	done
}

# in_cgroup DIRECTORY... -- ARG... - ocirun ARG... by a shell that is in those cgroups
in_cgroup() {
	local at dirs=()
	while [ "$1" != -- ]; do dirs+=("$1") && shift; done
	shift
	for at in "${dirs[@]}"; do mkdir -p "$at" || return; done
	(
		for at in "${dirs[@]}"; do echo 0 >"$at/cgroup.procs"; done
		ocirun "$@"
	)
}

v2_root() { awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts; }
v1_root() { awk -v c="$1" '$3 == "cgroup" && $4 ~ "(^|,)" c "(,|$)" { print $2; exit }' /proc/mounts; }

# place_of PID HIERARCHY - its cgroup there; "" is v2
place_of() { awk -F : -v h="$2" '$2 == h || index("," $2 ",", "," h ",") { print $3; exit }' "/proc/$1/cgroup"; }

ends_with() {
	touch "$BUNDLE/rootfs/go"
	run "-$1" ocirun wait web
	[ "$(events_types web)" = "created started exited" ]
}

is_empty() { [ -z "$(cat "$1/cgroup.procs")" ]; }

# killed_with_caller DIRECTORY - kill the caller's cgroup; the monitor goes on, and has the code
killed_with_caller() {
	local monitor
	monitor=$(monitor_of web)
	if [ -e "$1/cgroup.kill" ]; then
		echo 1 >"$1/cgroup.kill"
	else
		while read -r pid; do kill -9 "$pid"; done <"$1/cgroup.procs"
	fi
	wait_until is_empty "$1"
	[ "$(monitor_of web)" = "$monitor" ]
	ends_with 19
	journal_has web exited '.exitCode == 19 and .reason == "exited"'
}

@test "monitor's cgroup: killing the caller's v2 cgroup leaves the monitor of a create" {
	require cgroup2
	local caller
	caller=$(v2_root)/caller
	in_cgroup "$caller" -- create web
	[ "$(place_of "$(monitor_of web)" "")" = /ocirun.monitor ]
	ocirun start web
	killed_with_caller "$caller"
}

@test "monitor's cgroup: killing the caller's v2 cgroup below a subreaper leaves the monitor" {
	require cgroup2
	local caller
	caller=$(v2_root)/caller
	mkdir "$caller"
	echo 0 >"$caller/cgroup.procs"
	below_subreaper create web
	echo 0 >"$(v2_root)/self/cgroup.procs"
	[ "$(place_of "$SUBREAPER" "")" = /caller ]
	ocirun start web
	killed_with_caller "$caller"
}

@test "monitor's cgroup: killing the caller's v2 cgroup leaves a monitor that a verb started" {
	require cgroup2
	local caller monitor
	caller=$(v2_root)/caller
	ocirun create web
	ocirun start web
	monitor=$(monitor_of web)
	kill -9 "$monitor"
	wait_until has_ended "$monitor"
	in_cgroup "$caller" -- state web
	wait_until monitor_of web
	killed_with_caller "$caller"
}

@test "monitor's cgroup: killing the caller's v1 cgroups leaves the monitor" {
	local memory freezer
	memory=$(v1_root memory) freezer=$(v1_root freezer)
	[ -n "$memory" ] && [ -n "$freezer" ] || skip "needs: cgroup v1 with memory and freezer"
	in_cgroup "$memory/caller" "$freezer/caller" -- create web
	[ "$(place_of "$(monitor_of web)" memory)" = /ocirun.monitor ]
	ocirun start web
	killed_with_caller "$freezer/caller"
	[ -z "$(cat "$memory/caller/cgroup.procs")" ]
}

@test "monitor's cgroup: killing the caller of an exec leaves its observer" {
	require cgroup2
	local caller id=probe
	caller=$(v2_root)/caller
	ocirun create web
	ocirun start web
	in_cgroup "$caller" -- exec --detach --exec-id "$id" web sh -c 'until [ -e /done ]; do sleep 0.02; done; exit 23'
	echo 1 >"$caller/cgroup.kill"
	touch "$BUNDLE/rootfs/done"
	run -23 ocirun wait --exec "$id" web
	journal_has web exec-exited '.exitCode == 23'
}

@test "monitor's cgroup: a hook runs, and leaves what it leaves, in the caller's v2 cgroup" {
	require cgroup2
	local caller
	caller=$(v2_root)/caller
	cat >"$TEST_DIR/hook" <<-'END'
		#!/bin/sh
		cat >/dev/null
		cat /proc/self/cgroup >"$1"
	END
	chmod +x "$TEST_DIR/hook"
	# shellcheck disable=SC2016 # jq expands
	config_with --arg hook "$TEST_DIR/hook" --arg dir "$TEST_DIR" '.hooks = {
		prestart: [{path: $hook, args: ["hook", ($dir + "/prestart")]}],
		createRuntime: [{path: $hook, args: ["hook", ($dir + "/createRuntime")]}],
		createContainer: [{path: $hook, args: ["hook", ($dir + "/createContainer")]}]}'
	in_cgroup "$caller" -- create web
	grep -qx '0::/caller' "$TEST_DIR/prestart"
	grep -qx '0::/caller' "$TEST_DIR/createRuntime"
	run ! grep caller "$TEST_DIR/createContainer"
}

@test "monitor's cgroup: without a cgroup of the container's own all stay where the caller is" {
	require cgroup2
	local caller
	caller=$(v2_root)/caller
	in_cgroup "$caller" -- --cgroup-manager=disabled create web
	[ "$(place_of "$(container_pid web)" "")" = /caller ]
	[ "$(place_of "$(monitor_of web)" "")" = /caller ]
}
