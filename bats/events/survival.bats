#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is known when processes of ocirun are killed (doc/events.md, "Guarantees").

load ../lib/container
load helpers

# monitor_of ID - the process that holds the lock of its state directory
monitor_of() {
	local inode pid
	inode=$(stat -c %i "$ROOT/$1/monitor")
	pid=$(awk -v inode="$inode" '$2 == "FLOCK" { split($6, at, ":"); if (at[3] == inode) print $5 }' /proc/locks)
	[ -n "$pid" ] && [ -r "/proc/$pid/comm" ] && echo "$pid"
}

kill_monitor() {
	local pid
	pid=$(monitor_of web) || fail "no monitor" || return
	kill -9 "$pid"
	wait_until has_ended "$pid"
}

has_monitor() { monitor_of web >/dev/null; }

# The reader finds out by itself, since no verb looks at the container.
kill_init() { kill -"$1" "$(jq -r 'select(.type == "created").pid' "$(log_path web)")"; }

@test "survival: a waiter gets the code although the monitor was killed" {
	require kernel:6.15
	started 'exec sleep 60'
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	kill_monitor
	kill_init KILL
	background_returns 137
	[ "$(jq -r .type "$(log_path web)" | paste -sd ' ')" = "created started exited" ]
	journal_has web exited '.exitCode == 137 and .signal == 9 and .reason == "signaled" and .startedAt != null'
	container_is web stopped
}

@test "survival: a follower prints exited although the monitor was killed" {
	require kernel:6.15
	started 'exec sleep 60'
	background e events --first --type exited web
	wait_until attached "$BACKGROUND_PID"
	kill_monitor
	kill_init KILL
	background_returns 0
	[ "$(jq .exitCode "$TEST_DIR/e.out")" = 137 ]
}

@test "survival: twenty waiters without a monitor record one end" {
	require kernel:6.15
	local pid pids=()
	started 'exec sleep 60'
	for _ in $(seq 20); do
		background w wait web
		pids+=("$BACKGROUND_PID")
	done
	for pid in "${pids[@]}"; do wait_until attached "$pid"; done
	kill_monitor
	kill_init KILL
	for pid in "${pids[@]}"; do background_returns 137 "$pid"; done
	[ "$(jq -r .type "$(log_path web)" | paste -sd ' ')" = "created started exited" ]
}

@test "survival: a waiter that comes later gives the container a new monitor" {
	require kernel:6.15
	started 'exec sleep 60'
	kill_monitor
	background w wait web
	wait_until has_monitor
	kill -9 "$BACKGROUND_PID"
	kill_init KILL
	run -137 ocirun wait web
}

@test "survival: a monitor that is stopped is waited for" {
	started 'exec sleep 60'
	local monitor
	monitor=$(monitor_of web)
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	kill -STOP "$monitor"
	kill_init KILL
	sleep 0.5 # long enough for a waiter that would give up
	run ! has_ended "$BACKGROUND_PID"
	kill -CONT "$monitor"
	background_returns 137
}

@test "survival: kill -9 of readers disturbs nobody" {
	started 'exec sleep 60'
	background e events web
	wait_until attached "$BACKGROUND_PID"
	kill -9 "$BACKGROUND_PID"
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	ocirun kill web KILL
	background_returns 137
}

@test "survival: an end that cannot be recorded is told all the same, and loudly" {
	require kernel:6.15
	started 'exec sleep 60'
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	kill_monitor
	mv "$ROOT/web" "$ROOT/aside"
	kill_init KILL
	background_returns 137
	mv "$ROOT/aside" "$ROOT/web"
}

# fill DIRECTORY - leave no byte of its file system free
fill() { ! dd if=/dev/zero of="$1/filler" bs=4096 2>/dev/null; }

@test "survival: the end is recorded on a full disk, and so is delete" {
	require root
	bundle
	mkdir -m 700 "$ROOT"
	mount -t tmpfs -o size=1m,mode=700 none "$ROOT"
	started 'exec sleep 60'
	fill "$ROOT"
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	ocirun kill web KILL
	background_returns 137
	journal_has web exited '.exitCode == 137'
	run -0 ocirun delete web
	[ "$(events_types web)" = "created started signaled exited deleted" ]
	# And a create that has no room says so and leaves nothing.
	fill "$ROOT"
	run -1 --separate-stderr ocirun create new
	[[ $stderr = *"No space left on device"* ]]
	[ ! -e "$ROOT/new" ]
	cp -a "$ROOT/.events" "$TEST_DIR/kept"
	umount "$ROOT"
	rmdir "$ROOT"
}

@test "survival: after a restart of the machine the end is host-restarted and the code unknown" {
	# The restart is played: another boot ID in the log, and no process left.
	logs_are_damaged
	started 'exec sleep 60'
	kill_monitor
	kill_init KILL
	wait_until eval '! kill_init 0 2>/dev/null'
	sed -i 's/"bootId":"[0-9a-f]*/"bootId":"00000000/' "$(log_path web)"
	run -255 --separate-stderr ocirun wait web
	[[ $stderr = *host-restarted* ]]
	run -0 --separate-stderr ocirun wait --print web
	[ "$output" = unknown ]
	journal_has web exited '.exitCode == null and .reason == "host-restarted" and .source == "none"'
	[ "$(events_types web)" = "created started exited" ]
	run -0 ocirun events --first --type exited web
	container_is web stopped
	run -0 ocirun delete web
}
