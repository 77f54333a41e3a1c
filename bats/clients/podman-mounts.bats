#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman with user namespaces and mapped volumes: its storage is where only the host's root may go.

load ../lib/container
load common
load podman

# The host's IDs of the container's root, and a volume of the host's root and of its user 1000.
user_namespace=(--uidmap 0:100000:65536 --gidmap 0:200000:65536)

setup() {
	require root userns
	client_setup /run/ocirun
	mkdir -m 700 "$TEST_DIR/private"
	mkdir "$TEST_DIR/private/volume"
	touch "$TEST_DIR/private/volume/root" "$TEST_DIR/private/volume/user"
	chown 1000:1001 "$TEST_DIR/private/volume/user"
}

@test "podman --uidmap: an image, and a volume below a directory of the host's root alone" {
	[ "$(stat -c %a /var/lib/containers/storage)" = 700 ] || chmod 700 /var/lib/containers/storage
	ran 0 "${user_namespace[@]}" -v "$TEST_DIR/private/volume:/data:ro" busybox sh -c \
		'tr -s " " </proc/self/uid_map; ls /data; touch /data/x || echo refused'
	[[ $output == *" 0 100000 65536"*root*user*refused ]] || fail "$output"
}

@test "podman --read-only and --tmpfs in a user namespace" {
	ran 0 "${user_namespace[@]}" --read-only --tmpfs /etc busybox sh -c \
		'grep -c root /etc/passwd; touch /tmp/x /run/x && echo good; stat -c %u:%g /etc/passwd'
	[ "$output" = $'1\ngood\n0:0' ] || fail "$output"
}

@test "podman -v ...:idmap: the volume's owners are the container's" {
	ran 0 "${user_namespace[@]}" -v "$TEST_DIR/private/volume:/data:idmap" busybox stat -c %u:%g /data/root /data/user
	[ "$output" = $'0:0\n1000:1001' ] || fail "$output"
	ran 0 "${user_namespace[@]}" -v "$TEST_DIR/private/volume:/data:idmap=uids=@0-5-1#@1000-7-1;gids=@0-6-2000" busybox stat -c %u:%g /data/root /data/user
	[ "$output" = $'5:6\n7:1007' ] || fail "$output"
	ran 0 -v "$TEST_DIR/private/volume:/data:idmap=uids=0-5-1#1000-7-1;gids=0-6-2000" busybox stat -c %u:%g /data/root /data/user
	[ "$output" = $'5:6\n7:1007' ] || fail "$output"
}
