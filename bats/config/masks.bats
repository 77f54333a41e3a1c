#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.maskedPaths and linux.readonlyPaths (config-linux.md#masked-paths, #readonly-paths).

load ../lib/container

setup() {
	require root
	container_setup
}

# masked JQ_LIST, readonly JQ_LIST
masked() { config_with ".linux.maskedPaths = $1"; }
readonly_paths() { config_with ".linux.readonlyPaths = $1"; }

@test "masks: a file reads as empty and swallows what is written" {
	bundle_script 'cat /etc/passwd; echo x >/etc/passwd; cat /etc/passwd; cat /proc/cpuinfo; stat -c "%t,%T" /etc/passwd'
	masked '["/etc/passwd", "/proc/cpuinfo"]'
	run -0 ocirun run web
	[ "$output" = 1,3 ]
	grep -q root rootfs/etc/passwd
}

@test "masks: a directory is empty and read-only" {
	bundle_script 'ls -A /etc /var /proc/sys; touch /etc/x; touch /var/x'
	masked '["/etc", "/var", "/proc/sys"]'
	readonly_paths '[]'
	config_with '.root.readonly = false'
	run -1 ocirun run web
	[[ $output == $'/etc:\n\n/proc/sys:\n\n/var:'* ]] || fail "$output"
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 2 ]
}

@test "masks: a path that is missing is passed over, anything else is an error" {
	bundle_script 'ls /etc/passwd'
	masked '["/no/such", "/etc/none"]'
	readonly_paths '["/no/such"]'
	run -0 ocirun run web
	[ "$output" = /etc/passwd ]
	local list
	for list in masked readonly_paths; do
		bundle
		$list '["/etc/passwd/below"]'
		run -1 --separate-stderr ocirun create web2
		[[ $stderr == *"paths: /etc/passwd/below: open /etc/passwd/below: Not a directory"* ]] || fail "$stderr"
	done
}

@test "masks: a link is followed inside the root" {
	bundle_script 'cat /secret; ls /etc/shadow'
	echo secret >rootfs/secret
	ln -s ../../../secret rootfs/etc/shadow
	masked '["/etc/shadow"]'
	run -0 ocirun run web
	[ "$output" = /etc/shadow ]
}

@test "masks: a read-only path is read and not written" {
	bundle_script 'cat /etc/passwd | wc -l; touch /etc/x; echo x >/tmp/file; echo y >/proc/sys/kernel/hostname; touch /tmp/other && echo other'
	touch rootfs/tmp/file
	readonly_paths '["/etc", "/tmp/file", "/proc/sys"]'
	config_with '.root.readonly = false'
	run -0 ocirun run web
	[ "${lines[0]}" = 2 ]
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 3 ] || fail "$output"
	[[ $output == *other* ]]
}

@test "masks: a read-only path keeps the flags of its mount" {
	bundle_script 'grep " /vol/sub " /proc/self/mountinfo'
	mkdir -p "$TEST_DIR/volume/sub"
	config_with --arg v "$TEST_DIR/volume" '.mounts += [{destination: "/vol", source: $v, options: ["bind", "nosuid", "noexec", "nodev"]}]'
	readonly_paths '["/vol/sub"]'
	run -0 ocirun run web
	[[ $output == *" ro,nosuid,nodev,noexec,"* ]] || fail "$output"
}

@test "masks: all that docker masks and makes read-only is so" {
	bundle_script 'for f in keys timer_list kcore; do [ ! -e /proc/$f ] || wc -c </proc/$f; done; ls -A /sys/firmware
		awk "\$6 ~ /^ro/ { print \$5 }" /proc/self/mountinfo | grep "^/proc/[a-z-]*\$" | sort; echo 1 >/proc/sys/vm/drop_caches'
	masked '["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
		"/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"]'
	readonly_paths '["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]'
	run -1 ocirun run web
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = 0 ]
	[[ $output == *$'/proc/bus\n/proc/fs\n/proc/irq\n/proc/sys'* ]] || fail "$output"
	[[ $output == *"Read-only file system"* ]] || fail "$output"
}
