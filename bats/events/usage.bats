#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `usage` in `exited`: what the container used, by the kernel's own count (doc/events.md).
# shellcheck disable=SC2016 # single quotes hold words of jq and of the container's shell

load ../lib/container
load ../lib/monitor
load helpers

# usage JQ - of the `exited` line
usage() { events_of web | jq -c "select(.type == \"exited\") | .usage | $1"; }

# file_of CONTROLLER NAME - a file of the container's cgroup, whichever hierarchy has it
file_of() { find /sys/fs/cgroup -path "*/$1*/ocirun/web/$2" -o -path "*/ocirun/web/$2" | head -n 1; }

# A container that waits, when it has done its work, until somebody has looked at the kernel's files.
works() {
	bundle_script "$1; read -r _ <>/go"
	mkfifo rootfs/go
	[ $# -lt 2 ] || config_with "${@:2}"
	ocirun create web
	ocirun start web
	wait_until reads_go
}
reads_go() { find "/proc/$(container_pid web)/fd" -lname '*/go' | grep -q .; }
goes() {
	echo >rootfs/go
	ocirun wait web || true
}

@test "usage: CPU time, the parts not more than the whole" {
	works 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
	goes
	[ "$(usage '.cpuUsec > 0 and .cpuUserUsec >= 0 and .cpuSystemUsec >= 0')" = true ]
	# v1 counts the parts in ticks of a hundredth of a second.
	[ "$(usage '.cpuUserUsec + .cpuSystemUsec <= .cpuUsec + 20000')" = true ] || fail "$(usage .)"
}

@test "usage: the most threads that it had" {
	local peak
	require controller:pids
	works 'for i in 1 2 3 4; do sleep 60 & done'
	peak=$(cat "$(file_of pids pids.peak)") || skip "needs pids.peak (Linux 6.1)"
	goes
	[ "$(usage .pidsPeak)" = "$peak" ]
	[ "$peak" -ge 5 ]
}

@test "usage: cgroup v1: what was read from and written to disks, where there is a limit" {
	local disk bytes counts
	require root cgroup1 controller:blkio
	disk=$(findmnt -n -o MAJ:MIN -T "$TEST_DIR" | tr -d ' ')
	[ -e "/sys/dev/block/$disk" ] || skip "needs a disk below $TEST_DIR"
	works 'dd if=/dev/zero of=/f bs=64k count=16 conv=fsync 2>/dev/null' \
		--arg major "${disk%:*}" --arg minor "${disk#*:}" '.root.readonly = false |
		.linux.resources.blockIO.throttleWriteBpsDevice =
			[{major: ($major | tonumber), minor: ($minor | tonumber), rate: 1073741824}]'
	bytes=$(file_of blkio blkio.throttle.io_service_bytes_recursive)
	counts=$(file_of blkio blkio.throttle.io_serviced_recursive)
	sum() { awk -v op="$1" '$2 == op { n += $3 } END { print n + 0 }' "$2"; }
	[ "$(sum Write "$bytes")" -ge 1048576 ] || fail "the kernel counted: $(cat "$bytes")"
	bytes="$(sum Read "$bytes"),$(sum Write "$bytes"),$(sum Read "$counts"),$(sum Write "$counts")"
	goes
	[ "$(usage '[.ioReadBytes, .ioWriteBytes, .ioReads, .ioWrites]')" = "[$bytes]" ] || fail "$bytes, seen: $(usage .)"
}

@test "usage: cgroup v2: what was read from and written to disks" {
	local file expected
	require root unified controller:io
	works 'dd if=/dev/zero of=/f bs=64k count=16 conv=fsync 2>/dev/null' '.root.readonly = false'
	file=$(file_of io io.stat)
	sum() { tr ' ' '\n' <"$file" | awk -F= -v key="$1" '$1 == key { n += $2 } END { print n + 0 }'; }
	expected="[$(sum rbytes),$(sum wbytes),$(sum rios),$(sum wios)]"
	goes
	[ "$(usage '[.ioReadBytes, .ioWriteBytes, .ioReads, .ioWrites]')" = "$expected" ]
}

@test "usage: also when the monitor was killed and another witness writes" {
	require kernel:6.15
	works 'i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); done'
	kill -9 "$(monitor_of web)"
	wait_until no_monitor web
	goes
	[ "$(usage '.cpuUsec > 0')" = true ]
}

@test "usage: nothing is claimed without a cgroup" {
	bundle_script 'exit 3'
	OCIRUN_CMD+=(--cgroup-manager=disabled)
	ocirun create web
	ocirun start web
	ocirun wait web || true
	journal_has web exited '.exitCode == 3 and (has("usage") | not)'
}
