#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun events --stats and --interval: statistics in the shape of `runc events`.
# shellcheck disable=SC2154,SC2016 # stderr is run's; the container's shell expands

load ../lib/container
load ../lib/monitor
load helpers

# running [JQ_FILTER] - a container that sleeps
running() {
	bundle_with '.process.args = ["sleep", "60"] | '"${1:-.}"
	ocirun create web
	ocirun start web
}

# stats [JQ_FILTER] - of the container, now
stats() { ocirun events --stats web | jq -c "${1:-.}"; }

# has_shape FILE - is every line of it as bats/data/stats.schema.json says?
has_shape() {
	/usr/bin/python3 - "$SOURCE_DIR/bats/data/stats.schema.json" "$1" <<'END'
import json, sys, jsonschema
schema, lines = json.load(open(sys.argv[1])), open(sys.argv[2]).read().splitlines()
assert lines, "no lines"
for line in lines:
    jsonschema.validate(json.loads(line), schema, jsonschema.Draft202012Validator)
END
}

# group CONTROLLER - the container's directory in that hierarchy of v1
group() {
	local path
	path=$(sed -n "s/^[0-9]*:\([^:]*,\)*$1\(,[^:]*\)*://p" "/proc/$(container_pid web)/cgroup")
	[ -n "$path" ] || fail "not in a cgroup of $1" || return
	echo "/sys/fs/cgroup/$1$path"
}

# core_group - and in v2's
core_group() {
	local mount=/sys/fs/cgroup
	has_unified || mount=$mount/unified
	echo "$mount$(sed -n 's/^0:://p' "/proc/$(container_pid web)/cgroup")"
}

# has_lines COUNT NAME - or more, of the background command
has_lines() { [ "$(wc -l <"$TEST_DIR/$2.out")" -ge "$1" ]; }

@test "stats: one line of runc's shape, and nothing of it is stored" {
	running
	ocirun events --stats web >"$TEST_DIR/line"
	[ "$(wc -l <"$TEST_DIR/line")" = 1 ]
	has_shape "$TEST_DIR/line"
	jq -e '.type == "stats" and .id == "web" and .data.cpu.usage.total > 0
		and .data.pids.current == 1' "$TEST_DIR/line"
	[ "$(events_types web)" = "created started" ]
}

# paths FILE - of all members, without the places in lists
paths() { jq -r 'paths | map(if type == "number" then "N" else . end) | join(".")' "$1" | sort -u; }

@test "stats: whatever runc prints of such a container is there, under the same names" {
	local runc=(runc --root "$TEST_DIR/runc")
	require root program:runc
	running '.linux.resources.memory = {limit: 33554432}'
	ocirun events --stats web >"$TEST_DIR/line"
	"${runc[@]}" run --detach beside </dev/null >"$TEST_DIR/runc.out" 2>&1 3>&- 4>&-
	"${runc[@]}" events --stats beside >"$TEST_DIR/runc.line"
	"${runc[@]}" delete --force beside
	[ "$(paths "$TEST_DIR/runc.line" | wc -l)" -gt 40 ]
	run -0 comm -23 <(paths "$TEST_DIR/runc.line") <(paths "$TEST_DIR/line")
	[ "$output" = "" ] || fail "$output"
	# And nothing else, but what newer ones than this runc have.
	run -0 comm -13 <(paths "$TEST_DIR/runc.line") <(paths "$TEST_DIR/line" | grep -Ev '\.psi(\.|$)|\.memory\.raw\.')
	[ "$output" = "" ] || fail "$output"
}

@test "stats: also before start, and of a paused container" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	[ "$(stats .data.pids.current)" = 1 ]
	ocirun start web
	ocirun pause web
	[ "$(stats .data.pids.current)" = 1 ]
	ocirun resume web
}

@test "stats: cgroup v1: the numbers are those of the kernel's files" {
	local memory cpuacct before after total
	require root cgroup1 controller:memory controller:cpuacct controller:pids controller:cpuset
	running '.linux.resources |= . + {memory: {limit: 33554432}, pids: {limit: 77}, cpu: {cpus: "0"}}'
	memory=$(group memory) cpuacct=$(group cpuacct)
	before=$(cat "$cpuacct/cpuacct.usage")
	ocirun events --stats web >"$TEST_DIR/line"
	after=$(cat "$cpuacct/cpuacct.usage")
	total=$(jq .data.cpu.usage.total "$TEST_DIR/line")
	[ "$before" -le "$total" ]
	[ "$total" -le "$after" ]
	[ "$(jq '.data.cpu.usage.percpu | add' "$TEST_DIR/line")" = "$total" ]
	[ "$(jq '.data.cpu.usage.percpu | length' "$TEST_DIR/line")" = "$(wc -w <"$cpuacct/cpuacct.usage_percpu")" ]
	[ "$(jq -c .data.pids "$TEST_DIR/line")" = '{"current":1,"limit":77}' ]
	[ "$(jq -c '[.data.cpuset | .cpus, .mems, .sched_load_balance]' "$TEST_DIR/line")" = '[[0],[0],1]' ]
	[ "$(jq .data.memory.usage.limit "$TEST_DIR/line")" = 33554432 ]
	# The kernel gives pages back when it likes to.
	jq -e --argjson peak "$(cat "$memory/memory.max_usage_in_bytes")" '.data.memory.usage |
		.usage > 0 and .usage <= .max and .max <= $peak' "$TEST_DIR/line"
	[ "$(jq -r '.data.memory.raw | keys[]' "$TEST_DIR/line" | sort)" = "$(cut -d' ' -f1 "$memory/memory.stat" | sort)" ]
	# Not as jq prints it, which knows 53 bits.
	if [ -e "$memory/memory.memsw.limit_in_bytes" ]; then
		grep -q '"swap":{[^}]*"limit":'"$(cat "$memory/memory.memsw.limit_in_bytes")" "$TEST_DIR/line"
	fi
}

@test "stats: cgroup v1: throttling and what was read and written" {
	require root cgroup1 controller:cpu controller:blkio
	bundle_script 'while [ ! -e /enough ]; do :; done; dd if=/dev/zero of=/f bs=64k count=16 conv=fsync; exec sleep 60'
	config_with '.linux.resources.cpu = {quota: 2000, period: 10000} | .root.readonly = false'
	ocirun create web
	ocirun start web
	wait_until eval 'stats .data.cpu.throttling | grep throttledTime'
	touch rootfs/enough
	wait_until grep -qx sleep "/proc/$(container_pid web)/comm"
	[ "$(stats '.data.cpu.throttling | [.throttledPeriods, .throttledTime]')" = \
		"$(awk '{ v[$1] = $2 } END { print "[" v["nr_throttled"] "," v["throttled_time"] "]" }' "$(group cpu)/cpu.stat")" ]
	if grep -q Write "$(group blkio)/blkio.throttle.io_service_bytes_recursive"; then
		[ "$(stats '[.data.blkio.ioServiceBytesRecursive[] | select(.op == "Write").value] | add')" = \
			"$(awk '$2 == "Write" { n += $3 } END { print n }' "$(group blkio)/blkio.throttle.io_service_bytes_recursive")" ]
	fi
}

@test "stats: pressure, also where only the core is v2" {
	local file before seen
	require root cgroup2 controller:cpu
	bundle_script 'while :; do :; done'
	config_with '.linux.resources.cpu = {quota: 1000, period: 10000}'
	ocirun create web
	ocirun start web
	file=$(core_group)/cpu.pressure
	cat "$file" || skip "needs pressure stall information"
	wait_until grep -q '^some.*total=[1-9]' "$file"
	before=$(sed -n 's/^some.*total=//p' "$file")
	seen=$(stats .data.cpu.psi.some.total)
	[ "$before" -le "$seen" ]
	[ "$seen" -le "$(sed -n 's/^some.*total=//p' "$file")" ]
	[ "$(stats '.data.memory.psi.full | keys')" = '["avg10","avg300","avg60","total"]' ]
	[ "$(stats '.data.blkio.psi.some | keys')" = '["avg10","avg300","avg60","total"]' ]
}

@test "stats: cgroup v2 alone: the numbers are those of the kernel's files" {
	local dir
	require root unified controller:memory controller:pids
	running '.linux.resources |= . + {memory: {limit: 33554432}, pids: {limit: 77}}'
	dir=$(core_group)
	ocirun events --stats web >"$TEST_DIR/line"
	[ "$(jq -c .data.pids "$TEST_DIR/line")" = '{"current":1,"limit":77}' ]
	[ "$(jq .data.memory.usage.limit "$TEST_DIR/line")" = 33554432 ]
	jq -e '.data.memory.usage | .usage > 0 and .usage <= .limit' "$TEST_DIR/line"
	[ "$(jq -r '.data.memory.raw | keys[]' "$TEST_DIR/line" | sort)" = "$(cut -d' ' -f1 "$dir/memory.stat" | sort)" ]
}

@test "stats: a container that is stopped, unknown or without a cgroup" {
	ended 'exit 3'
	run -1 --separate-stderr ocirun events --stats web
	[ "$output" = "" ]
	[ "$stderr" = "ocirun: events: container not running: it is stopped" ]
	run -1 --separate-stderr ocirun events --interval 5s web
	[ "$stderr" = "ocirun: events: container not running: it is stopped" ]
	run -1 --separate-stderr ocirun events --stats db
	[ "$stderr" = 'ocirun: events: container does not exist: "db"' ]
	ocirun --cgroup-manager=disabled create lone
	run -1 --separate-stderr ocirun events --stats lone
	[[ $stderr = *"only a cgroup counts"* ]]
}

@test "stats: --interval prints until the container ends, and ends with 0" {
	running
	background s events --interval=50ms web
	wait_until has_lines 3 s
	ocirun kill web KILL
	background_returns 0
	has_shape "$TEST_DIR/s.out"
	[ "$(types "$TEST_DIR/s.out" | tr ' ' '\n' | sort -u)" = stats ]
	[ ! -s "$TEST_DIR/s.err" ]
	# In order of time.
	jq -s -e '[.[].data.cpu.usage.total] | . == sort' "$TEST_DIR/s.out"
}

@test "stats: the first line comes after one interval; an end before it leaves nothing" {
	running
	background s events --interval 1h web
	wait_until attached "$BACKGROUND_PID"
	ocirun delete --force web
	background_returns 0
	[ ! -s "$TEST_DIR/s.out" ]
	[ ! -s "$TEST_DIR/s.err" ]
}

@test "stats: the end is noticed when the monitor was killed" {
	running
	background s events --interval 1h web
	wait_until attached "$BACKGROUND_PID"
	kill -9 "$(monitor_of web)"
	wait_until no_monitor web
	kill -9 "$(container_pid web)"
	background_returns 0
	journal_has web exited
}

@test "stats: --interval tells of each new oom in the log, of none from before" {
	require root controller:memory
	bundle_script 'eat() { sh -c "exec tail -c 100m /dev/zero" 2>/dev/null; }
		eat; while [ ! -e /go ]; do sleep 0.02; done; eat; sleep 60'
	config_with '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	ocirun create web
	ocirun start web
	wait_until journal_has web oom
	background s events --interval 1h web
	wait_until attached "$BACKGROUND_PID"
	touch rootfs/go
	wait_until has_lines 1 s
	ocirun kill web KILL
	background_returns 0
	[ "$(cat "$TEST_DIR/s.out")" = '{"type":"oom","id":"web"}' ]
	has_shape "$TEST_DIR/s.out"
	[ "$(events_types web)" = "created started oom oom signaled exited" ]
}

@test "stats: an interval must be one" {
	running
	for interval in 0 0s -1s soon ''; do
		run -1 --separate-stderr ocirun events --interval="$interval" web
		[ "$output" = "" ]
		[[ $stderr = "ocirun: events: --interval: "* ]] || fail "$stderr"
		run -1 --separate-stderr ocirun events --stats --interval="$interval" web
		[[ $stderr = "ocirun: events: --interval: "* ]] || fail "$stderr"
	done
	# containerd's spelling, and both: once.
	run -0 ocirun events --stats --interval=5s web
	[ "${#lines[@]}" = 1 ]
	run -124 ocirun events --interval 1h --timeout 50ms web
	[ "$output" = "" ]
}

@test "stats: what chooses events does not go with statistics" {
	running
	for option in --all --no-follow --new --after=1 --since=1h --until=1h --type=oom --first \
		--instance=0123456789abcdef0123456789abcdef --format=pretty; do
		run -1 --separate-stderr ocirun events --stats "$option" web
		[ "$stderr" = "ocirun: events: ${option%=*} does not go with --stats" ] || fail "$stderr"
		run -1 --separate-stderr ocirun events --interval 1s "$option" web
		[ "$stderr" = "ocirun: events: ${option%=*} does not go with --interval" ] || fail "$stderr"
	done
	run -1 --separate-stderr ocirun events --stats --timeout 1s web
	[[ $stderr = *"--timeout does not go with --stats" ]]
	run -1 --separate-stderr ocirun events --stats web web
	[[ $stderr = *"--stats goes with one container" ]]
	run -1 --separate-stderr ocirun events --interval 1s
	[[ $stderr = *"--interval goes with one container" ]]
	run -0 ocirun events --stats --format=json web
}

@test "stats: dies of SIGPIPE, also between two lines" {
	local fifo=$TEST_DIR/fifo status=0 pid
	running
	mkfifo "$fifo"
	"$OCIRUN" --root "$ROOT" events --interval 1h web >"$fifo" 2>"$TEST_DIR/err" </dev/null 3>&- 4>&- &
	pid=$!
	echo "$pid" >>"$TEST_DIR/background"
	exec 9<"$fifo"
	wait_until attached "$pid"
	exec 9<&-
	wait_until has_ended "$pid"
	wait "$pid" || status=$?
	[ "$status" = 141 ] || fail "status $status"
	[ ! -s "$TEST_DIR/err" ]
}
