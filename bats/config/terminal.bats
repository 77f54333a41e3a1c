#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process.terminal and process.consoleSize (config.md#process), with --console-socket and without.

load ../lib/container

setup() {
	require root program:python3
	container_setup
	SOCKET=$TEST_DIR/console
}

# terminal_script TEXT [JQ_FILTER] - a bundle whose container runs this script on a terminal
terminal_script() {
	bundle_script "$1"
	config_with '.process.terminal = true | '"${2:-.}"
}

# listen [INPUT] - somebody who takes the terminal at $SOCKET; what it says goes to $TEST_DIR/tty
listen() {
	rm -f "$SOCKET"
	"$LIB_DIR/console.py" "$SOCKET" "$TEST_DIR/tty" "$@" >/dev/null 2>"$TEST_DIR/listen.err" 3>&- 4>&- &
	LISTENER=$!
	echo "$LISTENER" >>"$TEST_DIR/background"
	wait_until test -S "$SOCKET"
}

# tty_output - all that the container wrote, once its terminal has hung up.
tty_output() {
	wait_until has_ended "$LISTENER"
	tr -d '\r' <"$TEST_DIR/tty"
}

@test "terminal: the container's streams are a terminal of its own devpts, sent to --console-socket" {
	terminal_script 'tty; tty <&2; readlink /proc/self/fd/1; echo /dev/pts/*'
	listen
	ocirun create --console-socket "$SOCKET" web
	wait_until test -s "$TEST_DIR/tty.name"
	[ "$(cat "$TEST_DIR/tty.name")" = "/dev/pts/0 1" ]
	ocirun start web
	run -0 tty_output
	[ "$output" = $'/dev/pts/0\n/dev/pts/0\n/dev/pts/0\n/dev/pts/0 /dev/pts/ptmx' ] || fail "$output"
}

@test "terminal: it is the session's controlling terminal, and typed keys reach the container" {
	terminal_script 'echo ready; read line; echo "got $line" >/dev/tty'
	listen $'hello\n'
	ocirun create --console-socket "$SOCKET" web
	ocirun start web
	run -0 tty_output
	[ "$output" = $'ready\nhello\ngot hello' ] || fail "$output"
	terminal_script 'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.05; done'
	listen $'\x03'
	ocirun create --console-socket "$SOCKET" web2
	ocirun start web2
	run -3 ocirun wait web2
	run -0 tty_output
	[[ $output == *interrupted ]] || fail "$output"
}

@test "terminal: /dev/console is the same terminal" {
	terminal_script 'stat -c %t,%T /dev/console; echo to console >/dev/console; sleep 0.1'
	listen
	ocirun create --console-socket "$SOCKET" web
	ocirun start web
	run -0 tty_output
	[[ $output == $'88,0\nto console' ]] || fail "$output"
}

@test "terminal: consoleSize is its size" {
	terminal_script 'stty size' '.process.consoleSize = {height: 33, width: 123}'
	listen
	ocirun create --console-socket "$SOCKET" web
	ocirun start web
	run -0 tty_output
	[ "$output" = "33 123" ]
}

@test "terminal: it belongs to the process's user" {
	terminal_script 'stat -c %u:%g:%a /dev/pts/0; echo good >/dev/pts/0' '.process.user = {uid: 1234, gid: 1234}'
	listen
	ocirun create --console-socket "$SOCKET" web
	ocirun start web
	run -0 tty_output
	[ "$output" = $'1234:5:620\ngood' ]
}

@test "terminal: run in the foreground connects the caller's terminal" {
	require program:script
	terminal_script 'tty; echo seen; exit 7'
	run script -qec "$(printf '%q ' "${OCIRUN_CMD[@]}") run web" /dev/null </dev/null
	[ "$status" = 7 ] || fail "status $status: $output"
	[[ $output == *seen* ]] || fail "$output"
}

@test "terminal: a console socket that nobody listens at, or that hangs up, is an error and leaves nothing" {
	terminal_script 'true'
	run -1 --separate-stderr ocirun create --console-socket "$SOCKET" web
	[[ $stderr == *"$SOCKET"* ]] || fail "$stderr"
	run -1 ocirun state web
	config_with 'del(.mounts[] | select(.destination == "/dev/pts"))'
	listen
	run -1 --separate-stderr ocirun create --console-socket "$SOCKET" web
	[[ $stderr == *"terminal: open /dev/pts"* ]] || fail "$stderr"
	run -1 ocirun state web
}

@test "terminal: without process.terminal the container has no controlling terminal (LXC CVE-2016-10124)" {
	require program:script
	bundle_script 'echo x >/dev/tty; cat /proc/self/stat | cut -d" " -f7'
	run script -qec "$(printf '%q ' "${OCIRUN_CMD[@]}") run web" /dev/null </dev/null
	[[ $output == *"/dev/tty: No such device or address"* ]] || fail "$output"
	[[ ${lines[-1]} == 0* ]] || fail "$output"
}

@test "terminal: in a user namespace it works as well" {
	require userns
	terminal_script 'stat -c "%u %t,%T" /dev/console; tty' '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chmod 711 "$TEST_DIR" "$BUNDLE"
	chown -Rh 100000:100000 rootfs
	listen
	ocirun create --console-socket "$SOCKET" web
	ocirun start web
	run -0 tty_output
	[ "$output" = $'0 88,0\n/dev/pts/0' ]
}
