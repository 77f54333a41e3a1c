#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts (config.md#mounts): every usual kind, with the options of each.

load ../lib/container

setup() {
	require root
	container_setup
	VOLUME=$TEST_DIR/volume
	mkdir -p "$VOLUME/sub"
	echo inner >"$VOLUME/file"
}

# Mounts of a test are made below $TEST_DIR, and must be gone before it is removed.
teardown() {
	umount -R "$TEST_DIR/on-host" 2>/dev/null || true
	container_teardown
}

# mounting JSON... - add these to the default mounts; $volume stands for the volume's path
mounting() {
	config_with --arg volume "$VOLUME" ".mounts += [$(IFS=,; echo "$*")]"
}

# bind DESTINATION OPTION... - a mount of the volume, as JSON
bind() {
	local destination=$1
	shift
	jq -cn --arg d "$destination" --arg s "$VOLUME" '{destination: $d, source: $s, options: $ARGS.positional}' --args "$@"
}

# on_host - a tmpfs of this test's, mounted on the host with another one below it
on_host() {
	mkdir -p "$TEST_DIR/on-host"
	mount -t tmpfs -o "${1:-rw}" on-host "$TEST_DIR/on-host"
	mount --make-private "$TEST_DIR/on-host"
	mkdir "$TEST_DIR/on-host/below"
	mount -t tmpfs below "$TEST_DIR/on-host/below"
	echo deep >"$TEST_DIR/on-host/below/file"
	VOLUME=$TEST_DIR/on-host
}

@test "mounts: a bind shows a directory of the host, for reading and writing" {
	bundle_script 'cat /data/file; echo from inside >/data/new'
	mounting "$(bind /data rbind)"
	run -0 ocirun run web
	[ "$output" = inner ]
	[ "$(cat "$VOLUME/new")" = "from inside" ]
}

@test "mounts: a missing destination is made, a directory or a file as the source is" {
	bundle_script 'stat -c "%F %a" /made /made/by/us /made/file; cat /made/file'
	mounting "$(bind /made/by/us bind)" '{destination: "/made/file", type: "bind", source: ($volume + "/file"), options: ["bind"]}'
	run -0 ocirun run web
	[ "$output" = $'directory 755\ndirectory 755\nregular file 644\ninner' ]
}

@test "mounts: a relative source is one of the bundle" {
	bundle_script 'cat /data/file'
	mkdir "$BUNDLE/own"
	echo own >"$BUNDLE/own/file"
	mounting '{destination: "/data", source: "own", options: ["bind"]}'
	cd /
	run -0 ocirun run --bundle "$BUNDLE" web
	[ "$output" = own ]
}

@test "mounts: a read-only bind cannot be written, nor the file that is one" {
	bundle_script 'touch /data/x; echo x >/one; touch /data/sub/x'
	mounting "$(bind /data rbind ro)" '{destination: "/one", source: ($volume + "/file"), options: ["bind", "ro"]}'
	run -1 ocirun run web
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 3 ] || fail "$output"
	[ "$(cat "$VOLUME/file")" = inner ]
}

@test "mounts: rw after ro is rw" {
	bundle_script 'touch /data/x'
	mounting "$(bind /data bind ro rw)"
	run -0 ocirun run web
}

@test "mounts: nosuid, nodev, noexec, noatime, nodiratime and nosymfollow are the mount's" {
	bundle_script 'grep " /data " /proc/self/mountinfo; /data/script; cat /data/link; cat /data/null'
	printf '#!/bin/sh\n' >"$VOLUME/script"
	chmod 755 "$VOLUME/script"
	ln -s file "$VOLUME/link"
	mknod "$VOLUME/null" c 1 3
	mounting "$(bind /data bind nosuid nodev noexec noatime nodiratime nosymfollow)"
	run -1 ocirun run web
	[[ ${lines[0]} == *" rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow "* ]] || fail "$output"
	[[ $output == *"/data/script: Permission denied"* ]]
	[[ $output == *"'/data/link': Too many levels of symbolic links"* ]] || fail "$output"
	[[ $output == *"'/data/null': Permission denied"* ]] || fail "$output"
}

@test "mounts: what the options do not name stays as the source's mount has it" {
	on_host nosuid,nodev,noatime
	bundle_script 'grep " /data " /proc/self/mountinfo'
	mounting "$(bind /data bind ro)"
	run -0 ocirun run web
	[[ $output == *" ro,nosuid,nodev,noatime "* ]] || fail "$output"
}

@test "mounts: options undo what the source's mount has" {
	on_host nosuid,nodev,noexec,noatime
	bundle_script 'grep " /data " /proc/self/mountinfo'
	mounting "$(bind /data bind suid dev exec relatime)"
	run -0 ocirun run web
	[[ $output == *" /data rw,relatime "* ]] || fail "$output"
}

@test "mounts: rbind shows what is mounted below the source, bind does not" {
	on_host
	bundle_script 'cat /deep/below/file; ls /flat/below; ls -d /flat/below'
	mounting "$(bind /deep rbind)" "$(bind /flat bind)"
	run -0 ocirun run web
	[ "$output" = $'deep\n/flat/below' ]
}

@test "mounts: ro of an rbind is for the mount itself, not for those below it" {
	on_host
	bundle_script 'touch /data/below/x && touch /data/x'
	mounting "$(bind /data rbind ro)"
	run -1 ocirun run web
	[[ $output == *"/data/x: Read-only"* ]] || fail "$output"
}

@test "mounts: each propagation is the mount's, the r-forms also of what is below" {
	on_host
	mount --make-rshared "$TEST_DIR/on-host"
	bundle_script 'grep -E " /m" /proc/self/mountinfo'
	mounting "$(bind /m1 rbind private)" "$(bind /m2 rbind rprivate)" "$(bind /m3 rbind rslave)" \
		"$(bind /m4 rbind runbindable)" "$(bind /m5 rbind)" "$(bind /m6 rbind rprivate rshared)"
	run -1 ocirun run web
	[[ $stderr$output == *"contradicts an earlier option"* ]] || fail "$output"
	config_with 'del(.mounts[-1])'
	run -0 ocirun run web
	propagation_is /m1 private
	propagation_is /m1/below master
	propagation_is /m2 private
	propagation_is /m2/below private
	propagation_is /m3 master
	propagation_is /m4 unbindable
	propagation_is /m4/below unbindable
	propagation_is /m5 master
}

# propagation_is DESTINATION WORD - by the optional fields of $output, a mountinfo
propagation_is() {
	local fields
	fields=$(awk -v d="$1" '$5 == d { print }' <<<"$output" | sed 's/^.* [a-z,]*relatime \?\(.*\) - .*/\1/')
	[[ ${fields:-private} == *"$2"* ]] || fail "$1: expected $2, seen: $fields"
}

@test "mounts: a mount that the host makes later shows in an rslave bind, and not in a private one" {
	on_host
	mount --make-rshared "$TEST_DIR/on-host"
	mkdir "$TEST_DIR/on-host/late"
	bundle_script 'while [ ! -e /go/x ]; do sleep 0.05; done; ls /slave/late /private/late'
	mkdir "$TEST_DIR/go"
	mounting "$(bind /slave rbind rslave)" "$(bind /private rbind rprivate)"
	VOLUME=$TEST_DIR/go
	mounting "$(bind /go bind)"
	background web run web
	wait_until container_is web running
	mount -t tmpfs late "$TEST_DIR/on-host/late"
	touch "$TEST_DIR/on-host/late/seen" "$TEST_DIR/go/x"
	background_returns 0
	[ "$(cat "$TEST_DIR/web.out")" = $'/private/late:\n\n/slave/late:\nseen' ]
}

@test "mounts: a shared bind with a shared root gives the host what the container mounts there" {
	on_host
	mount --make-rshared "$TEST_DIR/on-host"
	mkdir "$TEST_DIR/on-host/made"
	bundle_script 'mount -t tmpfs inside /data/made && touch /data/made/seen'
	mounting "$(bind /data rbind rshared)"
	config_with '.linux.rootfsPropagation = "shared" |
		.process.capabilities = (["CAP_SYS_ADMIN"] as $c | {bounding: $c, effective: $c, permitted: $c})'
	run -0 ocirun run web
	[ -e "$TEST_DIR/on-host/made/seen" ]
}

@test "mounts: a tmpfs has its size and mode" {
	bundle_script 'stat -c %a /scratch; df -k /scratch | tail -n 1; dd if=/dev/zero of=/scratch/x bs=1k count=200 2>&1 | head -n 1'
	mounting '{destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["nosuid", "size=128k", "mode=1750"]}'
	run -0 ocirun run web
	[ "${lines[0]}" = 1750 ]
	[[ ${lines[1]} =~ ^tmpfs\ +128\  ]] || fail "$output"
	[[ $output == *"No space left"* ]]
}

@test "mounts: a read-only tmpfs is read-only" {
	bundle_script 'touch /scratch/x'
	mounting '{destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["ro"]}'
	run -1 ocirun run web
	[[ $output == *"Read-only file system"* ]]
}

@test "mounts: a devpts is the container's own, and mqueue, shm and sysfs are there" {
	bundle_script 'ls /dev/pts; awk "{ print \$5, \$6 }" /proc/self/mountinfo | grep -E "^/(dev|sys) |^/dev/(shm|mqueue|pts) "'
	run -0 ocirun run web
	[ "${lines[0]}" = ptmx ]
	[[ $output == *"/dev rw,nosuid"$'\n'* ]] || fail "$output"
	[[ $output == *"/dev/pts rw,nosuid,noexec,relatime"* ]] || fail "$output"
	[[ $output == *"/dev/shm rw,nosuid,nodev,noexec,relatime"* ]] || fail "$output"
	[[ $output == *"/dev/mqueue rw,nosuid,nodev,noexec,relatime"* ]] || fail "$output"
	[[ $output == *"/sys ro,nosuid,nodev,noexec,relatime"* ]] || fail "$output"
}

@test "mounts: an overlay with directories of long names is mounted" {
	local lower
	lower=$TEST_DIR/$(printf 'l%.0s' {1..200})
	on_host
	mkdir -p "$lower"/{a,b} "$VOLUME"/{upper,work}
	echo low >"$lower/a/file"
	bundle_script 'cat /over/file; echo up >/over/file'
	config_with --arg v "$VOLUME" --arg l "$lower" '.mounts += [{destination: "/over", type: "overlay", source: "overlay",
		options: ["lowerdir=\($l)/a:\($l)/b", "upperdir=\($v)/upper", "workdir=\($v)/work"]}]'
	run -0 ocirun run web
	[ "$output" = low ]
	[ "$(cat "$VOLUME/upper/file")" = up ]
}

@test "mounts: they are made in the order of the list, later ones over earlier ones" {
	bundle_script 'ls /data; ls /data/sub'
	mkdir "$TEST_DIR/second"
	touch "$TEST_DIR/second/two"
	mounting '{destination: "/data", type: "tmpfs", source: "tmpfs"}' "$(bind /data bind)" \
		"{destination: \"/data/sub\", source: \"$TEST_DIR/second\", options: [\"bind\"]}"
	run -0 ocirun run web
	[ "$output" = $'file\nsub\ntwo' ]
}

@test "mounts: a link in the root is followed inside the root, and what it lacks is made there" {
	bundle_script 'cat /run/stub/resolv.conf; cat /data/file'
	mkdir -p rootfs/etc
	ln -sfn ../../../../run/stub/resolv.conf rootfs/etc/resolv.conf
	ln -sfn /inside rootfs/data
	mounting '{destination: "/etc/resolv.conf", source: ($volume + "/file"), options: ["bind", "ro"]}' "$(bind /data bind)"
	run -0 ocirun run web
	[ "$output" = $'inner\ninner' ]
	[ -d rootfs/inside ]
	[ -f rootfs/run/stub/resolv.conf ]
}

@test "mounts: the host sees none of them" {
	bundle_with '.process.args = ["sleep", "60"]'
	mounting "$(bind /data rbind)"
	local before
	before=$(cat /proc/self/mountinfo)
	ocirun create web
	[ "$(cat /proc/self/mountinfo)" = "$before" ]
}

# refused TEXT JSON - a create with this mount fails with the text, and leaves nothing
refused() {
	bundle
	mounting "$2"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"$1"* ]] || fail "expected '$1', seen: $stderr"
	run -1 ocirun state web
}

@test "mounts: what cannot be mounted is an error that names destination and reason" {
	refused "source: \"$VOLUME/none\": No such file or directory" '{destination: "/data", source: ($volume + "/none"), options: ["bind"]}'
	refused '/data: mount nosuchfs: No such device' '{destination: "/data", type: "nosuchfs", source: "x"}'
	refused '/data: mount tmpfs: ' '{destination: "/data", type: "tmpfs", source: "x", options: ["size=zero"]}'
	refused "size" '{destination: "/data", type: "tmpfs", source: "x", options: ["size=zero"]}'
	refused "/etc: the source $VOLUME/file is not a directory, but the destination is one" '{destination: "/etc", source: ($volume + "/file"), options: ["bind"]}'
	refused '/etc/passwd' '{destination: "/etc/passwd", source: $volume, options: ["bind"]}'
	refused 'Not a directory' '{destination: "/etc/passwd/x", source: $volume, options: ["bind"]}'
	refused 'no option "mode=755"' '{destination: "/data", source: $volume, options: ["bind", "mode=755"]}'
}

@test "mounts: without a mount namespace there are none" {
	bundle
	config_with 'del(.linux.namespaces[] | select(.type == "mount")) | .linux.maskedPaths = [] |
		.linux.readonlyPaths = [] | .root.readonly = false'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"mount namespace"* ]] || fail "$stderr"
}
