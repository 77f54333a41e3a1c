#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bind mounts with mapped IDs (config.md#posix-platform-mounts: uidMappings, idmap, ridmap), with and
# without a user namespace of the container's.

load ../lib/container

setup() {
	require root userns kernel:6.3 # tmpfs can be mapped since then
	container_setup
	VOLUME=$TEST_DIR/on-host
	mkdir "$VOLUME"
	mount -t tmpfs on-host "$VOLUME"
	mount --make-private "$VOLUME"
	mkdir "$VOLUME/below"
	mount -t tmpfs below "$VOLUME/below"
	touch "$VOLUME/root" "$VOLUME/user" "$VOLUME/below/root"
	chown 1000:1001 "$VOLUME/user"
}

# Mounts of a test are made below $TEST_DIR, and must be gone before it is removed.
teardown() {
	umount -R "$TEST_DIR/on-host" 2>/dev/null || true
	container_teardown
}

# mapping CONTAINER HOST SIZE - as JSON
mapping() { printf '[{"containerID": %s, "hostID": %s, "size": %s}]' "$@"; }

# mapped OPTION... - the volume at /data; uid_maps and gid_maps, when set, are its mappings
mapped() {
	config_with --arg s "$VOLUME" --arg options "$*" --argjson uids "${uid_maps:-[]}" --argjson gids "${gid_maps:-[]}" '
		.mounts += [{destination: "/data", source: $s, options: ($options | split(" ")), uidMappings: $uids, gidMappings: $gids}]'
}

# in_user_namespace - root is the host's 100000, group 200000
in_user_namespace() {
	config_with '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
	[ "$(stat -c %u rootfs)" = 100000 ] || chown -Rh 100000:200000 rootfs
}

owners='cd /data && stat -c "%n %u:%g" root user below/root'

@test "idmap: mappings of the mount show the files' owners as others, and new files are stored so" {
	bundle_script "$owners; touch /data/new"
	local uid_maps gid_maps
	uid_maps=$(mapping 0 5000 2000) gid_maps=$(mapping 0 6000 2000)
	mapped rbind
	config_with '.process.user = {uid: 5000, gid: 6000}'
	run -0 ocirun run web
	[ "$output" = $'root 5000:6000\nuser 6000:7001\nbelow/root 0:0' ] || fail "$output"
	[ "$(stat -c %u:%g "$VOLUME/new")" = 0:0 ]
}

@test "idmap: without an option the mappings are for the mount itself, with ridmap for all below" {
	local uid_maps gid_maps option expected
	uid_maps=$(mapping 0 5000 2000) gid_maps=$(mapping 0 6000 2000)
	for option in rbind=0:0 idmap=0:0 ridmap=5000:6000; do
		bundle_script "$owners"
		expected=${option#*=}
		mapped rbind "${option%=*}"
		run -0 ocirun run web
		[ "$output" = $'root 5000:6000\nuser 6000:7001\nbelow/root '"$expected" ] || fail "$option: $output"
	done
}

@test "idmap: with a user namespace and no mappings it is the container's" {
	local option expected
	for option in idmap=65534:65534 ridmap=0:0; do
		bundle_script "$owners"
		in_user_namespace
		expected=${option#*=}
		mapped rbind "${option%=*}"
		run -0 ocirun run web
		[ "$output" = $'root 0:0\nuser 1000:1001\nbelow/root '"$expected" ] || fail "$option: $output"
	done
}

@test "idmap: in a user namespace, mappings that are the container's own or others" {
	bundle_script "$owners; touch /data/new"
	in_user_namespace
	local uid_maps gid_maps
	uid_maps=$(mapping 0 100000 65536) gid_maps=$(mapping 0 200000 65536)
	mapped rbind ridmap
	run -0 ocirun run web
	[ "$output" = $'root 0:0\nuser 1000:1001\nbelow/root 0:0' ] || fail "$output"
	[ "$(stat -c %u:%g "$VOLUME/new")" = 0:0 ]
	uid_maps=$(mapping 0 100007 2000) gid_maps=$(mapping 0 200008 2000)
	config_with 'del(.mounts[-1])'
	mapped rbind ridmap ro
	run ocirun run web
	[[ $output == $'root 7:8\nuser 1007:1009\nbelow/root 7:8\n'*"Read-only"* ]] || fail "$output"
}

@test "idmap: with a user namespace joined by path it is that one's" {
	bundle_with '.process.args = ["sleep", "60"]'
	in_user_namespace
	ocirun create first
	bundle_script "$owners"
	config_with --arg user "/proc/$(container_pid first)/ns/user" '.linux.namespaces += [{type: "user", path: $user}]'
	mapped rbind ridmap
	run -0 ocirun run second
	[ "$output" = $'root 0:0\nuser 1000:1001\nbelow/root 0:0' ] || fail "$output"
}

@test "idmap: podman's option has the mappings in it, some relative to the container's" {
	bundle_script "$owners"
	mapped bind "idmap=uids=0-5000-10#1000-7000-1;gids=0-6000-2000"
	run ocirun run web
	[[ $output == $'root 5000:6000\nuser 7000:7001'* ]] || fail "$output"
	bundle_script "$owners"
	in_user_namespace
	mapped rbind "ridmap=uids=@0-5-1#@1000-6-1;gids=@0-0-2000"
	run -0 ocirun run web
	[ "$output" = $'root 5:0\nuser 6:1001\nbelow/root 5:0' ] || fail "$output"
}

@test "idmap: with 340 lines that fit a page" {
	bundle_script "$owners"
	local uid_maps gid_maps
	uid_maps=$(jq -nc '[range(200) | {containerID: ., hostID: (5000 + .), size: 1}]')
	gid_maps=$(mapping 0 6000 2000)
	mapped rbind
	run -0 ocirun run web
	[ "${lines[0]}" = "root 5000:6000" ]
	uid_maps=$(jq -nc '[range(340) | {containerID: ., hostID: (500000 + .), size: 1}]')
	config_with 'del(.mounts[-1])'
	mapped rbind
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"/data: bind $VOLUME: idmap: user namespace: uid_map: 340 mappings"* ]] || fail "$stderr"
}

@test "idmap: a file system that cannot be mapped is an error, never ignored" {
	bundle
	VOLUME=/sys/kernel
	local uid_maps gid_maps
	uid_maps=$(mapping 0 5000 10) gid_maps=$(mapping 0 5000 10)
	mapped bind
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"mounts: /data: bind $VOLUME: idmap: the file system of $VOLUME cannot be id-mapped"* ]] || fail "$stderr"
	run -1 ocirun state web
}

@test "idmap: ridmap fails as a whole when a mount below cannot be mapped" {
	bundle
	mount -t proc below "$VOLUME/below"
	local uid_maps gid_maps
	uid_maps=$(mapping 0 5000 10) gid_maps=$(mapping 0 5000 10)
	mapped rbind ridmap
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"cannot be id-mapped"* ]] || fail "$stderr"
	umount "$VOLUME/below"
}

@test "idmap: the process that holds the mappings is gone, and nothing of the host's has changed" {
	bundle_with '.process.args = ["sleep", "60"]'
	local before uid_maps gid_maps
	before=$(cat /proc/self/mountinfo)
	uid_maps=$(mapping 0 5000 10) gid_maps=$(mapping 0 5000 10)
	mapped rbind
	ocirun create web
	[ "$(cat /proc/self/mountinfo)" = "$before" ]
	[ "$(stat -c %u:%g "$VOLUME/user")" = 1000:1001 ]
	! grep -lE '^ *0 +5000 +10$' /proc/[0-9]*/uid_map 2>/dev/null || fail "a process has the mappings"
}
