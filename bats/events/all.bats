#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun events without an ID: the lines of all containers, those to come too, by the feed or, where
# there is none, by the logs.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # run sets stderr; FEED_OF_TEST is for the end of a test

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

@test "events --all: in the order of time over all containers" {
	bundle_script 'exit 3'
	ocirun create a
	ocirun create b
	ocirun start b
	run -3 ocirun wait b
	ocirun start a
	run -3 ocirun wait a
	ocirun delete b
	ocirun delete a
	run -0 --separate-stderr ocirun events --no-follow
	[ "$(jq -r '"\(.id) \(.type)"' <<<"$output" | paste -sd ' ')" = "a created b created b started b exited a started a exited b deleted a deleted" ]
	[ "$stderr" = "" ]
}

@test "events --all: the feed may be put aside every few lines" {
	FEED_OF_TEST=none # the oldest files are removed
	bundle_script 'exit 3'
	background e events --all
	# shellcheck disable=SC2016 # for the inner shell
	seq 40 | xargs -P 2 -I @ sh -c '"$OCIRUN" --root "$ROOT" --feed-size 8k --feed-count 3 run c@ </dev/null >/dev/null 2>&1 3>&- 4>&-' || true
	wait_until all_printed e
	interrupted
	[ -e "$ROOT/.feed/events.ndjson.3" ]
	[ ! -s "$TEST_DIR/e.err" ]
}
all_printed() { diff <(sort "$TEST_DIR/$1.out") <(sort "$ROOT"/.events/*.ndjson); }

@test "events --all: with --feed none the logs are followed" {
	FEED_OF_TEST=none
	OCIRUN_CMD+=(--feed none)
	ended 'exit 3' past
	background e events --all
	ended 'exit 4' present
	wait_until seen e past 'created started exited'
	wait_until seen e present 'created started exited'
	interrupted
	[ ! -e "$ROOT/.feed" ]
}

@test "events --all: a feed that cannot be had makes way for the logs" {
	ended 'exit 3' past
	rm -r "$ROOT/.feed"
	touch "$ROOT/.feed"
	run -0 ocirun events --no-follow
	[ "$(types - <<<"$output")" = "created started exited" ]
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$TEST_DIR/cursor"
	[[ $stderr = *"--cursor-file"*"the feed only, which cannot be had"* ]]
	rm "$ROOT/.feed"
}

@test "events --all: logs that were there before the feed are in it" {
	OCIRUN_CMD+=(--feed none)
	ended 'exit 3' past
	OCIRUN_CMD=("$OCIRUN" --root "$ROOT")
	run -0 ocirun events --no-follow
	[ "$(types - <<<"$output")" = "created started exited" ]
	diff <(printf '%s\n' "$output") "$ROOT/.feed/events.ndjson"
}

@test "events --all: a feed that several roots share has the lines of all" {
	local own=$ROOT
	FEED_OF_TEST=$TEST_DIR/feed
	OCIRUN_CMD+=(--feed "$TEST_DIR/feed")
	ended 'exit 3' here
	background e events --all
	ROOT=$TEST_DIR/other
	OCIRUN_CMD=("$OCIRUN" --root "$ROOT" --feed "$TEST_DIR/feed")
	ended 'exit 4' there
	ocirun delete there
	wait_until seen e here 'created started exited'
	wait_until seen e there "$all"
	interrupted
	[ ! -s "$TEST_DIR/e.err" ]
	ROOT=$own
	OCIRUN_CMD=("$OCIRUN" --root "$ROOT" --feed "$TEST_DIR/feed")
}

@test "events --all: filters go with the feed as with a log" {
	local until
	ended 'exit 3' a
	until=$(date --utc +%FT%TZ -d '+1 second')
	run -0 ocirun events --no-follow --type created,exited
	[ "$(types - <<<"$output")" = "created exited" ]
	run -0 ocirun events --no-follow --since 1h --until "$until" --type started
	[ "$(types - <<<"$output")" = started ]
	run -0 ocirun events --no-follow --until 1h
	[ "$output" = "" ]
	run -0 ocirun events --until "$until" --type exited # waits for it
	[ "$(types - <<<"$output")" = exited ]
	run -1 --separate-stderr ocirun events --first --no-follow --type paused
	[[ $stderr = *"no event matches"* ]]
	run -0 ocirun events --first --format pretty --type exited
	[[ $output = *exited*3* ]]
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

@test "events --all: a line that a killed writer owes the feed comes, while we follow" {
	require kernel:6.15
	local monitor
	bundle_script 'sleep 60'
	ocirun run --detach web
	background e events --all
	wait_until seen e web 'created started'
	monitor=$(monitor_of web)
	kill -STOP "$monitor"
	# A writer that was killed: its line is in the log, the feed could not be written to.
	mv "$ROOT/.feed" "$ROOT/.feed.away"
	touch "$ROOT/.feed"
	ocirun kill web KILL 2>/dev/null || true
	kill -9 "$monitor"
	rm "$ROOT/.feed"
	mv "$ROOT/.feed.away" "$ROOT/.feed"
	wait_until seen e web 'created started signaled exited'
	interrupted
}

@test "events --all: with the feed's disk full, an end comes out of the log, and once" {
	FEED_OF_TEST=$TEST_DIR/feed
	mkdir -m 0700 "$FEED_OF_TEST"
	mount -t tmpfs -o size=64k,mode=0700 none "$FEED_OF_TEST"
	OCIRUN_CMD+=(--feed "$FEED_OF_TEST")
	started 'sleep 60'
	background e events --all
	wait_until seen e web 'created started'
	truncate -s 4096 "$FEED_OF_TEST/fill"
	cat /dev/zero >"$FEED_OF_TEST/fill" 2>/dev/null || true
	for _ in {1..20}; do ocirun kill web CONT 2>/dev/null; done # the last page of the file has room
	ocirun kill web KILL 2>/dev/null
	wait_until grep -q '"type":"exited"' "$TEST_DIR/e.out"
	grep -q "does not have the end of web" "$TEST_DIR/e.err"
	rm "$FEED_OF_TEST/fill"
	ocirun delete web
	wait_until grep -q '"type":"deleted"' "$TEST_DIR/e.out"
	wait_until all_printed e
	interrupted
	feed_has_all "$FEED_OF_TEST"
	umount "$FEED_OF_TEST"
	FEED_OF_TEST=none
}

# descriptors PID
descriptors() { find "/proc/$1/fd" -type l | wc -l; }

@test "events --all: forty live containers cost two descriptors each, until they end" {
	local id follower few
	bundle_script 'sleep 60'
	background e events --all
	follower=$BACKGROUND_PID
	for id in $(seq -f c%g 40); do ocirun run --detach "$id"; done
	wait_until seen e c40 'created started'
	wait_until holds "$follower" 80
	few=$(descriptors "$follower")
	[ "$few" -le $((2 * 40 + 16)) ] || fail "$few descriptors"
	for id in $(seq -f c%g 40); do ocirun delete --force "$id"; done
	wait_until seen e c40 'created started exited deleted'
	few=$(descriptors "$follower")
	[ "$few" -le 16 ] || fail "$few descriptors"
}
holds() { [ "$(descriptors "$1")" -ge "$2" ]; }

@test "events --all: a cursor or a container contradicts it" {
	bundle
	run -1 --separate-stderr ocirun events --all web
	[[ $stderr = *"--all goes without a container"* ]]
	run -1 --separate-stderr ocirun events --after 3
	[[ $stderr = *--after* ]]
}
