#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun events without an ID: the lines of all containers, those to come too.

load ../lib/container
load helpers
load ../lib/monitor

# seen NAME ID TYPES - has the background command printed this container's events, in order?
seen() {
	[ "$(jq -r --arg id "$2" 'select(.id == $id) | .type' "$TEST_DIR/$1.out" | paste -sd ' ')" = "$3" ] ||
		fail "$(cat "$TEST_DIR/$1.out")"
}

# interrupted - bash has its background commands ignore SIGINT, which a person would send
interrupted() {
	kill -TERM "$BACKGROUND_PID"
	wait_until has_ended "$BACKGROUND_PID"
}

all='created started exited deleted'

@test "events --all: what was, what is, and what is to come, each line once" {
	ended 'exit 3' past
	ocirun delete past
	created 'exit 4' present
	background e events --all
	wait_until seen e past "$all"
	wait_until seen e present created
	ocirun start present
	wait_until seen e present 'created started exited'
	ended 'exit 5' future
	wait_until seen e future 'created started exited'
	ocirun delete future
	ocirun delete present
	wait_until seen e future "$all"
	wait_until seen e present "$all"
	interrupted
	diff <(sort "$TEST_DIR/e.out") <(sort "$ROOT"/.events/*.ndjson)
	[ ! -s "$TEST_DIR/e.err" ]
}

@test "events: without an ID it follows all, also before the first container" {
	bundle
	background e events
	ended 'exit 3'
	wait_until seen e web 'created started exited'
	interrupted
}

@test "events --all: an ID that is used again is one more container" {
	background e events --all
	for code in 3 4 5; do
		ended "exit $code"
		ocirun delete web
	done
	wait_until seen e web "$all $all $all"
	interrupted
	diff <(sort "$TEST_DIR/e.out") <(sort "$ROOT"/.events/*.ndjson)
}

@test "events --all --new: only what is to come, of old and new containers" {
	created 'exit 3' old
	background e events --all --new
	wait_until attached "$BACKGROUND_PID"
	ocirun start old
	ended 'exit 4' young
	wait_until seen e old 'started exited'
	wait_until seen e young 'created started exited'
	interrupted
}

@test "events --all --no-follow: what there is" {
	ended 'exit 3' a
	ended 'exit 4' b
	run -0 --separate-stderr ocirun events --all --no-follow
	diff <(sort <<<"$output") <(sort "$ROOT"/.events/*.ndjson)
	run -0 ocirun events --no-follow --type exited
	[ "$(jq .exitCode <<<"$output" | sort | paste -sd ' ')" = "3 4" ]
}

@test "events --all: logs that are over need no descriptors" {
	bundle
	mkdir -p "$ROOT/.events"
	for i in {1..300}; do
		printf '{"v":1,"type":"%s","id":"c%d","instance":"%032d","seq":%d,"timestamp":"2026-01-02T03:04:05.123456789Z"%s}\n' \
			failed "$i" "$i" 1 ',"phase":"create","error":"no"' deleted "$i" "$i" 2 '' >"$ROOT/.events/c$i.ndjson"
	done
	run -0 --separate-stderr bash -c 'ulimit -n 200; "$OCIRUN" --root "$ROOT" events --no-follow'
	diff <(sort <<<"$output") <(sort "$ROOT"/.events/*.ndjson)
	[ "$stderr" = "" ]
}

@test "events --all: --first and --timeout end it" {
	bundle
	run -124 ocirun events --all --timeout 50ms
	[ "$output" = "" ]
	background e events --first --type exited
	ended 'exit 6'
	background_returns 0
	[ "$(jq .exitCode "$TEST_DIR/e.out")" = 6 ]
}

@test "events --all: a container whose monitor was killed is settled too" {
	local monitor pid
	require kernel:6.15
	started 'exec sleep 60'
	pid=$(container_pid web)
	background e events --all
	wait_until seen e web 'created started'
	monitor=$(monitor_of web)
	kill -9 "$monitor" "$pid"
	wait_until seen e web 'created started exited'
	jq -e 'select(.type == "exited") | .exitCode == 137' "$TEST_DIR/e.out" >/dev/null
	interrupted
}

@test "events --all: a cursor or a container contradicts it" {
	bundle
	run -1 --separate-stderr ocirun events --all web
	[[ $stderr = *"--all goes without a container"* ]]
	run -1 --separate-stderr ocirun events --after 3
	[[ $stderr = *--after* ]]
}
