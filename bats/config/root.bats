#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# root (config.md#root) and linux.rootfsPropagation.

load ../lib/container

setup() {
	require root
	container_setup
}

@test "root: it is what the container sees at /, and the host's is gone" {
	bundle_script 'cat /mark; ls /; awk "{ print \$5 }" /proc/self/mountinfo | grep -vE "^/(proc|dev|sys)(/|\$)"'
	echo mine >rootfs/mark
	run -0 ocirun run web
	[ "$output" = $'mine\n'"$(ls rootfs)"$'\n/' ] || fail "$output"
}

@test "root: an absolute path is taken as it is, a relative one from the bundle" {
	bundle_script 'cat /mark'
	mv rootfs other
	echo mine >other/mark
	config_with '.root.path = "other"'
	run -0 ocirun run web
	[ "$output" = mine ]
	config_with --arg path "$BUNDLE/other" '.root.path = $path'
	cd /
	run -0 ocirun run --bundle "$BUNDLE" web2
	[ "$output" = mine ]
}

@test "root: readonly is for the root's own mount" {
	bundle_script 'touch /x; touch /dev/shm/y && echo yes'
	run -0 ocirun run web
	[[ $output == *"/x: Read-only file system"* && $output == *yes* ]] || fail "$output"
	[ ! -e rootfs/x ]
}

@test "root: without readonly it is written to" {
	bundle_script 'echo written >/x'
	config_with '.root.readonly = false'
	run -0 ocirun run web
	[ "$(cat rootfs/x)" = written ]
}

@test "root: a readonly root keeps the flags of its file system" {
	mkdir "$TEST_DIR/fs"
	mount -t tmpfs -o nosuid,nodev,noatime fs "$TEST_DIR/fs"
	BUNDLE=$TEST_DIR/fs/bundle
	bundle_script 'grep " / / " /proc/self/mountinfo || grep "/rootfs / " /proc/self/mountinfo'
	run ocirun run web
	cd /
	umount "$TEST_DIR/fs"
	[[ $output == *" / ro,nosuid,nodev,noatime "* ]] || fail "$output"
}

@test "root: a path that is missing, a file or a link is an error" {
	bundle
	local path
	touch file
	ln -s rootfs link
	for path in missing file link; do
		config_with --arg path "$path" '.root.path = $path'
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *root.path*"$path"* ]] || fail "$path: $stderr"
		run -1 ocirun state web
	done
}

@test "root: a root that holds mounts shows them" {
	bundle_script 'cat /held/file'
	mkdir rootfs/held
	mount -t tmpfs held rootfs/held
	echo deep >rootfs/held/file
	run ocirun run web
	umount rootfs/held
	[ "$output" = deep ]
}

@test "root: --no-pivot gives the same root by other means" {
	bundle_script 'cat /mark; ls /dev/null /proc/self/status; touch /x; ls -d /work; ls /../mark'
	echo mine >rootfs/mark
	run -0 ocirun run --no-pivot web
	[[ $output == $'mine\n/dev/null\n/proc/self/status\n/../mark'* ]] || fail "$output"
	[[ $output == *"/x: Read-only"* ]]
	[[ $output == *"/work: No such file"* ]]
}

@test "root: each rootfsPropagation is the root's" {
	bundle_script 'awk "\$5 == \"/\" { print \$7, \$8 }" /proc/self/mountinfo'
	local wanted
	while read -r value wanted; do
		config_with --arg value "$value" '.linux.rootfsPropagation = $value'
		run -0 ocirun run "web-$value"
		[[ $output == $wanted* ]] || fail "$value: $output"
	done <<-'VALUES'
		private -
		rprivate -
		slave -
		rslave -
		shared shared:
		rshared shared:
		unbindable unbindable
		runbindable unbindable
	VALUES
}

@test "root: with any propagation the host sees no mount of the container" {
	mkdir "$TEST_DIR/fs"
	mount -t tmpfs fs "$TEST_DIR/fs"
	mount --make-shared "$TEST_DIR/fs"
	BUNDLE=$TEST_DIR/fs/bundle
	bundle_with '.process.args = ["sleep", "60"]'
	local value before now=
	before=$(cat /proc/self/mountinfo)
	for value in private rprivate slave rslave shared rshared unbindable; do
		config_with --arg value "$value" '.linux.rootfsPropagation = $value'
		ocirun create "web-$value"
		now+=$(diff <(echo "$before") /proc/self/mountinfo) || true
		ocirun delete --force "web-$value"
		now+=$(diff <(echo "$before") /proc/self/mountinfo) || true
	done
	cd /
	umount -R "$TEST_DIR/fs"
	[ -z "$now" ] || fail "$now"
}
