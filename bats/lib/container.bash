# SPDX-License-Identifier: Apache-2.0
# What every bats file loads (`load ../lib/container`): a private --root and bundle per test, ocirun
# run so that no pipe of the test is held open, and an end at which nothing may be left behind.
#
#   $TEST_DIR     a short directory of this test's own    $ROOT    its --root
#   $BUNDLE       the bundle, made by bundle or bundle_with (config.bash); also the current directory
#
# A file with a setup or teardown of its own calls container_setup and container_teardown there.

# shellcheck source-path=SCRIPTDIR disable=SC2034
bats_require_minimum_version 1.5.0 # run -STATUS
LIB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE_DIR=$(cd "$LIB_DIR/../.." && pwd)
: "${OCIRUN:=$SOURCE_DIR/build/ocirun}"
: "${OCIRUN_TEST_CACHE:=${OCIRUN_BUILD:-$SOURCE_DIR/build}/cache}"
: "${OCIRUN_TEST_DEADLINE:=20}" # seconds; a hang, not a measure
export OCIRUN OCIRUN_TEST_CACHE OCIRUN_TEST_DEADLINE
export OCIRUN_CONF="" # the machine's ocirun.conf is not read
. "$LIB_DIR/config.bash"
. "$LIB_DIR/events.bash"
. "$LIB_DIR/leftovers.bash"
. "$LIB_DIR/require.bash"

setup() { container_setup; }
teardown() { container_teardown; }
teardown_file() { events_validate_kept; }

container_setup() {
	# Short: the path of a UNIX socket has 107 bytes.
	TEST_DIR=$(mktemp -d /tmp/ocirun-bats.XXXXXX)
	ROOT=$TEST_DIR/root
	BUNDLE=$TEST_DIR/bundle
	OCIRUN_CMD=("$OCIRUN" --root "$ROOT")
	export TEST_DIR ROOT
	# Reports of a sanitizer build go where a redirected or closed stderr cannot hide them.
	export ASAN_OPTIONS="log_path=$TEST_DIR/sanitizer:exitcode=99:${ASAN_OPTIONS:-}"
	export UBSAN_OPTIONS="log_path=$TEST_DIR/sanitizer:print_stacktrace=1:${UBSAN_OPTIONS:-}"
}

# ocirun ARG... - the built binary with this test's --root
# Its stdout and stderr go through files, since the container inherits them: with `run`, or any pipe,
# a caller would otherwise wait for the container's end. What a container wrote: container_output.
ocirun() {
	local io status=0 name=${*: -1}

	io=$(mktemp "$TEST_DIR/io.XXXXXX")
	# A verb that hangs fails its test, instead of holding up all that come after it.
	timeout --foreground --signal=KILL "$((3 * OCIRUN_TEST_DEADLINE))" "${OCIRUN_CMD[@]}" "$@" \
		>"$io" 2>"$io.err" </dev/null 3>&- 4>&- || status=$?
	case " $* " in *" create "* | *" run "*)
		if [[ $name =~ ^[A-Za-z0-9_.+-]+$ ]]; then ln -sfn "$io" "$TEST_DIR/$name.output"; fi ;;
	esac
	cat "$io"
	cat "$io.err" >&2
	return "$status"
}

# under_tracer - for a test that traces ocirun: leak detection is a tracer, and a process has room for one
under_tracer() { export ASAN_OPTIONS="detect_leaks=0:$ASAN_OPTIONS"; }

# container_output ID - what the container has written to its stdout and stderr so far.
container_output() {
	cat "$TEST_DIR/$1.output"
	cat "$(readlink "$TEST_DIR/$1.output").err" >&2
}

# background NAME ARG... - ocirun ARG... in the background; BACKGROUND_PID is the process itself
# stdout is $TEST_DIR/NAME.out, stderr $TEST_DIR/NAME.err. Killed at the end of the test.
background() {
	local name=$1
	shift
	"${OCIRUN_CMD[@]}" "$@" >"$TEST_DIR/$name.out" 2>"$TEST_DIR/$name.err" </dev/null 3>&- 4>&- &
	BACKGROUND_PID=$!
	echo "$BACKGROUND_PID" >>"$TEST_DIR/background"
}

# background_returns STATUS [PID] - wait for it (the last one), and see its exit status.
background_returns() {
	local expected=$1 pid=${2:-$BACKGROUND_PID} status=0
	wait_until has_ended "$pid"
	wait "$pid" || status=$?
	[ "$status" = "$expected" ] || fail "background process: expected status $expected, seen: $status"
}

has_ended() { ! grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null; }

# container_status ID, container_pid ID - from `ocirun state`
container_status() { ocirun state "$1" | jq -r .status; }
container_pid() { ocirun state "$1" | jq -r .pid; }

# container_is ID STATUS - and say what it is if it is not.
container_is() {
	local seen
	seen=$(container_status "$1" 2>&1) || true
	[ "$seen" = "$2" ] || fail "container $1: expected status $2, seen: $seen"
}

# wait_until COMMAND [ARG...] - run it until it succeeds; the one place with a deadline.
wait_until() {
	local end=$((SECONDS + OCIRUN_TEST_DEADLINE)) last
	until last=$("$@" 2>&1); do
		[ "$SECONDS" -lt "$end" ] || fail "not within $OCIRUN_TEST_DEADLINE s: $*"$'\n'"$last" || return
		sleep 0.02
	done
}

fail() {
	printf '%s\n' "$*" >&2
	return 1
}

container_teardown() {
	local pid id problems=0

	[ -n "${TEST_DIR:-}" ] || return 0 # skipped before it began
	cd /
	[ -n "${BATS_TEST_COMPLETED:-}" ] || cat "$ROOT"/.events/*.ndjson 2>/dev/null || true
	while read -r pid; do kill -9 "$pid" 2>/dev/null || true; done \
		< <(cat "$TEST_DIR/background" 2>/dev/null)
	for id in $(ids_of_test); do
		ocirun delete --force "$id" || { problems=1; echo "delete --force $id failed" >&2; }
		nothing_left_in_cgroups "$id" || problems=1
	done
	OCIRUN_TEST_DEADLINE=5 wait_until no_process_left || { problems=1; processes_left | cut -d/ -f3 | sort -u | xargs -r kill -9; }
	! grep -F " $TEST_DIR" /proc/self/mountinfo >&2 || { problems=1; echo "mounts left" >&2; }
	! grep -s . "$TEST_DIR"/sanitizer* >&2 || problems=1
	feed_is_whole || problems=1
	events_keep_logs
	if [ "$problems" = 0 ] || [ -z "${OCIRUN_TEST_KEEP:-}" ]; then
		rm -rf --one-file-system "$TEST_DIR"
	fi
	return "$problems"
}
