#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mounts of type cgroup and cgroup2: the container's view of its own cgroups.

load ../lib/container

setup() {
	require root
	container_setup
}

without_cgroup_namespace='del(.linux.namespaces[] | select(.type == "cgroup"))'
rw='.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'

@test "cgroup mount: with a cgroup namespace each hierarchy begins at the container's cgroup" {
	require hybrid
	bundle_script 'cat /proc/self/cgroup; cat /sys/fs/cgroup/pids/pids.max; ls /sys/fs/cgroup'
	config_with '.linux.resources.pids.limit = 77'
	run -0 ocirun run web
	[[ $output == *"pids:/"$'\n'* ]] || fail "$output"
	[[ $output == *$'\n77\n'* ]] || fail "$output"
	[[ $output == *unified* ]]
}

@test "cgroup mount: without one the container's own cgroup is bound there" {
	require hybrid
	bundle_script 'cat /sys/fs/cgroup/pids/pids.max; cat /sys/fs/cgroup/pids/cgroup.procs | wc -l; ls -d /sys/fs/cgroup/unified/cgroup.procs; ls /sys/fs/cgroup/pids | grep -c ocirun'
	config_with '.linux.resources.pids.limit = 77 | '"$without_cgroup_namespace"
	run -1 ocirun run web
	[ "${lines[0]}" = 77 ]
	[ "${lines[1]}" -ge 1 ]
	[ "${lines[2]}" = /sys/fs/cgroup/unified/cgroup.procs ]
	[ "${lines[3]}" = 0 ]
}

@test "cgroup mount: ro is for every hierarchy and the directory above them" {
	bundle_script 'for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir "$d/x" 2>&1 | grep -q "Read-only file system" || echo "$d"; done'
	run -0 ocirun run web
	[ -z "$output" ]
	config_with "$without_cgroup_namespace"
	run -0 ocirun run web
	[ -z "$output" ]
}

@test "cgroup mount: without ro the container may make cgroups of its own" {
	require hybrid
	bundle_script 'mkdir /sys/fs/cgroup/pids/x && echo $$ >/sys/fs/cgroup/pids/x/cgroup.procs && grep pids: /proc/self/cgroup; echo 0 >/sys/fs/cgroup/pids/x/tasks; echo $$ >/sys/fs/cgroup/pids/tasks; rmdir /sys/fs/cgroup/pids/x'
	config_with "$rw"
	run ocirun run web
	[[ $output == *pids:/x* ]] || fail "$output"
}

@test "cgroup mount: type cgroup2 is the v2 hierarchy alone" {
	require cgroup2
	bundle_script 'cat /sys/fs/cgroup/cgroup.procs | wc -l; stat -f -c %t /sys/fs/cgroup'
	config_with '.mounts |= map(if .type == "cgroup" then .type = "cgroup2" else . end)'
	run -0 ocirun run web
	[ "${lines[1]}" = 63677270 ]
	config_with "$without_cgroup_namespace"
	run -0 ocirun run web
	[ "${lines[1]}" = 63677270 ]
}

@test "cgroup mount: with --cgroup-manager=disabled there is an empty read-only directory" {
	bundle_script 'ls /sys/fs/cgroup | wc -l; touch /sys/fs/cgroup/x'
	config_with 'del(.linux.resources)'
	OCIRUN_CMD+=(--cgroup-manager=disabled)
	run -1 ocirun run web
	[ "${lines[0]}" = 0 ]
	[[ $output == *"Read-only file system"* ]] || fail "$output"
}

@test "cgroup mount: a user namespace without a cgroup namespace gets it read-only unasked (CVE-2023-25809)" {
	require userns hybrid
	bundle_script 'mkdir /sys/fs/cgroup/pids/x || mkdir /sys/fs/cgroup/x'
	config_with "$rw | $without_cgroup_namespace"' | .linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chmod 711 "$TEST_DIR" "$BUNDLE"
	chown -Rh 100000:100000 rootfs
	run -1 ocirun run web
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 2 ] || fail "$output"
}
