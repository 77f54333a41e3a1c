#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.resources (config-linux.md#control-groups): the kernel's own files say what was asked for.

load ../lib/container

setup() {
	require root
	container_setup
	bundle_with '.process.args = ["sleep", "60"]'
}

# resources FILTER - create web with these .linux.resources beside the default ones
resources() {
	config_with ".linux.resources += ($1)"
	ocirun create web
}

# kernel_file FILE - what it says in web's cgroup, in whichever hierarchy has it
kernel_file() {
	local at
	at=$(find /sys/fs/cgroup -path "*/ocirun/web/$1" | head -n 1)
	[ -n "$at" ] || fail "web's cgroup has no $1" || return
	cat "$at"
}

# shows CONTROLLER V1_FILE=TEXT V2_FILE=TEXT - what the file of this host's version says
shows() {
	local seen setting=$2
	if ! grep -Eq " - cgroup .*[ ,]$1(,|\$)" /proc/self/mountinfo; then setting=$3; fi
	seen=$(kernel_file "${setting%%=*}") || return
	[ "$seen" = "${setting#*=}" ] || fail "${setting%%=*}: expected '${setting#*=}', seen: '$seen'"
}

# refused FILTER TEXT - create fails with this in its error and leaves nothing
refused() {
	bundle_with '.process.args = ["sleep", "60"]'
	run ! --separate-stderr resources "$1"
	[[ $stderr == *"$2"* ]] || fail "$1: expected '$2', seen: $stderr"
	[ ! -e "$ROOT/web" ] || fail "$1: $ROOT/web is left"
	nothing_left_in_cgroups web
}

@test "resources: memory limit and reservation reach the kernel" {
	require controller:memory
	resources '{memory: {limit: 67108864, reservation: 33554432}}'
	shows memory memory.limit_in_bytes=67108864 memory.max=67108864
	shows memory memory.soft_limit_in_bytes=33554432 memory.low=33554432
}

@test "resources: memory.swap counts memory and swap together" {
	require controller:memory
	resources '{memory: {limit: 67108864, swap: 100663296}}'
	shows memory memory.memsw.limit_in_bytes=100663296 memory.swap.max=33554432
}

@test "resources: memory.swap below memory.limit is refused" {
	require controller:memory
	refused '{memory: {limit: 67108864, swap: 33554432}}' "linux.resources.memory.swap: "
}

@test "resources: memory.swap without memory.limit is refused on v2" {
	require unified
	refused '{memory: {swap: 33554432}}' "linux.resources.memory.swap: "
}

@test "resources: a process over the memory limit is killed, and exited says so" {
	require controller:memory
	bundle_script 'x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done'
	config_with '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	run -137 ocirun run web
	journal_has web exited '.oomKilled == true and .signal == 9'
}

@test "resources: v1 memory knobs reach the kernel, and are refused on v2 by name" {
	require controller:memory
	if has_unified; then
		refused '{memory: {swappiness: 10}}' "linux.resources.memory.swappiness: "
		refused '{memory: {disableOOMKiller: true}}' "linux.resources.memory.disableOOMKiller: "
		return
	fi
	resources '{memory: {swappiness: 10, disableOOMKiller: true, useHierarchy: true}}'
	shows memory memory.swappiness=10
	[[ $(kernel_file memory.oom_control) == "oom_kill_disable 1"* ]]
}

@test "resources: cpu shares, quota, period and burst reach the kernel" {
	require controller:cpu
	resources '{cpu: {shares: 2048, quota: 50000, period: 200000, burst: 10000}}'
	shows cpu cpu.shares=2048 cpu.weight=174
	shows cpu cpu.cfs_quota_us=50000 "cpu.max=50000 200000"
	shows cpu cpu.cfs_period_us=200000 "cpu.max=50000 200000"
	shows cpu cpu.cfs_burst_us=10000 cpu.max.burst=10000
}

@test "resources: cpu.idle reaches the kernel" {
	require controller:cpu
	resources '{cpu: {idle: 1}}'
	shows cpu cpu.idle=1 cpu.idle=1
}

@test "resources: a container without cpus runs on all, one with cpus on those" {
	require controller:cpuset
	ocirun create web
	[ "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(container_pid web)/status")" = \
		"$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)" ]
	ocirun delete --force web
	resources '{cpu: {cpus: "0", mems: "0"}}'
	[ "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(container_pid web)/status")" = 0 ]
	[ "$(awk '/^Mems_allowed_list/ { print $2 }' "/proc/$(container_pid web)/status")" = 0 ]
}

@test "resources: pids.limit holds inside" {
	require controller:pids
	bundle_script 'for i in 1 2 3 4 5 6 7 8; do sleep 20 & done; echo all'
	config_with '.linux.resources.pids = {limit: 4}'
	run ocirun run web
	[[ $output == *"can't fork"* && $output != *all* ]] || fail "$output"
}

@test "resources: pids.limit -1 is none, and no limit is asked for by its absence" {
	require controller:pids
	resources '{pids: {limit: -1}}'
	shows pids pids.max=max pids.max=max
	ocirun delete --force web
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	shows pids pids.max=max pids.max=max
}

@test "resources: blockIO weight reaches the kernel" {
	if has_unified; then require controller:io; else require controller:blkio; fi
	resources '{blockIO: {weight: 300}}'
	if has_unified; then
		[[ $(kernel_file io.weight 2>/dev/null || kernel_file io.bfq.weight) == "default "* ]]
	else
		[ "$(kernel_file blkio.weight 2>/dev/null || kernel_file blkio.bfq.weight)" = 300 ]
	fi
}

@test "resources: blockIO throttles reach the kernel for each device" {
	local disk
	if has_unified; then require controller:io; else require controller:blkio; fi
	disk=$(cat /sys/block/{vd,sd,nvme,xvd}*/dev 2>/dev/null | head -n 1)
	[ -n "$disk" ] || skip "needs a disk"
	config_with --arg major "${disk%:*}" --arg minor "${disk#*:}" '
		{major: ($major | tonumber), minor: ($minor | tonumber)} as $disk |
		.linux.resources.blockIO = {throttleReadBpsDevice: [$disk + {rate: 1048576}],
			throttleWriteIOPSDevice: [$disk + {rate: 50}]}'
	ocirun create web
	shows blkio "blkio.throttle.read_bps_device=$disk 1048576" \
		"io.max=$disk rbps=1048576 wbps=max riops=max wiops=50"
	shows blkio "blkio.throttle.write_iops_device=$disk 50" \
		"io.max=$disk rbps=1048576 wbps=max riops=max wiops=50"
}

# may_enable_below - leave no process in the root of v2, as it must be before controllers are enabled
may_enable_below() {
	local at=/sys/fs/cgroup/unified pid
	has_unified && at=/sys/fs/cgroup
	[ -d $at/self ] || return 0 # the host's own root is not asked
	while read -r pid; do echo "$pid" >$at/self/cgroup.procs || true; done <$at/cgroup.procs
}

@test "resources: hugepage limits reach the kernel, pages that the host has not are refused" {
	require controller:hugetlb
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "needs huge pages of 2 MB"
	may_enable_below
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	shows hugetlb hugetlb.2MB.limit_in_bytes=4194304 hugetlb.2MB.max=4194304
	shows hugetlb hugetlb.2MB.rsvd.limit_in_bytes=4194304 hugetlb.2MB.rsvd.max=4194304
	ocirun delete --force web
	refused '{hugepageLimits: [{pageSize: "3MB", limit: 4194304}]}' \
		"linux.resources.hugepageLimits[0].pageSize: "
}

@test "resources: unified writes files of v2 by name" {
	require cgroup2
	resources '{unified: {"cgroup.max.depth": "3", "cgroup.max.descendants": "7"}}'
	[ "$(kernel_file cgroup.max.depth)" = 3 ]
	[ "$(kernel_file cgroup.max.descendants)" = 7 ]
}

@test "resources: a unified key is one file below the cgroup (GHSA-5g49-rx9x-qfc6)" {
	local key
	for key in ../../x memory.max/../y /memory.max .. "memory max" cgroup.procs cgroup.subtree_control; do
		refused "{unified: {\"$key\": \"1\"}}" "unified"
	done
	[ ! -e /sys/fs/cgroup/x ]
}

@test "resources: a unified key of a controller that v2 does not have is refused" {
	refused '{unified: {"nosuch.max": "1"}}' "unified"
}

@test "resources: a limit without its controller is refused by its field before anything is made" {
	if has_controller net_cls; then skip "needs a host without net_cls"; fi
	refused '{network: {classID: 5}}' \
		"linux.resources.network.classID: the host has no net_cls controller"
	[ "$(find "$ROOT" -mindepth 1 ! -path "$ROOT/.events*" 2>/dev/null)" = "" ]
}

@test "resources: what the kernel refuses is an error with field, value and file" {
	require controller:cpu
	refused '{cpu: {quota: 1}}' "linux.resources.cpu.quota: write \"1"
}

@test "resources: numbers of 64 bits arrive exactly" {
	require controller:memory
	config_with '.linux.resources.memory = {limit: 9223372036854771712}'
	sed -i 's/"limit": 922337203685477[0-9.e+]*/"limit": 9223372036854771712/' config.json
	ocirun create web
	shows memory memory.limit_in_bytes=9223372036854771712 memory.max=max
}

# ---- devices ----

# device_script RULES SCRIPT - the container may mknod and, for kmsg, read the log; its device rules are RULES
device_script() {
	bundle_script "$2"
	config_with --argjson rules "$1" '.linux.resources.devices = $rules | .root.readonly = false |
		.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])'
}

opens='open() { ( : <"$1" ) 2>/dev/null && echo "$1 opens" || echo "$1 is denied"; }
	rm -f /tmp/*; mknod /tmp/disk b 8 0; mknod /tmp/kmsg c 1 11; mknod /tmp/null c 1 3
	open /tmp/null; open /tmp/kmsg; ( : <>/dev/tty ) 2>/dev/null; ( : </tmp/disk ) 2>&1 | sed "s/.*: //"'

@test "devices: nothing but the default devices without rules, and one rule does not allow the rest (GHSA-g54h-m393-cpwq)" {
	local rules
	for rules in '[]' '[{"allow": false, "access": "rwm"}]' \
		'[{"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}]'; do
		device_script "$rules" "$opens"
		run -0 ocirun run web
		[ "$output" = $'/tmp/null opens\n/tmp/kmsg is denied\nOperation not permitted' ] || fail "$rules: $output"
		ocirun delete --force web
	done
}

@test "devices: all default devices are usable" {
	device_script '[{"allow": false, "access": "rwm"}]' '
		: >/dev/null && head -c 1 /dev/zero >/dev/null && head -c 1 /dev/random >/dev/null &&
		head -c 1 /dev/urandom >/dev/null && ( : <>/dev/ptmx ) && ! echo x 2>/dev/null >/dev/full &&
		[ -c /dev/tty ] && echo all'
	run -0 ocirun run web
	[ "$output" = all ]
}

@test "devices: the last rule that matches wins, for each kind of access" {
	device_script '[{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "rw"},
		{"allow": false, "type": "c", "major": 1, "minor": 11, "access": "w"}]' '
		mknod /tmp/kmsg c 1 11; ( : </tmp/kmsg ) && echo reads; ( : >>/tmp/kmsg ) 2>/dev/null || echo "writes not"'
	run -0 ocirun run web
	[ "$output" = $'reads\nwrites not' ] || fail "$output"
}

@test "devices: a rule for everything allows everything, and a later one takes from it" {
	device_script '[{"allow": false, "access": "rwm"}, {"allow": true, "access": "rwm"},
		{"allow": false, "type": "b", "major": 8, "access": "rw"}]' "$opens"
	run -0 ocirun run web
	[ "$output" = $'/tmp/null opens\n/tmp/kmsg opens\nOperation not permitted' ] || fail "$output"
}

@test "devices: one device is taken from a wider rule" {
	# v1's lists cannot say this; a v2 hierarchy beside them can, by eBPF.
	require cgroup2
	device_script '[{"allow": true, "type": "c", "major": 1, "access": "rw"},
		{"allow": false, "type": "c", "major": 1, "minor": 11, "access": "rw"}]' "$opens"
	run -0 ocirun run web
	[ "$output" = $'/tmp/null opens\n/tmp/kmsg is denied\nOperation not permitted' ] || fail "$output"
}

@test "devices: a number that no device can have is refused" {
	refused '{devices: [{allow: true, type: "c", major: 4294967297, minor: 3, access: "rwm"}]}' \
		"linux.resources.devices[0]"
}
