#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun update: the kernel's own files say what changed, and what did not.

load ../lib/container

setup() {
	require root
	container_setup
	bundle_with '.process.args = ["sleep", "60"]'
}

# running [FILTER] - web runs with these .linux.resources beside the default ones
running() {
	[ $# = 0 ] || config_with ".linux.resources += ($1)"
	ocirun create web
	ocirun start web
}

# kernel_file FILE - what it says in web's cgroup, in whichever hierarchy has it
kernel_file() {
	local at
	at=$(find /sys/fs/cgroup -path "*/ocirun/web/$1" | head -n 1)
	[ -n "$at" ] || fail "web's cgroup has no $1" || return
	cat "$at"
}

is_v1() { grep -Eq " - cgroup .*[ ,]$1(,|\$)" /proc/self/mountinfo; }

# shows CONTROLLER V1_FILE=TEXT V2_FILE=TEXT - what the file of this host's version says
shows() {
	local seen setting=$2
	is_v1 "$1" || setting=$3
	seen=$(kernel_file "${setting%%=*}") || return
	[ "$seen" = "${setting#*=}" ] || fail "${setting%%=*}: expected '${setting#*=}', seen: '$seen'"
}

# update ARG... - and nothing is said
update() {
	run -0 --separate-stderr ocirun update "$@" web
	[ -z "$output$stderr" ] || fail "said: $output$stderr"
}

# update_json JSON - by standard input, as containerd and CRI-O do
update_json() {
	local status=0
	"${OCIRUN_CMD[@]}" update --resources - web <<<"$1" >"$TEST_DIR/said" 2>&1 3>&- || status=$?
	[ "$status" = 0 ] || fail "$1: status $status: $(cat "$TEST_DIR/said")" || return
	[ ! -s "$TEST_DIR/said" ] || fail "$1: said $(cat "$TEST_DIR/said")"
}

# refused JSON TEXT - fails with this in its error
refused() {
	local status=0
	"${OCIRUN_CMD[@]}" update --resources - web <<<"$1" >"$TEST_DIR/said" 2>&1 3>&- || status=$?
	[ "$status" = 1 ] || fail "$1: status $status"
	grep -qF -- "$2" "$TEST_DIR/said" || fail "$1: expected '$2', seen: $(cat "$TEST_DIR/said")"
}

# updated FILTER - the resources of the last `updated` line
updated() {
	events_of web | jq -se "[.[] | select(.type == \"updated\")][-1].resources | $1" >/dev/null ||
		fail "$1: $(events_of web | tail -n 1)"
}

no_event() { [ "$(events_types web)" = "created started" ]; }

# ---- options ----

@test "update: memory, in units of 1024" {
	require controller:memory
	running
	update --memory 64m
	shows memory memory.limit_in_bytes=67108864 memory.max=67108864
	update --memory=1.5G --memory-reservation 32MiB
	shows memory memory.limit_in_bytes=1610612736 memory.max=1610612736
	shows memory memory.soft_limit_in_bytes=33554432 memory.low=33554432
	updated '. == {"memory.limit": 1610612736, "memory.reservation": 33554432}'
	update --memory -1
	shows memory memory.limit_in_bytes=9223372036854771712 memory.max=max
	updated '. == {"memory.limit": -1}'
}

@test "update: memory and swap are raised and lowered together, in the order that each needs" {
	require controller:memory
	running '{memory: {limit: 67108864, swap: 100663296}}'
	update --memory 256m --memory-swap 512m
	shows memory memory.limit_in_bytes=268435456 memory.max=268435456
	shows memory memory.memsw.limit_in_bytes=536870912 memory.swap.max=268435456
	update --memory 32m --memory-swap 48m
	shows memory memory.limit_in_bytes=33554432 memory.max=33554432
	shows memory memory.memsw.limit_in_bytes=50331648 memory.swap.max=16777216
	update --memory -1
	shows memory memory.memsw.limit_in_bytes=9223372036854771712 memory.swap.max=max
}

@test "update: swap alone goes with the limit in force" {
	require controller:memory
	running '{memory: {limit: 67108864, swap: 100663296}}'
	update --memory-swap 128m
	shows memory memory.limit_in_bytes=67108864 memory.max=67108864
	shows memory memory.memsw.limit_in_bytes=134217728 memory.swap.max=67108864
	refused '{"memory": {"swap": 33554432}}' "linux.resources.memory.swap: 33554432 is memory and swap together"
	shows memory memory.memsw.limit_in_bytes=134217728 memory.swap.max=67108864
}

@test "update: a limit above memory and swap together says what to do (v1)" {
	require controller:memory
	is_v1 memory || skip "needs cgroup v1"
	running '{memory: {limit: 67108864, swap: 100663296}}'
	refused '{"memory": {"limit": 268435456}}' "give memory.swap as well"
	shows memory memory.limit_in_bytes=67108864
	no_event
}

@test "update: CPU shares, quota, period and burst, one at a time" {
	require controller:cpu
	running
	update --cpu-share 2048
	shows cpu cpu.shares=2048 cpu.weight=174
	update --cpu-quota 50000
	shows cpu cpu.cfs_quota_us=50000 "cpu.max=50000 100000"
	update --cpu-period 200000
	shows cpu cpu.cfs_quota_us=50000 "cpu.max=50000 200000"
	shows cpu cpu.cfs_period_us=200000 "cpu.max=50000 200000"
	update --cpu-burst 10000
	shows cpu cpu.cfs_burst_us=10000 cpu.max.burst=10000
	update --cpu-burst 0 --cpu-quota -1
	shows cpu cpu.cfs_quota_us=-1 "cpu.max=max 200000"
	shows cpu cpu.cfs_burst_us=0 cpu.max.burst=0
	updated '. == {"cpu.quota": -1, "cpu.burst": 0}'
}

@test "update: quota and burst shrink in the order that the kernel needs" {
	require controller:cpu
	running '{cpu: {quota: 50000, period: 100000, burst: 50000}}'
	update --cpu-quota 20000 --cpu-burst 20000
	shows cpu cpu.cfs_quota_us=20000 "cpu.max=20000 100000"
	shows cpu cpu.cfs_burst_us=20000 cpu.max.burst=20000
}

@test "update: cpu-idle" {
	require controller:cpu
	running
	update --cpu-idle 1
	shows cpu cpu.idle=1 cpu.idle=1
	update --cpu-idle 0
	shows cpu cpu.idle=0 cpu.idle=0
	updated '. == {"cpu.idle": 0}'
}

@test "update: cpus and memory nodes hold for what runs already" {
	require controller:cpuset
	running
	update --cpuset-cpus 0 --cpuset-mems 0
	[ "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(container_pid web)/status")" = 0 ]
	updated '. == {"cpu.cpus": "0", "cpu.mems": "0"}'
}

@test "update: pids-limit" {
	require controller:pids
	running
	update --pids-limit 20
	shows pids pids.max=20 pids.max=20
	update --pids-limit -1
	shows pids pids.max=max pids.max=max
	update --pids-limit 0
	shows pids pids.max=0 pids.max=0
}

@test "update: blkio-weight" {
	if has_unified; then require controller:io; else require controller:blkio; fi
	running
	update --blkio-weight 300
	has_unified || [ "$(kernel_file blkio.weight 2>/dev/null || kernel_file blkio.bfq.weight)" = 300 ]
	updated '. == {"blockIO.weight": 300}'
}

@test "update: realtime budgets reach the kernel or are refused with the field" {
	running
	is_v1 cpu || skip "needs cgroup v1"
	[ -e "$(dirname "$(find /sys/fs/cgroup -path '*/ocirun/web/cpu.shares' | head -n 1)")/cpu.rt_runtime_us" ] ||
		{ refused '{"cpu": {"realtimeRuntime": 1000}}' "linux.resources.cpu.realtimeRuntime"; return; }
	update --cpu-rt-period 500000
	[ "$(kernel_file cpu.rt_period_us)" = 500000 ]
	run ocirun update --cpu-rt-runtime 1000 web
	[ "$status" = 0 ] || [[ $output = *"linux.resources.cpu.realtimeRuntime"* ]]
}

@test "update: values that make no sense are refused by the option's name" {
	running
	local option
	for option in --memory=x --memory=-2 --memory=1x --memory-swap= --cpu-quota=-2 --cpu-quota=many \
		--cpu-share=-1 --cpu-period=1e5 --cpu-idle=2 --cpuset-cpus=all --pids-limit=-5 \
		--blkio-weight=1001 --pids-limit=99999999999999999999; do
		run -1 --separate-stderr ocirun update "$option" web
		[[ $stderr = "ocirun: update web: ${option%%=*}: "*"\"${option#*=}\""* ]] || fail "$option: $stderr"
	done
	no_event
}

@test "update: what no kernel has any more is taken, what this build lacks is refused" {
	running
	update --kernel-memory 64m --kernel-memory-tcp=64m
	run -1 --separate-stderr ocirun update --l3-cache-schema "L3:0=f" web
	[[ $stderr = "ocirun: update web: --l3-cache-schema: linux.intelRdt is not supported"* ]]
	run -1 --separate-stderr ocirun update --mem-bw-schema "MB:0=20" web
	[[ $stderr = "ocirun: update web: --mem-bw-schema: linux.intelRdt is not supported"* ]]
	no_event
}

# ---- JSON ----

@test "update: JSON from a file, from standard input, with an option that replaces a member" {
	require controller:memory controller:pids
	running
	echo '{"memory": {"limit": 67108864}, "pids": {"limit": 30}}' >"$TEST_DIR/limits"
	update --resources "$TEST_DIR/limits"
	shows memory memory.limit_in_bytes=67108864 memory.max=67108864
	shows pids pids.max=30 pids.max=30
	update_json '{"pids": {"limit": 40}}'
	shows pids pids.max=40 pids.max=40
	shows memory memory.limit_in_bytes=67108864 memory.max=67108864
	update -r "$TEST_DIR/limits" --pids-limit 50
	shows pids pids.max=50 pids.max=50
	updated '. == {"memory.limit": 67108864, "pids.limit": 50}'
}

@test "update: an empty object, and zeros, change nothing" {
	require controller:memory controller:cpu
	running '{memory: {limit: 67108864}, cpu: {shares: 512}}'
	update_json '{}'
	# What runc's manual gives as the form of the file.
	update_json '{"memory": {"limit": 0, "reservation": 0, "swap": 0, "kernel": 0, "kernelTCP": 0},
		"cpu": {"shares": 0, "quota": 0, "period": 0, "realtimeRuntime": 0, "realtimePeriod": 0,
		"cpus": "", "mems": ""}, "blockIO": {"blkioWeight": 0}}'
	update_json '{"memory": null, "pids": null}'
	ocirun update web
	shows memory memory.limit_in_bytes=67108864 memory.max=67108864
	shows cpu cpu.shares=512 cpu.weight=59
	no_event
}

@test "update: the device rules of create stay, also on a limit" {
	require controller:pids
	running '{devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "r"}]}'
	update --pids-limit 30
	! is_v1 devices || grep -qx 'c 1:11 r' <<<"$(kernel_file devices.list)"
}

@test "update: errors name the member, and nothing changes" {
	running
	refused '{"memory": {"limit": "64m"}}' 'standard input: memory.limit: must be'
	refused '{"pids": {"limit": -2}}' 'standard input: pids.limit: '
	refused '{"cpu": {"cpus": "all"}}' 'standard input: cpu.cpus: '
	refused '{"memory": {"limit": 67108864, "swap": 1000}}' 'standard input: memory.swap: '
	refused '{"blockIO": {"weight": 5}}' 'standard input: blockIO.weight: '
	refused '{"devices": [{"type": "c"}]}' 'standard input: devices[0].allow: must be given'
	refused '{"unified": {"../x": "1"}}' 'standard input: unified["../x"]: '
	refused '{"rdma": {"mlx5_0": {"hcaHandles": 1}}}' 'standard input: rdma: not supported'
	refused '[]' 'standard input: must be an object'
	refused '' 'standard input'
	refused '{"pids": {}' 'standard input'
	run -1 --separate-stderr ocirun update --resources "$TEST_DIR/none" web
	[ "$stderr" = "ocirun: update web: --resources $TEST_DIR/none: No such file or directory" ]
	no_event
}

@test "update: a limit without its controller is refused by its field" {
	if has_controller net_cls; then skip "needs a host without net_cls"; fi
	running
	refused '{"network": {"classID": 5}, "pids": {"limit": 30}}' \
		"linux.resources.network.classID: the host has no net_cls controller"
	shows pids pids.max=max pids.max=max
}

@test "update: throttles for a device come, change and go" {
	local disk
	if has_unified; then require controller:io; else require controller:blkio; fi
	disk=$(cat /sys/block/{vd,sd,nvme,xvd}*/dev 2>/dev/null | head -n 1)
	[ -n "$disk" ] || skip "needs a disk"
	running
	throttle() { printf '{"blockIO": {"throttleReadBpsDevice": [{"major": %s, "minor": %s, "rate": %s}]}}' "${disk%:*}" "${disk#*:}" "$1"; }
	update_json "$(throttle 1048576)"
	shows blkio "blkio.throttle.read_bps_device=$disk 1048576" "io.max=$disk rbps=1048576 wbps=max riops=max wiops=max"
	updated '. == {"blockIO.throttleReadBpsDevice": 1}'
	update_json "$(throttle 0)"
	shows blkio "blkio.throttle.read_bps_device=" "io.max="
}

@test "update: unified files of v2" {
	require cgroup2
	running
	update_json '{"unified": {"cgroup.max.depth": "3"}}'
	[ "$(kernel_file cgroup.max.depth)" = 3 ]
	updated '. == {"unified": 1}'
}

# ---- all or nothing ----

@test "update: after a refusal by the kernel everything is as it was" {
	require controller:memory controller:cpu controller:pids
	running '{memory: {limit: 67108864, swap: 100663296}, cpu: {shares: 512}, pids: {limit: 30}}'
	refused '{"memory": {"limit": 33554432, "swap": 33554432}, "cpu": {"shares": 2048, "quota": 1},
		"pids": {"limit": 40}}' "linux.resources.cpu.quota: write \"1"
	shows memory memory.limit_in_bytes=67108864 memory.max=67108864
	shows memory memory.memsw.limit_in_bytes=100663296 memory.swap.max=33554432
	shows cpu cpu.shares=512 cpu.weight=59
	shows pids pids.max=30 pids.max=30
	no_event
}

@test "update: checkBeforeUpdate refuses a limit below the usage, and changes nothing" {
	require controller:memory controller:pids
	bundle_script 'head -c 30000000 /dev/zero >/tmp/fill; sleep 60'
	config_with '.mounts += [{destination: "/tmp", type: "tmpfs"}]'
	running
	wait_until uses_memory 30000000
	refused '{"memory": {"limit": 10485760, "checkBeforeUpdate": true}, "pids": {"limit": 40}}' \
		"rejecting memory limit 10485760"
	shows pids pids.max=max pids.max=max
	container_is web running
	# v1 does not kill for it.
	! is_v1 memory || refused '{"memory": {"limit": 10485760}, "pids": {"limit": 40}}' "(more is in use, "
	shows pids pids.max=max pids.max=max
	update_json '{"memory": {"limit": 67108864, "checkBeforeUpdate": true}}'
	shows memory memory.limit_in_bytes=67108864 memory.max=67108864
}

uses_memory() {
	[ "$(kernel_file memory.usage_in_bytes 2>/dev/null || kernel_file memory.current)" -gt "$1" ]
}

# ---- devices ----

@test "update: device rules take effect on what runs" {
	# The stick that the container feels: can it open /tmp/kmsg now?
	bundle_script 'mknod /tmp/kmsg c 1 11; while :; do
		( : </tmp/kmsg ) 2>/dev/null && echo opens || echo denied; : >/dev/null && echo null; sleep 0.02; done'
	config_with '.mounts += [{destination: "/tmp", type: "tmpfs", options: ["dev"]}] |
		.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])'
	running
	wait_until last_is denied
	update_json '{"devices": [{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}'
	wait_until last_is opens
	updated '. == {"devices": 1}'
	# Without the member they stay.
	update_json '{"pids": {"limit": 100}}'
	last_is opens
	update_json '{"devices": [{"allow": false, "access": "rwm"}]}'
	wait_until last_is denied
	[ "$(container_output web | tail -n 1)" != "" ]
	update_json '{"devices": [{"allow": true, "access": "rwm"}]}'
	wait_until last_is opens
	update_json '{"devices": []}'
	wait_until last_is denied
	container_output web 2>&1 | grep -q null
}

last_is() { [ "$(container_output web 2>/dev/null | grep -v null | tail -n 1)" = "$1" ]; }

@test "update: one device is taken from a wider rule, and given back" {
	# v1's lists cannot say this; a v2 hierarchy beside them can, by eBPF.
	require cgroup2
	bundle_script 'mknod /tmp/kmsg c 1 11; while :; do
		( : </tmp/kmsg ) 2>/dev/null && echo opens || echo denied; sleep 0.02; done'
	config_with '.mounts += [{destination: "/tmp", type: "tmpfs", options: ["dev"]}] |
		.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])'
	running
	update_json '{"devices": [{"allow": true, "type": "c", "major": 1, "access": "rw"}]}'
	wait_until last_is opens
	update_json '{"devices": [{"allow": true, "type": "c", "major": 1, "access": "rw"},
		{"allow": false, "type": "c", "major": 1, "minor": 11, "access": "rw"}]}'
	wait_until last_is denied
	update_json '{"devices": [{"allow": true, "type": "c", "major": 1, "access": "rw"}]}'
	wait_until last_is opens
}

@test "update: a device rule that cannot be is refused before a limit is written" {
	require controller:pids
	running
	refused '{"pids": {"limit": 30}, "devices": [{"allow": true, "type": "c", "major": 4096, "minor": 3}]}' \
		"linux.resources.devices[0]: there is no device 4096:3"
	shows pids pids.max=max pids.max=max
}

# ---- statuses ----

@test "update: created, running and paused containers, and no stopped ones" {
	require controller:pids
	run -1 --separate-stderr ocirun update --pids-limit 5 web
	[[ $stderr = "ocirun: update web: container does not exist"* ]]
	ocirun create web
	update --pids-limit 31
	ocirun start web
	update --pids-limit 32
	ocirun pause web
	update --pids-limit 33
	container_is web paused
	shows pids pids.max=33 pids.max=33
	ocirun resume web
	[ "$(events_types web)" = "created updated started updated paused updated resumed" ]
	ocirun kill web KILL
	ocirun wait web || true
	run -1 --separate-stderr ocirun update --pids-limit 34 web
	[ "$stderr" = "ocirun: update web: container not running: it is stopped" ]
	run -1 --separate-stderr ocirun update --resources /dev/null web
	[[ $stderr = "ocirun: update web: /dev/null"* ]]
}

@test "update: without a cgroup it says so" {
	ocirun --cgroup-manager disabled create web
	run -1 --separate-stderr ocirun update --pids-limit 5 web
	[ "$stderr" = "ocirun: update web: limits need a cgroup, and this container was created without one" ]
}

@test "update: two at a time do not mix" {
	require controller:memory controller:pids
	local i
	running
	for i in 1 2 3 4 5 6; do
		background "update-$i" update --memory "$((20 + i))m" --memory-swap "$((20 + i))m" --pids-limit "$i" web
	done
	wait_until six_updates
	i=$(kernel_file pids.max)
	shows memory "memory.limit_in_bytes=$(((20 + i) * 1048576))" "memory.max=$(((20 + i) * 1048576))"
}

six_updates() { [ "$(events_of web | grep -c '"type":"updated"')" = 6 ]; }

@test "update: a hook that start waits for may update, pause and look" {
	require controller:pids
	# shellcheck disable=SC2016 # jq's
	config_with --arg ocirun "$OCIRUN --root $ROOT" '.hooks.poststart = [{path: "/bin/sh", timeout: 10, args:
		["sh", "-c", "\($ocirun) update --pids-limit 44 web && \($ocirun) pause web && \($ocirun) ps -f json web"]}]'
	running
	container_is web paused
	shows pids pids.max=44 pids.max=44
	[ "$(events_types web)" = "created started updated paused" ]
}

@test "update: the JSON may come by a pipe" {
	require controller:pids
	running
	mkfifo "$TEST_DIR/pipe"
	echo '{"pids": {"limit": 12}}' >"$TEST_DIR/pipe" 3>&- 4>&- &
	update --resources "$TEST_DIR/pipe"
	shows pids pids.max=12 pids.max=12
}

@test "update: a v2 controller beside v1 is enabled when its first limit comes" {
	require cgroup2 controller:hugetlb
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "needs huge pages of 2 MB"
	local at=/sys/fs/cgroup pid
	[ -d $at/unified/self ] && at=/sys/fs/cgroup/unified
	while read -r pid; do echo "$pid" >$at/self/cgroup.procs || true; done <$at/cgroup.procs
	running
	update_json '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	shows hugetlb hugetlb.2MB.limit_in_bytes=4194304 hugetlb.2MB.max=4194304
	refused '{"hugepageLimits": [{"pageSize": "3MB", "limit": 4194304}]}' \
		"linux.resources.hugepageLimits[0].pageSize: "
}

@test "update: a whole linux.resources, as containerd sends it, with its device rules" {
	require controller:memory controller:cpu controller:pids
	running '{devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "r"}],
		memory: {limit: 67108864}, cpu: {shares: 512}}'
	update_json "$(jq -c '.linux.resources | .memory.limit = 134217728 | .memory.swap = 134217728' config.json)"
	shows memory memory.limit_in_bytes=134217728 memory.max=134217728
	shows cpu cpu.shares=512 cpu.weight=59
	! is_v1 devices || grep -qx 'c 1:11 r' <<<"$(kernel_file devices.list)"
}
