#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# User namespaces with mappings (config-linux.md#user-namespace-mappings), as root on the host.

load ../lib/container

setup() {
	require root userns
	container_setup
}

teardown() {
	umount "$TEST_DIR"/private/volume/below "$TEST_DIR"/private/volume 2>/dev/null || true
	container_teardown
}

# mapped SCRIPT [JQ_FILTER] - a bundle in a user namespace whose root is the host's 100000
mapped() {
	bundle_script "$1"
	config_with '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | '"${2:-.}"
	chmod 711 "$TEST_DIR" "$BUNDLE"
	[ "$(stat -c %u rootfs)" = 100000 ] || chown -Rh 100000:200000 rootfs
}

@test "user namespace: root inside is the mapped id outside" {
	mapped 'id -u; id -g; sleep 60'
	ocirun create web
	ocirun start web
	local pid
	pid=$(container_pid web)
	grep -Eq '^Uid:\s+100000\s+100000\s+100000\s+100000$' "/proc/$pid/status"
	grep -Eq '^Gid:\s+200000\s' "/proc/$pid/status"
	wait_until output_is $'0\n0'
	[ "$(tr -s ' ' <"/proc/$pid/uid_map")" = " 0 100000 65536" ]
	[ "$(tr -s ' ' <"/proc/$pid/gid_map")" = " 0 200000 65536" ]
}

output_is() { [ "$(container_output web)" = "$1" ]; }

@test "user namespace: another user and groups inside are the mapped ones outside" {
	mapped 'grep -E "^(Uid|Gid|Groups)" /proc/self/status' '.process.user = {uid: 5, gid: 6, additionalGids: [7]}'
	run -0 ocirun run web
	[ "${lines[0]}" = $'Uid:\t5\t5\t5\t5' ]
	[ "${lines[1]}" = $'Gid:\t6\t6\t6\t6' ]
	[[ ${lines[2]} =~ ^Groups:$'\t''7 '*$ ]]
}

@test "user namespace: all of the default mounts and devices are there" {
	mapped 'echo x >/dev/null && head -c 3 /dev/zero | wc -c && ls /dev/pts/ptmx /sys/class >/dev/null && touch /dev/shm/x && echo good' \
		'.process.capabilities = {}'
	run -0 ocirun run web
	[ "$output" = $'3\ngood' ]
}

@test "user namespace: it has the capabilities it is given, in its own namespace only" {
	mapped 'grep CapEff /proc/self/status; hostname other && hostname; echo 1 >/proc/sys/vm/drop_caches' \
		'.process.capabilities = {bounding: ["CAP_SYS_ADMIN"], permitted: ["CAP_SYS_ADMIN"], effective: ["CAP_SYS_ADMIN"]} |
		.linux.readonlyPaths = []'
	run -1 ocirun run web
	[[ $output == *$'CapEff:\t0000000000200000\nother'* ]]
	[[ $output == *"Permission denied"* ]] || fail "$output"
}

@test "user namespace: several mappings, and 340 lines that fit" {
	local maps
	maps=$(jq -nc '[range(340) | {containerID: ., hostID: (100000 + .), size: 1}]')
	mapped 'wc -l </proc/self/uid_map'
	config_with --argjson maps "$maps" '.linux.uidMappings = $maps'
	run ocirun run web
	# 340 such lines are longer than the page that the kernel takes.
	[ "$status" = 1 ]
	[[ $output == *uid_map*"340 mappings"* ]]
	config_with '.linux.uidMappings |= .[:200]'
	run -0 ocirun run web
	[ "$output" = 200 ]
}

@test "user namespace: seccomp without noNewPrivileges, and a user of its own" {
	mapped 'grep -E "^(Seccomp|CapPrm):" /proc/self/status' '.process.noNewPrivileges = false |
		.process.user = {uid: 5, gid: 5} |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	run -0 ocirun run web
	[ "$output" = $'CapPrm:\t0000000000000000\nSeccomp:\t2' ]
}

@test "user namespace: a joined one is entered before anything else" {
	mapped 'sleep 60'
	ocirun create first
	local pid
	pid=$(container_pid first)
	bundle_with --arg user "/proc/$pid/ns/user" --arg net "/proc/$pid/ns/net" '.process.args = ["sleep", "60"] |
		.linux.namespaces |= map(if .type == "network" then . + {path: $net} else . end) |
		.linux.namespaces += [{type: "user", path: $user}]'
	ocirun create second
	[ "$(readlink "/proc/$(container_pid second)/ns/user")" = "$(readlink "/proc/$pid/ns/user")" ]
	ocirun start second
	container_is second running
}

@test "user namespace: an id that is not mapped is an error" {
	mapped true '.process.user = {uid: 70000, gid: 0}'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *process.user* ]] || fail "$stderr"
}

@test "user namespace: mappings without one, one without mappings, overlaps and overflows are refused" {
	local filter
	while read -r filter; do
		mapped true
		config_with "$filter"
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"config.json: linux."* ]] || fail "$filter: $stderr"
	done <<-'CASES'
		.linux.namespaces |= map(select(.type != "user"))
		del(.linux.uidMappings, .linux.gidMappings)
		.linux.uidMappings += [{containerID: 5, hostID: 300000, size: 10}]
		.linux.uidMappings = [{containerID: 0, hostID: 4294967290, size: 65536}]
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 0}]
	CASES
}

# ---- what only the host's root may reach ----

# private_directory - with a volume in it, that no user but the host's 1234 may enter
private_directory() {
	PRIVATE=$TEST_DIR/private
	mkdir -p "$PRIVATE/volume/below"
	echo inner >"$PRIVATE/volume/file"
	ln -sfn volume/file "$PRIVATE/link"
	chmod 700 "$PRIVATE"
	chown 1234 "$PRIVATE"
}

@test "user namespace: sources below a directory that only the host's root may enter are bound" {
	private_directory
	mapped 'cat /data/file /file; touch /data/x; grep " /data " /proc/self/mountinfo'
	config_with --arg p "$PRIVATE" '.mounts += [
		{destination: "/data", source: ($p + "/volume"), options: ["rbind", "ro", "nosuid"]},
		{destination: "/file", source: ($p + "/link"), options: ["bind"]}]'
	run -0 ocirun run web
	[[ $output == *$'inner\ninner\n'* ]] || fail "$output"
	[[ $output == *" /data ro,nosuid,"* && $output == *"Read-only file system"* ]] || fail "$output"
}

@test "user namespace: so they are when it is joined by path" {
	private_directory
	mapped 'sleep 60'
	ocirun create first
	bundle_script 'cat /data/file'
	config_with --arg p "$PRIVATE" --arg user "/proc/$(container_pid first)/ns/user" '.linux.namespaces += [{type: "user", path: $user}] |
		.mounts += [{destination: "/data", source: ($p + "/volume"), options: ["rbind"]}]'
	run -0 ocirun run second
	[ "$output" = inner ]
}

@test "user namespace: the root itself may be below such a directory" {
	mapped 'echo alive; touch /x; ls /' '.root.readonly = true'
	chmod 700 "$TEST_DIR" "$BUNDLE"
	run -0 ocirun run web
	[[ $output == alive$'\n'*"Read-only"* ]] || fail "$output"
	config_with '.linux.rootfsPropagation = "private" | .root.readonly = false'
	run -0 ocirun run web2
	[[ $output == alive* ]] || fail "$output"
}

@test "user namespace: what not even the host has is an error that names it" {
	private_directory
	mapped true
	config_with --arg p "$PRIVATE" '.mounts += [{destination: "/data", source: ($p + "/volume"), options: ["bind"]}]'
	cp config.json good.json
	mv "$PRIVATE/volume" "$PRIVATE/gone"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"$PRIVATE/volume"*"No such file or directory"* ]] || fail "$stderr"
}

@test "user namespace: the flags of the host's mounts stay locked" {
	private_directory
	mount -t tmpfs -o ro,nosuid,nodev tmpfs "$PRIVATE/volume"
	mapped 'mount -o remount,bind,rw /data; mount -o remount,bind,suid /data; grep " /data " /proc/self/mountinfo' \
		'.process.capabilities = (["CAP_SYS_ADMIN"] as $c | {bounding: $c, effective: $c, permitted: $c})'
	config_with --arg p "$PRIVATE" '.mounts += [{destination: "/data", source: ($p + "/volume"), options: ["rbind"]}]'
	run ocirun run web
	[[ $output == *" /data ro,nosuid,nodev,"* ]] || fail "$output"
	config_with '.mounts[-1].options += ["rw"]'
	run -1 --separate-stderr ocirun create web2
	[[ $stderr == *"/data: "*"change mount flags: Operation not permitted"* ]] || fail "$stderr"
}

@test "user namespace: a bind that would uncover what the host has mounted below says so" {
	private_directory
	mount -t tmpfs tmpfs "$PRIVATE/volume/below"
	mapped true
	config_with --arg p "$PRIVATE" '.mounts += [{destination: "/data", source: ($p + "/volume"), options: ["bind"]}]'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"needs rbind"* ]] || fail "$stderr"
}

@test "user namespace: tmpcopyup keeps the owners that have an id inside" {
	mapped 'stat -c "%n %u:%g %a" /up/root /up/user' '.mounts += [{destination: "/up", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
	mkdir -p rootfs/up
	touch rootfs/up/root rootfs/up/user
	chown 100000:200000 rootfs/up rootfs/up/root
	chown 100007:200008 rootfs/up/user
	chmod 600 rootfs/up/user
	run -0 ocirun run web
	[ "$output" = $'/up/root 0:0 644\n/up/user 7:8 600' ] || fail "$output"
	rm -rf rootfs/up
}
