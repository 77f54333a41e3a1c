#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun events: replay, follow, filters, ends (doc/events.md).

load ../lib/container
load helpers

@test "events: replays from the first event, follows, and ends after deleted" {
	created 'exit 3'
	background e events web
	wait_until has_printed e created
	ocirun start web
	wait_until has_printed e "created started exited"
	ocirun delete web
	background_returns 0
	has_printed e "created started exited deleted"
	cmp "$TEST_DIR/e.out" "$(log_path web)"
	[ ! -s "$TEST_DIR/e.err" ]
}

@test "events: an unknown container is an error at once" {
	bundle
	run -1 --separate-stderr ocirun events web
	[ "$stderr" = 'ocirun: events: container does not exist: "web"' ]
	run -1 --separate-stderr ocirun events ../web
	[[ $stderr = *"invalid container ID format"* ]]
}

@test "events: the log outlives delete" {
	ended 'exit 3'
	ocirun delete web
	[ ! -e "$ROOT/web" ]
	run -0 ocirun events web
	[ "$(types - <<<"$output")" = "created started exited deleted" ]
}

@test "events: --no-follow prints what there is" {
	created 'exit 3'
	run -0 ocirun events --no-follow web
	[ "$(types - <<<"$output")" = created ]
}

@test "events: --new prints only what is to come" {
	created 'exit 3'
	background e events --new web
	wait_until attached "$BACKGROUND_PID"
	ocirun start web
	ocirun wait web || true
	ocirun delete web
	background_returns 0
	has_printed e "started exited deleted"
}

@test "events: --after is an exact cursor" {
	ended 'exit 3'
	ocirun delete web
	run -0 ocirun events --after 2 web
	[ "$(jq -c .seq <<<"$output" | paste -sd ' ')" = "3 4" ]
	run -0 ocirun events --after=4 web
	[ "$output" = "" ]
	run -1 --separate-stderr ocirun events --after x web
	[[ $stderr = *'"x" is no seq'* ]]
}

@test "events: --since and --until take times and durations" {
	local middle
	ended 'exit 3'
	ocirun delete web
	middle=$(events_of web | jq -r 'select(.type == "started") | .timestamp')
	run -0 ocirun events --since "$middle" web
	[ "$(types - <<<"$output")" = "started exited deleted" ]
	run -0 ocirun events --until "$middle" web
	[ "$(types - <<<"$output")" = "created started" ]
	run -0 ocirun events --since 1h --until 0s web
	[ "$(types - <<<"$output")" = "created started exited deleted" ]
	run -0 ocirun events --until 1h web
	[ "$output" = "" ]
	run -1 --separate-stderr ocirun events --since yesterday web
	[[ $stderr = *yesterday* ]]
}

@test "events: --until a time to come follows until then" {
	created 'exit 3'
	run -0 ocirun events --until "$(date -u -d '1 second' +%Y-%m-%dT%H:%M:%SZ)" web
	[ "$(types - <<<"$output")" = created ]
}

@test "events: --type selects, and refuses a type that does not exist" {
	ended 'exit 3'
	ocirun delete web
	run -0 ocirun events --type exited,created web
	[ "$(types - <<<"$output")" = "created exited" ]
	run -0 ocirun events --type deleted --type started web
	[ "$(types - <<<"$output")" = "started deleted" ]
	run -1 --separate-stderr ocirun events --type exitd web
	[[ $stderr = *'unknown type "exitd"'* ]]
}

@test "events: --first ends with the first match, and fails when there is none" {
	created 'exit 3'
	background e events --first --type exited web
	wait_until attached "$BACKGROUND_PID"
	ocirun start web
	background_returns 0
	has_printed e exited
	ocirun delete web
	run -1 --separate-stderr ocirun events --first --type oom web
	[[ $stderr = *"no event matches"* ]]
}

@test "events: --timeout ends with 124 after what there was" {
	created 'exit 3'
	run -124 ocirun events --timeout 50ms web
	[ "$(types - <<<"$output")" = created ]
}

@test "events: --instance finds an earlier container, with or without its ID" {
	local instance
	ended 'exit 1'
	instance=$(events_of web | jq -r .instance | head -n 1)
	ocirun delete web
	ended 'exit 2'
	[ "$(exit_code web)" = 2 ]
	run -0 ocirun events --instance "$instance" web
	[ "$(jq -r 'select(.type == "exited").exitCode' <<<"$output")" = 1 ]
	run -0 ocirun events --instance "$instance"
	[ "$(jq -r 'select(.type == "exited").exitCode' <<<"$output")" = 1 ]
	[ "$(types - <<<"$output")" = "created started exited deleted" ]
}

@test "events: a follower stays with its container when the ID is used again" {
	created 'exit 1'
	background e events web
	local follower=$BACKGROUND_PID
	wait_until has_printed e created
	kill -STOP "$follower"
	ocirun start web
	ocirun wait web || true
	ocirun delete web
	ended 'exit 2'
	kill -CONT "$follower"
	background_returns 0 "$follower"
	has_printed e "created started exited deleted"
	[ "$(jq 'select(.type == "exited").exitCode' "$TEST_DIR/e.out")" = 1 ]
}

@test "events: several containers are followed to the end of the last" {
	created 'exit 1' one
	created 'exit 2' two
	background e events one two
	wait_until attached "$BACKGROUND_PID"
	ocirun start two
	ocirun wait two || true
	ocirun delete two
	ocirun delete --force one
	background_returns 0
	[ "$(jq -r 'select(.id == "one").type' "$TEST_DIR/e.out" | paste -sd ' ')" = "created exited deleted" ]
	[ "$(jq -r 'select(.id == "two").type' "$TEST_DIR/e.out" | paste -sd ' ')" = "created started exited deleted" ]
}

@test "events: ends like any filter when its reader has had enough" {
	created 'exec sleep 60'
	run -0 timeout 10 bash -c '"$OCIRUN" --root "$ROOT" events web | head -n 1; exit "${PIPESTATUS[1]}"'
	[ "$(types - <<<"$output")" = created ]
}

@test "events: dies of SIGPIPE while nothing happens (doc/events.md)" {
	local fifo=$TEST_DIR/fifo status=0 pid
	created 'exec sleep 60'
	mkfifo "$fifo"
	"$OCIRUN" --root "$ROOT" events web >"$fifo" 2>/dev/null </dev/null 3>&- 4>&- &
	pid=$!
	head -n 1 <"$fifo" >"$TEST_DIR/head"
	wait_until has_ended "$pid"
	wait "$pid" || status=$?
	[ "$status" = 141 ] || fail "status $status"
	[ "$(types "$TEST_DIR/head")" = created ]
}

@test "events: --format pretty is for people, and the default only on a terminal" {
	ended 'exit 3'
	run -0 ocirun events --no-follow --format pretty web
	[[ ${lines[0]} =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}\ [0-9:]{8}\.[0-9]{3}\ \ web\ \ created\  ]]
	[[ ${lines[2]} =~ \ web\ \ exited\ {8}exit\ 3,\ ran\ [0-9.]+m?s ]]
	[[ $output != *$'\e'* && $output != *null* ]]
	run -0 ocirun events --no-follow --format json web
	jq -e . <<<"$output" >/dev/null
	run -1 --separate-stderr ocirun events --format yaml web
	[[ $stderr = *yaml* ]]
}

@test "events: damage is reported, skipped, and a gap is a failure" {
	logs_are_damaged
	ended 'exit 3'
	ocirun delete web
	printf '\0\0\0torn\n' >>"$(log_path web)"
	run -0 --separate-stderr ocirun events --no-follow web
	[ "$(types - <<<"$output")" = "created started exited deleted" ]
	[[ $stderr = *"event log of web is damaged: 8 bytes"* ]]
	sed -i 2d "$(log_path web)"
	run -1 --separate-stderr ocirun events web
	[ "$(types - <<<"$output")" = "created exited deleted" ]
	[[ $stderr = *"events are missing"* ]]
	run -3 ocirun wait web
}

@test "events: a log that is a link or a FIFO is not opened" {
	bundle
	mkdir -p "$ROOT/.events"
	ln -s /etc/passwd "$(log_path link)"
	mkfifo "$(log_path fifo)"
	run -1 --separate-stderr ocirun events link
	run -1 --separate-stderr ocirun events fifo
	rm "$(log_path fifo)" "$(log_path link)"
}
