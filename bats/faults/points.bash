# SPDX-License-Identifier: Apache-2.0
# Faults at system calls, by strace: which calls a command makes, one run with a fault at one of them,
# and what must be true afterwards.
#
#   OCIRUN_FAULTS=full    every call of every command instead of a sample

# shellcheck source-path=SCRIPTDIR disable=SC2034
FAULT_TIMEOUT=20 # a hang; nothing here takes a second

faults_setup() {
	container_setup
	under_tracer
}

is_sanitized() { grep -q __asan_init "$OCIRUN"; }

# quietly ARG... - ocirun ARG... as the loops want it: its words are in $TEST_DIR/said, and a hang is 124
quietly() {
	timeout "$FAULT_TIMEOUT" "$OCIRUN" --root "$ROOT" "$@" \
		>"$TEST_DIR/said" 2>&1 </dev/null 3>&- 4>&-
}

# must ARG... - the same, and it must succeed
must() {
	local status=0
	quietly "$@" || status=$?
	[ "$status" = 0 ] || fail "$POINT: ocirun $* returned $status: $(cat "$TEST_DIR/said")"
}

# traced STRACE_OPTION... -- ARG... - ocirun ARG... under strace
traced() {
	local options=()
	while [ "$1" != -- ]; do options+=("$1") && shift; done
	shift
	# The braces take bash's own "Killed".
	{
		timeout "$FAULT_TIMEOUT" strace -I 2 -qq "${options[@]}" "$OCIRUN" --root "$ROOT" "$@" \
			>"$TEST_DIR/said" 2>"$TEST_DIR/said.err" </dev/null 3>&- 4>&-
	} 2>/dev/null
}

# calls_of ARG... - run it, and print "SYSCALL K" for each of its calls (of each process's own, with -f)
calls_of() {
	traced "${FOLLOW[@]}" -o "$TEST_DIR/calls" -- "$@" || return
	tracer_leaves "${@: -1}"
	awk -v follow="${#FOLLOW[@]}" '{ who = ""; if (follow) { who = $1; $1 = ""; sub(/^ /, "") } }
		match($0, /^[a-z_0-9]+\(/) {
			name = substr($0, 1, RLENGTH - 1)
			if (++count[who, name] > most[name]) print name, most[name] = count[who, name]
		}' "$TEST_DIR/calls"
}

FOLLOW=()

# A tracer that follows (-f -D) stays with the container: it is asked to let go.
tracer_leaves() {
	local init="" tracer
	[ ${#FOLLOW[@]} -gt 0 ] || return 0
	cp "$TEST_DIR/said" "$TEST_DIR/said.traced"
	quietly state "$1" && init=$(jq .pid "$TEST_DIR/said")
	mv "$TEST_DIR/said.traced" "$TEST_DIR/said"
	[ -n "$init" ] || return 0
	tracer=$(awk '/^TracerPid/ { print $2 }' "/proc/$init/status" 2>/dev/null) || return 0
	[ "${tracer:-0}" != 0 ] || return 0
	kill "$tracer"
	wait_until has_ended "$tracer"
}

# sample N - every N-th line, or all; a sanitizer makes as many calls again, of its own
sample() {
	local n=$1
	! is_sanitized || n=$((3 * n))
	[ "${OCIRUN_FAULTS:-}" != full ] || n=1
	awk -v n="$n" 'NR % n == 1 || n == 1'
}

# fault_at SYSCALL K FAULT ARG... - one run of ocirun ARG... in which that call meets that fault
# Sets FAULT_STATUS. $POINT says in every complaint where we are.
fault_at() {
	local call=$1 k=$2 fault=$3
	shift 3
	POINT="$* with $fault at $call $k"
	FAULT_STATUS=0
	traced "${FOLLOW[@]}" -o /dev/null -e trace="$call" -e inject="$call:$fault:when=$k" -- "$@" ||
		FAULT_STATUS=$?
	[ "$FAULT_STATUS" != 124 ] || fail "$POINT: it hangs"
}

# status_of ID - created, running, stopped, ... or "none" or "damaged"
status_of() {
	if quietly state "$1"; then
		jq -r .status "$TEST_DIR/said"
	elif grep -q 'does not exist' "$TEST_DIR/said"; then
		echo none
	else
		echo damaged
	fi
}

# is_clean ID - delete --force leaves nothing behind, and each of its logs is whole
is_clean() {
	must delete --force "$1" || return
	[ ! -e "$ROOT/$1" ] || fail "$POINT: $ROOT/$1 is left: $(ls "$ROOT/$1")" || return
	nothing_left_in_cgroups "$1" || fail "$POINT" || return
	no_process_left 2>/dev/null || wait_until no_process_left || fail "$POINT"
	! grep -F " $TEST_DIR" /proc/self/mountinfo | grep -vqF " $ROOT " || fail "$POINT: a mount is left"
}

# logs_are_whole - every log of the test ends in its one `deleted`
logs_are_whole() {
	local log
	for log in "$ROOT"/.events/*.ndjson; do
		[ -s "$log" ] || continue
		jq -se 'map(.type) | (map(select(. == "deleted")) | length == 1) and .[-1] == "deleted"' \
			"$log" >/dev/null || fail "$log: $(cat "$log")"
	done
}
