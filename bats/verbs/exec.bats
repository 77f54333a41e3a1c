#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun exec: its exit status, its failures, its events, and who reaps. Flags: exec-flags.bats;
# terminals: exec-terminal.bats; what a container could do to it: config/exec-security.bats.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container
load ../lib/exec
load ../lib/monitor

setup() {
	require root program:python3
	container_setup
	PID_FILE=$TEST_DIR/pid
}

no_pid_file() { [ -z "$(find "$TEST_DIR" -maxdepth 1 -name 'pid*')" ] || fail "$(ls "$TEST_DIR")"; }

# refused TEXT ARG... - ocirun exec ARG... ends with 255 and one line that ends so; nothing is left
refused() {
	local text=$1
	shift
	run -255 --separate-stderr ocirun exec --pid-file "$PID_FILE" "$@"
	[ -z "$output" ] || fail "stdout: $output"
	[[ $stderr == "ocirun: exec"*"$text" && $stderr != *$'\n'* ]] || fail "expected: $text, seen: $stderr"
	no_pid_file
}

# ---- exit status and streams ----

@test "exec: the exit code is the process's" {
	running
	local code
	for code in 0 1 7 125 126 127 128 137 255; do
		run "-$code" --separate-stderr ocirun exec web sh -c "exit $code"
		[ -z "$output$stderr" ] || fail "$output$stderr"
	done
	container_is web running
}

@test "exec: a signal that ends the process gives 128 and its number" {
	running
	local signal
	for signal in 1 6 9 11 15 34 64; do
		run "-$((128 + signal))" --separate-stderr ocirun exec --exec-id "by$signal" web sh -c "kill -$signal \$\$"
		[ -z "$output$stderr" ] || fail "$output$stderr"
		exec_exited "by$signal" "$((128 + signal))" "$signal"
	done
	run -137 ocirun exec --exec-id code web sh -c 'exit 137'
	exec_exited code 137 null
}

@test "exec: stdin, stdout and stderr are the caller's" {
	running
	local status=0
	seq 50000 | "${OCIRUN_CMD[@]}" exec web sh -c 'cat; echo problem >&2; exit 3' \
		>"$TEST_DIR/out" 2>"$TEST_DIR/err" 3>&- 4>&- || status=$?
	[ "$status" = 3 ]
	cmp "$TEST_DIR/out" <(seq 50000)
	[ "$(cat "$TEST_DIR/err")" = problem ]
}

@test "exec: a command's own flags and -- are its own" {
	running
	run -0 ocirun exec web echo --detach -- -x
	[ "$output" = "--detach -- -x" ]
}

@test "exec: 200 at once, each with the right code" {
	running
	local n
	for n in {0..199}; do
		"${OCIRUN_CMD[@]}" exec --exec-id "n$n" web sh -c "exit $n" </dev/null >/dev/null \
			2>"$TEST_DIR/err.$n" 3>&- 4>&- &
		echo "$n $!" >>"$TEST_DIR/started"
	done
	wait_for_started
	[ "$(wc -l <"$TEST_DIR/codes")" = 200 ]
	[ -z "$(awk '$1 != $2' "$TEST_DIR/codes")" ] || fail "$(awk '$1 != $2' "$TEST_DIR/codes")"
	run -0 jq -rs 'map(select(.type == "exec-exited") | "n\(.exitCode)" == .execId) | "\(length) \(all)"' "$(log_path web)"
	[ "$output" = "200 true" ]
	container_is web running
}

wait_for_started() {
	local n pid status
	while read -r n pid; do
		status=0
		wait "$pid" || status=$?
		echo "$n $status" >>"$TEST_DIR/codes"
	done <"$TEST_DIR/started"
}

# ---- foreground: signals ----

@test "exec: signals that reach it go on to the process, and exec goes on" {
	running
	background job exec web sh -c 'for s in HUP INT QUIT TERM USR1 USR2 ALRM WINCH CONT 35; do
		trap "echo got $s" $s; done; trap "echo bye; exit 23" 64; echo ready; while :; do sleep 0.02; done'
	wait_until says ready
	local signal
	for signal in HUP INT QUIT TERM USR1 USR2 ALRM CONT 35; do
		kill "-$signal" "$BACKGROUND_PID"
		wait_until says "got $signal"
	done
	kill -64 "$BACKGROUND_PID"
	background_returns 23
	says bye
	container_is web running
}

says() { grep -qx "$1" "$TEST_DIR/job.out"; }

@test "exec: TERM for a process without a handler ends it, and exec with 143" {
	running
	background job exec --exec-id job web sh -c 'echo ready; while :; do sleep 0.02; done'
	wait_until says ready
	kill -TERM "$BACKGROUND_PID"
	background_returns 143
	exec_exited job 143 15
	container_is web running
}

@test "exec: killed, it leaves the process to itself and the container alone" {
	running '.root.readonly = false'
	background job exec --exec-id job web sh -c 'echo ready; until [ -e /go ]; do sleep 0.02; done; exit 37'
	wait_until says ready
	local pid
	pid=$(exec_pid)
	kill -9 "$BACKGROUND_PID"
	wait_until has_ended "$BACKGROUND_PID"
	run ! has_ended "$pid"
	touch rootfs/go
	wait_until has_ended "$pid"
	container_is web running
}

# ---- failures ----

@test "exec: a program that is not there is 255, in the words that clients look for" {
	running '.root.readonly = false'
	refused ': exec: "nothing": executable file not found in $PATH' web nothing
	refused ': exec: "/no/such": no such file or directory' web /no/such
	refused ': exec: "./no/such": no such file or directory' web ./no/such
	local detach
	for detach in "" --detach; do
		refused ': exec: "nothing": executable file not found in $PATH' $detach web nothing
	done
	refused 'executable file not found in $PATH' --env PATH=/nowhere web sh
}

@test "exec: a directory, and a file that is no program, are 255" {
	running '.root.readonly = false'
	run -255 --separate-stderr ocirun exec web /etc
	[[ $stderr == *'exec: "/etc": is a directory (permission denied)' ]] || fail "$stderr"
	touch rootfs/empty rootfs/plain
	chmod 755 rootfs/empty
	refused ': exec: "/plain": permission denied' web /plain
	printf 'no program\n' >rootfs/words
	printf '#!/no/such/shell\n' >rootfs/script
	chmod 755 rootfs/words rootfs/script
	refused ': exec: "/words": exec format error' web /words
	refused ': exec: "/script": no such file or directory' web /script
}

@test "exec: a failed one leaves no pid file, and touches none that is somebody else's" {
	running
	refused 'executable file not found in $PATH' --detach web nothing
	echo 1 >"$PID_FILE"
	run -255 ocirun exec --detach --pid-file "$PID_FILE" web nothing
	[ "$(cat "$PID_FILE")" = 1 ]
	rm "$PID_FILE"
	refused 'nowhere/pid: No such file or directory' --pid-file "$TEST_DIR/nowhere/pid" web true
	local kind
	mkfifo "$TEST_DIR/fifo"
	mkdir "$TEST_DIR/folder"
	for kind in fifo folder; do
		run -255 --separate-stderr ocirun exec --pid-file "$TEST_DIR/$kind" web true
		[[ $stderr == *"--pid-file $TEST_DIR/$kind: not a regular file" ]] || fail "$stderr"
	done
}

@test "exec: of a container that is not there" {
	refused 'container does not exist: "web"' web true
	bundle
	ocirun create other
	refused 'container does not exist: "web"' web true
	run -255 --separate-stderr ocirun exec .. true
	[[ $stderr == *"invalid container ID format"* ]]
}

@test "exec: of a stopped container is refused" {
	running_script 'exit 3'
	run -3 ocirun wait web
	refused "cannot exec in a stopped container: container not running" web true
	journal_has web exited '.exitCode == 3'
}

@test "exec: of a created container works, and start works after it" {
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 5'
	ocirun create web
	run -7 ocirun exec web sh -c 'exit 7'
	container_is web created
	touch rootfs/go
	ocirun start web
	run -5 ocirun wait web
	[ "$(events_types web)" = "created exec-started exec-exited started exited" ] || fail "$(events_types web)"
}

@test "exec: without a command it says what is missing" {
	running
	refused 'give a command after the container ID, or --process' web
	refused 'command: must name a program' web ""
	run -255 --separate-stderr ocirun exec
	[[ $stderr == *"ocirun exec"*"--help"* || $stderr == *container-id* ]] || fail "$stderr"
	run -255 --separate-stderr ocirun exec --bogus web true
	[[ $stderr == *"flag provided but not defined: -bogus"* ]] || fail "$stderr"
}

@test "exec: a terminal and a console socket come together or not at all" {
	running
	local needs="a process with a terminal needs --console-socket, or to run in the foreground"
	local has_none="--console-socket $TEST_DIR/nobody: the process has no terminal (--tty, or \"terminal\" of --process)"
	refused "$needs" --detach --tty web true
	refused "$has_none" --detach --console-socket "$TEST_DIR/nobody" web true
	process_file '.terminal = true'
	refused "$needs" --detach --process "$PROCESS" web
	process_file .
	refused "$has_none" --console-socket "$TEST_DIR/nobody" --process "$PROCESS" web
	refused "--console-socket $TEST_DIR/nobody: connect: No such file or directory" \
		--detach --tty --console-socket "$TEST_DIR/nobody" web true
}

@test "exec: a failure leaves no process behind" {
	running
	local before
	before=$(find /sys/fs/cgroup -path '*/ocirun/web/cgroup.procs' -exec cat {} + | sort | uniq -c)
	refused 'executable file not found in $PATH' --detach web nothing
	refused 'process.cwd: chdir /nowhere: No such file or directory' --cwd /nowhere web true
	[ "$(find /sys/fs/cgroup -path '*/ocirun/web/cgroup.procs' -exec cat {} + | sort | uniq -c)" = "$before" ]
}

# ---- the container's end ----

@test "exec: init's end ends what was executed in its pid namespace" {
	running
	background job exec --exec-id job web sh -c 'trap "" TERM; echo ready; while :; do sleep 0.02; done'
	wait_until says ready
	ocirun kill web KILL
	background_returns 137
	exec_exited job 137 9
	run -137 ocirun wait web
}

@test "exec: into a container whose init dies meanwhile ends, with a code or 255, and hangs nowhere" {
	local n status
	for n in {1..10}; do
		running_script 'until [ -e /tmp/go ]; do :; done' '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
		background job exec web sh -c 'touch /tmp/go; exec sleep 100'
		( for _ in {1..20}; do "${OCIRUN_CMD[@]}" exec web true || true; done ) </dev/null >"$TEST_DIR/many" 2>&1 3>&- 4>&-
		wait_until has_ended "$BACKGROUND_PID"
		status=0
		wait "$BACKGROUND_PID" || status=$?
		[ "$status" = 137 ] || [ "$status" = 255 ] || fail "status $status: $(cat "$TEST_DIR/job.err")"
		run -0 ocirun wait web
		run grep -v 'container not running\|^$' "$TEST_DIR/many"
		[ -z "$output" ] || fail "$output"
		ocirun delete web
	done
}

@test "exec: without a pid namespace a process may outlive init, whose end is recorded at once" {
	running 'del(.linux.namespaces[] | select(.type == "pid"))'
	background job exec --exec-id job web sh -c 'echo ready; read line </proc/self/fd/0; while :; do sleep 0.02; done'
	wait_until says ready
	ocirun kill web KILL
	run -137 ocirun wait web
	container_is web stopped
	run ! exec_ended job
	run -0 ocirun delete --force web
	background_returns 137
}

@test "exec: delete --force ends it, and its code is in the log" {
	running
	ocirun exec --detach --exec-id job web sleep 1000
	ocirun delete --force web
	wait_until exec_ended job
}

# ---- detached ----

@test "exec --detach: the pid file holds its pid without a newline, and the process is in the container" {
	running
	ocirun exec --detach --pid-file "$PID_FILE" web sleep 1000
	local pid
	pid=$(cat "$PID_FILE")
	[ "$(od -An -c "$PID_FILE" | tr -d ' \n')" = "$pid" ]
	[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "sleep 1000 " ]
	[ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink "/proc/$INIT/ns/pid")" ]
	[ "$(exec_pid)" = "$pid" ]
	kill -9 "$pid"
}

@test "exec --detach: a subreaper above inherits and reaps it, with the true code (conmon, containerd)" {
	require kernel:6.15
	running
	local n=0 code
	for code in 7 0 137; do
		below_subreaper exec --detach --exec-id "n$((++n))" --pid-file "$PID_FILE" web sh -c "sleep 0.1; exit $code"
		wait_until grep -qx "nobody left" "$REAPED"
		grep -qx "$(cat "$PID_FILE") exit $code" "$REAPED" || fail "$(cat "$REAPED" "$PID_FILE")"
		exec_exited "n$n" "$code" null
	done
	below_subreaper exec --detach --exec-id killed --pid-file "$PID_FILE" web sh -c 'sleep 0.1; kill -9 $$'
	wait_until grep -qx "nobody left" "$REAPED"
	grep -qx "$(cat "$PID_FILE") signal 9" "$REAPED" || fail "$(cat "$REAPED")"
	exec_exited killed 137 9
}

@test "exec --detach: one that ends at once has its code recorded, and is reaped" {
	running
	local n
	for n in {1..20}; do
		below_subreaper exec --detach --exec-id "n$n" --pid-file "$PID_FILE" web sh -c "exit $n"
		wait_until grep -qx "nobody left" "$REAPED"
		grep -qx "$(cat "$PID_FILE") exit $n" "$REAPED" || fail "$(cat "$REAPED")"
		exec_exited "n$n" "$n" null
	done
}

@test "exec --detach: with nobody above but process 1 the code is recorded all the same" {
	running
	below_none 'ocirun create below; ocirun start below; ocirun exec --detach --exec-id job below sh -c "exit 41"
		for i in $(seq 200); do ocirun events --no-follow below; grep -q exec-exited "$TEST_DIR/out" && break; sleep 0.05; done
		ocirun delete --force below'
	grep '"type":"exec-exited"' "$TEST_DIR/out" | tail -n 1 | jq -e '.execId == "job" and .exitCode == 41' ||
		fail "$(cat "$TEST_DIR/out")"
}

@test "exec --detach: nothing but the process holds the caller's pipes (conmon waits for their end)" {
	running '.root.readonly = false'
	# The pipe ends when the process closes its own ends, although it runs on.
	timeout "$OCIRUN_TEST_DEADLINE" sh -c '"$@" | cat' sh "${OCIRUN_CMD[@]}" exec --detach web \
		sh -c 'exec >/dev/null 2>&1 </dev/null; until [ -e /go ]; do sleep 0.02; done' </dev/null 3>&- 4>&-
	run ! has_ended "$(exec_pid)"
	touch rootfs/go
}

@test "exec --detach: a container is not held up by the end of who called it" {
	running
	(ocirun exec --detach --exec-id job web sleep 1000)
	run ! exec_ended job
	kill -9 "$(exec_pid)"
	exec_exited job 137 9
}

# ---- events ----

@test "exec: exec-started and exec-exited are in the log, in order, and agree" {
	running
	run -9 ocirun exec --exec-id first web sh -c 'exit 9'
	ocirun exec web true
	[ "$(events_types web)" = "created started exec-started exec-exited exec-started exec-exited" ] || fail "$(events_types web)"
	events_of web | jq -se '[.[] | select(.execId == "first")] | length == 2 and .[0].pid == .[1].pid and
		.[0].args0 == "sh" and .[1].exitCode == 9 and .[1].signal == null' >/dev/null || fail "$(events_of web)"
	# One that has no name gets one, of its own.
	events_of web | jq -se '[.[] | select(.type == "exec-started").execId] | unique | length == 2' >/dev/null
}

@test "exec: none of its lines can be taken for the container's end" {
	running
	background waiter wait web
	run -3 ocirun exec web sh -c 'exit 3'
	ocirun exec --detach --exec-id job web sh -c 'exit 4'
	wait_until exec_ended job
	container_is web running
	[ -z "$(exit_code web)" ]
	run ! has_ended "$BACKGROUND_PID"
	ocirun kill web KILL
	background_returns 137
	[ "$(exit_code web)" = 137 ]
	[ "$(ocirun state web | jq .exit.exitCode)" = 137 ]
}

@test "exec: --exec-id is a name like a container's, and unique in the log" {
	running
	local name
	for name in "" . .. /x a/b "a b" -x $'a\nb' "$(printf 'x%.0s' {1..129})"; do
		run -255 --separate-stderr ocirun exec "--exec-id=$name" web true
		[[ $stderr == *"--exec-id: invalid name"* ]] || fail "$name: $stderr"
	done
	ocirun exec --exec-id "A-z_0.9+x" web true
	run -255 --separate-stderr ocirun exec --exec-id "A-z_0.9+x" web true
	[[ $stderr == *"--exec-id A-z_0.9+x: this container had one already" ]] || fail "$stderr"
	[ "$(events_of web | jq -s 'map(select(.type == "exec-started")) | length')" = 1 ]
}

@test "exec: one that could not be executed is a failed line with the reason, and nothing else" {
	running
	run -255 ocirun exec --exec-id one web nothing
	run -255 ocirun exec --exec-id two --detach web nothing
	[ "$(events_types web)" = "created started failed failed" ] || fail "$(events_types web)"
	local id
	for id in one two; do
		journal_has web failed --arg id "$id" '.phase == "exec" and .execId == $id and
			(.error | contains("executable file not found in $PATH"))'
	done
	container_is web running
	# What the command line got wrong was never an exec.
	run -255 ocirun exec --user x web true
	[ "$(events_types web)" = "created started failed failed" ] || fail "$(events_types web)"
}

@test "exec: a program of a long name and odd bytes makes a line that fits" {
	running '.root.readonly = false'
	local long
	long=$(printf 'y%.0s' {1..200})
	printf '#!/bin/sh\nexit 0\n' >rootfs/script
	chmod 755 rootfs/script
	ln -s /script "rootfs/bin/$long"
	ln -s /script rootfs/bin/$'o"dd\xff\n'
	ocirun exec web "$long"
	ocirun exec web $'o"dd\xff\n'
	ocirun exec web "$(printf '/./%.0s' {1..1000})script" "$(printf 'z%.0s' {1..20000})"
	[ "$(events_of web | jq -s 'map(select(.type == "exec-exited")) | length')" = 3 ]
}

# ---- paused ----

@test "exec: of a paused container is refused, unless --ignore-paused" {
	running
	ocirun pause web
	refused 'cannot exec in a paused container (use --ignore-paused to override)' web true
	refused 'cannot exec in a paused container (use --ignore-paused to override)' --detach web true
	background job exec --ignore-paused web sh -c 'echo ran; exit 8'
	# Frozen as soon as it is in the container's cgroup.
	run ! grep -q ran "$TEST_DIR/job.out"
	ocirun resume web
	background_returns 8
	says ran
}

@test "exec: one that waits for a paused container can be given up, and then it never runs" {
	running '.root.readonly = false'
	ocirun pause web
	background job exec --ignore-paused --pid-file "$PID_FILE" web touch /ran
	wait_until more_than_init
	kill -TERM "$BACKGROUND_PID"
	background_returns 143
	ocirun resume web
	wait_until only_init
	[ ! -e rootfs/ran ]
	no_pid_file
	container_is web running
}

processes_of_web() { find /sys/fs/cgroup -path '*/ocirun/web/cgroup.procs' -exec cat {} + | sort -u | wc -l; }
more_than_init() { [ "$(processes_of_web)" -gt 1 ]; }
only_init() { [ "$(processes_of_web)" = 1 ]; }
