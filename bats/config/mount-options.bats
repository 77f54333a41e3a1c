#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a mount can ask for beyond its flags (config.md#linux-mount-options, and podman's words):
# flags of all mounts below, tmpcopyup, links as they are, remount.

load ../lib/container

setup() {
	require root
	container_setup
	VOLUME=$TEST_DIR/volume
	mkdir -p "$VOLUME"
	echo inner >"$VOLUME/file"
}

# Mounts of a test are made below $TEST_DIR, and must be gone before it is removed.
teardown() {
	umount -R "$TEST_DIR/on-host" 2>/dev/null || true
	container_teardown
}

# mounting JSON... - add these to the default mounts
mounting() {
	config_with ".mounts += [$(IFS=,; echo "$*")]"
}

# bind DESTINATION SOURCE OPTION... - as JSON
bind() {
	local destination=$1 source=$2
	shift 2
	jq -cn --arg d "$destination" --arg s "$source" '{destination: $d, source: $s, options: $ARGS.positional}' --args "$@"
}

# tmpfs DESTINATION OPTION... - as JSON
tmpfs() {
	local destination=$1
	shift
	jq -cn --arg d "$destination" '{destination: $d, type: "tmpfs", source: "tmpfs", options: $ARGS.positional}' --args "$@"
}

# on_host [OPTIONS] - a tmpfs of this test's on the host, one below it, and one below that
on_host() {
	VOLUME=$TEST_DIR/on-host
	mkdir -p "$VOLUME"
	mount -t tmpfs -o "${1:-rw}" on-host "$VOLUME"
	mount --make-private "$VOLUME"
	mkdir "$VOLUME/below"
	mount -t tmpfs -o "${1:-rw}" below "$VOLUME/below"
	mkdir "$VOLUME/below/deep"
	mount -t tmpfs -o "${1:-rw}" deep "$VOLUME/below/deep"
}

# refused TEXT JSON... - a create with these mounts fails with the text, and leaves nothing
refused() {
	local text=$1
	shift
	bundle
	mounting "$@"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"$text"* ]] || fail "expected '$text', seen: $stderr"
	run -1 ocirun state web
}

# ---- flags of all mounts below ----

@test "mount options: rro makes all mounts below a bind read-only too, and the source stays as it is" {
	on_host
	bundle_script 'touch /data/x; touch /data/below/x; touch /data/below/deep/x'
	mounting "$(bind /data "$VOLUME" rbind rro)"
	run -1 ocirun run web
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 3 ] || fail "$output"
	touch "$VOLUME/x" "$VOLUME/below/deep/x"
}

@test "mount options: rro of a bind without the mounts below is for the one" {
	on_host
	bundle_script 'touch /data/below/x; ls /data/below'
	mounting "$(bind /data "$VOLUME" bind rro)"
	run -0 ocirun run web
	[ "$output" = "touch: /data/below/x: Read-only file system" ] || fail "$output"
}

# each_mount_is DESTINATION FLAGS - all three mounts below it have these in the $output's mountinfo
each_mount_is() {
	local path flags
	for path in "$1" "$1/below" "$1/below/deep"; do
		flags=$(awk -v d="$path" '$5 == d { print $6 }' <<<"$output")
		[ "$flags" = "$2" ] || fail "$path: expected $2, seen: $flags"
	done
}

@test "mount options: each recursive word sets its flag, or clears it, on every mount below" {
	local set clear flag
	while read -r set clear flag; do
		on_host
		bundle_script 'grep " /m" /proc/self/mountinfo'
		mounting "$(bind /m1 "$VOLUME" rbind "$set")" "$(bind /m2 "$VOLUME" rbind "$set" "$clear")"
		run -0 ocirun run web
		each_mount_is /m1 "$flag"
		each_mount_is /m2 rw,relatime
		umount -R "$VOLUME"
	done <<-'CASES'
		rro rrw ro,relatime
		rnosuid rsuid rw,nosuid,relatime
		rnodev rdev rw,nodev,relatime
		rnoexec rexec rw,noexec,relatime
		rnodiratime rdiratime rw,nodiratime,relatime
		rnosymfollow rsymfollow rw,relatime,nosymfollow
		rnoatime ratime rw,noatime
		rnoatime rrelatime rw,noatime
		rstrictatime rnostrictatime rw
		rstrictatime rrelatime rw
	CASES
}

@test "mount options: recursive words clear what the source's mounts have" {
	on_host nosuid,nodev,noexec,noatime,nodiratime
	bundle_script 'grep " /m" /proc/self/mountinfo'
	mounting "$(bind /m1 "$VOLUME" rbind rsuid rdev rexec ratime rdiratime)" \
		"$(bind /m2 "$VOLUME" rbind rnorelatime rsuid)"
	run -0 ocirun run web
	each_mount_is /m1 rw,relatime
	each_mount_is /m2 rw,nodev,noexec,nodiratime,relatime
}

@test "mount options: the recursive form comes on top of the mount's own" {
	on_host
	bundle_script 'grep " /data" /proc/self/mountinfo'
	mounting "$(bind /data "$VOLUME" rbind ro nosuid rrw rnoexec)"
	run -0 ocirun run web
	[[ $output == *" /data rw,nosuid,noexec,relatime "* ]] || fail "$output"
	[[ $output == *" /data/below rw,noexec,relatime "* ]] || fail "$output"
}

@test "mount options: recursive words are for file systems and cgroups too" {
	bundle_script 'touch /scratch/x; awk "{ print \$5, \$6 }" /proc/self/mountinfo | grep "^/sys/fs/cgroup"'
	config_with 'del(.mounts[] | select(.type == "cgroup"))'
	mounting "$(tmpfs /scratch rro)" '{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rro", "rnosymfollow"]}'
	run -0 ocirun run web
	[[ $output == *"/sys/fs/cgroup ro"* ]] || fail "$output"
	[[ $output == *"/scratch/x: Read-only file system"* ]] || fail "$output"
	! grep "^/sys/fs/cgroup" <<<"$output" | grep -vE ' ro,.*nosymfollow' || fail "$output"
}

@test "mount options: a /dev that is rro gets its devices first" {
	bundle_script 'echo x >/dev/null; touch /dev/shm/x; touch /dev/x'
	config_with '(.mounts[] | select(.destination == "/dev").options) += ["rro"]'
	run -1 ocirun run web
	[ "$output" = "touch: /dev/x: Read-only file system" ] || fail "$output"
}

# ---- tmpfs ----

@test "mount options: a tmpfs without a mode has that of the directory it covers" {
	bundle_script 'stat -c %a /old /new /given'
	mkdir -p rootfs/old rootfs/given
	chmod 2751 rootfs/old rootfs/given
	mounting "$(tmpfs /old size=1m)" "$(tmpfs /new)" "$(tmpfs /given mode=700)"
	run -0 ocirun run web
	[ "$output" = $'2751\n1777\n700' ] || fail "$output"
	rm -rf rootfs/{old,new,given}
}

@test "mount options: tmpcopyup fills a tmpfs with what it covers, and the image stays as it was" {
	bundle_script 'cat /up/file; find /up | sort | xargs stat -c "%n %F %a %u:%g %s %Y"; readlink /up/link; echo new >/up/sparse; echo y >/up/x'
	mkdir -p rootfs/up/sub/deep
	echo content >rootfs/up/file
	printf 'deep\0down' >rootfs/up/sub/deep/file
	ln -s ../outside rootfs/up/link
	mkfifo rootfs/up/sub/fifo
	mknod rootfs/up/null c 1 3
	truncate -s 100M rootfs/up/sparse
	echo end >>rootfs/up/sparse
	chmod 1777 rootfs/up/sub
	chmod 750 rootfs/up
	chown -h 1:2 rootfs/up/file rootfs/up/link rootfs/up/sub/deep rootfs/up/null
	chown 3:4 rootfs/up/sub/fifo
	chmod 4755 rootfs/up/file
	find rootfs/up -exec touch -h -d @1000000000 {} +
	local expected
	expected=$(cd rootfs && find up | sort | xargs stat -c '/%n %F %a %u:%g %s %Y')
	mounting "$(tmpfs /up size=2m tmpcopyup)"
	run -0 ocirun run web
	# Sizes of directories are the file system's own.
	[ "$(sed -E '/ directory /s/ [0-9]+ ([0-9]+)$/ \1/' <<<"$output")" = \
		"content"$'\n'"$(sed -E '/ directory /s/ [0-9]+ ([0-9]+)$/ \1/' <<<"$expected")"$'\n../outside' ] ||
		fail "$output"$'\n---\n'"$expected"
	[ "$(tail -c 4 rootfs/up/sparse)" = end ]
	[ ! -e rootfs/up/x ]
	rm -rf rootfs/up
}

@test "mount options: tmpcopyup keeps extended attributes and file contents to the byte" {
	require program:python3
	bundle_with '.process.args = ["sleep", "60"]'
	mkdir -p rootfs/up/sub
	head -c 300000 /dev/urandom >rootfs/up/file
	python3 -c 'import os; os.setxattr("rootfs/up/file", "trusted.test", b"kept"); os.setxattr("rootfs/up/sub", "security.test", b"kept too")'
	mounting "$(tmpfs /up tmpcopyup)"
	ocirun create web
	cmp rootfs/up/file "/proc/$(container_pid web)/root/up/file"
	python3 - "/proc/$(container_pid web)/root/up" <<-'PYTHON'
		import os, sys
		assert os.getxattr(sys.argv[1] + "/file", "trusted.test") == b"kept"
		assert os.getxattr(sys.argv[1] + "/sub", "security.test") == b"kept too"
	PYTHON
	rm -rf rootfs/up
}

@test "mount options: tmpcopyup with ro is filled first; a missing directory is only made" {
	bundle_script 'cat /up/file; touch /up/x; ls -A /made'
	mkdir rootfs/up
	echo content >rootfs/up/file
	mounting "$(tmpfs /up ro tmpcopyup)" "$(tmpfs /made tmpcopyup)"
	run -0 ocirun run web
	[ "$output" = $'content\ntouch: /up/x: Read-only file system' ] || fail "$output"
	rm -rf rootfs/up rootfs/made
}

@test "mount options: tmpcopyup of more than the tmpfs holds is an error that names the file" {
	bundle
	mkdir -p rootfs/up/sub
	head -c 300000 /dev/zero >rootfs/up/sub/big
	mounting "$(tmpfs /up tmpcopyup size=100k)"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"mounts: /up: tmpcopyup: sub: big: No space left on device"* ]] || fail "$stderr"
	rm -rf rootfs/up
}

@test "mount options: tmpcopyup does not go deeper than 128 directories" {
	bundle
	local path=rootfs/up
	for _ in {1..130}; do path+=/d; done
	mkdir -p "$path"
	mounting "$(tmpfs /up tmpcopyup)"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"more than 128 directories deep"* ]] || fail "$stderr"
	rm -rf rootfs/up
}

# ---- links ----

@test "mount options: copy-symlink copies a source that is a link, and binds one that is none" {
	bundle_script 'readlink /etc/copied; cat /etc/bound'
	ln -s /some/where "$VOLUME/link"
	mounting "$(bind /etc/copied "$VOLUME/link" bind copy-symlink)" "$(bind /etc/bound "$VOLUME/file" bind copy-symlink)"
	run -0 ocirun run web
	[ "$output" = $'/some/where\ninner' ] || fail "$output"
	# A second container finds the same link there.
	run -0 ocirun run web2
	ln -sfn /else/where rootfs/etc/copied
	run -1 --separate-stderr ocirun run web3
	[[ $stderr == *"/etc/copied: copy-symlink: a link to /some/where: File exists"* ]] || fail "$stderr"
	rm rootfs/etc/copied
}

@test "mount options: copy-symlink makes its link inside the root, whatever the image has there" {
	bundle_script 'readlink /inside/link'
	mkdir "$TEST_DIR/outside"
	ln -s /some/where "$VOLUME/link"
	ln -sfn ../../../../../../../../..$TEST_DIR/outside rootfs/inside
	mounting "$(bind /inside/link "$VOLUME/link" bind copy-symlink)"
	run -0 ocirun run web
	[ "$output" = /some/where ] || fail "$output"
	[ -z "$(ls -A "$TEST_DIR/outside")" ]
	rm -r rootfs/inside "rootfs/${TEST_DIR#/}"
}

@test "mount options: src-nofollow binds the link itself" {
	bundle_script 'readlink /etc/one; readlink /etc/two; cat /etc/three'
	ln -s /file "$VOLUME/link"
	echo inside >rootfs/file
	echo covered >rootfs/etc/two
	ln -sfn nowhere rootfs/etc/three
	mounting "$(bind /etc/one "$VOLUME/link" bind src-nofollow)" "$(bind /etc/two "$VOLUME/link" rbind ro src-nofollow)" \
		"$(bind /etc/three "$VOLUME/link" bind src-nofollow dest-nofollow)"
	run -0 ocirun run web
	[ "$output" = $'/file\n/file\ninside' ] || fail "$output"
	[ "$(readlink rootfs/etc/three)" = nowhere ]
	rm -f rootfs/etc/{one,two,three} rootfs/file
}

@test "mount options: dest-nofollow covers a link of the image instead of following it" {
	bundle_script 'cat /etc/link; cat /etc/target; ls /etc/dir; cat /etc/new'
	echo target >rootfs/etc/target
	ln -sfn target rootfs/etc/link
	mkdir -p rootfs/etc/dir
	mounting "$(bind /etc/link "$VOLUME/file" bind dest-nofollow)" "$(bind /etc/dir "$VOLUME" bind dest-nofollow)" \
		"$(bind /etc/new "$VOLUME/file" bind dest-nofollow)"
	run -0 ocirun run web
	[ "$output" = $'inner\ntarget\nfile\ninner' ] || fail "$output"
	[ "$(readlink rootfs/etc/link)" = target ]
	rm -rf rootfs/etc/{link,target,dir,new}
}

# ---- remount ----

@test "mount options: remount changes a file system that is mounted already" {
	bundle_script 'touch /scratch/x; df -k /scratch | tail -n 1; touch /data/x'
	mounting "$(tmpfs /scratch size=128k)" '{destination: "/scratch", options: ["remount", "ro", "size=256k"]}' \
		"$(bind /data "$VOLUME" bind nosuid)" '{destination: "/data", options: ["bind", "remount", "ro"]}'
	run -1 ocirun run web
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 2 ] || fail "$output"
	[[ ${lines[0]} =~ ^tmpfs\ +256\  ]] || fail "$output"
	touch "$VOLUME/x"
}

@test "mount options: remount of what is no mount, or not there, is an error" {
	refused '/etc: remount: nothing is mounted there' '{destination: "/etc", options: ["remount", "ro"]}'
	refused '/none: open /none: No such file or directory' '{destination: "/none", options: ["remount", "ro"]}'
	refused 'mounts: /etc: ' '{destination: "/etc", options: ["bind", "remount", "ro"]}'
}

# ---- the file system's own ----

@test "mount options: silent, iversion and lazytime are taken by a file system" {
	bundle_script 'grep " /scratch " /proc/self/mountinfo; touch /scratch/x'
	mounting "$(tmpfs /scratch silent iversion lazytime)" "$(tmpfs /plain loud noiversion nolazytime)"
	run -0 ocirun run web
	[[ $output == *lazytime* ]] || fail "$output"
}

@test "mount options: words that a mount has no use for are refused by name" {
	refused 'tmpcopyup: only for a mount of type tmpfs' "$(bind /data "$VOLUME" bind tmpcopyup)"
	refused 'copy-symlink excludes' "$(bind /data "$VOLUME" bind copy-symlink src-nofollow)"
	refused 'no option "sync"' "$(bind /data "$VOLUME" bind sync)"
	refused 'no option "rsync"' "$(bind /data "$VOLUME" bind rsync)"
	refused 'mount tmpfs' "$(tmpfs /scratch rbogus)"
}
