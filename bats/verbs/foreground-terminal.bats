#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun run in the foreground at a terminal: size, keys, output, and what it leaves behind.
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root program:python3
	container_setup
}

# terminal_script TEXT - the container runs this script on a terminal
terminal_script() {
	bundle_script "$1"
	config_with '.process.terminal = true'
}

# at_terminal SIZE [FLAG...] - ocirun run FLAG... web at a terminal; the steps come on stdin
at_terminal() {
	local size=$1
	shift
	"$LIB_DIR/pty.py" "$TEST_DIR/tty" "$size" "${OCIRUN_CMD[@]}" run "$@" web 2>"$TEST_DIR/pty.err" 3>&- 4>&- ||
		fail "$(cat "$TEST_DIR/pty.err" "$TEST_DIR/tty")"
	tr -d '\r' <"$TEST_DIR/tty" >"$TEST_DIR/screen"
}

ended_with() {
	[ "$(tail -n 1 "$TEST_DIR/screen")" = "status $1, settings kept" ] || fail "$(cat -A "$TEST_DIR/screen")"
}

@test "foreground: the caller's terminal is the container's, with its size, and is left as it was" {
	terminal_script 'tty; stty size; echo "columns $(stty size | cut -d" " -f2)"; exit 7'
	at_terminal 33x123 </dev/null
	grep -qx /dev/pts/0 "$TEST_DIR/screen"
	grep -qx '33 123' "$TEST_DIR/screen"
	ended_with 7
}

@test "foreground: a resized window resizes the container's" {
	terminal_script 'trap "echo now \$(stty size)" WINCH; trap "exit 0" INT; echo ready
		while :; do sleep 0.02; done'
	at_terminal 24x80 <<-'END'
		see ready
		size 40x100
		see now 40 100
		size 41x101
		see now 41 101
		type \x03
	END
	ended_with 0
}

@test "foreground: keys reach the container raw: echo, lines and Ctrl-C are its terminal's" {
	terminal_script 'trap "seen=1; echo interrupted" INT; echo ready
		until [ "$seen" ]; do sleep 0.02; done; read line; echo "line <$line>"
		stty -echo -icanon; echo raw; dd bs=1 count=2 2>/dev/null | od -An -tx1; stty echo icanon; exit 3'
	at_terminal 24x80 <<-'END'
		see ready
		type \x03
		see interrupted
		type hello\n
		see line <hello>
		see raw
		type \x1b\x7f
		see 1b 7f
	END
	# typed once, echoed once
	[ "$(grep -c '^hello$' "$TEST_DIR/screen")" = 1 ] || fail "$(cat -A "$TEST_DIR/screen")"
	ended_with 3
}

@test "foreground: much output arrives whole before run ends" {
	terminal_script 'seq 20000; exit 5'
	at_terminal 24x80 </dev/null
	[ "$(grep -c '^[0-9]*$' "$TEST_DIR/screen")" -ge 20000 ]
	grep -qx 20000 "$TEST_DIR/screen"
	ended_with 5
}

@test "foreground: a terminal's settings come back after a failure too" {
	terminal_script 'true'
	config_with '.process.args = ["/job"]'
	printf '#!/no/such/shell\n' >rootfs/job
	chmod 755 rootfs/job
	at_terminal 24x80 </dev/null
	grep -q 'no such file or directory' "$TEST_DIR/screen"
	ended_with 1
}

@test "foreground: a terminal that hangs up sends the container HUP" {
	terminal_script 'trap "exit 0" HUP; echo ready; while :; do sleep 0.02; done'
	at_terminal 24x80 --keep <<-'END'
		see ready
		hang up
	END
	wait_until container_is web stopped
	journal_has web exited '.exitCode == 0'
}

@test "foreground: with a terminal wanted and none here, a pipe's words are typed" {
	terminal_script 'read line; echo "got <$line>"; exit 9'
	local status=0
	echo word | "${OCIRUN_CMD[@]}" run web >"$TEST_DIR/out" 2>&1 3>&- 4>&- || status=$?
	[ "$status" = 9 ]
	grep -q 'got <word>' "$TEST_DIR/out"
}
