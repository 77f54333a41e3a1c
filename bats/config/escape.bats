#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What hostile root file systems, volumes and configurations did to runc, crun and youki, by CVE.
# Markers are benign: a directory of the host with a canary, which must stay as it is. Those about
# the read-only cgroup mount and the controlling terminal are in cgroup-mounts.bats and terminal.bats.

load ../lib/container

setup() {
	require root
	container_setup
	OUT=$TEST_DIR/outside
	mkdir "$OUT"
	echo alive >"$OUT/canary"
	outside=$(outside)
	mounts=$(cat /proc/self/mountinfo)
}

outside() { (cd "$OUT" && find . -printf '%p %y %u:%g %m %s %T@\n' | sort && cat canary); }

# host_unchanged - no file made, removed, written or chowned outside; no mount on the host
host_unchanged() {
	[ "$(outside)" = "$outside" ] || fail "outside: $(diff <(echo "$outside") <(outside))"
	[ "$(cat /proc/self/mountinfo)" = "$mounts" ] || fail "mounts: $(diff <(echo "$mounts") /proc/self/mountinfo)"
}

# refused [TEXT] - create fails, with the text, and without a trace
refused() {
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"${1-}"* ]] || fail "expected '${1-}', seen: $stderr"
	run -1 ocirun state web
	host_unchanged
}

# Without a mount at /dev: what the image has there is what we meet.
image_dev='.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'

@test "CVE-2019-16884: nothing is mounted over /proc or what is inside it" {
	local destination
	for destination in /proc /proc/ /proc/self /proc/self/attr /proc/1 /dev/../proc/self //proc//sys; do
		bundle
		config_with --arg d "$destination" '.mounts += [{destination: $d, type: "tmpfs", source: "tmpfs"}]'
		refused /proc
		bundle
		config_with --arg d "$destination" --arg out "$OUT" '.mounts += [{destination: $d, source: $out, options: ["bind"]}]'
		refused /proc
	done
}

@test "CVE-2019-16884: nor by a link of the image" {
	bundle
	ln -s /proc rootfs/p
	ln -s p/self rootfs/me
	local destination
	for destination in /p /p/self /p/sys/kernel /me/attr; do
		config_with --arg d "$destination" --arg out "$OUT" '.mounts[7:] = [{destination: $d, source: $out, options: ["bind"]}]'
		refused 'cannot be mounted because it is inside /proc'
	done
}

@test "CVE-2019-19921, CVE-2023-27561, CVE-2023-28642, CVE-2025-54867: /proc and /sys are no links" {
	local directory target
	for directory in proc sys; do
		for target in /evil ../../outside "$OUT" tmp "$directory"; do
			bundle
			rm -rf "rootfs/$directory"
			ln -s "$target" "rootfs/$directory"
			refused "/$directory: filesystem \"${directory/%sys/sysfs}\" must be mounted on ordinary directory"
			rm "rootfs/$directory"
			mkdir "rootfs/$directory"
		done
	done
	echo x >rootfs/file
	config_with '.mounts[0].destination = "/file"'
	refused 'must be mounted on ordinary directory'
}

@test "CVE-2019-18837: the last component of a destination is resolved inside the root too" {
	bundle_script 'ls /data'
	local target
	for target in "$OUT" "../../../../../../../..$OUT" /; do
		ln -sfn "$target" rootfs/data
		config_with --arg v "$TEST_DIR/volume" '.mounts[7:] = [{destination: "/data", source: $v, options: ["bind"]}]'
		mkdir -p "$TEST_DIR/volume"
		ocirun run web || true
		host_unchanged
	done
}

@test "CVE-2021-30465: a destination that is swapped for a link while it is mounted on stays inside" {
	require program:python3
	mkdir -p "$TEST_DIR/volume/dir"
	ln -s "$OUT" "$TEST_DIR/volume/link"
	"$LIB_DIR/exchange.py" "$TEST_DIR/volume/dir" "$TEST_DIR/volume/link" 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	bundle_script 'true'
	config_with --arg v "$TEST_DIR/volume" '.mounts += [
		{destination: "/volume", source: $v, options: ["bind"]},
		{destination: "/volume/dir", type: "tmpfs", source: "tmpfs"},
		{destination: "/volume/dir/made/deep", source: $v, options: ["bind"]},
		{destination: "/volume/dir/file", source: "/etc/hostname", options: ["bind"]}]'
	for _ in {1..40}; do
		ocirun create web 2>/dev/null || true
		host_unchanged
		ocirun delete --force web
	done
	has_ended $! && fail "the exchange ended early"
	return 0
}

@test "CVE-2024-45310: no file or directory is made outside for a destination below a link" {
	bundle
	ln -s "$OUT" rootfs/abs
	ln -s "../../../../../../../..$OUT" rootfs/up
	local destination
	for destination in /abs/new /abs/deep/er/new /up/new; do
		config_with --arg d "$destination" --arg c "$OUT" '.mounts[7:] = [
			{destination: $d, source: ($c + "/canary"), options: ["bind"]},
			{destination: ($d + ".d"), source: $c, options: ["bind", "ro"]},
			{destination: ($d + ".t"), type: "tmpfs", source: "tmpfs"}]'
		ocirun create web || true
		host_unchanged
		ocirun delete --force web
	done
}

@test "CVE-2025-31133: a mask is the host's null device, whatever /dev/null is" {
	bundle_script 'stat -c "%F %t,%T" /secret; echo x >/secret'
	echo secret >rootfs/secret
	config_with "$image_dev"' | .linux.maskedPaths = ["/secret"]'
	ln -s /victim rootfs/dev/null
	echo victim >rootfs/victim
	refused '/dev/null: exists and is not the device'
	# A volume at /dev is not ours to check; the mask still is.
	mkdir "$TEST_DIR/dev"
	ln -s /victim "$TEST_DIR/dev/null"
	config_with --arg dev "$TEST_DIR/dev" '.mounts += [{destination: "/dev", source: $dev, options: ["bind"]}]'
	run -0 ocirun run web
	[ "$output" = "character special file 1,3" ]
	[ "$(cat rootfs/victim)" = victim ]
}

@test "CVE-2025-31133: what cannot be masked fails the container" {
	bundle
	ln -s loop rootfs/loop
	config_with '.linux.maskedPaths = ["/loop"]'
	refused 'masked paths: /loop: open /loop: Too many levels of symbolic links'
	config_with '.linux.maskedPaths = [] | .linux.readonlyPaths = ["/loop/x"]'
	refused 'readonly paths: /loop/x: open /loop/x: Too many levels of symbolic links'
}

# with_terminal - a console socket with somebody who listens
with_terminal() {
	rm -f "$TEST_DIR/console"
	"$LIB_DIR/console.py" "$TEST_DIR/console" "$TEST_DIR/tty" >/dev/null 2>&1 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_until test -S "$TEST_DIR/console"
	config_with '.process.terminal = true'
}

@test "CVE-2025-52565: the terminal is one of a devpts, not of a volume that says so" {
	require program:python3
	bundle
	mkdir "$TEST_DIR/pts"
	local make
	for make in "ln -s $OUT/canary" "ln -s /dev/ptmx" "ln -s ../null" "mknod -m 666" "cp $OUT/canary"; do
		rm -f "$TEST_DIR/pts"/*
		case $make in
		mknod*) mknod -m 666 "$TEST_DIR/pts/ptmx" c 5 2 ;;
		*) $make "$TEST_DIR/pts/ptmx"; ln -s "$OUT/canary" "$TEST_DIR/pts/0" ;;
		esac
		config_with --arg pts "$TEST_DIR/pts" '.mounts |= map(if .destination == "/dev/pts" then
			{destination: "/dev/pts", source: $pts, options: ["bind"]} else . end)'
		with_terminal
		run -1 --separate-stderr ocirun create --console-socket "$TEST_DIR/console" web
		[[ $stderr == *"terminal: /dev/pts/ptmx"* ]] || fail "$make: $stderr"
		host_unchanged
	done
}

@test "CVE-2026-88264: a /dev/console that is a link makes nothing outside" {
	require program:python3
	bundle
	config_with "$image_dev"' | .mounts += [{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"]}]'
	local target
	for target in "$OUT/newfile" "../../../../../../..$OUT/newfile" "$OUT/canary"; do
		ln -sfn "$target" rootfs/dev/console
		with_terminal
		run -1 --separate-stderr ocirun create --console-socket "$TEST_DIR/console" web
		[[ $stderr == *"terminal: /dev/console is neither a file nor a device"* ]] || fail "$stderr"
		host_unchanged
	done
}

@test "CVE-2025-52881: what ocirun writes to procfs cannot be led elsewhere" {
	local destination
	bundle
	for destination in /proc/self/attr/exec /proc/sys/net/ipv4 /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/thread-self/attr; do
		config_with --arg d "$destination" --arg c "$OUT" '.mounts[7:] = [{destination: $d, source: ($c + "/canary"), options: ["bind"]}] |
			.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
		refused "$destination"
	done
}

@test "CVE-2026-41579, CVE-2026-47766: a /dev that is a link leads nowhere outside" {
	local target
	for target in "$OUT" "../../../../../../..$OUT" ../../outside; do
		bundle_script 'ls /dev/'
		rm -rf rootfs/dev
		ln -sfn "$target" rootfs/dev
		config_with "$image_dev"
		ocirun create web || true
		host_unchanged
		ocirun delete --force web
		# With the usual mounts as well, which make their targets.
		bundle
		ocirun create web || true
		host_unchanged
		ocirun delete --force web
	done
	echo keep >"$OUT/ptmx"
	outside=$(outside)
	bundle
	config_with "$image_dev"
	ocirun create web || true
	host_unchanged
}

@test "CVE-2026-88265: standard streams are not reopened through a /dev/null of the image" {
	bundle_script 'echo x'
	config_with --arg c "$OUT/canary" "$image_dev"' | .process.user = {uid: 1000, gid: 1000} |
		.mounts += [{destination: "/hostfile", source: $c, options: ["bind"]}]'
	ln -s /hostfile rootfs/dev/null
	ocirun create web </dev/null || true
	host_unchanged
	mkdir "$TEST_DIR/dev"
	ln -s /hostfile "$TEST_DIR/dev/null"
	config_with --arg dev "$TEST_DIR/dev" '.mounts += [{destination: "/dev", source: $dev, options: ["bind"]}]'
	ocirun delete --force web
	ocirun run web
	host_unchanged
}

@test "CVE-2026-115521: a readonly root is read-only, whatever lies over /proc" {
	bundle_script 'touch /x && echo writable'
	local destination
	for destination in /proc/self/fd /proc/self /proc; do
		config_with --arg d "$destination" --arg c "$OUT" '.mounts[7:] = [{destination: $d, source: $c, options: ["bind"]}]'
		run ocirun run web
		[ "$status" != 0 ] || fail "$output"
		[[ $output != *writable* ]]
		[ ! -e rootfs/x ]
	done
	# Without any /proc for ocirun to lean on.
	config_with '.mounts |= map(select(.destination != "/proc")) | del(.mounts[6:])'
	run ocirun run web
	[[ $output == *"/x: Read-only file system"* ]] || fail "$output"
}

@test "CVE-2025-24965: nothing is left in the root by running a container" {
	bundle_script 'true'
	local before
	before=$(find rootfs -printf '%p %y %m %u %s %T@\n' | sort)
	ocirun run web
	[ "$(find rootfs -printf '%p %y %m %u %s %T@\n' | sort)" = "$before" ]
}

@test "CVE-2022-0492: no cgroup hierarchy can be mounted or written in the container" {
	bundle_script 'mount -t cgroup x /tmp; mount -t cgroup2 x /tmp; for f in /sys/fs/cgroup/*/release_agent; do echo /evil >"$f"; done; echo 1 >/sys/fs/cgroup/pids/notify_on_release'
	run ocirun run web
	[ "$(grep -c 'permission denied' <<<"$output")" = 2 ] || fail "$output"
	[ "$(grep -c 'Read-only file system\|nonexistent' <<<"$output")" -ge 2 ] || fail "$output"
}

@test "CVE-2024-21626: no descriptor of the container leads to the host's tree" {
	bundle_script 'ls -l /proc/self/fd /proc/1/fd 2>&1 | grep -- "->"; ls -ld /proc/1/root /proc/1/cwd'
	run -0 ocirun run web
	! grep -E -- '-> /(sys|work|run|home|var|proc/[0-9]+/ns)' <<<"$output" || fail "$output"
	local fd
	for fd in {3..20}; do
		config_with --arg cwd "/proc/self/fd/$fd" '.process.cwd = $cwd'
		run -1 ocirun create "web$fd"
	done
}

@test "tmpcopyup: what is copied is swapped for links and devices meanwhile, and nothing outside is read" {
	require program:python3
	mkdir -p "$TEST_DIR/volume/up/dir"
	echo inside >"$TEST_DIR/volume/up/file"
	echo inside >"$TEST_DIR/volume/up/dir/canary"
	ln -s "$OUT/canary" "$TEST_DIR/volume/up/link"
	ln -s "$OUT" "$TEST_DIR/volume/up/dirlink"
	mkfifo "$TEST_DIR/volume/up/fifo"
	local pair
	for pair in "file link" "dir dirlink" "file fifo"; do
		# shellcheck disable=SC2086 # two words
		set -- $pair
		"$LIB_DIR/exchange.py" "$TEST_DIR/volume/up/$1" "$TEST_DIR/volume/up/$2" 3>&- 4>&- &
		echo $! >>"$TEST_DIR/background"
	done
	bundle_script 'for f in /volume/up/* /volume/up/*/*; do [ -L "$f" ] || [ ! -f "$f" ] || cat "$f"; done'
	config_with --arg v "$TEST_DIR/volume" '.mounts += [
		{destination: "/volume", source: $v, options: ["bind"]},
		{destination: "/volume/up", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
	for _ in {1..30}; do
		run ocirun run web
		[[ $output != *alive* ]] || fail "$output"
		host_unchanged
	done
	has_ended $! && fail "the exchange ended early"
	return 0
}

@test "tmpcopyup, dest-nofollow, copy-symlink: nothing is made outside by a link on the way" {
	bundle_script true
	ln -s "$OUT" rootfs/abs
	ln -s "../../../../../../../..$OUT" rootfs/up
	local destination
	for destination in /abs/new /abs/deep/er/new /up/new /up/canary; do
		ln -sfn elsewhere "$TEST_DIR/link"
		config_with --arg d "$destination" --arg c "$OUT" --arg l "$TEST_DIR/link" '.mounts[7:] = [
			{destination: ($d + ".t"), type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]},
			{destination: ($d + ".n"), source: ($c + "/canary"), options: ["bind", "dest-nofollow"]},
			{destination: ($d + ".s"), source: $l, options: ["bind", "src-nofollow"]},
			{destination: ($d + ".c"), source: $l, options: ["bind", "copy-symlink"]}]'
		ocirun run web
		host_unchanged
	done
}

@test "CVE-2019-16884: nor may a link itself be covered or made in /proc" {
	local option
	touch "$TEST_DIR/elsewhere"
	ln -s elsewhere "$TEST_DIR/link"
	for option in dest-nofollow src-nofollow copy-symlink; do
		bundle
		config_with --arg o "$option" --arg l "$TEST_DIR/link" '.mounts += [{destination: "/proc/self", source: $l, options: ["bind", $o]}]'
		refused "is inside /proc"
		ln -sfn proc rootfs/p
		config_with --arg o "$option" --arg l "$TEST_DIR/link" '.mounts[-1].destination = "/p/self"'
		refused /p/self
		rm rootfs/p
	done
	bundle
	config_with '.mounts += [{destination: "/proc/sys", options: ["bind", "remount", "rw"]}]'
	refused "is inside /proc"
}
