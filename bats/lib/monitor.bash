# SPDX-License-Identifier: Apache-2.0
# Containers whose creator is, or is not, below a subreaper; and finding the monitor of one.
# shellcheck disable=SC2154,SC2016 # container.bash sets LIB_DIR and TEST_DIR; bash -c expands

# below_subreaper ARG... - ocirun ARG... by a subreaper of its own, which goes on until all is reaped
below_subreaper() {
	REAPED=$TEST_DIR/reaped
	rm -f "$REAPED"
	"$LIB_DIR/subreaper.py" "$REAPED" "${OCIRUN_CMD[@]}" "$@" </dev/null >"$TEST_DIR/out" 2>&1 3>&- 4>&- &
	SUBREAPER=$!
	echo "$SUBREAPER" >>"$TEST_DIR/background"
	wait_until grep -qs ^command "$REAPED"
	grep -qx 'command exit 0' "$REAPED" || fail "$(cat "$TEST_DIR/out")"
}

# below_none SCRIPT - run the script where orphans go to process 1, whatever is above this test
below_none() {
	unshare --pid --fork --mount-proc bash -ec '
		ocirun() { "$OCIRUN" --root "$ROOT" "$@" </dev/null >>"$TEST_DIR/out" 2>&1; }
		'"$1" 3>&- 4>&-
}

# monitor_of ID - the pid of the monitor of its latest instance
monitor_of() {
	local instance
	instance=$(jq -r .instance "$(log_path "$1")" | tail -n 1)
	grep -lsx ocirun-monitor /proc/[0-9]*/comm | sed 's/comm$/cmdline/' | xargs -r grep -lsF "$instance" |
		cut -d/ -f3 | grep . || fail "no monitor of $1"
}

no_monitor() { ! monitor_of "$1" 2>/dev/null; }

# parent_of PID
parent_of() { awk '/^PPid:/ { print $2 }' "/proc/$1/status"; }

# init_of ID - from the log: a verb that looked would give the container a new monitor
init_of() { jq 'select(.type == "created").pid' "$(log_path "$1")"; }

# stop_and_see PID - SIGSTOP, and it stands
stop_and_see() {
	kill -STOP "$1"
	wait_until grep -q '^State:[[:space:]]*T' "/proc/$1/status"
}

# kill_and_see PID - SIGKILL, and it is dead, be it stopped or not
kill_and_see() {
	kill -9 "$1"
	wait_until has_ended "$1"
}

is_zombie() { grep -q '^State:[[:space:]]*Z' "/proc/$1/status"; }
is_reaped() { [ ! -e "/proc/$1" ]; }

# witness NAME VERB... - ocirun VERB... in the background, once it holds its pidfd
# It says so by a lock on a byte of the monitor's file (src/monitor/witnesses.h).
witness() {
	background "$@"
	wait_until is_witness "$BACKGROUND_PID" "${@: -1}"
}

is_witness() {
	local inode
	inode=$(stat -c %i "$ROOT/$2/monitor")
	grep -qs "^lock:.* OFDLCK .* READ .*:$inode 0 0$" /proc/"$1"/fdinfo/*
}
