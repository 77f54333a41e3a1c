#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun events --cursor-file: a consumer that is started again goes on where it stopped.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # run sets stderr; FEED_OF_TEST is for the end of a test

load ../lib/container
load helpers

setup() {
	require root
	container_setup
	CURSOR=$TEST_DIR/cursor
}

# lines [FILE...] - "instance seq" of each line, sorted; without files: of all that the logs have
lines() {
	[ $# -gt 0 ] || set -- "$ROOT"/.events/*.ndjson
	jq -r '"\(.instance) \(.seq)"' "$@" | sort
}

# complete OUTPUT - has the consumer printed all there is?
complete() {
	local missing
	missing=$(comm -23 <(lines) <(lines "$1" | uniq))
	[ -z "$missing" ] || fail "not printed: $missing"
}

# busy COUNT - containers b1, b2, ... one after the other, two at a time
busy() {
	# shellcheck disable=SC2016 # for the inner shell
	seq "$1" | xargs -P 2 -I @ sh -c '"$OCIRUN" --root "$ROOT" $FLAGS run b@ </dev/null >>"$TEST_DIR/run" 2>&1 3>&- 4>&-' || true
}

# killed_while_busy KILLS ARG... - a consumer that is killed at moments of no sort, while containers run
killed_while_busy() {
	local kills=$1 consumer pid
	shift
	: >"$TEST_DIR/printed"
	busy 30 3>&- 4>&- &
	pid=$!
	echo "$pid" >>"$TEST_DIR/background"
	for _ in $(seq "$kills"); do
		"${OCIRUN_CMD[@]}" events --cursor-file "$CURSOR" "$@" >>"$TEST_DIR/printed" 2>>"$TEST_DIR/consumer.err" </dev/null 3>&- 4>&- &
		consumer=$!
		sleep "0.0$((RANDOM % 9 + 1))"
		kill -9 "$consumer"
		wait "$consumer" 2>/dev/null || true
	done
	wait "$pid"
	"${OCIRUN_CMD[@]}" events --no-follow --cursor-file "$CURSOR" "$@" >>"$TEST_DIR/printed"
	[ ! -s "$TEST_DIR/consumer.err" ] || fail "$(cat "$TEST_DIR/consumer.err")"
	[ "$(lines "$TEST_DIR/printed" | uniq -d | wc -l)" -le "$kills" ]
	[ "$(($(wc -l <"$TEST_DIR/printed") - $(lines "$TEST_DIR/printed" | uniq | wc -l)))" -le "$kills" ]
}

@test "cursor: a consumer of all that is killed thirty times misses nothing, and repeats a line per kill at most" {
	bundle_script 'exit 3'
	export FLAGS=
	killed_while_busy 30 --all
	complete "$TEST_DIR/printed"
	[ "$(lines "$TEST_DIR/printed" | uniq | wc -l)" = 120 ]
}

@test "cursor: the same while the feed is put aside every few lines" {
	bundle_script 'exit 3'
	export FLAGS="--feed-size 8k --feed-count 50"
	killed_while_busy 30
	complete "$TEST_DIR/printed"
	[ -e "$ROOT/.feed/events.ndjson.3" ]
}

@test "cursor: a consumer of some containers, killed" {
	local ids=(a b c) id
	bundle_script 'sleep 60'
	for id in "${ids[@]}"; do ocirun run --detach "$id"; done
	: >"$TEST_DIR/printed"
	for _ in {1..20}; do
		"${OCIRUN_CMD[@]}" events --cursor-file "$CURSOR" c a b >>"$TEST_DIR/printed" </dev/null 3>&- 4>&- &
		id=${ids[RANDOM % 3]}
		ocirun kill "$id" CONT
		ocirun kill "$id" CONT
		kill -9 $!
		wait $! 2>/dev/null || true
	done
	for id in "${ids[@]}"; do ocirun delete --force "$id"; done
	"${OCIRUN_CMD[@]}" events --cursor-file "$CURSOR" "${ids[@]}" >>"$TEST_DIR/printed"
	complete "$TEST_DIR/printed"
	[ "$(lines "$TEST_DIR/printed" | uniq -d | wc -l)" -le 20 ]
}

# failures COUNT - logs of c1, c2, ..., of creates that failed
failures() {
	local i now
	now=$(date --utc +%FT%T.%NZ)
	mkdir -m 0700 "$ROOT" "$ROOT/.events"
	for i in $(seq "$1"); do
		printf '{"v":1,"type":"%s","id":"c%d","instance":"%032d","seq":%d,"timestamp":"%s"%s}\n' \
			failed "$i" "$i" 1 "$now" ',"phase":"create","error":"no"' deleted "$i" "$i" 2 "$now" '' >"$ROOT/.events/c$i.ndjson"
	done
}

# blocked PID - does it wait for somebody to read its output?
blocked() { grep -qs pipe_write "/proc/$1/wchan"; }

# killed_while_printing ARG... - a consumer whose output nobody takes is killed with a line half way out
killed_while_printing() {
	local consumer kills=0
	mkfifo "$TEST_DIR/fifo"
	exec 9<>"$TEST_DIR/fifo"
	while :; do
		"${OCIRUN_CMD[@]}" events --no-follow --cursor-file "$CURSOR" "$@" >&9 2>>"$TEST_DIR/consumer.err" </dev/null 3>&- 4>&- 9>&- &
		consumer=$!
		wait_until blocked_or_ended "$consumer"
		blocked "$consumer" || break
		kill -9 "$consumer"
		wait "$consumer" 2>/dev/null || true
		kills=$((kills + 1))
		drain
	done
	drain
	exec 9>&-
	[ "$kills" -ge 2 ]
	complete "$TEST_DIR/printed"
	[ "$(uniq -d <(lines "$TEST_DIR/printed") | wc -l)" = 0 ] # the line was not out
	[ ! -s "$TEST_DIR/consumer.err" ] || fail "$(cat "$TEST_DIR/consumer.err")"
}
blocked_or_ended() { blocked "$1" || has_ended "$1"; }
drain() { dd if="$TEST_DIR/fifo" bs=64k iflag=nonblock status=none >>"$TEST_DIR/printed" 2>/dev/null || true; }

@test "cursor: of a consumer that is killed while it prints, the line comes again, and only that" {
	failures 600
	killed_while_printing --all
}

@test "cursor: the same of several containers" {
	local ids
	failures 600
	mapfile -t ids < <(seq -f c%g 600)
	killed_while_printing "${ids[@]}"
}

@test "cursor: --no-follow prints what is new since the last time" {
	bundle_script 'exit 3'
	ocirun create web
	run -0 --separate-stderr ocirun events --no-follow --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = created ]
	run -0 --separate-stderr ocirun events --no-follow --cursor-file "$CURSOR" web
	[ "$output$stderr" = "" ]
	ocirun start web
	run -3 ocirun wait web
	run -0 ocirun events --no-follow --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = "started exited" ]
	ocirun delete web
	run -0 ocirun events --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = deleted ]
	run -0 ocirun events --cursor-file "$CURSOR" web
	[ "$output" = "" ]
	run -0 ocirun events --no-follow --all --cursor-file "$CURSOR.all"
	[ "$(types - <<<"$output")" = "created started exited deleted" ]
	run -0 ocirun events --no-follow --all --cursor-file "$CURSOR.all"
	[ "$output" = "" ]
	[ "$(stat -c '%a %s' "$CURSOR")" = "600 1536" ]
}

@test "cursor: --first steps through the lines that match" {
	ended 'exit 3'
	ocirun delete web
	local seen=""
	for _ in 1 2; do
		run -0 ocirun events --first --type created,deleted --cursor-file "$CURSOR" web
		seen+=" $(types - <<<"$output")"
	done
	[ "$seen" = " created deleted" ]
	run -1 --separate-stderr ocirun events --first --type created,deleted --cursor-file "$CURSOR" web
	[[ $stderr = *"no event matches"* ]]
}

@test "cursor: lines that were not printed are not looked at again" {
	ended 'exit 3'
	run -0 ocirun events --no-follow --type paused --cursor-file "$CURSOR" web
	run -0 ocirun events --no-follow --cursor-file "$CURSOR" web
	[ "$output" = "" ]
	run -124 ocirun events --all --new --timeout 50ms --cursor-file "$CURSOR.all"
	ocirun delete web
	run -0 ocirun events --all --no-follow --cursor-file "$CURSOR.all"
	[ "$(types - <<<"$output")" = deleted ]
}

@test "cursor: with --new it begins now, the first time" {
	started 'sleep 60'
	background e events --new --cursor-file "$CURSOR" web
	wait_until attached "$BACKGROUND_PID"
	wait_until grep -q '[0-9a-f]:2 ' "$CURSOR"
	kill -9 "$BACKGROUND_PID"
	wait_until has_ended "$BACKGROUND_PID"
	ocirun kill web CONT
	ocirun kill web KILL
	run -137 ocirun wait web
	ocirun delete web
	run -0 ocirun events --new --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = "signaled signaled exited deleted" ]
	[ ! -s "$TEST_DIR/e.out" ]
}

@test "cursor: it stays with the container that it began with, then takes the next of the ID" {
	created 'exit 3'
	run -0 ocirun events --no-follow --cursor-file "$CURSOR" web
	ocirun start web
	run -3 ocirun wait web
	ocirun delete web
	ended 'exit 4'
	run -0 ocirun events --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = "started exited deleted" ]
	run -0 ocirun events --no-follow --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = "created started exited" ]
	[ "$(jq 'select(.type == "exited").exitCode' <<<"$output")" = 4 ]
}

@test "cursor: a log that was removed before it was read is missed aloud" {
	created 'exit 3'
	run -0 ocirun events --no-follow --cursor-file "$CURSOR" web
	ocirun delete --force web
	ended 'exit 4'
	rm "$ROOT"/.events/web@*.ndjson
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = "created started exited" ]
	[[ $stderr = *"removed before it was read"* ]]
}

@test "cursor: files of the feed that were removed unread are missed aloud" {
	FEED_OF_TEST=none
	bundle_script 'exit 3'
	export FLAGS="--feed-size 8k --feed-count 1"
	busy 1
	run -0 ocirun events --all --no-follow --cursor-file "$CURSOR"
	busy 30
	run -1 --separate-stderr ocirun events --all --no-follow --cursor-file "$CURSOR"
	diff <(printf '%s\n' "$output") <(cat "$ROOT"/.feed/events.ndjson.1 "$ROOT/.feed/events.ndjson")
	[[ $stderr = *"files were removed before they were read"*"events are missing"* ]]
	run -0 --separate-stderr ocirun events --all --no-follow --cursor-file "$CURSOR"
	[ "$output$stderr" = "" ]
}

@test "cursor: of two consumers with one file the second is refused" {
	started 'sleep 60'
	background e events --cursor-file "$CURSOR" web
	wait_until test -s "$TEST_DIR/e.out"
	run -1 --separate-stderr ocirun events --cursor-file "$CURSOR" web
	[[ $stderr = *"--cursor-file: $CURSOR is used by another process"* ]]
	[ "$output" = "" ]
}

@test "cursor: a file of other containers, another feed or another kind is refused, and left as it is" {
	bundle_script 'exit 3'
	ocirun create a
	ocirun create b
	ocirun events --no-follow --cursor-file "$CURSOR" a >/dev/null
	cp "$CURSOR" "$TEST_DIR/before"
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$CURSOR" b
	[[ $stderr = *"$CURSOR keeps the places of other containers"* ]]
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$CURSOR" a b
	[[ $stderr = *"of other containers"* ]]
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$CURSOR"
	[[ $stderr = *"$CURSOR keeps places in logs $ROOT/.events: use another file"* ]]
	cmp "$CURSOR" "$TEST_DIR/before"
	echo "dear diary" >"$TEST_DIR/diary"
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$TEST_DIR/diary" a
	[[ $stderr = *"$TEST_DIR/diary is no cursor file"* ]]
	[ "$(cat "$TEST_DIR/diary")" = "dear diary" ]
	ln -s "$CURSOR" "$TEST_DIR/link"
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$TEST_DIR/link" a
	[[ $stderr = *"is a symbolic link"* ]]
	run -1 --separate-stderr ocirun events --no-follow --cursor-file /dev/null a
	[[ $stderr = *"is no regular file"* ]]
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$TEST_DIR/none/cursor" a
	[[ $stderr = *"$TEST_DIR/none/cursor: No such file or directory"* ]]
}

# overwrite OFFSET BYTE - one byte of the cursor file
overwrite() { printf '%b' "$2" | dd of="$CURSOR" bs=1 seek="$1" conv=notrunc status=none; }

@test "cursor: one damaged sector costs a line, two are named, and so is an empty disk block" {
	ended 'exit 3'
	ocirun events --no-follow --cursor-file "$CURSOR" web >/dev/null # places 1, 2, 3: the last is in the second sector
	overwrite $((1024 + 40)) x
	run -0 ocirun events --no-follow --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = exited ]
	overwrite $((512 + 40)) x
	overwrite $((1024 + 40)) x
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$CURSOR" web
	[[ $stderr = *"$CURSOR is damaged, and the place lost: remove it to begin anew"* ]]
	truncate -s 0 "$CURSOR"
	truncate -s 1536 "$CURSOR"
	run -1 --separate-stderr ocirun events --no-follow --cursor-file "$CURSOR" web
	[[ $stderr = *"is damaged"* ]]
	truncate -s 0 "$CURSOR"
	run -0 ocirun events --no-follow --cursor-file "$CURSOR" web
	[ "$(types - <<<"$output")" = "created started exited" ]
}

@test "cursor: what contradicts it" {
	created 'exit 3'
	run -1 --separate-stderr ocirun events --after 1 --cursor-file "$CURSOR" web
	[[ $stderr = *"--after and --cursor-file"* ]]
	run -1 --separate-stderr ocirun events --cursor-file "$CURSOR" web web
	[[ $stderr = *"web is named twice"* ]]
	run -1 --separate-stderr ocirun events --verify --cursor-file "$CURSOR" web
	[[ $stderr = *"--verify"* ]]
	run -1 --separate-stderr ocirun events --stats --cursor-file "$CURSOR" web
	[[ $stderr = *"--cursor-file does not go with --stats"* ]]
	run -1 --separate-stderr ocirun --feed none events --cursor-file "$CURSOR"
	[[ $stderr = *"--cursor-file"*"--feed none"* ]]
	[ ! -e "$CURSOR" ]
}
