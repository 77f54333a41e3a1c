#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman: further processes, pausing, health checks, readiness: what is asked of a running container.

load ../lib/container
load common
load podman

# execs ID - "ARGS0 EXITCODE" of each process that ended, in the order they were started
execs() {
	events_of "$1" | jq -rs '[.[] | select(.type == "exec-exited")] as $ended | .[] |
		select(.type == "exec-started") | . as $started |
		"\(.args0) \($ended[] | select(.execId == $started.execId).exitCode)"'
}

@test "podman exec: exit codes, and each process in the log" {
	local code id
	serves web
	id=$(id_of web)
	for code in 0 1 42 126 127 137 255; do
		run "-$code" podman exec web sh -c "echo out; exit $code"
		[ "$output" = out ]
	done
	run -143 podman exec web sh -c 'kill -TERM $$; sleep 60'
	wait_until bash -c '[ "$("$0" events --no-follow "$1" | grep -c exec-exited)" = 8 ]' "$OCIRUN" "$id"
	[ "$(execs "$id" | cut -d' ' -f2 | paste -sd ' ')" = "0 1 42 126 127 137 255 143" ] || fail "$(execs "$id")"
}

@test "podman exec: what is not there is 127, what may not be executed 126" {
	serves web
	run -127 podman exec web /no/such/command
	[[ $output == *"no such file or directory"* ]]
	run -127 podman exec web no-such-command
	[[ $output == *'executable file not found in $PATH'* ]]
	run -126 podman exec web /etc
	[[ $output == *"is a directory"* ]] || [[ $output == *"ermission denied"* ]] || fail "$output"
	run -126 podman exec web /etc/passwd
	[[ $output == *"ermission denied"* ]]
	run -127 podman exec --workdir /no/such/directory web true
	[[ $output == *"o such file or directory"* ]] || fail "$output"
	podman stop -t 20 web
	run -255 podman exec web true
}

@test "podman exec: stdin, environment, user, working directory, privileges" {
	serves web --env KEPT=1
	run -0 bash -c 'printf "a\nb\n" | timeout 60 podman exec -i web wc -l'
	[ "$output" = 2 ]
	run -0 podman exec --env A='b c' --user 12:34 --workdir /tmp web \
		sh -c 'echo "$KEPT $A"; id -u; id -g; pwd; grep CapEff /proc/self/status'
	[ "$output" = $'1 b c\n12\n34\n/tmp\nCapEff:\t0000000000000000' ]
	run -0 podman exec --privileged web grep CapEff /proc/self/status
	[[ $output != *$'\t0000000000000000' ]]
	run -0 podman exec web readlink /proc/self/ns/pid
	[ "$output" = "$(readlink "/proc/$(podman inspect -f '{{.State.Pid}}' web)/ns/pid")" ]
	run -0 podman exec web sh -c 'cat /proc/self/cgroup; cat /proc/1/cgroup'
	[ "$(sort <<<"$output" | uniq -c | awk '$1 != 2' | wc -l)" = 0 ] || fail "$output"
}

@test "podman exec -d: it runs on, and its code is in the log" {
	local id
	serves web -v "$TEST_DIR:/t"
	id=$(id_of web)
	podman exec -d web sh -c 'echo $$ >/t/pid; until [ -e /t/go ]; do sleep 0.05; done; exit 21'
	wait_until test -s "$TEST_DIR/pid"
	touch "$TEST_DIR/go"
	wait_until journal_has "$id" exec-exited '.exitCode == 21'
}

@test "podman exec -it: a person at a terminal" {
	serves web
	"$LIB_DIR/pty.py" "$TEST_DIR/typed" 30x100 podman exec -it web \
		sh -c 'trap "stty size" WINCH; stty size; read line; echo "got $line"; exit 13' <<-'STEPS' 3>&- 4>&-
		see 30 100
		type hello\n
		see got hello
	STEPS
	grep -q '^status 13, settings kept' "$TEST_DIR/typed" || { cat "$TEST_DIR/typed"; false; }
}

@test "podman exec --preserve-fds" {
	serves web
	echo three >"$TEST_DIR/3"
	run -0 bash -c 'exec 3<"$0/3"; timeout 60 podman exec --preserve-fds 1 web sh -c "cat <&3"' "$TEST_DIR"
	[ "$output" = three ]
}

@test "podman exec: 40 at once, and no wrong code" {
	local n
	serves web
	seq 40 | xargs -P 4 -I{} bash -c 'timeout 60 podman exec web sh -c "exit {}" </dev/null
		echo $? >"$0/code-{}"' "$TEST_DIR" 3>&- 4>&-
	for n in $(seq 40); do [ "$(cat "$TEST_DIR/code-$n")" = "$n" ] || fail "$n: $(cat "$TEST_DIR/code-$n")"; done
	wait_until bash -c '[ "$("$0" events --no-follow "$1" | grep -c exec-exited)" = 40 ]' "$OCIRUN" "$(id_of web)"
	[ "$(execs "$(id_of web)" | cut -d' ' -f2 | sort -n | paste -sd ' ')" = "$(seq -s ' ' 40)" ]
}

@test "podman pause, unpause: seen by both, and a paused container can be removed" {
	local id
	serves web
	id=$(id_of web)
	podman pause web
	container_is "$id" paused
	[ "$(podman inspect -f '{{.State.Status}}' web)" = paused ]
	run podman exec web true
	[ "$status" != 0 ]
	podman unpause web
	container_is "$id" running
	[ "$(events_types "$id")" = "created started paused resumed" ]
	podman stop -t 20 web
	ended web 3
	serves other
	id=$(id_of other)
	podman pause other
	podman rm -f -t 0 other
	client_agrees_and_gone "$id" 137
}

@test "podman healthcheck: a command in the container decides" {
	serves web --health-cmd 'test ! -e /tmp/ill' --health-retries 1 --health-interval disable
	podman healthcheck run web
	podman exec web touch /tmp/ill
	run -1 podman healthcheck run web
	[[ $(podman inspect -f '{{json .State}}' web) == *nhealthy* ]]
	journal_has "$(id_of web)" exec-exited '.exitCode == 1'
}

# listen PATH - one datagram after the other from a socket as systemd's, one line each, to PATH.out
listen() {
	/usr/bin/python3 - "$1" <<-'PYTHON' >"$1.out" 3>&- 4>&- &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		while True:
		    print(s.recv(4096).decode(), flush=True)
	PYTHON
	echo $! >>"$TEST_DIR/background"
	wait_until test -S "$1"
}

@test "podman --sdnotify=container: READY of the container reaches the one above podman" {
	listen "$TEST_DIR/notify"
	NOTIFY_SOCKET=$TEST_DIR/notify serves web --sdnotify=container
	[ "$(podman inspect -f '{{.State.Running}}' web)" = true ]
	run -0 podman exec web sh -c 'tr "\0" "\n" </proc/1/environ | grep ^NOTIFY_SOCKET='
	local socket=${output#NOTIFY_SOCKET=}
	/usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", sys.argv[1])' \
		"/proc/$(podman inspect -f '{{.State.Pid}}' web)/root$socket"
	wait_until grep -q READY=1 "$TEST_DIR/notify.out"
	wait_until grep -q MAINPID= "$TEST_DIR/notify.out"
}

@test "podman --sdnotify=conmon: READY comes from conmon, and the container knows of no socket" {
	listen "$TEST_DIR/notify"
	NOTIFY_SOCKET=$TEST_DIR/notify serves web --sdnotify=conmon
	wait_until grep -q READY=1 "$TEST_DIR/notify.out"
	run -1 podman exec web sh -c 'tr "\0" "\n" </proc/1/environ | grep ^NOTIFY_SOCKET='
}

@test "podman attach, logs -f: what a running container writes" {
	podman run -d -i --name web busybox sh -c 'while read x; do echo "got $x"; [ "$x" != end ] || exit 15; done'
	run bash -c 'printf "one\nend\n" | timeout 60 podman attach web'
	[[ $output == *"got end"* ]]
	ended web 15
	[ "$(podman logs web)" = $'got one\ngot end' ]
}

@test "podman cp, commit, diff, export: with a running container" {
	serves web
	echo x >"$TEST_DIR/x"
	podman cp "$TEST_DIR/x" web:/tmp/x
	[ "$(podman exec web cat /tmp/x)" = x ]
	podman commit -q web localhost/changed
	run -0 podman run --rm localhost/changed cat /tmp/x
	[ "$output" = x ]
	podman rmi -f localhost/changed
}
