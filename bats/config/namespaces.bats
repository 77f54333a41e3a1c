#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.namespaces (config-linux.md#namespaces): new, joined by path, or the caller's.

load ../lib/container

setup() {
	require root
	container_setup
	bundle_with '.process.args = ["sleep", "60"]'
}

ns_of() { readlink "/proc/$1/ns/$2"; }

# namespaces JSON - the list
namespaces() { config_with --argjson list "$1" '.linux.namespaces = $list'; }

# holder TYPE - a process with a namespace of its own of this unshare(1) type; HOLDER_PID
holder() {
	unshare "--$1" sleep 300 3>&- 4>&- &
	HOLDER_PID=$!
	echo "$HOLDER_PID" >>"$TEST_DIR/background"
	wait_until is_sleeping "$HOLDER_PID"
}

is_sleeping() { grep -qx sleep "/proc/$1/comm"; }

@test "namespaces: each that is listed is new" {
	namespaces '[{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
		{"type": "mount"}, {"type": "cgroup"}]'
	ocirun create web
	local pid file
	pid=$(container_pid web)
	for file in pid net ipc uts mnt cgroup; do
		[ "$(ns_of "$pid" "$file")" != "$(ns_of self "$file")" ] || fail "$file is the caller's"
	done
	[ "$(ns_of "$pid" user)" = "$(ns_of self user)" ]
}

@test "namespaces: what is not listed is inherited" {
	config_with '.linux.namespaces = [{type: "mount"}] | del(.hostname)
		| del(.mounts[] | select(.type == "sysfs" or .type == "mqueue" or .type == "cgroup"))
		| .mounts |= map(if .type == "proc" then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind"]} else . end)
		| .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	ocirun create web
	local pid file
	pid=$(container_pid web)
	for file in pid net ipc uts cgroup user; do
		[ "$(ns_of "$pid" "$file")" = "$(ns_of self "$file")" ] || fail "$file is not the caller's"
	done
}

@test "namespaces: network, ipc and uts are joined by path" {
	local type file
	while read -r type file; do
		holder "${type/network/net}"
		bundle_with --arg type "$type" --arg path "/proc/$HOLDER_PID/ns/$file" '.process.args = ["sleep", "60"] |
			.linux.namespaces |= map(if .type == $type then . + {path: $path} else . end)'
		ocirun create "web-$type"
		[ "$(ns_of "$(container_pid "web-$type")" "$file")" = "$(ns_of "$HOLDER_PID" "$file")" ] ||
			fail "$type was not joined"
	done <<-'TYPES'
		network net
		ipc ipc
		uts uts
	TYPES
}

@test "namespaces: a pid namespace is joined by path" {
	ocirun create first
	local path
	path=/proc/$(container_pid first)/ns/pid
	config_with --arg path "$path" '.linux.namespaces |= map(if .type == "pid" then . + {path: $path} else . end)'
	ocirun create second
	[ "$(ns_of "$(container_pid second)" pid)" = "$(ns_of "$(container_pid first)" pid)" ]
	ocirun start second
	container_is second running
}

@test "namespaces: a cgroup namespace is joined by path" {
	ocirun create first
	config_with --arg path "/proc/$(container_pid first)/ns/cgroup" \
		'.linux.namespaces |= map(if .type == "cgroup" then . + {path: $path} else . end)'
	ocirun create second
	[ "$(ns_of "$(container_pid second)" cgroup)" = "$(ns_of "$(container_pid first)" cgroup)" ]
}

@test "namespaces: hostname and domainname are the container's own" {
	bundle_script 'hostname; cat /proc/sys/kernel/domainname'
	config_with '.hostname = "web.example" | .domainname = "example"'
	local before
	before=$(hostname)
	run -0 ocirun run web
	[ "$output" = $'web.example\nexample' ]
	[ "$(hostname)" = "$before" ]
}

@test "namespaces: a time namespace has its offsets" {
	require timens
	bundle_script 'cut -d. -f1 /proc/uptime'
	config_with '.linux.namespaces += [{type: "time"}] |
		.linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 5}, monotonic: {secs: 2000000}}'
	run -0 ocirun run web
	[ "$output" -ge 1000000 ]
	bundle_script 'cat /proc/self/timens_offsets'
	config_with '.linux.namespaces += [{type: "time"}] |
		.linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 5}, monotonic: {secs: 2000000}}'
	run -0 ocirun run web
	[ "$(tr -s ' ' <<<"$output")" = $'monotonic 2000000 0\nboottime 1000000 5' ]
}

@test "namespaces: a path of another type, or of none, is an error and nothing is created" {
	local type path
	while read -r type path; do
		bundle_with --arg type "$type" --arg path "$path" \
			'.linux.namespaces |= map(if .type == $type then . + {path: $path} else . end)'
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"$type"*"$path"* ]] || fail "$type $path: $stderr"
		run -1 ocirun state web
	done <<-'CASES'
		network /proc/self/ns/uts
		network /etc/passwd
		network /no/such/file
		pid /proc/self/ns/net
		ipc /proc/self/ns/mnt
		uts /dev/null
	CASES
}

@test "namespaces: an unknown, repeated or relative one is refused by its path" {
	local list
	for list in '[{"type": "mount"}, {"type": "foo"}]' '[{"type": "mount"}, {"type": "mount"}]' \
		'[{"type": "mount"}, {"type": "network", "path": "proc/self/ns/net"}]'; do
		namespaces "$list"
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"config.json: linux.namespaces[1]"* ]] || fail "$list: $stderr"
	done
}

@test "namespaces: hostname without a uts namespace is refused" {
	config_with '.linux.namespaces |= map(select(.type != "uts"))'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *hostname* ]]
	[ "$(hostname)" != ocirun ]
}

@test "namespaces: the session keyring is the container's own" {
	bundle_script 'grep -c "_ses[.]$(hostname)" /proc/keys'
	config_with '.linux.maskedPaths = [] | .hostname = "web"'
	run -0 ocirun run web
	[ "$output" = 1 ]
	config_with '.hostname = "other"'
	run -1 ocirun run --no-new-keyring other
	[ "$output" = 0 ]
}

@test "namespaces: lo is up in a new network namespace" {
	bundle_with '.process.args = ["cat", "/sys/class/net/lo/flags"]'
	run -0 ocirun run web
	[ "$output" = 0x9 ] # IFF_UP | IFF_LOOPBACK
}
