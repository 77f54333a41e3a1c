# SPDX-License-Identifier: Apache-2.0
# Shared by the files of this folder.

# created SCRIPT [ID] - a container that will run this shell script; started: and does
created() {
	bundle_script "$1"
	ocirun create "${2:-web}"
}

started() {
	created "$@"
	ocirun start "${2:-web}"
}

# ended SCRIPT [ID] - and it has run to its end
ended() {
	started "$@"
	ocirun wait "${2:-web}" || true
}

# attached PID - does it sleep, with a log or the feed open?
attached() {
	grep -q '^State:.S' "/proc/$1/status" &&
		find "/proc/$1/fd" -lname "$ROOT/.events/*" -o -lname "$ROOT/.feed/*" | grep -q .
}

# types FILE|- - of its lines, on one line
types() { jq -r .type "$1" | paste -sd ' '; }

# has_printed NAME TYPES - has the background command printed events of exactly these types?
has_printed() { [ "$(types "$TEST_DIR/$1.out")" = "$2" ] || fail "$(cat "$TEST_DIR/$1.out")"; }
