#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Readiness (sd_notify(3)) of a container for whoever started ocirun as a service.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup_file() {
	type -P cc >/dev/null || return 0
	cc -static -O2 -o "$BATS_FILE_TMPDIR/notify" "$BATS_TEST_DIRNAME/../lib/notify.c"
}

setup() {
	require root program:python3 program:cc
	container_setup
	MANAGER=$TEST_DIR/manager
	HEARD=$TEST_DIR/heard
}

# manager [SOCKET [HOLD]] - a service manager at NOTIFY_SOCKET; what it hears is in $HEARD.
manager() {
	export NOTIFY_SOCKET=${1:-$MANAGER}
	"$LIB_DIR/notify.py" "$NOTIFY_SOCKET" "$HEARD" ${2:+"$2"} </dev/null >/dev/null 2>"$HEARD.err" 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_until grep -qs listening "$HEARD"
}

heard() { sed 1d "$HEARD" | paste -sd ' '; }

# service SCRIPT [JQ] - a bundle whose process runs it, with the program notify at hand.
service() {
	bundle_with --arg script "$1" '.process.args = ["sh", "-c", $script] | '"${2:-.}"
	cp "$BATS_FILE_TMPDIR/notify" "$BUNDLE/rootfs/bin/notify"
}

goes_on() {
	if has_ended "$BACKGROUND_PID"; then fail "ocirun did not wait"; fi
}

nothing_heard() { [ -z "$(heard)" ] || fail "heard: $(heard)"; }

@test "notify: start returns when the container is ready, and tells its pid" {
	manager
	service 'echo $NOTIFY_SOCKET; notify READY=1; exec sleep 60'
	ocirun create web
	nothing_heard
	ocirun start web
	[ "$(heard)" = "READY=1| MAINPID=$(container_pid web)| BARRIER=1 +1" ]
	[ "$(container_output web)" = /run/notify/notify.sock ]
	container_is web running
}

@test "notify: start waits, and the container can be killed and deleted meanwhile" {
	manager
	service 'notify STATUS=loading; exec sleep 60'
	ocirun create web
	background start start web
	wait_until journal_has web started
	container_is web running
	goes_on
	ocirun kill web KILL
	background_returns 0
	nothing_heard
	ocirun delete web
	ocirun create web
	background start start web
	wait_until journal_has web started
	ocirun delete --force web
	background_returns 0
	[ ! -e "$ROOT/web" ]
}

@test "notify: run --detach returns when the container is ready" {
	manager
	service 'read x </fifo; notify READY=1; exec sleep 60'
	mkfifo "$BUNDLE/rootfs/fifo"
	background run run --detach web
	wait_until journal_has web started
	nothing_heard
	echo go >"$BUNDLE/rootfs/fifo"
	background_returns 0
	[ "$(heard)" = "READY=1| MAINPID=$(container_pid web)| BARRIER=1 +1" ]
}

@test "notify: a foreground run stays the main process, and goes on watching" {
	manager
	service 'trap "exit 7" TERM; notify READY=1; while :; do sleep 0.05; done'
	background run run web
	wait_until grep -q MAINPID "$HEARD"
	[ "$(heard)" = "READY=1| MAINPID=$BACKGROUND_PID|" ]
	kill -TERM "$BACKGROUND_PID"
	background_returns 7
	[ ! -e "$ROOT/web" ]
}

@test "notify: a container that ends without a word holds nobody up" {
	manager
	service 'exit 3'
	run -3 ocirun run web
	run -0 ocirun run --detach web
	wait_until container_is web stopped
	nothing_heard
	ocirun delete web
	service 'notify READY=1'
	run -0 ocirun run --detach web
	[[ $(heard) == "READY=1| MAINPID="* ]]
}

@test "notify: a manager that ignores BARRIER holds start up only while the container runs" {
	manager "$MANAGER" "$TEST_DIR/go"
	service 'notify READY=1; read x </fifo'
	mkfifo "$BUNDLE/rootfs/fifo"
	ocirun create web
	background start start web
	wait_until grep -q BARRIER "$HEARD"
	goes_on
	touch "$TEST_DIR/go"
	background_returns 0
	container_is web running
	rm "$TEST_DIR/go"
	: >"$HEARD"
	ocirun create other
	background start start other
	wait_until grep -q BARRIER "$HEARD"
	ocirun kill other KILL
	background_returns 0
	touch "$TEST_DIR/go"
}

@test "notify: an abstract socket of the manager works like any other" {
	manager "@ocirun-bats-$$"
	service 'notify READY=1'
	run -0 ocirun run --detach web
	[[ $(heard) == "READY=1| MAINPID="*"| BARRIER=1 +1" ]]
}

@test "notify: only READY=1 and the STATUS beside it go on, bounded and on one line" {
	manager
	service 'notify MAINPID=1 "READY=2" "FDSTORE=1
FDNAME=x" "XREADY=1" "$(head -c 5000 /dev/zero | tr "\0" x)
READY=1" STATUS=alone "BARRIER=1" "STOPPING=1
MAINPID=1
STATUS=$(printf "red\033[31m\tand $(head -c 900 /dev/zero | tr "\0" y)")
READY=1
ERRNO=2" READY=1 </bin/notify'
	run -0 ocirun run --detach web
	local said
	said=$(heard)
	[[ $said == "READY=1|STATUS=red [31m and yyyy"*"y| MAINPID="*"| BARRIER=1 +1" ]] || fail "$said"
	[ "${#said}" -lt 600 ]
	[[ $said != *MAINPID=1\|* && $said != *FD* && $said != *ERRNO* && $said != *STOPPING* ]]
}

@test "notify: a STATUS that is cut ends with a whole character" {
	manager
	service 'notify "READY=1
STATUS=x$(i=0; while [ $i -lt 300 ]; do printf é; i=$((i + 1)); done)"'
	run -0 ocirun run --detach web
	[[ $(heard) == "READY=1|STATUS=xé"*"é| MAINPID="* ]] || fail "$(heard)"
}

@test "notify: any user of the container may say it, in a user namespace, too, and change nothing" {
	manager
	service 'touch /run/notify/x; rm /run/notify/notify.sock; notify READY=1' \
		'.process.user = {uid: 1234, gid: 1234}'
	run -0 ocirun run --detach web
	[[ $(heard) == "READY=1| "* ]] || fail "$(container_output web 2>&1)"
	[[ $(container_output web 2>&1) == *"touch: /run/notify/x: Read-only file system"* ]]
	: >"$HEARD"
	ocirun delete --force web
	require userns
	config_with '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$TEST_DIR" "$BUNDLE"
	run -0 ocirun run --detach web
	[[ $(cat "$HEARD") == "READY=1|"* ]] || fail "$(container_output web 2>&1)"
	[[ $(container_output web 2>&1) == *"touch: /run/notify/x: Read-only file system"* ]]
}

@test "notify: start without NOTIFY_SOCKET, or after a create without it, relays nothing" {
	service 'echo "${NOTIFY_SOCKET:-none}"; exec sleep 60'
	ocirun create one
	manager
	ocirun create two
	ocirun start one
	[ "$(container_output one)" = none ]
	unset NOTIFY_SOCKET
	ocirun start two
	nothing_heard
}

@test "notify: a configuration with a NOTIFY_SOCKET of its own is left to its engine" {
	manager
	service 'ls /run; echo $NOTIFY_SOCKET' '.process.env += ["NOTIFY_SOCKET=/elsewhere"]'
	run -0 ocirun run web
	[ "$output" = /elsewhere ]
	nothing_heard
}

@test "notify: a NOTIFY_SOCKET that is none is refused by name, before anything runs" {
	service 'exec sleep 60'
	export NOTIFY_SOCKET=vsock:2:1
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"NOTIFY_SOCKET=vsock:2:1: neither an absolute path nor @name" ]]
	NOTIFY_SOCKET=/$(printf 'x%.0s' {1..108})
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"longer than 107 bytes" ]]
	[ ! -e "$ROOT/web" ]
	NOTIFY_SOCKET=$TEST_DIR/nobody
	ocirun create web
	run -1 --separate-stderr ocirun start web
	[[ $stderr == *"NOTIFY_SOCKET=$TEST_DIR/nobody: connect: No such file or directory" ]]
	container_is web created
	manager
	background start start web
	wait_until journal_has web started
	unset NOTIFY_SOCKET
	ocirun kill web KILL
	background_returns 0
}
