#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun exec and terminals: the caller's in the foreground, and one that is sent to --console-socket.
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container
load ../lib/exec

setup() {
	require root program:python3
	container_setup
	SOCKET=$TEST_DIR/console
}

# at_terminal SIZE FLAGS SCRIPT - a shell executed in "web" from a terminal; the steps come on stdin
at_terminal() {
	local size=$1 script=$3
	local -a flags
	read -ra flags <<<"$2"
	"$LIB_DIR/pty.py" "$TEST_DIR/tty" "$size" "${OCIRUN_CMD[@]}" exec "${flags[@]}" web sh -c "$script" \
		2>"$TEST_DIR/pty.err" 3>&- 4>&- || fail "$(cat "$TEST_DIR/pty.err" "$TEST_DIR/tty")"
	tr -d '\r' <"$TEST_DIR/tty" >"$TEST_DIR/screen"
}

ended_with() {
	[ "$(tail -n 1 "$TEST_DIR/screen")" = "status $1, settings kept" ] || fail "$(cat -A "$TEST_DIR/screen")"
}

# listen [INPUT] - somebody who takes the terminal at $SOCKET; what it says goes to $TEST_DIR/tty
listen() {
	rm -f "$SOCKET"
	"$LIB_DIR/console.py" "$SOCKET" "$TEST_DIR/tty" "$@" >/dev/null 2>"$TEST_DIR/listen.err" 3>&- 4>&- &
	LISTENER=$!
	echo "$LISTENER" >>"$TEST_DIR/background"
	wait_until test -S "$SOCKET"
}

# tty_output - all that was written, once the terminal has hung up
tty_output() {
	wait_until has_ended "$LISTENER"
	tr -d '\r' <"$TEST_DIR/tty"
}

# ---- the caller's terminal ----

@test "exec --tty: a terminal of the container's devpts, with the caller's size, and all is as it was" {
	running
	at_terminal 33x123 --tty 'tty; tty <&2; stty size; exit 7' </dev/null
	[ "$(head -n 3 "$TEST_DIR/screen")" = $'/dev/pts/0\n/dev/pts/0\n33 123' ] || fail "$(cat "$TEST_DIR/screen")"
	ended_with 7
	# Each has one of its own, and it goes with its process.
	at_terminal 24x80 -t 'tty; echo /dev/pts/*' </dev/null
	[ "$(head -n 2 "$TEST_DIR/screen")" = $'/dev/pts/0\n/dev/pts/0 /dev/pts/ptmx' ] || fail "$(cat "$TEST_DIR/screen")"
}

@test "exec --tty: beside a container that has a terminal, too" {
	bundle_script 'sleep 10000'
	config_with '.process.terminal = true'
	listen
	ocirun create --console-socket "$SOCKET" web
	ocirun start web
	at_terminal 24x80 --tty 'tty; stat -c %t,%T /dev/console' </dev/null
	[ "$(head -n 2 "$TEST_DIR/screen")" = $'/dev/pts/1\n88,0' ] || fail "$(cat "$TEST_DIR/screen")"
	# Without --tty it has none, although the container's process has.
	run -1 inside tty
	[ "$output" = "not a tty" ]
}

@test "exec --tty: a resized window resizes the process's" {
	running
	at_terminal 24x80 --tty 'trap "echo now \$(stty size)" WINCH; trap "exit 0" INT; echo ready
		while :; do sleep 0.02; done' <<-'END'
		see ready
		size 40x100
		see now 40 100
		size 41x101
		see now 41 101
		type \x03
	END
	ended_with 0
}

@test "exec --tty: keys reach the process raw: echo, lines and Ctrl-C are its terminal's" {
	running
	at_terminal 24x80 --tty 'trap "seen=1; echo interrupted" INT; echo ready
		until [ "$seen" ]; do sleep 0.02; done; read line; echo "line <$line>" >/dev/tty; exit 3' <<-'END'
		see ready
		type \x03
		see interrupted
		type hello\n
		see line <hello>
	END
	[ "$(grep -c '^hello$' "$TEST_DIR/screen")" = 1 ] || fail "$(cat -A "$TEST_DIR/screen")"
	ended_with 3
}

@test "exec --tty: much output arrives whole before exec ends" {
	running
	at_terminal 24x80 --tty 'seq 20000; exit 5' </dev/null
	[ "$(grep -c '^[0-9]*$' "$TEST_DIR/screen")" -ge 20000 ]
	ended_with 5
}

@test "exec --tty: a terminal's settings come back after a failure, too" {
	running
	local status
	"$LIB_DIR/pty.py" "$TEST_DIR/tty" 24x80 "${OCIRUN_CMD[@]}" exec --tty web nothing \
		</dev/null 2>"$TEST_DIR/pty.err" 3>&- 4>&-
	grep -q 'executable file not found in \$PATH' "$TEST_DIR/tty"
	[ "$(tail -n 1 "$TEST_DIR/tty")" = "status 255, settings kept" ]
}

@test "exec --tty: a terminal that hangs up sends the process HUP" {
	running
	at_terminal 24x80 "--tty --exec-id job" 'trap "exit 9" HUP; echo ready; while :; do sleep 0.02; done' <<-'END'
		see ready
		hang up
	END
	wait_until exec_ended job
	container_is web running
}

@test "exec --tty: without a terminal here, a pipe's words are typed" {
	running
	local status=0
	echo word | "${OCIRUN_CMD[@]}" exec --tty web sh -c 'read line; echo "got <$line>"; exit 9' \
		>"$TEST_DIR/out" 2>&1 3>&- 4>&- || status=$?
	[ "$status" = 9 ]
	grep -q 'got <word>' "$TEST_DIR/out"
}

@test "exec --tty: the terminal belongs to the process's user" {
	running
	at_terminal 24x80 "--tty --user 1234:1234" 'stat -c %u:%g:%a /dev/pts/0; echo good >/dev/pts/0' </dev/null
	[ "$(head -n 2 "$TEST_DIR/screen")" = $'1234:5:620\ngood' ] || fail "$(cat "$TEST_DIR/screen")"
}

@test "exec --tty: in a user namespace it works as well" {
	require userns
	bundle
	chmod 711 "$TEST_DIR" "$BUNDLE"
	chown -Rh 100000:100000 rootfs
	running '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	at_terminal 24x80 "--tty --user 1234" 'tty; stat -c %u /dev/pts/0; echo good >/dev/tty' </dev/null
	[ "$(head -n 3 "$TEST_DIR/screen")" = $'/dev/pts/0\n1234\ngood' ] || fail "$(cat "$TEST_DIR/screen")"
}

@test "exec --tty: a container without a devpts is an error" {
	running '.mounts |= map(select(.destination != "/dev/pts"))'
	run -255 --separate-stderr ocirun exec --tty web true
	[[ $stderr == *": open /dev/pts"* ]] || fail "$stderr"
}

@test "exec --tty: a devpts that the container has replaced gives no terminal of the host's (CVE-2025-52565)" {
	running '.root.readonly = false | .mounts |= map(select(.destination | IN("/dev/pts", "/dev") | not))'
	mkdir -p rootfs/dev/pts
	mknod rootfs/dev/pts/ptmx c 5 2
	[[ -e rootfs/dev/ptmx || -L rootfs/dev/ptmx ]] || ln -s pts/ptmx rootfs/dev/ptmx
	run -255 --separate-stderr ocirun exec --tty web tty
	[ -z "$output" ] || fail "$output"
}

# ---- without one ----

@test "exec: without --tty it has no controlling terminal, whatever the caller's is (LXC CVE-2016-10124)" {
	running
	at_terminal 24x80 "" 'echo x >/dev/tty; cut -d" " -f7 /proc/self/stat; stty size </dev/tty' </dev/null
	grep -q "/dev/tty: No such device or address" "$TEST_DIR/screen" || fail "$(cat "$TEST_DIR/screen")"
	grep -qx 0 "$TEST_DIR/screen"
}

# ---- a console socket ----

@test "exec --tty --console-socket: the master is sent there, and the process has the terminal" {
	running
	listen $'hello\n'
	ocirun exec --detach --tty --console-socket "$SOCKET" --exec-id job --pid-file "$TEST_DIR/pid" web \
		sh -c 'tty; read line; echo "got $line" >/dev/tty; exit 6'
	[ -s "$TEST_DIR/pid" ]
	run -0 tty_output
	[ "$output" = $'/dev/pts/0\nhello\ngot hello' ] || fail "$output"
	[ "$(cat "$TEST_DIR/tty.name")" = "/dev/pts/0 1" ]
	exec_exited job 6 null
}

@test "exec --console-socket: the terminal of a process.json, with its consoleSize (conmon, containerd)" {
	running
	process_file '.terminal = true | .consoleSize = {height: 33, width: 123} | .args = ["stty", "size"]'
	listen
	ocirun exec --process "$PROCESS" --detach --pid-file "$TEST_DIR/pid" --console-socket "$SOCKET" web
	run -0 tty_output
	[ "$output" = "33 123" ] || fail "$output"
}

@test "exec --console-socket: the terminal is sent before exec returns, and works in the foreground" {
	running
	listen
	run -4 ocirun exec --tty --console-socket "$SOCKET" web sh -c 'echo here; exit 4'
	[ -s "$TEST_DIR/tty.name" ]
	run -0 tty_output
	[ "$output" = here ] || fail "$output"
}

@test "exec --console-socket: a failed exec gives its terminal up" {
	running
	listen
	run -255 --separate-stderr ocirun exec --detach --tty --console-socket "$SOCKET" --pid-file "$TEST_DIR/pid" web nothing
	[[ $stderr == *'executable file not found in $PATH' ]] || fail "$stderr"
	wait_until has_ended "$LISTENER"
	[ ! -e "$TEST_DIR/pid" ]
}
