#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The monitor as a process: what it holds, where it stands, what it survives, when it ends.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container
load ../lib/monitor

setup() {
	require root
	container_setup
}

# sleeper - a running container "web"; MONITOR is the pid of its monitor
sleeper() {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun start web
	MONITOR=$(monitor_of web)
}

@test "monitor: it is the small program, and its name says whose it is" {
	sleeper
	[ "$(cat "/proc/$MONITOR/comm")" = ocirun-monitor ]
	local instance mode
	instance=$(events_of web | jq -rs '.[0].instance')
	mode=$(tr '\0' '\n' <"/proc/$MONITOR/cmdline" | sed -n 5p)
	[[ $mode =~ ^(sibling|parent|hand-over)$ ]]
	[ "$(tr '\0' ' ' <"/proc/$MONITOR/cmdline")" = \
		"ocirun-monitor web $instance $(container_pid web) $mode 16777216:2:600 " ]
	[ "$(readlink "/proc/$MONITOR/exe")" != "$(realpath "$OCIRUN")" ]
	[ "$(stat -c %s "/proc/$MONITOR/exe")" -lt 2000000 ]
}

@test "monitor: it holds no descriptor of the caller's (Docker and podman wait for a pipe's end)" {
	bundle_with '.process.args = ["sleep", "60"]'
	mkfifo "$TEST_DIR/fifo"
	# As many as a caller may have open: its streams, a terminal's, others without O_CLOEXEC.
	"${OCIRUN_CMD[@]}" create web <"$TEST_DIR/bundle/config.json" >"$TEST_DIR/out" 2>"$TEST_DIR/err" \
		5<>"$TEST_DIR/fifo" 6<"$BUNDLE/config.json" 7>"$TEST_DIR/seven" 99<"$BUNDLE" 3>&- 4>&-
	MONITOR=$(monitor_of web)
	local links
	links=$(find "/proc/$MONITOR/fd" -mindepth 1 -printf '%f %l\n' | sort -n)
	[ "$(grep -c '^[012] /dev/null$' <<<"$links")" = 3 ] || fail "$links"
	run ! grep -E "$TEST_DIR/(out|err|fifo|seven|bundle)" <<<"$links"
	# Only the log, the lock, the feed, pidfds, sockets to init, its loop's and the cgroup's files.
	run ! grep -vE "^[0-9]+ (/dev/null|$ROOT/.events/web.ndjson|$ROOT/web/monitor|$ROOT/.feed|$ROOT/.events/.pending|anon_inode:.*|pidfd:.*|socket:.*|/.*/(memory|cpu|cpuacct|pids)\.[a-z_.]+|/sys/fs/cgroup/.*)$" <<<"$links"
	# It sees the feed's directory and nothing else.
	[ "$(readlink "/proc/$MONITOR/cwd")" = "$ROOT/.feed" ]
	[ "$(readlink "/proc/$MONITOR/root")" = "$ROOT/.feed" ]
}

@test "monitor: whoever reads from create's pipe sees its end when create and the container are gone" {
	bundle_script 'exec >&- 2>&- </dev/null; sleep 60'
	mkfifo "$TEST_DIR/fifo"
	cat "$TEST_DIR/fifo" >"$TEST_DIR/read" 3>&- 4>&- &
	local reader=$!
	echo "$reader" >>"$TEST_DIR/background"
	"${OCIRUN_CMD[@]}" create web </dev/null >"$TEST_DIR/fifo" 2>&1 3>&- 4>&-
	ocirun start web
	wait_until has_ended "$reader"
	container_is web running
}

@test "monitor: it is neither in the container's cgroup nor in its namespaces" {
	sleeper
	local init namespace
	init=$(container_pid web)
	run ! grep ocirun/web "/proc/$MONITOR/cgroup"
	grep -q ocirun/web "/proc/$init/cgroup"
	for namespace in mnt pid net ipc uts cgroup; do
		[ "$(readlink "/proc/$MONITOR/ns/$namespace")" = "$(readlink "/proc/self/ns/$namespace")" ]
	done
}

@test "monitor: it has no privileges, no environment, no terminal and a session of its own" {
	sleeper
	local status field
	status=$(cat "/proc/$MONITOR/status")
	for field in CapInh CapPrm CapEff CapBnd CapAmb; do
		grep -q "^$field:.0000000000000000$" <<<"$status" || fail "$status"
	done
	grep -q $'^NoNewPrivs:\t1$' <<<"$status"
	grep -q $'^Seccomp:\t2$' <<<"$status"
	[ -z "$(tr -d '\0' <"/proc/$MONITOR/environ")" ]
	[ "$(cut -d' ' -f6,7 <(sed 's/.*) //; s/^/- - /' "/proc/$MONITOR/stat"))" = "$MONITOR 0" ]
}

@test "monitor: HUP, TERM, INT and their like do not end it" {
	sleeper
	local signal
	for signal in HUP TERM INT QUIT USR1 USR2 PIPE ALRM CHLD TSTP CONT; do kill "-$signal" "$MONITOR"; done
	wait_until grep -q '^State:.S' "/proc/$MONITOR/status"
	ocirun kill web KILL
	run -137 ocirun wait web
	journal_has web exited '.exitCode == 137'
}

@test "monitor: it outlives the terminal and the session in which create ran" {
	require program:script
	bundle_script 'trap "" HUP; until [ -e /go ]; do sleep 0.02; done; exit 17'
	script -qec "$(printf '%q ' "${OCIRUN_CMD[@]}") run --detach web >$TEST_DIR/out 2>&1" /dev/null \
		</dev/null >/dev/null 2>&1 3>&- 4>&-
	wait_until container_is web running
	[ "$(monitor_of web | wc -l)" = 1 ]
	touch rootfs/go
	run -17 ocirun wait web
	journal_has web exited '.source != "none"'
}

@test "monitor: it ends within moments of the container, and there is never a second one" {
	sleeper
	ocirun state web
	ocirun list
	[ "$(monitor_of web | wc -l)" = 1 ]
	ocirun kill web KILL
	run -137 ocirun wait web
	OCIRUN_TEST_DEADLINE=3 wait_until has_ended "$MONITOR"
	no_monitor web
}

@test "monitor: killed, it is replaced by the next verb, and the code is not lost" {
	require kernel:6.15
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 19'
	ocirun create web
	ocirun start web
	MONITOR=$(monitor_of web)
	kill -9 "$MONITOR"
	wait_until has_ended "$MONITOR"
	container_is web running
	wait_until monitor_of web
	[ "$(monitor_of web)" != "$MONITOR" ]
	touch rootfs/go
	run -19 ocirun wait web
	[ "$(events_types web)" = "created started exited" ]
}
