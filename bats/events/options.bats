#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun events: options together, values at their edges, and wrong ones. One by one: events.bats.
# shellcheck disable=SC2154,SC2016 # stderr is set by run; single quotes hold words of a shell

load ../lib/container
load helpers

# written LINE... - the log of "web" by hand: "TYPE TIMESTAMP" each, seq from 1
written() {
	local seq=0 line type members
	mkdir -p "$ROOT/.events"
	for line; do
		type=${line% *} seq=$((seq + 1))
		case $type in
		created) members=',"pid":4711,"pidStartTime":1,"bundle":"/b","bootId":"7df1bce5-a0d7-4a8a-a9e3-fc3041ab4ff5","status":"created"' ;;
		started) members=',"pid":4711,"status":"running"' ;;
		signaled) members=',"signal":10,"signalName":"SIGUSR1","all":false' ;;
		exited) members=',"pid":4711,"exitCode":0,"signal":null,"signalName":null,"coreDumped":false,"oomKilled":false,"reason":"exited","startedAt":null,"source":"none","status":"stopped"' ;;
		*) members= ;;
		esac
		printf '{"v":1,"type":"%s","id":"web","instance":"%032d","seq":%d,"timestamp":"%s"%s}\n' \
			"$type" 1 "$seq" "${line#* }" "$members"
	done >"$(log_path web)"
	logs_are_damaged # by hand: startedAt is not what started says
}

# a_day - a container that was created, started, signalled, ended and deleted on the second of January
a_day() {
	written "created 2026-01-02T03:00:00.000000000Z" "started 2026-01-02T03:10:00.000000000Z" \
		"signaled 2026-01-02T03:20:00.000000001Z" "exited 2026-01-02T03:30:00.000000000Z" \
		"deleted 2026-01-02T03:40:00.000000000Z"
}

# prints SEQS OPTION... - events with these options, at once, those with these numbers
prints() {
	local expected=$1
	shift
	run -0 --separate-stderr ocirun events "$@" web
	[ "$(jq .seq <<<"$output" | paste -sd ' ')" = "$expected" ] || fail "$*: expected $expected, seen: $output"
	[ "$stderr" = "" ]
}

# refused TEXT OPTION... - nothing is printed, and the error says this
refused() {
	local text=$1
	shift
	run -1 --separate-stderr ocirun events "$@"
	[ "$output" = "" ]
	[[ $stderr = "ocirun: events: "*"$text"* ]] || fail "$*: $stderr"
}

@test "options: times with any offset and with fractions" {
	a_day
	prints "2 3 4 5" --since 2026-01-02T03:10:00Z
	prints "3 4 5" --since 2026-01-02T03:10:00.000000001Z
	prints "2 3 4 5" --since 2026-01-02T08:40:00+05:30
	prints "2 3 4 5" --since 2026-01-01T22:10:00.000-05:00
	prints "1 2" --until 2026-01-02T03:20:00Z
	prints "1 2 3" --until 2026-01-02T03:20:00.000000001Z
	prints "1 2 3" --until 2026-01-02T05:20:00.1+02:00
	prints "3" --since 2026-01-02T03:10:00.5Z --until 2026-01-02T03:29:59.999999999Z
	prints "" --since 2026-01-02T04:00:00Z --until 2026-01-02T03:00:00Z
}

@test "options: durations count back from now" {
	local -a ago
	mapfile -t ago < <(for m in 200 100 50 5; do date -u -d "-$m min" +%Y-%m-%dT%H:%M:%S.000000000Z; done)
	written "created ${ago[0]}" "started ${ago[1]}" "signaled ${ago[2]}" "exited ${ago[3]}" "deleted ${ago[3]}"
	prints "2 3 4 5" --since 3h
	prints "3 4 5" --since 1h30m
	prints "4 5" --since 10m
	prints "4 5" --since 600
	prints "" --since 1.5s
	prints "1" --until 2h
	prints "1 2 3" --until 1h0m --since 1d --until 30m
	prints "1 2 3" --until 600s
}

@test "options: filters together" {
	a_day
	prints "3 4" --after 2 --until 2026-01-02T03:30:00Z
	prints "4" --after 2 --type exited,started
	prints "2" --first --type started
	prints "4" --first --type started --type exited --after 2
	prints "5" --first --since 2026-01-02T03:35:00Z
	prints "" --after 5
	prints "" --after 18446744073709551615
	prints "1 2 3 4 5" --timeout 1h
	prints "1 2 3 4 5" --until 2100-01-01T00:00:00Z
	prints "1 2 3 4 5" --instance 00000000000000000000000000000001
	prints "4" --no-follow --type exited --timeout 1h --format json
	run -0 ocirun events --type exited --instance 00000000000000000000000000000001
	[ "$(jq .seq <<<"$output")" = 4 ]
	run -1 --separate-stderr ocirun events --first --after 5 web
	[[ $stderr = *"no event matches" ]]
	run -1 --separate-stderr ocirun events --first --no-follow --type oom web
	[[ $stderr = *"no event matches" ]]
}

@test "options: --since and --until of several containers, and of all" {
	local middle
	ended 'exit 1' one
	middle=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
	ended 'exit 2' two
	run -0 ocirun events --no-follow --since "$middle" one two
	[ "$(jq -r .id <<<"$output" | sort -u)" = two ]
	run -0 ocirun events --until "$middle" one two
	[ "$(jq -r .id <<<"$output" | sort -u)" = one ]
	run -0 ocirun events --all --until "$middle" --type exited
	[ "$(jq -r .id <<<"$output")" = one ]
	run -0 ocirun events --all --no-follow --since "$middle" --type exited
	[ "$(jq -r .id <<<"$output")" = two ]
}

@test "options: --until a time to come ends then, also with nothing to print" {
	local began=$EPOCHREALTIME
	created 'exec sleep 60'
	run -0 --separate-stderr ocirun events --new --until "$(date -u -d '+2 sec' +%Y-%m-%dT%H:%M:%SZ)" web
	[ "$output$stderr" = "" ]
	[ "${EPOCHREALTIME%.*}" -ge "$((${began%.*} + 1))" ]
	# --timeout is shorter, and a failure.
	run -124 ocirun events --until 2100-01-01T00:00:00Z --timeout 50ms web
	[ "$(types - <<<"$output")" = created ]
	# What happens until then is printed, and nothing after it.
	background e events --until "$(date -u -d '+3 sec' +%Y-%m-%dT%H:%M:%SZ)" web
	wait_until attached "$BACKGROUND_PID"
	ocirun start web
	background_returns 0
	ocirun kill web KILL
	has_printed e "created started"
}

@test "options: --first gives up after --timeout, with 124" {
	created 'exec sleep 60'
	run -124 --separate-stderr ocirun events --first --type exited --timeout 50ms web
	[ "$output$stderr" = "" ]
	run -0 ocirun events --first --timeout 50ms web
	[ "$(types - <<<"$output")" = created ]
	run -124 ocirun events --new --first --timeout 50ms web
	[ "$output" = "" ]
	run -124 ocirun events --timeout 0 web
	[ "$(types - <<<"$output")" = created ]
}

@test "options: --new with filters, and --first of what is new" {
	created 'exit 3'
	background a events --new --type created,exited web
	background b events --new --first web
	wait_until attached "$BACKGROUND_PID"
	ocirun start web
	background_returns 0
	has_printed b started
	ocirun wait web || true
	ocirun delete web
	wait_until has_printed a exited
}

@test "options: --instance is of the one container that is named" {
	a_day
	refused "no container with instance 00000000000000000000000000000002" --instance 00000000000000000000000000000002
	refused 'no container with instance 00000000000000000000000000000002' --instance 00000000000000000000000000000002 web
	refused '--instance "abc": 32 lower-case hex digits' --instance abc web
	refused '--instance "0000000000000000000000000000000A": 32' --instance 0000000000000000000000000000000A
	refused "--instance goes with one container" --instance 00000000000000000000000000000001 web db
}

@test "options: wrong values are refused by name, before anything is printed" {
	local value
	a_day
	for value in '' x -1 1.5 18446744073709551616 '1 '; do refused "--after: \"$value\" is no seq" --after="$value" web; done
	for value in '' yesterday 10x -5m 2026-01-02 2026-02-30T00:00:00Z 2026-01-02T03:04:05 1969-12-31T23:59:59Z; do
		refused "--since: \"$value\" is no time" --since="$value" web
		refused "--until: \"$value\" is no time" --until="$value" web
	done
	for value in '' soon -1s 1h- 5s5 99999999999999999999; do refused "--timeout: \"$value\" is no duration" --timeout="$value" web; done
	for value in '' yaml JSON Pretty; do refused "--format: \"$value\"" --format="$value" web; done
	for value in '' ',' a 'created,' ',created' 'created,,exited' Created 'created exited'; do
		refused "--type: unknown type" --type="$value" web
	done
	refused "--new and --no-follow" --new --no-follow web
	refused "--all goes without a container" --all web
	refused "--after goes with a container" --all --after 1
}

@test "options: of several containers one that is unknown fails before anything is printed" {
	a_day
	refused 'container does not exist: "db"' web db
	refused 'container does not exist: "db"' --first web db
}

@test "options: dies of SIGPIPE while it prints, whatever the form" {
	local status form
	written "created 2026-01-02T03:00:00.000000000Z"
	sed -n 1p "$(log_path web)" >"$TEST_DIR/head"
	{
		cat "$TEST_DIR/head"
		for i in {2..3000}; do
			printf '{"v":1,"type":"signaled","id":"web","instance":"%032d","seq":%d,"timestamp":"2026-01-02T03:00:00.000000000Z","signal":10,"signalName":"SIGUSR1","all":false}\n' 1 "$i"
		done
	} >"$(log_path web)"
	for form in json pretty; do
		run -0 timeout 20 bash -c '"$OCIRUN" --root "$ROOT" events --format "$1" web | head -n 2; exit "$((PIPESTATUS[0] - 141))"' bash "$form"
		[ "${#lines[@]}" = 2 ] || fail "$output"
	done
}
