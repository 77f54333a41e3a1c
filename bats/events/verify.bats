#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun events --verify: logs against doc/events.md. Each way to break one is found and named.
# shellcheck disable=SC2154 # stderr is set by run

load ../lib/container
load helpers

setup() {
	container_setup
	logs_are_damaged # by hand
	mkdir -p "$ROOT/.events"
}

INSTANCE=0123456789abcdef0123456789abcdef

# line TYPE SEQ [MEMBERS] - one line of the log of "web"
line() {
	printf '{"v":1,"type":"%s","id":"web","instance":"%s","seq":%s,"timestamp":"%s"%s}\n' \
		"$1" "$INSTANCE" "$2" "${TIME:-2026-01-02T03:04:05.123456789Z}" "${3:+,$3}"
}
CREATED='"pid":4711,"pidStartTime":1,"bundle":"/b","bootId":"7df1bce5-a0d7-4a8a-a9e3-fc3041ab4ff5","status":"created"'
STARTED='"pid":4711,"status":"running"'
END='"pid":4711,"exitCode":%s,"signal":%s,"signalName":null,"coreDumped":false,"oomKilled":false,"reason":"%s","startedAt":%s,"source":"none","status":"stopped"'
EXEC_END='"execId":"%s","pid":%s,"exitCode":0,"signal":null,"signalName":null,"coreDumped":false,"reason":"exited","source":"pidfd"'

# exited SEQ [CODE [SIGNAL [REASON [STARTED_AT]]]]
# shellcheck disable=SC2059 # the format is ours
exited() {
	line exited "$1" "$(printf "$END" "${2:-0}" "${3:-null}" "${4:-exited}" "${5:-"\"2026-01-02T03:04:05.123456789Z\""}")"
}

# exec_started SEQ ID PID, exec_exited SEQ ID PID
exec_started() { line exec-started "$1" "$(printf '"execId":"%s","pid":%s,"pidStartTime":1,"args0":"sh"' "$2" "$3")"; }
# shellcheck disable=SC2059 # the format is ours
exec_exited() { line exec-exited "$1" "$(printf "$EXEC_END" "$2" "$3")"; }

paused() { line paused "$1" '"status":"paused"'; }
resumed() { line resumed "$1" '"status":"running"'; }
oom() { line oom "$1" "\"oomKill\":$2,\"oomKillTotal\":$3"; }

whole() {
	line created 1 "$CREATED"
	line started 2 "$STARTED"
	exited 3
	line deleted 4
}

# finds TEXT - with the log on stdin, exactly one problem is printed, and it says this
finds() {
	cat >"$(log_path web)"
	run -1 --separate-stderr ocirun events --verify web
	[[ $output = "web $INSTANCE: "*"$1"* ]] || fail "expected: $1"$'\n'"seen: $output"
	[ "${#lines[@]}" = 1 ] || fail "more than one problem: $output"
	[ "$stderr" = "" ]
}

@test "verify: whole logs pass, by name and all of them" {
	whole >"$(log_path web)"
	ended 'exit 3' real
	run -0 --separate-stderr ocirun events --verify
	[ "$output$stderr" = "" ]
	run -0 ocirun events --verify web real
	[ "$output" = "" ]
	run -0 ocirun events --verify --instance "$INSTANCE"
	[ "$output" = "" ]
}

@test "verify: all logs are looked at" {
	whole >"$(log_path web)"
	whole | sed 's/"id":"web"/"id":"db"/; s/0123456789abcdef"/0000000000000000"/; 3d' >"$(log_path db)"
	run -1 ocirun events --verify
	[[ $output = "db "*"events are missing"* && $output != *web* ]]
}

@test "verify: an unknown container is an error" {
	run -1 --separate-stderr ocirun events --verify web
	[ "$output" = "" ]
	[[ $stderr = *'container does not exist: "web"' ]]
}

@test "verify: seq" {
	whole | sed 2d | finds "events are missing: seq 3 follows 1"
	whole | sed 1d | finds "events are missing: seq 2 follows 0"
	whole | sed 1,2d | finds "events are missing: seq 3 follows 0"
	whole | sed 2p | finds "seq 2 again"
}

@test "verify: the order of types" {
	{ line started 1 "$STARTED"; } | finds "seq 1: started: there is no created"
	{ whole | head -2; line started 3 "$STARTED"; } | finds "seq 3: started: it is there twice"
	{ whole | head -3; exited 4; } | finds "seq 4: exited: it is there twice"
	{ whole | head -3; oom 4 1 1; } | finds "seq 4: oom: it comes after exited"
	{ whole | head -2; line deleted 3; } | finds "seq 3: deleted: there is no exited"
	{ whole; line deleted 5; } | finds "seq 5: deleted: it comes after deleted"
	{ whole | head -1; line created 2 "$CREATED"; } | finds "seq 2: created: it is not the first"
	{ whole | head -3; line updated 4 '"resources":{"pids.limit":5}'; } | finds "seq 4: updated: it comes after exited"
	{ whole; exec_started 5 a 5; } | finds "seq 5: exec-started: it comes after deleted"
	{ whole; line failed 5 '"phase":"start","error":"e"'; } | finds "seq 5: failed: it comes after deleted"
	{ line failed 1 '"phase":"create","error":"e"'; line signaled 2 '"signal":9,"signalName":"SIGKILL","all":false'; } |
		finds "seq 2: signaled: there is no created"
}

@test "verify: what may be in any order passes" {
	{ whole | head -2; exec_started 3 a 5; paused 4; resumed 5; paused 6; oom 7 2 2; oom 8 1 3; exec_started 9 b 6
		exec_exited 10 b 6; exited 11 137 9 signaled | sed 's/"oomKilled":false/"oomKilled":true/'
		exec_exited 12 a 5; line signaled 13 '"signal":9,"signalName":"SIGKILL","all":false'; line deleted 14; } >"$(log_path web)"
	run -0 ocirun events --verify web
	[ "$output" = "" ]
	{ whole | head -1; exited 2 0 null never-started null; line deleted 3; } >"$(log_path web)"
	run -0 ocirun events --verify web
	{ line failed 1 '"phase":"create","error":"e"'; line deleted 2; } >"$(log_path web)"
	run -0 ocirun events --verify web
}

@test "verify: exec-started and exec-exited belong together, each once" {
	{ whole | head -2; exec_exited 3 a 5; } | finds "seq 3: exec-exited: there is no exec-started with its execId"
	{ whole | head -2; exec_started 3 a 5; exec_exited 4 b 5; } | finds "seq 4: exec-exited: there is no exec-started"
	{ whole | head -2; exec_started 3 a 5; exec_exited 4 a 6; } | finds "seq 4: exec-exited: pid 6, in exec-started 5"
	{ whole | head -2; exec_started 3 a 5; exec_exited 4 a 5; exec_exited 5 a 5; } | finds "seq 5: exec-exited: it is there twice"
	{ whole | head -2; exec_started 3 a 5; exec_started 4 a 6; } | finds "seq 4: exec-started: its execId is there twice"
}

@test "verify: paused and resumed alternate, while the program runs" {
	{ whole | head -2; paused 3; paused 4; } | finds "seq 4: paused: it is paused already"
	{ whole | head -2; resumed 3; } | finds "seq 3: resumed: it is not paused"
	{ whole | head -2; paused 3; resumed 4; resumed 5; } | finds "seq 5: resumed: it is not paused"
	{ whole | head -1; paused 2; } | finds "seq 2: paused: there is no started"
	{ whole | head -3; paused 4; } | finds "seq 4: paused: it comes after exited"
}

@test "verify: the counts of oom add up, and exited knows of them" {
	{ whole | head -2; oom 3 1 2; } | finds "seq 3: oom: oomKillTotal 2 with oomKill 1 after 0"
	{ whole | head -2; oom 3 1 1; oom 4 1 1; } | finds "seq 4: oom: oomKillTotal 1 with oomKill 1 after 1"
	{ whole | head -2; oom 3 0 0; } | finds "seq 3: oom: oomKillTotal 0 with oomKill 0 after 0"
	{ whole | head -2; oom 3 1 1; exited 4; } | finds "seq 4: exited: oomKilled is false, and there is an oom"
}

@test "verify: exited agrees with started and created" {
	{ whole | head -2; exited 3 0 null exited null; } | finds 'seq 3: exited: startedAt "", but started at 2026-01-02T03:04:05.123456789Z'
	{ whole | head -2; exited 3 0 null exited '"2026-01-02T03:04:05.000000000Z"'; } | finds 'seq 3: exited: startedAt "2026-01-02T03:04:05.000000000Z", but started at'
	{ whole | head -1; exited 2 0 null exited null; } | finds 'seq 2: exited: the reason "exited" without started'
	{ whole | head -1; exited 2 0 null never-started; } | finds 'seq 2: exited: startedAt "2026-01-02T03:04:05.123456789Z", but started is not there'
	{ whole | head -2; exited 3 0 null never-started; } | finds 'seq 3: exited: the reason "never-started" after started'
	{ whole | head -2; exited 3 127 null exec-failed; } | finds 'seq 3: exited: the reason "exec-failed" after started'
	{ whole | head -2; exited 3 | sed 's/"pid":4711/"pid":4712/'; } | finds 'seq 3: exited: pid 4712, in created 4711'
	whole | sed '2s/"pid":4711/"pid":4712/' | finds 'seq 2: started: pid 4712, in created 4711'
}

@test "verify: members and their values" {
	whole | sed 's/"pid":4711,"status":"running"/"status":"running"/' | finds '"pid" is not there'
	whole | sed 's/"running"/"well"/' | finds '"status" is "well"'
	whole | sed '1s/4711/"4711"/' | finds '"pid" is of another type'
	whole | sed '1s/4711/0/' | finds '"pid" is 0'
	whole | sed 's/"running"/"running","status":"running"/' | finds '"status" is there twice'
	line failed 1 '"phase":"create","error":"e","hook":{"name":"prestart","index":0,"path":"/h","exitCode":300,"timedOut":false,"output":""}' |
		finds '"hook.exitCode" is 300'
	{ whole | head -2; line oom 3 '"oomKill":1,"oomKillTotal":1,"level":"far"'; } | finds '"level" is "far"'
	{ whole | head -2; exited 3 | sed 's/"source"/"usage":{"cpuUsec":"much"},"source"/'; } | finds '"usage.cpuUsec" is of another type'
	{ whole | head -1; line invented 2; } | finds 'the type "invented" is unknown'
	TIME=2026-02-30T03:04:05.123456789Z line failed 1 '"phase":"create","error":"e"' |
		finds "there is no such time: 2026-02-30"
}

@test "verify: code, signal and reason agree" {
	{ whole | head -2; exited 3 null; } | finds 'exitCode -1 with the reason "exited"'
	{ whole | head -2; exited 3 0 null unobserved; } | finds 'exitCode 0 with the reason "unobserved"'
	{ whole | head -2; exited 3 9 9 signaled; } | finds 'exitCode 9 with signal 9'
	{ whole | head -2; exited 3 137 9 exited; } | finds 'signal 9 with the reason "exited"'
	{ whole | head -2; exited 3 137 null signaled; } | finds 'signal 0 with the reason "signaled"'
	{ whole | head -2; exited 3 0 null bored; } | finds '"reason" is "bored"'
	{ whole | head -2; exited 3 | sed 's/"none"/"rumour"/'; } | finds '"source" is "rumour"'
}

@test "verify: the order of the fixed members, length, and bytes that are no line" {
	whole | sed '2s/"v":1,"type":"started"/"type":"started","v":1/; 3,$d' | finds "are no event"
	{ whole | head -1; line failed 2 "\"phase\":\"x\",\"error\":\"$(printf '%4100s' x)\""; } | finds "are no event"
	{ whole; printf '\0\0\0\n'; } | finds "4 bytes at offset"
	{ whole; printf '{"v":1'; } | finds "the last line, 6 bytes, has no end"
	{ whole; whole | sed 's/0123456789abcdef"/0000000000000000"/' | head -1; } | finds "another container's event"
}

@test "verify: goes with nothing that chooses among events" {
	run -1 --separate-stderr ocirun events --verify --type exited
	[[ $stderr = *--verify* ]]
	run -1 --separate-stderr ocirun events --verify --stats web
	[[ $stderr = *"--verify does not go with --stats" ]]
}
