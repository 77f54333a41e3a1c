#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The flags of ocirun create by which a caller and a container hand things to each other. A terminal
# that is handed over: config/terminal.bats.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root
	container_setup
	PID_FILE=$TEST_DIR/pid
}

no_temporary_left() { [ -z "$(find "$TEST_DIR" -maxdepth 1 -name 'pid*' ! -name pid)" ]; }

@test "create: --pid-file holds the pid and no newline (containerd reads it with Atoi)" {
	bundle
	ocirun create --pid-file "$PID_FILE" web
	[ "$(od -An -c "$PID_FILE" | tr -d ' \n')" = "$(container_pid web)" ]
	[ "$(events_of web | jq .pid)" = "$(cat "$PID_FILE")" ]
	no_temporary_left
	ocirun delete --force web
	cd "$TEST_DIR"
	ocirun create -b bundle -pid-file=pid web
	[ "$(cat pid)" = "$(container_pid web)" ]
}

@test "create: --pid-file replaces a file whole, it does not write into it" {
	bundle
	echo 12345678901234567890 >"$PID_FILE"
	ln "$PID_FILE" "$TEST_DIR/old"
	ocirun create --pid-file "$PID_FILE" web
	[ "$(cat "$PID_FILE")" = "$(container_pid web)" ]
	[ "$(cat "$TEST_DIR/old")" = 12345678901234567890 ]
	no_temporary_left
}

@test "create: --pid-file refuses what is no regular file, and leaves it as it is" {
	bundle
	mkfifo "$TEST_DIR/fifo"
	mkdir "$TEST_DIR/folder"
	ln -s "$TEST_DIR/target" "$TEST_DIR/link"
	mknod "$TEST_DIR/null" c 1 3
	local kind before
	for kind in fifo folder link null; do
		before=$(stat -c %i "$TEST_DIR/$kind")
		run -1 --separate-stderr ocirun create --pid-file "$TEST_DIR/$kind" web
		[[ $stderr == *"--pid-file $TEST_DIR/$kind: not a regular file" ]] || fail "$stderr"
		[ "$(stat -c %i "$TEST_DIR/$kind")" = "$before" ] || fail "$kind was changed"
		[ ! -e "$ROOT" ]
	done
	run -1 --separate-stderr ocirun create --pid-file "$TEST_DIR/nowhere/pid" web
	[[ $stderr == *"--pid-file $TEST_DIR/nowhere/pid: No such file or directory" ]]
	journal_has web failed '.error | contains("nowhere/pid: No such file or directory")'
	[ ! -e "$TEST_DIR/target" ]
	[ ! -e "$ROOT/web" ]
}

@test "create: a failed create leaves no pid file, and touches none that is somebody else's" {
	bundle_with '.process.args = ["nothing-like-it"]'
	local monitor
	for monitor in auto none; do
		run -1 ocirun --monitor=$monitor create --pid-file "$PID_FILE" web
		[ ! -e "$PID_FILE" ]
		no_temporary_left
	done
	echo 1 >"$PID_FILE"
	run -1 ocirun create --pid-file "$PID_FILE" web
	[ "$(cat "$PID_FILE")" = 1 ]
}

@test "create: --pidfd-socket gets a pidfd of the container's process" {
	require program:python3
	bundle_with '.process.args = ["sleep", "60"]'
	"$LIB_DIR/pidfd.py" "$TEST_DIR/socket" "$TEST_DIR/got" </dev/null >/dev/null 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_until test -S "$TEST_DIR/socket"
	ocirun create --pidfd-socket "$TEST_DIR/socket" web
	wait_until test -s "$TEST_DIR/got"
	[ "$(cat "$TEST_DIR/got")" = "pidfd 1 $(container_pid web)" ]
	ocirun kill web KILL
	wait_until grep -qx ended "$TEST_DIR/got"
	run -1 --separate-stderr ocirun create --pidfd-socket "$TEST_DIR/nobody" one
	[[ $stderr == *"--pidfd-socket $TEST_DIR/nobody: connect: No such file or directory" ]]
	[ ! -e "$ROOT/one" ]
}

@test "create: --console-socket and process.terminal come together or not at all" {
	bundle_with '.process.terminal = true'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"process.terminal is true: give --console-socket"* ]]
	run -1 --separate-stderr ocirun create --console-socket "$TEST_DIR/nobody" web
	[[ $stderr == *"--console-socket $TEST_DIR/nobody: connect: No such file or directory" ]]
	run -1 --separate-stderr ocirun create --console-socket "/$(printf 'x%.0s' {1..108})" web
	[[ $stderr == *"longer than 107 bytes"* ]]
	config_with '.process.terminal = false'
	run -1 --separate-stderr ocirun create --console-socket "$TEST_DIR/nobody" web
	[[ $stderr == *"--console-socket $TEST_DIR/nobody: process.terminal is false" ]]
	[ ! -e "$ROOT/web" ]
}

@test "create: --no-pivot makes the same root without pivot_root" {
	bundle_script 'ls /; ls /..; cat /proc/self/mountinfo | wc -l; touch /x'
	ocirun create web
	ocirun start web
	ocirun wait web || true
	run -0 ocirun create --no-pivot other
	ocirun start other
	ocirun wait other || true
	[ "$(container_output web 2>&1)" = "$(container_output other 2>&1)" ]
	[[ $(container_output other 2>&1) == *"Read-only file system"* ]]
}

@test "create: --no-new-keyring keeps the caller's session keyring" {
	require program:python3
	# A user of no key of his own sees only those that his session has.
	bundle_with '.process.args = ["cat", "/proc/keys"] | .process.user = {uid: 1234, gid: 1234}
		| del(.linux.maskedPaths)'
	OCIRUN_CMD=("$LIB_DIR/in-keyring.py" ocirun-test "${OCIRUN_CMD[@]}")
	run -0 ocirun run web
	[[ $output == *_ses.web* && $output != *ocirun-test* ]] || fail "$output"
	run -0 ocirun run --no-new-keyring web
	[[ $output == *ocirun-test* && $output != *_ses.web* ]] || fail "$output"
}

@test "create: --preserve-fds and LISTEN_FDS hand on descriptors from 3, and no other" {
	bundle_script 'for fd in 3 4 5 6 7; do { read line <&$fd && echo "$fd $line"; } 2>/dev/null; done; true'
	local i
	for i in 3 4 5 6 7; do echo "file $i" >"$TEST_DIR/$i"; done
	# ocirun() of container.bash closes 3 and 4, which are of bats.
	with_fds() {
		"$@" </dev/null >"$TEST_DIR/out" 2>&1 3<"$TEST_DIR/3" 4<"$TEST_DIR/4" 5<"$TEST_DIR/5" \
			6<"$TEST_DIR/6" 7<"$TEST_DIR/7"
		cat "$TEST_DIR/out"
	}
	run -0 with_fds "${OCIRUN_CMD[@]}" run web
	[ -z "$output" ]
	run -0 with_fds "${OCIRUN_CMD[@]}" run --preserve-fds 2 web
	[ "$output" = $'3 file 3\n4 file 4' ]
	run -0 with_fds env LISTEN_FDS=1 "${OCIRUN_CMD[@]}" run --preserve-fds 2 web
	[[ $output == $'3 file 3\n4 file 4\n5 file 5'* && $output != *"6 file"* ]] || fail "$output"
	local verb
	for verb in create run "run --detach"; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr ocirun $verb --preserve-fds 1 web
		[[ $stderr == *"--preserve-fds 1: descriptor 3 is not open" ]] || fail "$verb: $stderr"
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr ocirun --log "$TEST_DIR/log" $verb --preserve-fds 1 web
		[[ $stderr == *"--preserve-fds 1: descriptor 3 is not open" ]] || fail "$verb: $stderr"
	done
	run -1 --separate-stderr ocirun create --preserve-fds=-1 web
	[[ $stderr == *'--preserve-fds: invalid value "-1"'* ]]
}

@test "create: without ocirun-monitor at hand it is refused before anything is made" {
	bundle
	mkdir "$TEST_DIR/alone"
	cp "$OCIRUN" "$TEST_DIR/alone/ocirun"
	# An installed one must not be found, either.
	OCIRUN_CMD=(unshare --mount sh -c '
		[ ! -d /usr/local/libexec/ocirun ] || mount -t tmpfs none /usr/local/libexec/ocirun
		exec "$@"' sh "$TEST_DIR/alone/ocirun" --root "$ROOT")
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"the monitor's program "*"/ocirun-monitor: No such file or directory"* ]] || fail "$stderr"
	[ ! -e "$ROOT" ]
}
