#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Readers are free: any number of them, and whatever they do, it is nobody else's trouble
# (doc/events.md, "Guarantees").

load ../lib/container
load helpers

MANY=1000
all='created started exited deleted'

# crowd ARG... - $MANY processes of ocirun; returns when all wait for something to happen
crowd() {
	# Each of them has its output open.
	ulimit -n 4096
	"$BATS_TEST_DIRNAME/crowd.py" "$MANY" "$(log_path web)" "${OCIRUN_CMD[@]}" "$@" \
		>"$TEST_DIR/crowd.out" 2>"$TEST_DIR/crowd.err" </dev/null 3>&- 4>&- &
	BACKGROUND_PID=$!
	echo "$BACKGROUND_PID" >>"$TEST_DIR/background"
	wait_until grep -q '^waiting' "$TEST_DIR/crowd.out"
}

# all_end STATUS - with the same output, and nobody complained
all_end() {
	background_returns 0
	[ ! -s "$TEST_DIR/crowd.err" ] || fail "$(head -n 20 "$TEST_DIR/crowd.err")"
	[[ $(sed 1d "$TEST_DIR/crowd.out") == "$MANY ended with $1: "* ]] || fail "$(cat "$TEST_DIR/crowd.out")"
}

@test "readers: a thousand followers of a container print every line, most of them without inotify" {
	local with
	started 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	crowd events web
	with=$(sed -n 's/.*, \(.*\) with inotify/\1/p' "$TEST_DIR/crowd.out")
	[ "$with" -gt 0 ]
	[ "$with" -le "$(cat /proc/sys/fs/inotify/max_user_instances)" ] # 128, most often
	ocirun kill web TERM
	run -3 ocirun wait web
	ocirun delete web
	all_end 0
	# Python's form of the bytes, which are JSON and one LF per line.
	[[ $(cat "$TEST_DIR/crowd.out") == *"b'$(sed 's/$/\\n/' "$(log_path web)" | tr -d '\n')'" ]] ||
		fail "$(cat "$TEST_DIR/crowd.out")"
	[ "$(events_types web)" = "created started signaled exited deleted" ]
}

@test "readers: a thousand waiters get the code" {
	started 'trap "exit 41" TERM; while :; do sleep 0.1; done'
	crowd wait --print web
	ocirun kill web TERM
	all_end 0
	[[ $(cat "$TEST_DIR/crowd.out") == *": b'41\\n'" ]] || fail "$(cat "$TEST_DIR/crowd.out")"
	[ "$(events_types web)" = "created started signaled exited" ]
}

# full PIPE - open it as 7, and fill it
full() {
	mkfifo "$1"
	exec 7<>"$1"
	head -c 65536 /dev/zero >&7
}

# stopped PID, blocked PID - by a signal; in a write
stopped() { grep -q '^State:.T' "/proc/$1/status"; }
blocked() { grep -q '^1 ' "/proc/$1/syscall" || fail "$(cat "/proc/$1/syscall")"; }

@test "readers: one that stops reading, or is stopped, holds up neither the writers nor other readers" {
	local sleeper clogged cat
	created 'exit 5'
	background sleeper events web
	sleeper=$BACKGROUND_PID
	wait_until attached "$sleeper"
	kill -STOP "$sleeper"
	wait_until stopped "$sleeper"
	full "$TEST_DIR/pipe"
	"${OCIRUN_CMD[@]}" events web >"$TEST_DIR/pipe" </dev/null 7>&- 3>&- 4>&- &
	clogged=$!
	echo "$clogged" >>"$TEST_DIR/background"
	wait_until blocked "$clogged"

	background other events web
	ocirun start web 7>&-
	run -5 ocirun wait web
	ocirun delete web
	background_returns 0
	has_printed other "$all"
	stopped "$sleeper"
	blocked "$clogged"

	# Nothing is lost to them either, when they go on.
	kill -CONT "$sleeper"
	background_returns 0 "$sleeper"
	has_printed sleeper "$all"
	exec 8<"$TEST_DIR/pipe"
	cat <&8 >"$TEST_DIR/late" 7>&- 8<&- 3>&- 4>&- &
	cat=$!
	echo "$cat" >>"$TEST_DIR/background"
	exec 7>&- 8<&-
	background_returns 0 "$clogged"
	wait_until has_ended "$cat"
	tail -c +65537 "$TEST_DIR/late" | cmp - "$(log_path web)"
}

# piped_to_head ID - ends as soon as head has its line, though the container goes on
piped_to_head() {
	# shellcheck disable=SC2016 # for the inner shell
	timeout "$OCIRUN_TEST_DEADLINE" bash -c '
		"$OCIRUN" --root "$ROOT" events "$0" | head -n 1; echo "${PIPESTATUS[0]}"' "$1" </dev/null 3>&- 4>&-
}

@test "readers: events | head -n 1 ends at once, also when nothing more happens" {
	started 'exec sleep 1000'
	run -0 piped_to_head web
	[ "$(jq -r .type <<<"${lines[0]}")" = created ]
	[ "${lines[1]}" = 141 ]
	# Of a container that has no second line yet.
	created 'exit 0' idle
	run -0 piped_to_head idle
	[ "$(jq -r .type <<<"${lines[0]}")" = created ]
	[ "${lines[1]}" = 141 ]
}

# tailed TYPES - has what tail and jq made of the log become this?
tailed() { [ "$(paste -sd ' ' "$TEST_DIR/tailed")" = "$1" ] || fail "$(cat "$TEST_DIR/tailed")"; }

@test "readers: tail -F of a log and jq see every line, and the next container of that ID" {
	created 'exit 6'
	mkfifo "$TEST_DIR/lines"
	jq --unbuffered -r .type <"$TEST_DIR/lines" >"$TEST_DIR/tailed" 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	tail -F -n +1 "$(log_path web)" >"$TEST_DIR/lines" 2>"$TEST_DIR/tail.err" 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_until tailed created
	ocirun start web
	run -6 ocirun wait web
	ocirun delete web
	wait_until tailed "$all"
	run -6 ocirun run web
	wait_until tailed "$all $all"
}
