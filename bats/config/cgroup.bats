#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.cgroupsPath and a container's cgroup from create to delete (config-linux.md#cgroups-path).

load ../lib/container

setup() {
	require root
	container_setup
	bundle_with '.process.args = ["sleep", "60"]'
}

teardown() {
	local dir
	container_teardown || return
	for dir in $(dirs_of /test-path) $(dirs_of /ocirun/test-path); do
		find "$dir" -depth -type d -exec rmdir {} +
	done
}

# dirs_of PATH - the cgroup's directory in each hierarchy
dirs_of() {
	local at
	while read -r at; do
		[ ! -d "$at$1" ] || printf '%s\n' "$at$1"
	done < <(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts)
}

hierarchies() { awk '$3 == "cgroup" || $3 == "cgroup2"' /proc/mounts | wc -l; }

# is_in ID PATH - the container's process is in that cgroup of every hierarchy, and there only
is_in() {
	local pid line
	pid=$(container_pid "$1")
	while read -r line; do
		[ "${line#*:*:}" = "$2" ] || fail "expected $2, seen: $line" || return
	done <"/proc/$pid/cgroup"
}

# freeze DIR, thaw DIR - by hand, as another program might
freeze() { if [ -e "$1/cgroup.freeze" ]; then echo 1 >"$1/cgroup.freeze"; else echo FROZEN >"$1/freezer.state"; fi; }
thaw() { if [ -e "$1/cgroup.freeze" ]; then echo 0 >"$1/cgroup.freeze"; else echo THAWED >"$1/freezer.state"; fi; }

# freezer_of ID - the directory whose freezer holds the container
freezer_of() { dirs_of "/ocirun/$1" | while read -r dir; do ls "$dir"/{cgroup.freeze,freezer.state} 2>/dev/null; done | head -n 1 | xargs dirname; }

@test "cgroup: without a path it is /ocirun/ID, in every hierarchy" {
	ocirun create web
	is_in web /ocirun/web
	[ "$(dirs_of /ocirun/web | wc -l)" = "$(hierarchies)" ]
}

@test "cgroup: an absolute path is as it is, a relative one below /ocirun" {
	config_with '.linux.cgroupsPath = "/test-path/a//b/."'
	ocirun create web
	is_in web /test-path/a/b
	ocirun delete --force web
	[ "$(dirs_of /test-path/a/b)" = "" ]
	config_with '.linux.cgroupsPath = "test-path"'
	ocirun create web
	is_in web /ocirun/test-path
}

@test "cgroup: a path that leaves its place, or is everybody's, is refused" {
	local path
	for path in /../x /a/../../x .. / /. a/..; do
		config_with --arg path "$path" '.linux.cgroupsPath = $path'
		run ! --separate-stderr ocirun create web
		[[ $stderr == *cgroupsPath* ]] || fail "$path: $stderr"
		[ ! -e "$ROOT/web" ]
	done
}

@test "cgroup: the monitor is not in it" {
	local pid
	ocirun create web
	pid=$(container_pid web)
	for procs in $(dirs_of /ocirun/web); do
		[ "$(cat "$procs/cgroup.procs")" = "$pid" ] || fail "$procs holds: $(cat "$procs/cgroup.procs"), not $pid alone"
	done
}

@test "cgroup: delete removes it and what the container made below it, but not /ocirun" {
	local dir
	ocirun create web
	ocirun start web
	for dir in $(dirs_of /ocirun/web); do
		mkdir -p "$dir/a/b/c" "$dir/d"
		if [ -e "$dir/cpuset.cpus" ]; then
			cat "$dir/cpuset.cpus" >"$dir/d/cpuset.cpus"
			cat "$dir/cpuset.mems" >"$dir/d/cpuset.mems"
		fi
		container_pid web >"$dir/d/cgroup.procs"
	done
	is_in web /ocirun/web/d
	container_is web running
	ocirun kill web KILL
	wait_until container_is web stopped
	ocirun delete web
	[ "$(dirs_of /ocirun/web)" = "" ]
	[ "$(dirs_of /ocirun | wc -l)" = "$(hierarchies)" ]
}

@test "cgroup: one that holds processes is refused and left alone" {
	config_with '.linux.cgroupsPath = "test-path"'
	ocirun create web
	for _ in 1 2; do
		run ! --separate-stderr ocirun create other
		[[ $stderr == *"container's cgroup is not empty"* ]] || fail "$stderr"
		run ocirun delete --force other
	done
	container_is web created
	is_in web /ocirun/test-path
	[ "$(dirs_of /ocirun/test-path | wc -l)" = "$(hierarchies)" ]
}

@test "cgroup: one that is frozen is refused" {
	local dir
	config_with '.linux.cgroupsPath = "test-path"'
	ocirun create web
	ocirun delete --force web
	for at in $(dirs_of /ocirun); do mkdir "$at/test-path"; done
	dir=$(freezer_of test-path)
	freeze "$dir"
	run ! --separate-stderr ocirun create web
	[[ $stderr == *"container's cgroup unexpectedly frozen"* ]] || fail "$stderr"
	thaw "$dir"
	ocirun create web
}

@test "cgroup: an empty one is taken" {
	config_with '.linux.cgroupsPath = "test-path"'
	ocirun create web
	ocirun delete --force web
	for at in $(dirs_of /ocirun); do mkdir "$at/test-path"; done
	ocirun create web
	is_in web /ocirun/test-path
}

@test "cgroup: a frozen container is killed and deleted" {
	local dir
	ocirun create web
	ocirun start web
	freeze "$(freezer_of web)"
	ocirun kill web KILL
	wait_until container_is web stopped
	journal_has web exited '.signal == 9'
	ocirun delete web

	ocirun create web
	ocirun start web
	freeze "$(freezer_of web)"
	ocirun delete --force web
	[ "$(dirs_of /ocirun/web)" = "" ]
}

@test "cgroup: a fork bomb is deleted with its cgroup" {
	require controller:pids
	local before
	bundle_script 'bomb() { while :; do (sleep 100 & sleep 100 & :) & sleep 0.001 & done; }; bomb & bomb & wait'
	config_with '.linux.resources.pids = {limit: 100} | del(.linux.namespaces[] | select(.type == "pid"))'
	ocirun create web
	ocirun start web
	wait_until test "$(cat "$(dirs_of /ocirun/web | grep -m 1 pids || dirs_of /ocirun/web)/pids.current")" -gt 0
	before=$SECONDS
	ocirun delete --force web
	[ $((SECONDS - before)) -le 2 ] || fail "it took $((SECONDS - before)) s"
	[ "$(dirs_of /ocirun/web)" = "" ]
}

@test "cgroup: what cannot be removed is an error, the container stays, and delete can be repeated" {
	# SIGKILL takes no effect while a cgroup above is frozen by v1's freezer.
	require cgroup1
	local dir
	config_with '.linux.cgroupsPath = "test-path/x"'
	ocirun create web
	dir=$(dirs_of /ocirun/test-path | grep freezer)
	echo FROZEN >"$dir/freezer.state"
	run ! --separate-stderr ocirun delete --force web
	[ -e "$ROOT/web/state.json" ]
	[ -n "$stderr" ]
	echo THAWED >"$dir/freezer.state"
	ocirun delete --force web
	[ ! -e "$ROOT/web" ]
	[ "$(dirs_of /ocirun/test-path/x)" = "" ]
}

@test "cgroup: kill --all reaches every process in it" {
	bundle_script 'sleep 61 & sleep 62 & wait'
	config_with 'del(.linux.namespaces[] | select(.type == "pid"))'
	ocirun create web
	ocirun start web
	wait_until has_processes 3
	ocirun kill --all web KILL
	wait_until has_processes 0
}

has_processes() {
	local seen
	seen=$(find "$(dirs_of /ocirun/web | tail -n 1)" -name cgroup.procs -exec cat {} + | wc -l)
	[ "$seen" = "$1" ] || fail "expected $1 processes, seen: $seen"
}

@test "cgroup: inside, the container's own is the root and shows its limits" {
	require controller:memory
	bundle_script 'cat /proc/self/cgroup; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null;
		mkdir /sys/fs/cgroup/x /sys/fs/cgroup/memory/x 2>/dev/null && echo made'
	config_with '.linux.resources.memory = {limit: 67108864}'
	run ocirun run web
	[ "$(grep -c '^[0-9]*:[^:]*:/$' <<<"$output")" = "$(wc -l </proc/self/cgroup)" ] || fail "$output"
	[[ $output == *67108864* && $output != *made* ]] || fail "$output"
}

@test "cgroup: --cgroup-manager=disabled leaves the container where its caller is" {
	OCIRUN_CMD+=(--cgroup-manager=disabled)
	ocirun create web
	[ "$(cat "/proc/$(container_pid web)/cgroup")" = "$(cat /proc/self/cgroup)" ]
	[ "$(dirs_of /ocirun/web)" = "" ]
	ocirun delete --force web
}

@test "cgroup: a failed create leaves none" {
	config_with '.process.args = ["/nonexistent"] | .root.path = "nonexistent"'
	run ! --separate-stderr ocirun create web
	config_with '.root.path = "rootfs" | .mounts += [{destination: "/x", type: "nosuchfs", source: "x"}]'
	run ! --separate-stderr ocirun create web
	[ "$(dirs_of /ocirun/web)" = "" ]
}

@test "cgroup: usage is in the exited line" {
	bundle_script 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
	ocirun run web
	journal_has web exited '.usage.cpuUsec > 0'
	if has_controller memory; then journal_has web exited '.usage.memoryPeakBytes > 0'; fi
}
