#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A log that cannot be written (doc/events.md, "When the log cannot be written"): no code is lost and
# none is invented, whoever asks is told that it is not on record, and the line comes once it can.

# shellcheck disable=SC2030,SC2031,SC2154 # set by run, one test at a time
load ../lib/container
load ../lib/monitor
load helpers

setup() {
	require root program:strace
	container_setup
	under_tracer
}

teardown() {
	local pid status=0
	while read -r pid; do kill "$pid" 2>/dev/null || true; done < <(cat "$TEST_DIR/tracers" 2>/dev/null)
	container_teardown || status=1
	awk -v at="$TEST_DIR" 'index($5, at) == 1 { print $5 }' /proc/self/mountinfo | xargs -r umount -l
	rm -rf "$TEST_DIR"
	return "$status"
}

# on_tmpfs SIZE - --root on a small file system
on_tmpfs() {
	mkdir -p "$ROOT"
	mount -t tmpfs -o "size=$1,mode=700" none "$ROOT"
}

# off_tmpfs - and its logs are validated at the end all the same
off_tmpfs() {
	cp -a "$ROOT/.events" "$TEST_DIR/kept"
	umount -l "$ROOT"
	mkdir -p "$ROOT"
	mv "$TEST_DIR/kept" "$ROOT/.events"
}

# fill - leave no byte free. The log's reserve goes first, and the rest of its last page.
fill() {
	local log size
	log=$(log_path web)
	while size=$(stat -c %s "$log") && [ $((size % 4096)) -lt 3800 ]; do ocirun kill web CONT; done
	truncate -s "$size" "$log"
	! dd if=/dev/zero of="$ROOT/filler" bs=4096 2>/dev/null
	# tmpfs writes as much of a line as it has room for: the rest of that page.
	logs_are_damaged
}

make_room() { rm "$ROOT/filler"; }

# The name that a monitor takes when it cannot write does not hide it from us.
monitor_pid() {
	local instance
	instance=$(jq -r .instance "$(log_path web)" | tail -n 1)
	grep -lsF "$instance" /proc/[0-9]*/cmdline | cut -d/ -f3 | while read -r pid; do
		[ "$(readlink "/proc/$pid/exe")" = "$(dirname "$OCIRUN")/ocirun-monitor" ] && echo "$pid"
	done | grep .
}

no_monitor_left() { ! monitor_pid; }
monitor_says() { [ "$(cat "/proc/$(monitor_pid)/comm")" = "$1" ] || fail "it says $(cat "/proc/$(monitor_pid)/comm")"; }
init_pid() { jq -r 'select(.type == "created").pid' "$(log_path web)"; }

# The log itself, since a verb that looks would write.
raw_types() { jq -Rr 'fromjson? | .type' "$(log_path web)" | grep -vx signaled | paste -sd ' '; }
has_types() { [ "$(raw_types)" = "$1" ] || fail "seen: $(raw_types)"; }

kill_init() {
	local pid
	pid=$(init_pid)
	kill -9 "$pid"
	wait_until has_ended "$pid"
}

# break_log SYSCALL:ERROR [PID] - from now on the monitor (or that process) fails at this call on the log
break_log() {
	local pid=${2:-$(monitor_pid)}
	strace -qq -o /dev/null -p "$pid" -P "$(log_path web)" -e trace="${1%%:*}" \
		-e inject="${1%%:*}:error=${1#*:}" 2>/dev/null 3>&- 4>&- &
	TRACER=$!
	echo "$TRACER" >>"$TEST_DIR/tracers"
	wait_until grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$pid/status"
}

mend_log() {
	kill "$TRACER"
	wait_until has_ended "$TRACER"
}

# broken SYSCALL:ERROR ARG... - ocirun ARG... with the same fault
broken() {
	local fault=$1 io status=0
	shift
	io=$(mktemp "$TEST_DIR/io.XXXXXX")
	timeout 30 strace -f -I 2 -qq -o /dev/null -P "$(log_path web)" -e trace="${fault%%:*}" \
		-e inject="${fault%%:*}:error=${fault#*:}" "${OCIRUN_CMD[@]}" "$@" \
		>"$io" 2>"$io.err" </dev/null 3>&- 4>&- || status=$?
	cat "$io"
	cat "$io.err" >&2
	return "$status"
}

PENDING='.status == "stopped" and .pid == 0 and .log.state == "pending"'

@test "durability: on a disk without any room the end is told, and is on record once there is room" {
	on_tmpfs 1m
	started 'exec sleep 60'
	fill
	kill_init
	wait_until monitor_says "unwritten 0009w"
	# Tell the truth, and say that it is not on record.
	run -0 --separate-stderr ocirun state web
	jq -e "$PENDING"' and .exit.exitCode == 137 and .exit.signal == 9 and .exit.reason == "signaled"
		and (.log.error | contains("No space left on device"))' <<<"$output"
	run -137 --separate-stderr ocirun wait web
	[[ $stderr = *"the end of web is not on record"*"No space left on device"* ]]
	run -0 --separate-stderr ocirun wait --print web
	[ "$output" = 137 ]
	run -0 --separate-stderr ocirun wait --json web
	jq -e '.type == "exited" and .exitCode == 137 and (has("seq") or has("timestamp") | not)' <<<"$output"
	run -0 ocirun list --format json
	jq -e ".[0] | $PENDING" <<<"$output"
	run -255 ocirun exec web true
	run -1 --separate-stderr ocirun delete web
	[[ $stderr = *"its end (exit code 137) is not on record yet"*"--force"* ]]
	has_types "created started"
	make_room
	wait_until has_types "created started exited"
	wait_until no_monitor_left
	journal_has web exited '.exitCode == 137 and .source == "parent" and .startedAt != null and .usage.cpuUsec > 0'
	run -0 --separate-stderr ocirun state web
	jq -e '.exit.exitCode == 137 and (has("log") | not)' <<<"$output"
	run -0 ocirun delete web
	has_types "created started exited deleted"
	off_tmpfs
}

@test "durability: on a full disk delete --force frees the container, and its log ends once there is room" {
	on_tmpfs 1m
	started 'exec sleep 60'
	fill
	kill_init
	wait_until monitor_says "unwritten 0009w"
	break_log write:ENOSPC
	run -0 --separate-stderr broken write:ENOSPC delete --force web
	[[ $stderr = *"delete web: its end (exit code 137) is not on record"* ]]
	[ ! -e "$ROOT/web" ]
	nothing_left_in_cgroups web
	has_types "created started"
	# The zombie still tells whoever asks.
	run -137 --separate-stderr ocirun wait web
	[[ $stderr = *"the end of web is not on record"* ]]
	mend_log
	make_room
	wait_until has_types "created started exited deleted"
	wait_until no_monitor_left
	run -137 ocirun wait web
	off_tmpfs
}

@test "durability: what delete --force frees is room enough for its log's end" {
	on_tmpfs 1m
	started 'exec sleep 60'
	fill
	run -0 --separate-stderr ocirun delete --force web
	[ "$stderr" = "" ]
	wait_until has_types "created started exited deleted"
	journal_has web exited '.exitCode == 137'
	off_tmpfs
}

@test "durability: EIO at every line: below a subreaper the monitor alone knows, and a verb hears it" {
	require kernel:6.15
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 37'
	below_subreaper create web
	ocirun start web
	break_log write:EIO
	touch "$BUNDLE/rootfs/go"
	wait_until grep -q "exit 37" "$REAPED"
	wait_until monitor_says "unwritten 2500p"
	run -0 --separate-stderr broken write:EIO state web
	jq -e "$PENDING"' and .exit.exitCode == 37 and .exit.signal == null and .exit.source == "pidfd"
		and (.log.error | contains("Input/output error"))' <<<"$output"
	run -37 --separate-stderr broken write:EIO wait web
	[[ $stderr = *"the end of web is not on record"* ]]
	run -1 --separate-stderr broken write:EIO delete web
	[[ $stderr = *"(exit code 37)"*"Input/output error"* ]]
	has_types "created started"
	# A verb that can write does what the monitor cannot.
	run -0 ocirun state web
	has_types "created started exited"
	mend_log
	wait_until no_monitor_left
	has_types "created started exited"
}

@test "durability: while it tries the monitor keeps init a zombie, and reaps it afterwards" {
	started 'exec sleep 60'
	break_log write:EIO
	kill_init
	wait_until monitor_says "unwritten 0009w"
	grep -q '^State:.Z' "/proc/$(init_pid)/status"
	mend_log
	wait_until has_types "created started exited"
	wait_until no_monitor_left
	[ ! -e "/proc/$(init_pid)" ]
}

has_tried() { [ "$(grep -c exited "$TEST_DIR/attempts")" -ge "$1" ]; }

@test "durability: attempts become rarer, and go on" {
	started 'exec sleep 60'
	strace -qq -ttt -o "$TEST_DIR/attempts" -p "$(monitor_pid)" -P "$(log_path web)" -e trace=write \
		-e inject=write:error=ENOSPC 2>/dev/null 3>&- 4>&- &
	TRACER=$!
	echo "$TRACER" >>"$TEST_DIR/tracers"
	wait_until grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$(monitor_pid)/status"
	kill_init
	wait_until has_tried 4
	mend_log
	wait_until has_types "created started exited"
	# 0, 1, 3, 7 s: each pause about twice the one before
	awk '/exited/ { if (last) print $1 - last; last = $1 }' "$TEST_DIR/attempts" >"$TEST_DIR/pauses"
	awk 'NR == 1 && ($1 < 0.9 || $1 > 1.6) { exit 1 } NR > 1 && ($1 < 1.6 * last || $1 > 2.6 * last) { exit 1 }
		{ last = $1 } END { exit NR < 3 }' "$TEST_DIR/pauses" || fail "$(cat "$TEST_DIR/pauses")"
}

@test "durability: a program that could not be executed is told as that" {
	bundle_with '.process.args = ["/bin/file"]'
	printf 'neither ELF nor script' >"$BUNDLE/rootfs/bin/file"
	chmod 755 "$BUNDLE/rootfs/bin/file"
	ocirun create web
	break_log write:EIO
	run -1 broken write:EIO start web
	wait_until monitor_says "unwritten 7e00W"
	run -0 --separate-stderr broken write:EIO state web
	jq -e "$PENDING"' and .exit.exitCode == 126 and .exit.reason == "exec-failed"' <<<"$output"
	run -126 --separate-stderr broken write:EIO wait web
	mend_log
	wait_until has_types "created exited"
	journal_has web exited '.exitCode == 126 and .reason == "exec-failed" and (.error | length > 0)'
}

@test "durability: a start that could not be written is made up for, before the end" {
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 3'
	ocirun create web
	break_log write:EDQUOT
	run -1 --separate-stderr broken write:EDQUOT start web
	[[ $stderr = *"append started: Disk quota exceeded"* ]]
	touch "$BUNDLE/rootfs/go"
	wait_until monitor_says "unwritten 0300w"
	has_types "created"
	mend_log
	wait_until has_types "created started exited"
	journal_has web exited '.exitCode == 3 and .reason == "exited"'
	run -3 ocirun wait web
}

@test "durability: two that could not be written, and the monitor is killed: null, never a guess" {
	started 'exec sleep 60'
	break_log write:EIO
	kill_init
	wait_until monitor_says "unwritten 0009w"
	# Its child goes with it, to a reaper that tells nobody.
	local init monitor
	init=$(init_pid) monitor=$(monitor_pid)
	kill -9 "$monitor"
	wait_until eval "! grep -qs . /proc/$init/stat"
	run -0 ocirun state web
	jq -e '.exit.exitCode == null and .exit.reason == "monitor-lost"' <<<"$output"
}

@test "durability: a follower prints what is on record, says what is not, and goes on" {
	started 'exec sleep 60'
	background e events web
	wait_until attached "$BACKGROUND_PID"
	break_log write:EIO
	break_log write:EIO "$BACKGROUND_PID"
	kill_init
	wait_until grep -qs "the end of web is not on record" "$TEST_DIR/e.err"
	[ "$(types "$TEST_DIR/e.out")" = "created started" ]
	while read -r pid; do kill "$pid"; done <"$TEST_DIR/tracers"
	wait_until has_printed e "created started exited"
	[ "$(grep -c "not on record" "$TEST_DIR/e.err")" = 1 ]
}

@test "durability: a foreground run returns the code, and says that it is not on record" {
	on_tmpfs 1m
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 37'
	background r run web
	wait_until has_types "created started"
	strace -qq -f -o /dev/null -p "$BACKGROUND_PID" -P "$(log_path web)" -e trace=write -e inject=write:error=EIO 2>/dev/null 3>&- 4>&- &
	TRACER=$!
	echo "$TRACER" >>"$TEST_DIR/tracers"
	wait_until grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$BACKGROUND_PID/status"
	touch "$BUNDLE/rootfs/go"
	background_returns 37
	grep -q "the end of web is not on record: .*Input/output error" "$TEST_DIR/r.err"
	[ ! -e "$ROOT/web" ]
	mend_log
	off_tmpfs
	# Who has forced the deletion has left the rest to a monitor.
	has_types "created started" || wait_until no_monitor_left
	logs_are_damaged
}

# ---- real file systems ----

# on_ext4 OPTIONS [MKFS-OPTION...] - --root on a file of its own
on_ext4() {
	local options=$1
	shift
	mkdir -p "$ROOT"
	truncate -s 16M "$TEST_DIR/disk"
	mkfs.ext4 -q "$@" "$TEST_DIR/disk"
	mount -o "loop,$options" "$TEST_DIR/disk" "$ROOT" || skip "needs loop devices"
	chmod 700 "$ROOT"
}

@test "durability: on a file system that became read-only the code is told" {
	on_ext4 errors=remount-ro
	local device
	device=$(basename "$(findmnt -no SOURCE "$ROOT")")
	started 'exec sleep 60'
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	# As after a broken disk: for descriptors that were open, too.
	echo broken >"/sys/fs/ext4/$device/trigger_fs_error"
	kill_init
	wait_until monitor_says "unwritten 0009w"
	background_returns 137
	grep -q "not on record.*Read-only file system" "$TEST_DIR/w.err"
	run -0 --separate-stderr ocirun state web
	jq -e "$PENDING"' and .exit.exitCode == 137' <<<"$output"
	run -137 ocirun wait web
	# It cannot be removed, and nobody says that it was.
	run -1 --separate-stderr ocirun delete --force web
	[[ $stderr = *"Read-only file system"* ]]
	kill -9 "$(monitor_pid)"
	wait_until no_monitor_left
	umount -l "$ROOT"
}

@test "durability: a limit on the size of the monitor's files is a full disk" {
	started 'exec sleep 60'
	prlimit --pid "$(monitor_pid)" --fsize="$(stat -c %s "$(log_path web)")"
	kill_init
	wait_until monitor_says "unwritten 0009w"
	# Who has no such limit writes it.
	run -137 ocirun wait web
	has_types "created started exited"
	wait_until no_monitor_left
}

# ---- fdatasync ----

@test "durability: what the disk has not confirmed is told as degraded, and made up for" {
	started 'exec sleep 60'
	break_log fdatasync:EIO
	kill_init
	wait_until monitor_says "unsynced 5"
	has_types "created started exited"
	run -0 --separate-stderr ocirun state web
	jq -e '.status == "stopped" and .exit.exitCode == 137 and .log == {"state": "degraded", "error": "Input/output error"}' <<<"$output"
	run -137 --separate-stderr ocirun wait web
	[[ $stderr = *"the event log of web is not on stable storage: Input/output error"* ]]
	mend_log
	wait_until no_monitor_left
	has_types "created started exited"
	run -0 ocirun state web
	jq -e 'has("log") | not' <<<"$output"
	run -137 --separate-stderr ocirun wait web
	[ "$stderr" = "" ]
}

@test "durability: fdatasync is never asked again without the line being written anew" {
	started 'exec sleep 60'
	strace -qq -o "$TEST_DIR/calls" -p "$(monitor_pid)" -P "$(log_path web)" -e trace=write,pwrite64,fdatasync \
		-e inject=fdatasync:error=EIO:when=1..3 2>/dev/null 3>&- 4>&- &
	echo "$!" >>"$TEST_DIR/tracers"
	wait_until grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$(monitor_pid)/status"
	kill_init
	wait_until no_monitor_left
	[ "$(sed 's/(.*//' "$TEST_DIR/calls" | paste -sd ' ')" = "write fdatasync pwrite64 fdatasync pwrite64 fdatasync pwrite64 fdatasync" ] ||
		fail "$(cat "$TEST_DIR/calls")"
	has_types "created started exited"
}

@test "durability: a verb whose line the disk has not confirmed fails and says so" {
	bundle_script 'exec sleep 60'
	run -1 --separate-stderr broken fdatasync:EIO create web
	[[ $stderr = *"fdatasync of created: Input/output error"* ]]
	[ ! -e "$ROOT/web" ]
	ocirun create web
	break_log fdatasync:EIO
	run -1 --separate-stderr broken fdatasync:EIO start web
	[[ $stderr = *fdatasync*"Input/output error"* ]]
	mend_log
	container_is web running
	ocirun kill web KILL
	ocirun wait web || true
	run -1 --separate-stderr broken fdatasync:EIO delete web
	[[ $stderr = *"fdatasync of deleted: Input/output error"* ]]
	[ -d "$ROOT/web" ]
	# The line is there, and not written twice.
	run -0 ocirun delete web
	has_types "created started exited deleted"
}

@test "durability: wait does not return before the line is on stable storage" {
	started 'exec sleep 60'
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	strace -qq -ttt -o "$TEST_DIR/calls" -p "$(monitor_pid)" -P "$(log_path web)" -e trace=fdatasync \
		-e inject=fdatasync:delay_enter=1500000 2>/dev/null 3>&- 4>&- &
	echo "$!" >>"$TEST_DIR/tracers"
	wait_until grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$(monitor_pid)/status"
	kill_init
	wait_until grep -q exited "$(log_path web)"
	run ! has_ended "$BACKGROUND_PID"
	run -137 ocirun wait web
	background_returns 137
	wait_until grep -q fdatasync "$TEST_DIR/calls"
}

# in_order FILE PATTERN... - each pattern is in a line behind the one before
# Strace breaks a call in two where another process comes in between.
in_order() {
	local file=$1 pattern from=0 at
	shift
	for pattern; do
		at=$(tail -n +$((from + 1)) "$file" | grep -nm 1 -- "$pattern" | cut -d: -f1)
		[ -n "$at" ] || fail "no \"$pattern\" behind line $from:"$'\n'"$(cut -c -150 "$file")" || return
		from=$((from + at))
	done
}

# records ARG... - ocirun ARG... under strace, whose output is in calls
records() {
	timeout 30 strace -f -I 2 -qq -y -s 60 -o "$TEST_DIR/calls" -e trace=write,fdatasync,exit_group,sendmsg,sendto \
		"${OCIRUN_CMD[@]}" "$@" >"$TEST_DIR/io" 2>&1 </dev/null 3>&- 4>&-
}

@test "durability: created, started and deleted are on stable storage before their verbs return" {
	local log
	bundle_script 'exec true'
	log=$(log_path web)
	# The monitor of a traced create is traced until its end, and so is the container.
	records create web &
	echo "$!" >>"$TEST_DIR/background"
	wait_until grep -qs '"created"\|type.*created' "$log"
	wait_until in_order "$TEST_DIR/calls" "write(.*web.ndjson>, .*created" "fdatasync.*) *= 0" "send.*" "exit_group(0"
	ocirun start web
	ocirun wait web
	wait_until in_order "$TEST_DIR/calls" "write(.*web.ndjson>, .*exited" "fdatasync.*) *= 0" "exit_group(0"
	wait_until no_monitor_left
	records delete web
	in_order "$TEST_DIR/calls" "write(.*web.ndjson>, .*deleted" "fdatasync.*) *= 0" "exit_group(0"
	# One for each line: a root on tmpfs pays for nothing else.
	[ "$(grep -c fdatasync "$TEST_DIR/calls")" = 1 ]
	ocirun create web
	kill -STOP "$(monitor_pid)"
	records start web
	kill -CONT "$(monitor_pid)"
	in_order "$TEST_DIR/calls" "write(.*web.ndjson>, .*started" "fdatasync.*) *= 0" "exit_group(0"
}
