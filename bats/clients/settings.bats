#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun.conf for those who cannot change ocirun's command line: podman does not know of it.

load ../lib/container
load common
load podman

# The file is where this build looks, as an administrator writes it.
setup_file() {
	podman_host || return
	PLACE=$("$OCIRUN" --help | sed -n 's/^What --feed to --log-size set may stand in \(.*\)\.$/\1/p')
	client_hides "${PLACE%/*}" || return
	export PLACE
}

setup() {
	client_setup /run/ocirun
	unset OCIRUN_CONF
	cd "$TEST_DIR" || return
}

teardown() {
	rm -f "$PLACE"
	podman_teardown
}

# lines_of FILE ID - types of its lines there
lines_of() { jq -r --arg id "$2" 'select(.id == $id).type' "$1" | paste -sd ' '; }

@test "settings: podman's containers are in the feed that the file names, with those of other roots" {
	printf '%s\n' "feed = $TEST_DIR/feed" "feed-group = 4242" >"$PLACE"
	ran 7 busybox sh -c 'exit 7'
	[ "$(lines_of "$TEST_DIR/feed/events.ndjson" "$ID")" = "created started exited deleted" ]
	[ "$(stat -c '%a %g' "$TEST_DIR/feed" "$TEST_DIR/feed/events.ndjson" | paste -sd ' ')" = "2750 4242 640 4242" ]
	bundle
	"$OCIRUN" --root "$TEST_DIR/other" create web </dev/null >/dev/null 2>&1
	"$OCIRUN" --root "$TEST_DIR/other" delete --force web
	[ "$(lines_of "$TEST_DIR/feed/events.ndjson" web)" = "created exited deleted" ]
}

@test "settings: retention as the file says" {
	printf '%s\n' "feed = none" "log-count = 0" >"$PLACE"
	run -7 podman run --rm --cidfile "$TEST_DIR/cid" busybox sh -c 'exit 7'
	run -255 ocirun wait "$(cat "$TEST_DIR/cid")"
	[ -z "$(find /run/ocirun/.events -name '*.ndjson')" ]
	[ ! -s /run/ocirun/.feed/events.ndjson ] ||
		[ -z "$(lines_of /run/ocirun/.feed/events.ndjson "$(cat "$TEST_DIR/cid")")" ]
}

@test "settings: podman shows what is wrong with the file, and nothing is left when it is right again" {
	echo "feed-sise = 1" >"$PLACE"
	run podman run --rm --name web busybox true
	[ "$status" != 0 ]
	[[ $output == *"$PLACE:1: there is no setting \"feed-sise\"; did you mean \"feed-size\"?"* ]] || fail "$output"
	rm "$PLACE"
	ran 0 busybox true
}

@test "settings: a container that was made before outlives a change of the file, and its lines come" {
	printf '%s\n' "feed = $TEST_DIR/one" >"$PLACE"
	serves web
	local id
	id=$(id_of web)
	printf '%s\n' "feed = $TEST_DIR/two" >"$PLACE"
	podman stop web >/dev/null
	ended web 3
	podman rm web >/dev/null
	# Begun beside logs, the new one has their lines as well.
	[ "$(lines_of "$TEST_DIR/two/events.ndjson" "$id" | tr ' ' '\n' | sort -u | paste -sd ' ')" = \
		"created deleted exited signaled started" ] || fail "$(cat "$TEST_DIR/two/events.ndjson")"
}
