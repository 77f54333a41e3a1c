#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 of ocirun at its system calls (faults F1 to F3): what is there afterwards is whole, or
# `delete --force` takes all of it away, and the ID can be used again.

load ../lib/container
load points

setup() {
	require root program:python3
	faults_setup
	bundle_with '.process.args = ["sleep", "60"]'
	cd /
}

create() { must create --bundle "$BUNDLE" web; }

running() { create && must start web; }

stopped() {
	running && must kill web KILL && { quietly wait web || [ $? = 137 ]; }
}

# kill_at WHICH N ARG... - ocirun ARG... of which a process dies at a call; KILL_STATUS
kill_at() {
	local status=0
	POINT="${*:3} with process $1 killed at call $2"
	timeout "$FAULT_TIMEOUT" python3 "$BATS_TEST_DIRNAME/kill-at.py" "$1" "$2" "$OCIRUN" --root "$ROOT" \
		"${@:3}" >"$TEST_DIR/said" 2>&1 </dev/null 3>"$TEST_DIR/counts" 4>&- || status=$?
	KILL_STATUS=$status
	[ "$status" != 124 ] || fail "$POINT: it hangs"
}

# kill_points N WHICH PREPARE AFTERWARDS VERB... - prepare, kill, look; for every N-th call of VERB
kill_points() {
	local every=$1 which=$2 prepare=$3 afterwards=$4 n calls count=0
	shift 4
	POINT=counting
	"$prepare"
	kill_at "$which" 0 "$@"
	calls=$(awk -v which="$which" '$1 == which { print $2 }' "$TEST_DIR/counts")
	is_clean web
	for n in $(seq "$calls" | sample "$every"); do
		"$prepare" || return
		kill_at "$which" "$n" "$@" || return
		"$afterwards" || return
		is_clean web || return
		count=$((count + 1))
	done
	logs_are_whole
	[ "$count" -gt 5 ] || fail "only $count points"
	echo "# killed at $count of $calls calls" >&3
}

nothing() { :; }

can_be_started_or_is_clean() {
	[ "$(status_of web)" != created ] || must start web || return
	is_clean web && create
}

@test "kill -9 at calls of create: a valid container, or nothing that stays (F1)" {
	kill_points 12 0 nothing can_be_started_or_is_clean create --bundle "$BUNDLE" web
}

runs_or_can_be_started() {
	local status
	status=$(status_of web)
	[ "$status" = running ] || must start web || return
	journal_has web started || fail "$POINT: it was $status"
}

@test "kill -9 at calls of start: it runs and says so, or start works again (F2)" {
	kill_points 7 0 create runs_or_can_be_started start web
}

is_gone_after_delete() {
	[ "$(status_of web)" = none ] || must delete web
}

@test "kill -9 at calls of delete: the second delete ends it (F3)" {
	kill_points 14 0 stopped is_gone_after_delete delete web
}

@test "kill -9 at calls of delete --force: the second one ends it (F3)" {
	kill_points 14 0 running nothing delete --force web
}

@test "kill -9 at calls of kill: the container runs on or has stopped" {
	kill_points 12 0 running is_running_or_stopped kill web KILL
}

is_running_or_stopped() {
	local status
	status=$(status_of web)
	[[ $status = running || $status = stopped ]] || fail "$POINT: it is $status"
}

paused() { running && must pause web; }

# What the status says, the freezer did; and whatever it is, it can be changed.
stands_or_runs() {
	local status
	status=$(status_of web)
	case $status in
	paused) freezer_says 'frozen 1' && must resume web ;;
	running) freezer_says 'frozen 0' && must pause web && must resume web ;;
	*) fail "$POINT: it is $status" ;;
	esac || return
	[ "$(status_of web)" = running ] || fail "$POINT: it was $status, and is $(status_of web) after resume"
}

freezer_says() {
	local at
	at=$(find /sys/fs/cgroup -path '*/ocirun/web/cgroup.events' | head -n 1)
	[ -z "$at" ] || wait_until grep -qx "$1" "$at"
}

@test "kill -9 at calls of pause: paused or running, and the freezer agrees (F18)" {
	kill_points 10 0 running stands_or_runs pause web
}

@test "kill -9 at calls of pause: what it leaves dies of SIGKILL (F18)" {
	kill_points 12 0 running dies_at_once pause web
}

dies_at_once() {
	must kill web KILL || return
	quietly wait --timeout 5s web || [ $? = 137 ] || fail "$POINT: it does not end"
}

@test "kill -9 at calls of resume: paused or running, and the freezer agrees (F18)" {
	kill_points 10 0 paused stands_or_runs resume web
}

@test "kill -9 at calls of update: a second update ends it" {
	kill_points 12 0 running can_be_updated update --pids-limit 77 web
}

can_be_updated() {
	must update --pids-limit 77 web
	[ "$(find /sys/fs/cgroup -path '*/ocirun/web/pids.max' -exec cat {} +)" = 77 ] ||
		fail "$POINT: no limit"
	[ "$(status_of web)" = running ] || fail "$POINT: it is $(status_of web)"
}

@test "kill -9 of the monitor at calls of create: none, or created and watched anew (F6)" {
	kill_points 16 2 nothing can_be_started_or_is_clean create --bundle "$BUNDLE" web
}

@test "kill -9 of init at calls of create: an error and nothing left, or an exit before start (F10)" {
	kill_points 30 3 nothing is_stopped_or_none create --bundle "$BUNDLE" web
}

is_stopped_or_none() {
	local expected=stopped status
	[ "$KILL_STATUS" = 0 ] || expected=none
	status=$(status_of web)
	[ "$status" = "$expected" ] || fail "$POINT: create returned $KILL_STATUS and it is $status"
	is_clean web && create
}

# What runs in "web" beside init is in its log, and nothing that was not reported as a failure is missing.
# How many there are: init, and each exec that has started and not ended.
nothing_runs_unrecorded() {
	local begun
	processes=$("$OCIRUN" --root "$ROOT" ps --format json web | jq length) || return
	begun=$(events_of web | jq -s '[.[].type] | (map(select(. == "exec-started")) | length) -
		(map(select(. == "exec-exited")) | length)')
	[ "$processes" = $((1 + begun)) ]
}

exec_is_whole() {
	[ "$(status_of web)" = running ] || fail "$POINT: it is $(status_of web)"
	wait_until nothing_runs_unrecorded || fail "$POINT: $processes processes: $(events_of web)"
	if [ "$KILL_STATUS" = 0 ]; then
		journal_has web exec-started || fail "$POINT: exec returned 0"
	elif [ "$KILL_STATUS" -lt 128 ] && [ -e "$TEST_DIR/pid" ]; then
		fail "$POINT: exec returned $KILL_STATUS, and its pid file is there"
	fi
	rm -f "$TEST_DIR/pid"
	must exec web true || return
	must delete --force web
}

@test "kill -9 at calls of exec: its process runs and is recorded, or there is none" {
	kill_points 9 0 running exec_is_whole exec --pid-file "$TEST_DIR/pid" --detach web sleep 60
}

@test "kill -9 of the observer at calls of exec: its process runs and is recorded, or there is none" {
	kill_points 9 2 running exec_is_whole exec --pid-file "$TEST_DIR/pid" --detach web sleep 60
}

@test "kill -9 of the process at calls of exec: exec fails, and leaves nothing" {
	kill_points 4 3 running exec_is_whole exec --pid-file "$TEST_DIR/pid" --detach web sleep 60
	kill_points 1 4 running exec_is_whole exec --pid-file "$TEST_DIR/pid" --detach web sleep 60
}

# appending ARG... - the first and last call of ocirun ARG... that note a line, write it and strike the note out
appending() {
	strace -o "$TEST_DIR/calls" "$OCIRUN" --root "$ROOT" "$@" >"$TEST_DIR/said" 2>&1 </dev/null 3>&- 4>&- &&
		awk '/F_OFD_SETLK.*F_WRLCK/ && !first { first = NR } /F_OFD_SETLK.*F_UNLCK/ { last = NR }
			END { if (first) print first - 3, last + 5 }' "$TEST_DIR/calls"
}

feed_lines() { grep -c . "$ROOT/.feed/events.ndjson"; }

# What the killed one did not do the next verb did; a line that was in the feed may be there once more.
feed_has_all_or_more() {
	local had has
	had=$(cat "$TEST_DIR/had") || return
	must list && feed_has_all && has=$(feed_lines) || return
	((has >= had && has <= had + 2)) || fail "$POINT: the feed has $has lines and had $had"
	[ "$(grep -vc '^{"v":1,.*}$' "$ROOT/.feed/events.ndjson")" = 0 ] || fail "$POINT: a torn or empty line"
	echo "$has" >"$TEST_DIR/had"
}

@test "kill -9 at each call between log and feed: no line is missing in either" {
	require program:strace
	local first last n
	running
	read -r first last < <(appending kill web WINCH)
	[ $((last - first)) -gt 20 ]
	feed_lines >"$TEST_DIR/had"
	for n in $(seq "$first" "$last"); do
		kill_at 0 "$n" kill web WINCH
		[ "$KILL_STATUS" = 137 ] || fail "$POINT: it was not killed: $KILL_STATUS"
		feed_has_all_or_more
	done
	[ "$(wc -l <"$ROOT/.events/web.ndjson")" -gt 12 ] # most had their line in the log
	[ "$(sort "$ROOT/.feed/events.ndjson" | uniq -d | wc -l)" -lt 10 ]
	echo "# killed at $((last - first + 1)) calls" >&3
}
