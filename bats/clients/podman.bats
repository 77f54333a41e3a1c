#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman: from run to rm, the codes that everybody sees, and that nobody waits for ocirun's monitor.

load ../lib/container
load common
load podman

@test "podman: the drop-in makes ocirun its runtime" {
	run -0 podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
	[ "$output" = "ocirun /usr/local/bin/ocirun" ]
	run -0 podman info --format '{{.Host.OCIRuntime.Version}}'
	[[ $output == "$("$OCIRUN" --version)"* ]]
}

@test "podman run: the exit codes of programs" {
	local code
	for code in 0 1 2 42 125 126 127 128 130 137 143 255; do
		ran "$code" busybox sh -c "echo out; echo err >&2; exit $code"
		[ "$output" = $'out\nerr' ]
	done
}

@test "podman run: deaths by signals, and codes that only look like one" {
	ran 137 busybox sh -c 'exit 137'
	journal_has "$ID" exited '.signal == null and .reason == "exited"'
	# A PID 1 is not killed by what it has no handler for; with --init it is a child.
	ran 143 --init busybox sh -c 'kill -TERM $$; sleep 60'
	ran 134 --init busybox sh -c 'kill -ABRT $$; sleep 60'
	serves web
	podman kill web
	ended web 137
	journal_has "$(id_of web)" exited '.signal == 9 and .reason == "signaled"'
}

@test "podman run: what cannot be executed is 127 or 126, with the words that podman looks for" {
	local id file=$TEST_DIR/cid
	run -127 podman run --rm --cidfile "$file" busybox /no/such/command
	[[ $output == *"no such file or directory"* ]]
	events_of "$(cat "$file")" | jq -se '[.[].type] == ["failed", "deleted"]'
	rm "$file"
	run -127 podman run --rm busybox no-such-command
	[[ $output == *'executable file not found in $PATH'* ]]
	run -126 podman run --rm busybox /etc
	[[ $output == *"is a directory"* ]]
	run -126 podman run --rm busybox /etc/passwd
	[[ $output == *"ermission denied"* ]]
}

# podman learns of it from `start`, whose text it passes on; with runc such a container just exits 1.
@test "podman run: an interpreter that is missing, and a program of another format" {
	mkdir "$TEST_DIR/bin"
	printf '#!/no/such/shell\n' >"$TEST_DIR/bin/lost"
	printf 'not a program\n' >"$TEST_DIR/bin/text"
	chmod 755 "$TEST_DIR/bin" "$TEST_DIR"/bin/*
	run -126 podman run --rm --cidfile "$TEST_DIR/lost" -v "$TEST_DIR/bin:/x" busybox /x/lost
	[[ $output == *'exec: "/x/lost": no such file or directory'* ]]
	journal_has "$(cat "$TEST_DIR/lost")" exited '.exitCode == 127 and .reason == "exec-failed"'
	run -126 podman run --rm --cidfile "$TEST_DIR/text" -v "$TEST_DIR/bin:/x" busybox /x/text
	[[ $output == *'exec: "/x/text": exec format error'* ]]
	journal_has "$(cat "$TEST_DIR/text")" exited '.exitCode == 126 and .reason == "exec-failed"'
}

@test "podman run: its own mistakes are 125, and an unknown runtime flag comes back by name" {
	run -125 podman run --rm --no-such-option busybox true
	run podman --runtime-flag no-such-flag run --rm busybox true
	[ "$status" != 0 ]
	[[ $output == *no-such-flag* ]]
}

@test "podman run: stdin, stdout and stderr are the container's" {
	run -0 bash -c 'printf "a\nb\n" | timeout 60 podman run -i --rm busybox sh -c "wc -l; echo err >&2" 2>"$1/err"' - "$TEST_DIR"
	[ "$output" = 2 ]
	[ "$(cat "$TEST_DIR/err")" = err ]
	# 4 MB, so that pipes fill up on the way.
	run -0 podman run --rm busybox sh -c 'head -c 4000000 /dev/zero | tr "\0" x | fold -w 100; echo'
	[ "$(wc -l <<<"$output")" = 40000 ]
}

@test "podman run -d, logs, wait: the code of a detached container" {
	podman run -d --name web busybox sh -c 'echo one; echo two >&2; exit 42'
	[ "$(podman wait web)" = 42 ]
	[ "$(podman logs web 2>&1 | sort)" = $'one\ntwo' ]
	ended web 42
	[ "$(container_status "$(id_of web)" 2>&1)" != running ]
}

@test "podman wait and ocirun wait, both waiting when it ends" {
	local id
	serves web
	id=$(id_of web)
	background waiter wait "$id"
	timeout 60 podman wait web >"$TEST_DIR/podman-wait" 3>&- 4>&- &
	podman kill --signal TERM web
	wait_until test -s "$TEST_DIR/podman-wait"
	[ "$(cat "$TEST_DIR/podman-wait")" = 3 ]
	background_returns 3
	ended web 3
}

@test "podman kill: a signal by name and by number" {
	podman run -d --name web busybox \
		sh -c 'trap "echo usr1" USR1; trap "exit 9" USR2; echo up; while :; do sleep 0.1; done'
	wait_until says web up
	podman kill --signal USR1 web
	wait_until says web usr1
	podman kill --signal 12 web
	ended web 9
	[ "$(events_of "$(id_of web)" | jq -r 'select(.type == "signaled").signalName' | paste -sd ' ')" = \
		"SIGUSR1 SIGUSR2" ]
	run -125 podman kill web
}

@test "podman stop: the stop signal first, SIGKILL after the time" {
	serves web
	podman stop -t 20 web
	ended web 3
	journal_has "$(id_of web)" signaled '.signal == 15'
	podman run -d --name deaf busybox sh -c 'trap "" TERM; echo up; while :; do sleep 0.1; done'
	wait_until says deaf up
	podman stop -t 1 deaf
	ended deaf 137
	journal_has "$(id_of deaf)" exited '.signal == 9'
	podman run -d --name own --stop-signal RTMIN+3 busybox \
		sh -c 'trap "exit 33" 37; echo up; while :; do sleep 0.1; done'
	wait_until says own up
	podman stop -t 20 own
	ended own 33
}

@test "podman rm -f: a running container goes, and its log says so" {
	local id
	serves web
	id=$(id_of web)
	podman rm -f -t 0 web
	client_agrees_and_gone "$id" 137
	[ ! -e "/run/ocirun/$id" ]
}

@test "podman run --rm -d: the state directory is gone when it is stopped" {
	local id
	id=$(podman run --rm -d --name web busybox sh -c 'trap "exit 4" TERM; echo up; while :; do sleep 0.1; done')
	[ -d "/run/ocirun/$id" ]
	wait_until says web up
	podman stop -t 20 web
	client_agrees_and_gone "$id" 4
	[ ! -e "/run/ocirun/$id" ]
}

@test "podman create, init, start, restart: each start is an instance of its own" {
	local id
	podman create --name web busybox sh -c 'exit 5'
	id=$(id_of web)
	podman init web
	container_is "$id" created
	podman start web
	[ "$(podman wait web)" = 5 ]
	ended web 5
	podman start web
	ended web 5
	[ "$(find /run/ocirun/.events -name "$id*" | wc -l)" = 2 ]
	serves other
	podman restart -t 20 other
	[ "$(podman inspect -f '{{.State.Running}}' other)" = true ]
	id=$(id_of other)
	[ "$(find /run/ocirun/.events -name "$id*" | wc -l)" = 2 ]
	container_is "$id" running
}

@test "podman start --attach: the code passes through" {
	podman create --name web busybox sh -c 'echo again; exit 6'
	run -6 podman start --attach web
	[ "$output" = again ]
	ended web 6
}

@test "podman --restart: on-failure ends when it succeeds" {
	podman run -d --name web --restart on-failure:5 -v "$TEST_DIR:/t" busybox \
		sh -c 'echo x >>/t/runs; [ "$(wc -l </t/runs)" -ge 3 ]'
	wait_until bash -c '[ "$(podman inspect -f "{{.State.Status}} {{.RestartCount}}" web)" = "exited 2" ]'
	[ "$(wc -l <"$TEST_DIR/runs")" = 3 ]
	[ "$(find /run/ocirun/.events -name "$(id_of web)*" | wc -l)" = 3 ]
	cat /run/ocirun/.events/*.ndjson | jq -se '[.[] | select(.type == "exited").exitCode] | sort == [0, 1, 1]'
}

@test "podman events: what podman saw, ocirun saw" {
	local id
	podman run -d --name web busybox sh -c 'exit 7'
	ended web 7
	id=$(id_of web)
	podman rm web
	wait_until bash -c 'podman events --stream=false --filter "container=$1" --filter event=died \
		--format "{{.ContainerExitCode}}" | grep -qx 7' - "$id"
	run -0 podman events --stream=false --filter "container=$id" --format '{{.Status}}'
	[[ $output == *create*init*start*died*remove* ]]
	[ "$(events_types "$id")" = "created started exited deleted" ]
}

@test "podman top, stats, inspect: the pid is the one in the log" {
	local id
	serves web
	id=$(id_of web)
	journal_has "$id" created ".pid == $(podman inspect -f '{{.State.Pid}}' web)"
	run -0 podman top web
	[[ $output == *"while :"* ]]
	run -0 podman stats --no-stream --format '{{.ID}} {{.PIDs}}' web
	[[ $output =~ [0-9]$ ]]
}

# The codes are podman's own; `ocirun wait` is asked for each.
@test "podman: 200 containers that end at once, two at a time, and no wrong code" {
	local n
	seq 200 | xargs -P 2 -I{} bash -c 'timeout 100 podman run --name fast-{} busybox \
		sh -c "exit $(({} % 120))" </dev/null; echo $? >"$0/code-{}"' "$TEST_DIR" 3>&- 4>&-
	seen_by_client 200 >"$TEST_DIR/codes"
	clients_agree "$TEST_DIR/codes"
	for n in $(seq 200); do echo "$((n % 120))"; done | sort >"$TEST_DIR/expected"
	diff "$TEST_DIR/expected" <(cut -d' ' -f2 "$TEST_DIR/codes" | sort)
}

# conmon drains the container's pipes and podman waits for conmon's: any process of ours that held one
# would keep both until its own end.
@test "podman: no process of ocirun holds a descriptor of conmon's, podman's or the container's" {
	local pid monitor=0
	serves web
	for pid in $(grep -lsx 'ocirun.*' /proc/[0-9]*/comm | cut -d/ -f3); do
		monitor=1
		run find "/proc/$pid/fd" -lname 'pipe:*' -o -lname '/dev/pts/*' -o -lname '/dev/ptmx'
		[ -z "$output" ] || { ls -l "/proc/$pid/fd"; false; }
	done
	[ "$monitor" = 1 ]
}
