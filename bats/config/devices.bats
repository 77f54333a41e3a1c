#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.devices (config-linux.md#devices) and the default devices and links.

load ../lib/container

setup() {
	require root
	container_setup
}

# in_user_namespace - the bundle's container gets one; its root is the host's 100000
in_user_namespace() {
	config_with '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chmod 711 "$TEST_DIR" "$BUNDLE"
	chown -Rh 100000:100000 rootfs
}

all_defaults='/dev/full 1,7 666
/dev/null 1,3 666
/dev/random 1,8 666
/dev/tty 5,0 666
/dev/urandom 1,9 666
/dev/zero 1,5 666'

@test "devices: the default ones are there, with their modes whatever the umask" {
	bundle_script 'cd /dev; stat -c "/dev/%n %t,%T %a" full null random tty urandom zero'
	umask 077
	run -0 ocirun run web
	[ "$output" = "$all_defaults" ]
}

@test "devices: the default ones work" {
	bundle_script 'echo x >/dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c; echo x >/dev/full'
	run -1 ocirun run web
	[ "${lines[0]}" = 4 ]
	[ "${lines[1]}" = 4 ]
	[[ $output == *"No space left"* ]]
}

@test "devices: the links of /dev are there" {
	bundle_script 'for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done; echo through | cat /dev/stdin'
	run -0 ocirun run web
	[ "$output" = $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\nthrough' ]
}

@test "devices: a listed one has its number, mode and owner, and its directory is made" {
	bundle_script 'stat -c "%n %F %t,%T %a %u:%g" /dev/net/tun /dev/disk /run/pipe /opt/zero; stat -c %a /dev/net'
	config_with '.linux.devices = [
		{path: "/dev/net/tun", type: "c", major: 10, minor: 200, fileMode: 416, uid: 3, gid: 4},
		{path: "/dev/disk", type: "b", major: 7, minor: 5},
		{path: "/run/pipe", type: "p", fileMode: 384},
		{path: "/opt/zero", type: "u", major: 1, minor: 5, fileMode: 292}]'
	umask 077
	run -0 ocirun run web
	[ "${lines[0]}" = "/dev/net/tun character special file a,c8 640 3:4" ]
	[ "${lines[1]}" = "/dev/disk block special file 7,5 666 0:0" ]
	[ "${lines[2]}" = "/run/pipe fifo 0,0 600 0:0" ]
	[ "${lines[3]}" = "/opt/zero character special file 1,5 444 0:0" ]
	[ "${lines[4]}" = 755 ]
}

@test "devices: a listed one replaces the default one of its path" {
	bundle_script 'stat -c "%t,%T %a" /dev/null'
	config_with '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 436}]'
	run -0 ocirun run web
	[ "$output" = "1,3 664" ]
}

@test "devices: one that the root holds already gets mode and owner" {
	bundle_script 'stat -c "%t,%T %a %u" /dev/null /opt/null'
	config_with '.mounts |= map(select(.destination | startswith("/dev") | not)) |
		.linux.devices = [{path: "/opt/null", type: "c", major: 1, minor: 3, fileMode: 438, uid: 7}]'
	mkdir rootfs/opt
	mknod -m 600 rootfs/opt/null c 1 3
	mknod -m 600 rootfs/dev/null c 1 3
	run -0 ocirun run web
	[ "$output" = $'1,3 666 0\n1,3 666 7' ]
}

@test "devices: a path that holds something else is an error (config-linux.md#devices)" {
	bundle
	config_with '.linux.devices = [{path: "/opt/dev", type: "c", major: 1, minor: 3}]'
	mkdir -p rootfs/opt
	local make
	for make in "touch" "mkdir" "mknod -m 666 ,c,1,5" "mknod -m 666 ,b,1,3" "ln -s /dev/null"; do
		rm -rf rootfs/opt/dev
		case $make in
		*,*) mknod -m 666 rootfs/opt/dev ${make#*,} 2>/dev/null || mknod -m 666 rootfs/opt/dev $(tr , ' ' <<<"${make#*,}") ;;
		*) $make rootfs/opt/dev ;;
		esac
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"/opt/dev: exists and is not the device c 1:3"* ]] || fail "$make: $stderr"
	done
}

@test "devices: a bind at /dev is left as it is" {
	bundle_script 'ls /dev'
	mkdir "$TEST_DIR/dev"
	mknod -m 600 "$TEST_DIR/dev/null" c 1 3
	config_with --arg dev "$TEST_DIR/dev" '.mounts |= map(select(.destination | startswith("/dev") | not)) |
		.mounts += [{destination: "/dev", source: $dev, options: ["bind"]}] |
		.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 438, uid: 5}]'
	run -0 ocirun run web
	[ "$output" = null ]
	[ "$(stat -c '%n %a %u' "$TEST_DIR/dev"/*)" = "$TEST_DIR/dev/null 600 0" ]
}

@test "devices: a read-only /dev has them all the same" {
	bundle_script 'cd /dev; stat -c "/dev/%n %t,%T %a" full null random tty urandom zero; touch /dev/x; touch /dev/shm/x && echo shm'
	config_with '.mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end)'
	run -0 ocirun run web
	[[ $output == "$all_defaults"* ]] || fail "$output"
	[[ $output == *"/dev/x: Read-only file system"* && $output == *shm* ]] || fail "$output"
}

@test "devices: in a user namespace the host's own are bound" {
	require userns
	bundle_script 'cd /dev; stat -c "/dev/%n %t,%T %a" full null random tty urandom zero; grep -c " /dev/[a-z]* .*devtmpfs" /proc/self/mountinfo; head -c 3 zero | wc -c'
	in_user_namespace
	run -0 ocirun run web
	[ "$output" = "$all_defaults"$'\n6\n3' ] || fail "$output"
}

@test "devices: in a user namespace one that the host lacks is an error" {
	require userns
	bundle
	in_user_namespace
	config_with '.linux.devices = [{path: "/dev/none", type: "c", major: 240, minor: 77}]'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"/dev/none: the host has no device c 240:77 to bind"* ]] || fail "$stderr"
}
