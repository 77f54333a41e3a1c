#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A caller's descriptors in odd states (fault F28): the container has those that it should, and output
# that does not arrive is an error.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # other shells expand; POINT is each test's; run sets stderr
load ../lib/container
load points

setup() {
	require root
	faults_setup
	POINT=""
	# The descriptors of the shell itself; only its child has another stdout.
	bundle_with 'del(.process.rlimits) | .root.readonly = false
		| .process.args = ["sh", "-c", "ls -l /proc/1/fd >/fds & wait; exit 7"]'
	cd /
}

ends_with_7() {
	local status=0
	quietly wait web || status=$?
	[ "$status" = 7 ] || fail "$POINT: $status: $(cat "$TEST_DIR/said")"
}

# fds - what the container had: "0 /path" per line
fds() { sed -n 's/.* \([0-9]*\) -> /\1 /p' "$BUNDLE/rootfs/fds"; }

has_only_standard_streams() {
	local expected
	expected=$(printf '%s\n' "0 $1" "1 $2" "2 $3")
	[ "$(fds)" = "$expected" ] || fail "$POINT: $(fds)"
}

@test "standard streams closed, in all eight ways: the container has exactly 0 to 2, those as /dev/null (F28)" {
	local way in out err
	touch "$TEST_DIR/in"
	for way in {0..7}; do
		in=$TEST_DIR/in out=$TEST_DIR/out err=$TEST_DIR/err
		(
			exec 0<"$in" 1>"$out" 2>"$err" 3>&- 4>&-
			((way & 1)) && exec 0<&-
			((way & 2)) && exec 1>&-
			((way & 4)) && exec 2>&-
			exec "$OCIRUN" --root "$ROOT" run --detach --bundle "$BUNDLE" web
		)
		((way & 1)) && in=/dev/null
		((way & 2)) && out=/dev/null
		((way & 4)) && err=/dev/null
		POINT="way $way"
		ends_with_7 && has_only_standard_streams "$in" "$out" "$err" && is_clean web || return
	done
}

@test "descriptors 3 to 200 of the caller, a host directory among them, stay outside (F28)" {
	(
		for fd in {3..200}; do eval "exec $fd</"; done
		exec "$OCIRUN" --root "$ROOT" run --detach --bundle "$BUNDLE" web </dev/null >/dev/null 2>&1
	)
	ends_with_7
	has_only_standard_streams /dev/null /dev/null /dev/null
}

@test "output that cannot be written is an error: /dev/full, and a pipe without a reader (F28)" {
	local verb
	must create --bundle "$BUNDLE" web
	for verb in "state web" list "list --format json" features --version --help "events --no-follow web"; do
		# shellcheck disable=SC2086 # words
		run -1 bash -c '"$0" "$@" >/dev/full' "$OCIRUN" --root "$ROOT" $verb
		[[ $output = *"No space left on device"* ]] || fail "$verb: $output"
	done
	run bash -c 'set -o pipefail; "$0" --root "$1" state web | true' "$OCIRUN" "$ROOT"
	[[ $status = 0 || $status = 141 || $status = 1 ]]
}
